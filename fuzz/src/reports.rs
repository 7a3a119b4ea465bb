//! Reports made of foreign texts.

use model::{
    DatabaseVersion, Digest, Finding, Inventory, Report, ScanSource, SourceKind, Timestamp,
    ToolVersions, Verdict,
};

use crate::foreign::Foreign;
use crate::texts::Texts;

/// Ends every text of a report made by [`report`]. Escaped for HTML it loses its first character.
pub const MARK: &str = "<\"'&lzr";

/// A moment for all that needs one.
pub fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// A report whose every text is foreign and ends with [`MARK`].
pub fn report(texts: &mut Texts) -> Report {
    let mut foreign = Foreign(texts);
    let inventory = foreign.inventory();
    let mut findings: Vec<Finding> =
        inventory.packages.iter().filter_map(|package| foreign.finding(package)).collect();
    let kinds = foreign.contents();
    findings.extend(kinds.into_iter().map(|kind| foreign.content_finding(kind)));
    let ignored = findings.iter().step_by(4).map(|finding| foreign.ignored(finding)).collect();
    Report {
        schema: Report::SCHEMA.to_owned(),
        source: ScanSource {
            kind: SourceKind::Registry,
            name: foreign.text(),
            image_id: Some(digest(1)),
            manifest_digest: Some(digest(2)),
            layer_digests: vec![digest(3)],
            scanned_at: now(),
        },
        image: foreign.image(),
        coverage: foreign.coverage(),
        trust: foreign.trust(),
        verdict: foreign.verdict(&findings),
        skipped: foreign.skipped(),
        stale_exceptions: vec![foreign.text()],
        inventory,
        findings,
        ignored,
        tool: ToolVersions {
            lazaret: "0.0.0".into(),
            database: Some(DatabaseVersion { digest: digest(4), built: now() }),
            looked_for: Vec::new(),
            malware: vec![foreign.text()],
            policy: foreign.text(),
        },
    }
}

/// A report of an inventory, with nothing said of it.
pub fn of_inventory(inventory: Inventory) -> Report {
    let mut report = report(&mut Texts::new(b"x"));
    report.findings.clear();
    report.ignored.clear();
    report.verdict = Verdict::default();
    report.inventory = inventory;
    report
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::sha256(&[byte; 32])
}
