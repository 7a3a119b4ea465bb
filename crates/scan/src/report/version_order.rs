//! Which of several versions is the latest, for what a report shows.
//!
//! The package manager's own order where every version is one of its own. Sources also write
//! versions that are not; among those a plain order decides, so that there is always one.

use std::cmp::Ordering;

use advisory::{Scheme, Version};
use model::PackageKind;

/// Which of two versions of a package is the later.
pub(crate) fn compare(kind: PackageKind, left: &str, right: &str) -> Ordering {
    order(kind, &[left, right])(left, right)
}

/// The latest of versions.
pub(crate) fn latest<'a>(
    kind: PackageKind,
    versions: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let versions: Vec<&str> = versions.collect();
    let order = order(kind, &versions);
    versions.iter().copied().max_by(|a, b| order(a, b))
}

/// Sorts versions, the earliest first.
pub(crate) fn sort(kind: PackageKind, versions: &mut [&str]) {
    let order = order(kind, versions);
    versions.sort_by(|a, b| order(a, b));
}

/// One order for all of the versions: two orders side by side would be none.
fn order(kind: PackageKind, versions: &[&str]) -> impl Fn(&str, &str) -> Ordering + use<> {
    let scheme = Scheme::for_kind(kind);
    let exact = versions.iter().all(|version| Version::parse(scheme, version).is_ok());
    move |left, right| match (Version::parse(scheme, left), Version::parse(scheme, right)) {
        (Ok(left), Ok(right)) if exact => left.compare(&right),
        _ => plain(left, right),
    }
}

/// Compares versions by their parts: numbers by value, words by letter, `~` before anything.
fn plain(left: &str, right: &str) -> Ordering {
    let (left_epoch, left) = epoch(left);
    let (right_epoch, right) = epoch(right);
    number_order(left_epoch, right_epoch).then_with(|| {
        let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
        while !left.is_empty() || !right.is_empty() {
            let order =
                next_word(&mut left, &mut right).then_with(|| next_number(&mut left, &mut right));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    })
}

/// The leading `number:` and the rest. A Go or npm `v` says nothing.
fn epoch(version: &str) -> (&[u8], &str) {
    let version = version.trim();
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => {
            (epoch.as_bytes(), rest)
        }
        _ => (b"0", version.strip_prefix(['v', 'V']).unwrap_or(version)),
    }
}

fn next_word(left: &mut &[u8], right: &mut &[u8]) -> Ordering {
    let words = (take(left, |b| !b.is_ascii_digit()), take(right, |b| !b.is_ascii_digit()));
    let longest = words.0.len().max(words.1.len());
    (0..longest)
        .map(|at| weight(words.0.get(at)).cmp(&weight(words.1.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn next_number(left: &mut &[u8], right: &mut &[u8]) -> Ordering {
    number_order(take(left, u8::is_ascii_digit), take(right, u8::is_ascii_digit))
}

fn number_order(left: &[u8], right: &[u8]) -> Ordering {
    let trim = |digits: &[u8]| digits.iter().position(|b| *b != b'0').unwrap_or(digits.len());
    let (left, right) = (&left[trim(left)..], &right[trim(right)..]);
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn take<'a>(text: &mut &'a [u8], wanted: impl Fn(&u8) -> bool) -> &'a [u8] {
    let end = text.iter().position(|b| !wanted(b)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    *text = rest;
    word
}

fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_order_is_one() {
        let rising =
            ["0.9", "1.0~rc1", "1.0", "1.0.1", "1.2", "1.10", "1.10-r2", "1.10-r10", "2", "1:0.1"];
        for (at, left) in rising.iter().enumerate() {
            for (other, right) in rising.iter().enumerate() {
                assert_eq!(plain(left, right), at.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(plain("v1.2.3", "1.2.3"), Ordering::Equal);
        assert_eq!(plain("0:1", "1"), Ordering::Equal);
    }

    #[test]
    fn the_package_manager_decides_where_it_can() {
        let check = |kind, versions: &[&str], expect: &str| {
            assert_eq!(latest(kind, versions.iter().copied()), Some(expect), "{versions:?}");
        };
        check(PackageKind::Maven, &["1.0-rc1", "1.0", "1.0-alpha"], "1.0");
        check(PackageKind::Pypi, &["1.0.post1", "1.0", "1.0rc2"], "1.0.post1");
        check(PackageKind::Deb, &["1:0.1", "2.0", "1.0~rc1"], "1:0.1");
        assert_eq!(latest(PackageKind::Npm, std::iter::empty()), None);
        assert!(compare(PackageKind::Golang, "v0.17.0", "0.9.0").is_gt());
        let mut versions = ["v0.17.0", "(devel)", "0.9.0"];
        sort(PackageKind::Golang, &mut versions);
        let place = |version| versions.iter().position(|other| *other == version);
        assert!(place("0.9.0") < place("v0.17.0"), "{versions:?}");
    }
}
