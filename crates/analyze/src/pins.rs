//! `Pins`: the packages that one file names, each once, within the limits.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use model::{Package, PackageKind, SkipReason};

use crate::Analysis;
use crate::limits::{MAX_NAME_BYTES, MAX_PACKAGES};

/// Puts the packages of one file into an [`Analysis`], each name and version once.
pub(crate) struct Pins<'f> {
    kind: PackageKind,
    found: &'f mut Analysis,
    /// Place in `found.packages` by the hash of name and version: large locks name a hundred
    /// thousand packages, and their texts are there already.
    places: HashMap<u64, usize>,
    hasher: RandomState,
}

impl<'f> Pins<'f> {
    /// Nothing yet; what is added goes to `found`.
    pub(crate) fn new(kind: PackageKind, found: &'f mut Analysis) -> Self {
        Pins { kind, found, places: HashMap::new(), hasher: RandomState::new() }
    }

    /// Adds a package, or gives the one that is there. It stays `dev` only while every mention of
    /// it is. `None` when name or version cannot be one, or the limit is reached.
    pub(crate) fn add(&mut self, name: &str, version: &str, dev: bool) -> Option<&mut Package> {
        if !is_word(name) || !is_word(version) {
            return None;
        }
        let hash = self.hasher.hash_one((name, version));
        let place = self.places.get(&hash).copied().filter(|&place| {
            let same = |package: &Package| package.name == name && package.version == version;
            self.found.packages.get(place).is_some_and(same)
        });
        if let Some(place) = place {
            let package = self.found.packages.get_mut(place)?;
            package.dev &= dev;
            return Some(package);
        }
        if self.places.len() >= MAX_PACKAGES {
            self.say_too_many();
            return None;
        }
        self.places.insert(hash, self.found.packages.len());
        let mut package = Package::new(self.kind, name, version);
        package.dev = dev;
        self.found.packages.push(package);
        self.found.packages.last_mut()
    }

    fn say_too_many(&mut self) {
        let said = self.found.skipped.iter().any(|(_, reason, _)| *reason == SkipReason::TooMany);
        if !said {
            let detail = format!("names more than {MAX_PACKAGES} packages; the rest was not read");
            self.found.skipped.push((String::new(), SkipReason::TooMany, detail));
        }
    }
}

/// Whether a text can be a package's name or version: not empty, not overlong, without blanks and
/// control characters.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_and_dev_only_while_all_are() {
        let mut found = Analysis::default();
        let mut pins = Pins::new(PackageKind::Npm, &mut found);
        for (name, version, dev) in [
            ("a", "1", true),
            ("a", "1", false),
            ("b", "1", true),
            ("b", "1", true),
            ("b", "2", false),
            ("", "1", false),
            ("c", "", false),
            ("d e", "1", false),
        ] {
            pins.add(name, version, dev);
        }
        let read: Vec<_> = found.packages.iter().map(|p| (&*p.name, &*p.version, p.dev)).collect();
        assert_eq!(read, [("a", "1", false), ("b", "1", true), ("b", "2", false)]);
    }

    #[test]
    fn stops_at_the_limit_and_says_so_once() {
        let mut found = Analysis::default();
        let mut pins = Pins::new(PackageKind::Npm, &mut found);
        for number in 0..MAX_PACKAGES + 3 {
            pins.add("x", &number.to_string(), false);
        }
        assert_eq!(found.packages.len(), MAX_PACKAGES);
        assert_eq!(found.skipped.len(), 1);
        assert!(pins_limit_is_named(&found));
    }

    fn pins_limit_is_named(found: &Analysis) -> bool {
        found.skipped.iter().all(|(_, _, detail)| detail.contains(&MAX_PACKAGES.to_string()))
    }
}
