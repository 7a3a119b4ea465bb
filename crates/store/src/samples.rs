//! Reports for this room's tests.

use model::{
    AdvisoryId, AdvisoryKind, Decision, DecisionRecord, Digest, Finding, FindingId, FindingKind,
    FixState, Gate, ImageFacts, Inventory, LayerIndex, Package, PackageKind, Report, ScanSource,
    Severity, SourceKind, Timestamp, ToolVersions, Verdict, Vulnerability, Workload,
};

/// The digest whose bytes are all `byte`.
pub(crate) fn digest(byte: u8) -> Digest {
    Digest::sha256(&[byte; 32])
}

/// `second` seconds after the beginning of 2026.
pub(crate) fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

/// A report of an image, scanned at a second, with one finding.
pub(crate) fn report(name: &str, image: u8, second: i64) -> Report {
    let vulnerability = Vulnerability {
        id: AdvisoryId("CVE-2026-0001".into()),
        aliases: Vec::new(),
        kind: AdvisoryKind::Vulnerability,
        package: "libfoo".into(),
        version: "1.0".into(),
        purl: "pkg:deb/debian/libfoo@1.0".parse().unwrap(),
        layer: LayerIndex(0),
        path: "var/lib/dpkg/status".into(),
        fixed_version: Some("1.1".into()),
        fix_state: FixState::Fixed,
        summary: "Überlauf \"quoted\"".into(),
        published: Some(moment(0)),
        sources: Vec::new(),
        cvss: Vec::new(),
        epss: None,
        kev: None,
        risk: 12.5,
    };
    Report {
        schema: Report::SCHEMA.into(),
        source: ScanSource {
            kind: SourceKind::OciLayout,
            name: name.into(),
            image_id: Some(digest(image)),
            manifest_digest: None,
            layer_digests: vec![digest(7)],
            scanned_at: moment(second),
        },
        image: ImageFacts::default(),
        inventory: Inventory {
            packages: vec![Package::new(PackageKind::Deb, "libfoo", "1.0")],
            ..Inventory::default()
        },
        coverage: Vec::new(),
        trust: None,
        findings: vec![Finding {
            id: FindingId::of(&["CVE-2026-0001", "libfoo"]),
            severity: Severity::High,
            base: false,
            kind: FindingKind::Vulnerability(Box::new(vulnerability)),
        }],
        ignored: Vec::new(),
        stale_exceptions: Vec::new(),
        verdict: Verdict { decision: Decision::Warn, reasons: Vec::new() },
        skipped: Vec::new(),
        tool: ToolVersions {
            lazaret: "0".into(),
            looked_for: Vec::new(),
            database: None,
            malware: Vec::new(),
            policy: String::new(),
        },
    }
}

/// A decision made at a second.
pub(crate) fn decision(second: i64) -> DecisionRecord {
    DecisionRecord {
        at: moment(second),
        gate: Gate::DockerAuthz,
        action: "POST /containers/{id}/start".into(),
        workload: Workload { name: "wëb".into(), ..Workload::default() },
        reports: vec![Some(digest(3)), None],
        policy: digest(4),
        verdict: Verdict { decision: Decision::Deny, reasons: Vec::new() },
        enforced: Decision::Allow,
        because: "mode: observe".into(),
        duration_us: 420,
    }
}
