//! Image references, digests and platforms: print, then read, is the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use model::{Digest, ImageRef, Platform};

libfuzzer_sys::fuzz_target!(|text: &str| {
    check::<ImageRef>(text);
    check::<Digest>(text);
    check::<Platform>(text);
    if let Ok(reference) = text.parse::<ImageRef>() {
        assert!(!reference.manifest_reference().is_empty());
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert!(digest.short().len() == 12 && digest.hex().len() >= 64);
    }
});

fn check<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug + PartialEq,
{
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string().parse(), Ok(value));
    }
}
