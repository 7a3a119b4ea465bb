//! What a writer may have meant: the nearest known word.

/// Longest word that is compared, in characters.
const WORD_MAX_CHARS: usize = 64;

/// The known word nearest to a mistyped one; `None` when none is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().collect();
    if word.len() > WORD_MAX_CHARS {
        return None;
    }
    let allowed = (word.len() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|known| (distance(&word, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `a`, `b` or `c`.
pub(crate) fn one_of(words: &[&str]) -> String {
    crate::yaml::either(words)
}

/// Characters to insert, remove, replace or swap with their neighbour: the restricted edit
/// distance of Damerau and Levenshtein.
fn distance(left: &[char], right: &str) -> usize {
    let right: Vec<char> = right.chars().take(WORD_MAX_CHARS * 2).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for (j, b) in right.iter().enumerate() {
            let replaced = row[j] + usize::from(a != b);
            let mut best = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            let swapped = i > 0 && j > 0 && left[i - 1] == *b && right[j - 1] == *a;
            if swapped {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        for (word, known, expected) in [
            ("proc.nme", &["proc.name", "proc.pname"][..], Some("proc.name")),
            ("contians", &["contains", "icontains"], Some("contains")),
            ("fd.nmae", &["fd.name", "fd.num"], Some("fd.name")),
            ("zzz", &["proc.name"], None),
            ("an", &["and", "or"], Some("and")),
            ("", &["a"], Some("a")),
        ] {
            assert_eq!(nearest(word, known.iter().copied()), expected, "{word}");
        }
    }
}
