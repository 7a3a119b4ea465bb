//! Lists of numbers: Hackage (between dots) and CRAN (between dots or hyphens). A list is before
//! the longer list that begins with it. Sources: the Haskell Package Versioning Policy; R's
//! `package_version`.

use std::cmp::Ordering;

use super::number::Number;

/// Numbers between dots or hyphens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dotted<'a>(&'a str);

impl<'a> Dotted<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if text.split(['.', '-']).all(number) {
            Ok(Dotted(text))
        } else {
            Err("expected numbers between dots or hyphens")
        }
    }

    pub(super) fn compare(&self, other: &Dotted<'_>) -> Ordering {
        self.0.split(['.', '-']).map(Number::new).cmp(other.0.split(['.', '-']).map(Number::new))
    }
}
