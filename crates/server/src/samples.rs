//! Reports for this room's tests.

#![allow(dead_code, reason = "the room's own tests and those in tests/ use different parts")]

use model::{
    Digest, ImageFacts, Inventory, Report, ScanSource, SourceKind, Timestamp, ToolVersions, Verdict,
};

/// The digest whose bytes are all `byte`.
pub(crate) fn digest(byte: u8) -> Digest {
    Digest::sha256(&[byte; 32])
}

/// A report of an empty image in a registry, with manifest and image of this number, scanned so
/// many seconds into 2026.
pub(crate) fn report(name: &str, image: u8, second: i64) -> Report {
    let mut facts = ImageFacts::default();
    facts.config.user = "1000".to_owned();
    Report {
        schema: Report::SCHEMA.to_owned(),
        source: ScanSource {
            kind: SourceKind::Registry,
            name: name.to_owned(),
            image_id: Some(digest(image.wrapping_add(100))),
            manifest_digest: Some(digest(image)),
            layer_digests: Vec::new(),
            scanned_at: Timestamp::from_second(1_767_225_600 + second).unwrap(),
        },
        image: facts,
        inventory: Inventory::default(),
        coverage: Vec::new(),
        trust: None,
        findings: Vec::new(),
        ignored: Vec::new(),
        stale_exceptions: Vec::new(),
        verdict: Verdict::default(),
        skipped: Vec::new(),
        tool: ToolVersions {
            lazaret: "0.1.0".to_owned(),
            looked_for: Vec::new(),
            database: None,
            malware: Vec::new(),
            policy: "sha256:0".to_owned(),
        },
    }
}
