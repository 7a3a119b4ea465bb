//! `Pattern`: a word in which `*` stands for any letters and `?` for one.

use serde::Deserialize;

/// A pattern; it matches a whole word, not a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Whether it matches all of a text. Takes time in proportion to both lengths at most.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text): (Vec<char>, Vec<char>) =
            (self.0.chars().collect(), text.chars().collect());
        let (mut at, mut place) = (0, 0);
        // Where the last `*` stood, and how much it took so far.
        let mut star: Option<(usize, usize)> = None;
        while place < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, place));
                    at += 1;
                }
                Some(letter) if *letter == '?' || text.get(place) == Some(letter) => {
                    at += 1;
                    place += 1;
                }
                _ => {
                    let Some((star_at, taken)) = star else { return false };
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    place = taken + 1;
                }
            }
        }
        pattern.iter().skip(at).all(|letter| *letter == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_word() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("shop:*", "shop:1.2", true),
            ("shop:*", "workshop:1", false),
            ("*shop*", "a/workshop:1", true),
            ("web-?", "web-1", true),
            ("web-?", "web-12", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyy", false),
            ("*.com/*/x", "a.com/b/x", true),
            ("über*", "überall", true),
        ] {
            assert_eq!(Pattern(pattern.to_owned()).matches(text), expected, "{pattern} {text}");
        }
    }
}
