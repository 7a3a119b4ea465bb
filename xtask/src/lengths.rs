//! Lengths: a file ends at 500 lines, a room's `lib.rs` at 60. (Clippy watches the functions.)

use std::path::Path;

use crate::{files, shown};

const MAX_FILE_LINES: usize = 500;
const MAX_LIB_LINES: usize = 60;
/// A file whose first line starts so is a table of facts and may be long.
const TABLE_MARK: &str = "//! Table:";

/// The breaches, one sentence each.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut breaches = Vec::new();
    for path in files(root, ".rs")? {
        let text = std::fs::read_to_string(&path)?;
        let is_lib = path.starts_with(root.join("crates")) && path.ends_with("src/lib.rs");
        if let Some(breach) = breach(&text, is_lib) {
            breaches.push(format!("{}: {breach}", shown(root, &path)));
        }
    }
    Ok(breaches)
}

fn breach(text: &str, is_lib: bool) -> Option<String> {
    let lines = text.lines().count();
    let limit = if is_lib { MAX_LIB_LINES } else { MAX_FILE_LINES };
    let long = lines > limit && !text.starts_with(TABLE_MARK);
    if long {
        return Some(format!("{lines} lines, {limit} at most: split it"));
    }
    (!text.starts_with("//!"))
        .then(|| "no `//!` head: say what it is, what it is not, where in the flow".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_headless_files_are_named() {
        let lines = |count: usize| format!("//! head\n{}", "x\n".repeat(count - 1));
        assert_eq!(breach(&lines(500), false), None);
        assert!(breach(&lines(501), false).is_some());
        assert!(breach(&lines(61), true).is_some());
        assert_eq!(breach(&lines(900).replacen("//! head", "//! Table: ids", 1), false), None);
        assert!(breach("fn main() {}", false).is_some());
    }
}
