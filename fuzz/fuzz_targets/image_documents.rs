//! Manifests, indexes and image configurations.
#![no_main]

use image::fuzzing::{read_configuration, read_manifest};
use model::Platform;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
    let _ = read_manifest(bytes, &platform);
    if let Err(error) = read_manifest(bytes, &Platform { variant: Some("v8".into()), ..platform }) {
        assert!(!error.to_string().is_empty());
    }
    let _ = read_configuration(bytes);
});
