//! `LabelGlob`: a pattern of label values. `*` is any text, `?` any one character.

use regex::Regex;

use crate::limits::GLOB_MAX_BYTES;

/// A compiled pattern of label values.
#[derive(Debug, Clone)]
pub struct LabelGlob {
    text: String,
    regex: Regex,
}

impl LabelGlob {
    /// Compiles a pattern; the error says what is wrong with it.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > GLOB_MAX_BYTES {
            return Err(format!("the pattern is longer than {GLOB_MAX_BYTES} bytes"));
        }
        let mut regex = String::from("(?s)^");
        for c in pattern.chars() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        regex.push('$');
        let regex = Regex::new(&regex).map_err(|_| "the pattern is too large".to_owned())?;
        Ok(LabelGlob { text: pattern.to_owned(), regex })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a value fits.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl PartialEq for LabelGlob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_whole_values() {
        for (pattern, value, expected) in [
            ("Example*", "Example Org", true),
            ("Example*", "An Example", false),
            ("https://git.example/*", "https://git.example/a/b", true),
            ("https://git.example/*", "https://git.example.evil/a", false),
            ("v?", "v1", true),
            ("v?", "v12", false),
            ("*", "", true),
            ("", "", true),
            ("a.b", "aXb", false),
            ("x*", "x\ny", true),
        ] {
            assert_eq!(LabelGlob::new(pattern).unwrap().matches(value), expected, "{pattern}");
        }
        assert!(LabelGlob::new(&"*".repeat(GLOB_MAX_BYTES + 1)).is_err());
    }
}
