//! Versions: the order of every scheme, and places among ranges.
#![no_main]

use std::cmp::Ordering;

use advisory::{Scheme, Version, affects};
use lazaret_fuzz::names::pick;
use lazaret_fuzz::texts::texts;
use model::{RangeEnd, VersionRange};

/// Orders that their own rules keep from being total (see `Version::compare`).
const NOT_TOTAL: [Scheme; 3] = [Scheme::Alpm, Scheme::Composer, Scheme::Maven];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((scheme, rest)) = pick(&Scheme::ALL, input) else { return };
    let texts: Vec<_> = texts(rest).take(3).collect();
    let [a, b, c] = texts.as_slice() else { return };
    let parse = |text| Version::parse(scheme, text);
    let (Ok(x), Ok(y), Ok(z)) = (parse(a), parse(b), parse(c)) else { return };
    let order = x.compare(&y);
    assert_eq!(x.compare(&x), Ordering::Equal, "{scheme} {a:?}");
    assert_eq!(y.compare(&x), order.reverse(), "{scheme} {a:?} {b:?}");
    let spans = |end| [VersionRange { introduced: None, end }];
    let is_before = affects(scheme, a, &spans(RangeEnd::Fixed(b.to_string())), &[]);
    assert!(!is_before || order.is_lt(), "{scheme} {a:?} before {b:?}");
    if NOT_TOTAL.contains(&scheme) {
        return;
    }
    let (second, whole) = (y.compare(&z), x.compare(&z));
    if order == second || second.is_eq() {
        assert_eq!(whole, order, "{scheme} {a:?} {b:?} {c:?}");
    } else if order.is_eq() {
        assert_eq!(whole, second, "{scheme} {a:?} {b:?} {c:?}");
    }
});
