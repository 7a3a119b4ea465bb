//! `Glob`: a pattern of paths. `*` and `?` stay within a segment, `**` crosses segments; what lies
//! below a matching path matches too.

use regex::Regex;

use crate::limits::GLOB_MAX_BYTES;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Glob(Regex);

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Glob {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(crate) fn new(pattern: &str) -> Result<Glob, String> {
        if pattern.is_empty() {
            return Err("the pattern is empty".to_owned());
        }
        if pattern.len() > GLOB_MAX_BYTES {
            return Err(format!("the pattern is longer than {GLOB_MAX_BYTES} bytes"));
        }
        let pattern = pattern.trim_matches('/');
        let mut regex = String::with_capacity(pattern.len() * 2 + 16);
        regex.push_str("(?s)^");
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let (piece, length) = match first {
                '*' if rest.starts_with("**/") => ("(?:[^/]*/)*".to_owned(), 3),
                '*' if rest.starts_with("**") => (".*".to_owned(), 2),
                '*' => ("[^/]*".to_owned(), 1),
                '?' => ("[^/]".to_owned(), 1),
                other => (regex::escape(other.encode_utf8(&mut [0; 4])), other.len_utf8()),
            };
            regex.push_str(&piece);
            rest = rest.get(length..).unwrap_or_default();
        }
        regex.push_str("(?:/.*)?$");
        Regex::new(&regex).map(Glob).map_err(|_| format!("`{pattern}` is too large a pattern"))
    }

    /// The same pattern as a regular expression (RE2 and the like), anchored at both ends.
    pub fn as_regex(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a path, or a directory or archive that it lies in, matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path.replace("!/", "/").trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_paths() {
        for (pattern, path, expected) in [
            ("usr/lib", "usr/lib/python3/x", true),
            ("/usr/lib/", "/usr/lib/x", true),
            ("usr/lib", "usr/lib64/x", false),
            ("usr/*/x", "usr/lib/x", true),
            ("usr/*/x", "usr/a/b/x", false),
            ("**/x", "usr/a/b/x", true),
            ("**/x", "x", true),
            ("usr/**/x", "usr/x", true),
            ("usr/**", "usr/a/b", true),
            ("*.jar", "app.jar!/lib/y.jar", true),
            ("app.jar/lib", "app.jar!/lib/y.jar", true),
            ("a.b", "aXb", false),
            ("v?", "v1", true),
            ("v?", "v/", false),
            ("ü*", "über", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
        assert!(Glob::new("").is_err());
        assert!(Glob::new(&"*".repeat(GLOB_MAX_BYTES + 1)).is_err());
    }
}
