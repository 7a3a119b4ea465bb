//! What a dependency graph reaches: lock files that do not say what is for development tell it by
//! what the project's other dependencies lead to.

use std::collections::HashSet;
use std::hash::Hash;

/// Every node that the roots lead to, themselves included. `needs` puts what one node needs into
/// the list it is given. Each node is asked once.
pub(crate) fn reachable<N: Copy + Eq + Hash>(
    roots: impl IntoIterator<Item = N>,
    mut needs: impl FnMut(N, &mut Vec<N>),
) -> HashSet<N> {
    let mut reached = HashSet::new();
    let mut waiting: Vec<N> = roots.into_iter().filter(|&root| reached.insert(root)).collect();
    let mut needed = Vec::new();
    while let Some(node) = waiting.pop() {
        needs(node, &mut needed);
        waiting.extend(needed.drain(..).filter(|&need| reached.insert(need)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_every_edge_once_and_ends_in_a_circle() {
        let edges: [&[usize]; 5] = [&[1, 2], &[0], &[3, 3], &[], &[0]];
        let reached = reachable([0, 0], |node, needs| needs.extend(edges[node]));
        assert_eq!(reached, HashSet::from([0, 1, 2, 3]));
        assert!(reachable([], |_: u8, _| ()).is_empty());
    }
}
