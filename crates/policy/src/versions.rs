//! `VersionSet`: the versions of a package that a policy names, `>=4.0.0 <4.17.21 || 5.0.0`.
//!
//! Alternatives are divided by `||`; each is a list of comparisons that must all hold, divided by
//! spaces or commas. A comparison is one of `=`, `!=`, `<`, `<=`, `>`, `>=` before a version, or a
//! version alone, which means `=`; `*` is any version. The order is that of the package's own
//! package manager (`model::version`). Not a parser of dependency requirements: `^` and `~` mean
//! something else in each of them.

use std::cmp::Ordering;
use std::fmt;

use model::version::{Scheme, Version};

/// Versions, by comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSet {
    text: String,
    /// One of these must hold as a whole.
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The operators as they are written; a longer one before its beginning.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl VersionSet {
    /// Reads a set. The error says what is wrong.
    pub fn parse(text: &str) -> Result<VersionSet, String> {
        let alternatives = text.split("||").map(alternative).collect::<Result<_, _>>()?;
        Ok(VersionSet { text: text.trim().to_owned(), alternatives })
    }

    /// Checks that every version in it has a place in an order. The error says which has not.
    pub fn check(&self, scheme: Scheme) -> Result<(), String> {
        for comparison in self.alternatives.iter().flatten() {
            Version::parse(scheme, &comparison.version).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Whether a version is in it. A version that has no place in the order is in it only where
    /// it is written to the letter.
    pub fn contains(&self, scheme: Scheme, version: &str) -> bool {
        let parsed = Version::parse(scheme, version).ok();
        self.alternatives.iter().any(|all| {
            all.iter().all(|comparison| match &parsed {
                Some(parsed) => comparison.holds(parsed),
                None => comparison.operator == Operator::Equal && comparison.version == version,
            })
        })
    }
}

impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Comparison {
    fn holds(&self, version: &Version<'_>) -> bool {
        let Ok(other) = Version::parse(version.scheme(), &self.version) else { return false };
        let order = version.compare(&other);
        match self.operator {
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

fn alternative(text: &str) -> Result<Vec<Comparison>, String> {
    let mut comparisons = Vec::new();
    let mut operator = None;
    let mut any = false;
    for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()) {
        let found = OPERATORS.iter().find(|(sign, _)| word.starts_with(sign));
        let version = found.map_or(word, |(sign, _)| word.get(sign.len()..).unwrap_or_default());
        if found.is_some() && operator.is_some() {
            return Err(format!("a version is missing before `{word}`"));
        }
        operator = operator.or(found.map(|(_, operator)| *operator));
        match version {
            "" => {}
            "*" if operator.is_none() => any = true,
            _ if version.starts_with(['^', '~']) => {
                return Err(format!(
                    "`{word}` means something else in every package manager: write `>=` and `<`"
                ));
            }
            _ => {
                let operator = operator.take().unwrap_or(Operator::Equal);
                comparisons.push(Comparison { operator, version: version.to_owned() });
            }
        }
    }
    if operator.is_some() {
        return Err("a version is missing at the end".to_owned());
    }
    if comparisons.is_empty() && !any {
        return Err("it is empty: write `*` for any version".to_owned());
    }
    Ok(comparisons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_versions_in_the_order_of_their_ecosystem() {
        for (scheme, set, version, expected) in [
            (Scheme::Semver, ">=4.0.0 <4.17.21", "4.17.20", true),
            (Scheme::Semver, ">=4.0.0 <4.17.21", "4.17.21", false),
            (Scheme::Semver, ">=4.0.0, <4.17.21", "4.9.0", true),
            (Scheme::Semver, "< 2 || = 3.1.0", "3.1.0", true),
            (Scheme::Semver, "< 2 || = 3.1.0", "3.1.1", false),
            (Scheme::Semver, "1.0.0", "1.0.0+build", true),
            (Scheme::Semver, "<2.0.0", "2.0.0-rc.1", true),
            (Scheme::Semver, "*", "anything", true),
            (Scheme::Semver, "!=1.0.0", "1.0.1", true),
            (Scheme::Deb, "<1:1.0-1", "1:1.0~rc1-1", true),
            (Scheme::Deb, "<2.36-9+deb12u10", "2.36-9+deb12u9", true),
            (Scheme::Deb, "<2.36-9+deb12u10", "1:0.1", false),
            (Scheme::Rpm, ">=1.10", "1.9", false),
            (Scheme::Apk, "<1.2.3-r2", "1.2.3-r1", true),
            (Scheme::Pep440, "<2.0", "2.0rc1", true),
            (Scheme::Pep440, "==1.0", "1.0.0", true),
            (Scheme::Maven, "<1.0", "1.0-alpha", true),
            (Scheme::Go, ">=v1.2.0", "v1.10.0", true),
            (Scheme::Go, "(devel)", "(devel)", true),
            (Scheme::Go, ">=v1.2.0", "(devel)", false),
        ] {
            let parsed = VersionSet::parse(set).unwrap();
            assert_eq!(parsed.contains(scheme, version), expected, "{set} {version}");
        }
    }

    #[test]
    fn refuses_what_is_no_set() {
        for bad in ["", " || ", "<", "< >1", "^1.2", "~>3", ">=1 ||", "<1 <"] {
            assert!(VersionSet::parse(bad).is_err(), "{bad}");
        }
        assert!(VersionSet::parse("<x").unwrap().check(Scheme::Semver).is_err());
    }
}
