//! Reports made by hand: one flaw each, and the near twin without it; and the policy that tells them
//! apart.

use model::{
    AdvisoryId, AdvisoryKind, Band, Confidence, Digest, Finding, FindingId, FindingKind, FixState,
    ImageConfig, ImageFacts, Inventory, LayerIndex, Malware, Method, MethodScore, Package,
    PackageKind, Report, ScanSource, Secret, SecretCategory, SecretPlace, Severity, SourceKind,
    ToolVersions, Verdict, Vulnerability,
};

/// All seven kinds, and the options of a start.
pub const POLICY: &str = include_str!("policy.yaml");

/// A rule, the flaw that it refuses, and the twin that has none of it.
pub type Kind = (&'static str, fn(&mut Report), fn(&mut Report));

/// The kinds that a report decides; the seventh, root, is the image's user.
pub const KINDS: [Kind; 6] = [
    ("critical-with-fix", |r| critical(r, Some("1.1")), |r| critical(r, None)),
    (
        "named-cves",
        |r| cve(r, "GHSA-jfh8-c2jp-5v3q", Some("CVE-2021-44228")),
        |r| cve(r, "CVE-2021-44229", None),
    ),
    ("malware", |r| malware(r, Band::Malicious), |r| malware(r, Band::Suspicious)),
    ("old-left-pad", |r| package(r, "left-pad", "1.2.9"), |r| package(r, "left-pad", "1.3.0")),
    ("untrusted", without_vendor, |_| {}),
    ("private-key", |r| key(r, Confidence::Certain), |r| key(r, Confidence::Placeholder)),
];

/// A report without a flaw, of an image whose vendor is trusted.
pub fn report(name: &str, image_id: Digest, user: &str) -> Report {
    let labels = [("vendor".to_owned(), "harbour".to_owned())].into();
    let config = ImageConfig { user: user.into(), labels, ..ImageConfig::default() };
    Report {
        schema: Report::SCHEMA.into(),
        source: ScanSource {
            kind: SourceKind::Docker,
            name: name.into(),
            image_id: Some(image_id),
            manifest_digest: None,
            layer_digests: Vec::new(),
            scanned_at: "2026-11-25T00:00:00Z".parse().unwrap(),
        },
        image: ImageFacts { config, ..ImageFacts::default() },
        inventory: Inventory::default(),
        coverage: Vec::new(),
        trust: None,
        findings: Vec::new(),
        ignored: Vec::new(),
        stale_exceptions: Vec::new(),
        verdict: Verdict::default(),
        skipped: Vec::new(),
        tool: ToolVersions {
            lazaret: "test".into(),
            looked_for: Vec::new(),
            database: None,
            malware: Vec::new(),
            policy: String::new(),
        },
    }
}

fn add(report: &mut Report, severity: Severity, parts: &[&str], kind: FindingKind) {
    report.findings.push(Finding { id: FindingId::of(parts), severity, base: false, kind });
}

fn vulnerability(id: &str, alias: Option<&str>, fixed: Option<&str>) -> Box<Vulnerability> {
    Box::new(Vulnerability {
        id: AdvisoryId(id.into()),
        aliases: alias.map(|alias| AdvisoryId(alias.into())).into_iter().collect(),
        kind: AdvisoryKind::Vulnerability,
        package: "libfoo".into(),
        version: "1.0".into(),
        purl: "pkg:deb/debian/libfoo@1.0".parse().unwrap(),
        layer: LayerIndex(0),
        path: "var/lib/dpkg/status".into(),
        fixed_version: fixed.map(str::to_owned),
        fix_state: if fixed.is_some() { FixState::Fixed } else { FixState::Affected },
        summary: String::new(),
        published: None,
        sources: Vec::new(),
        cvss: Vec::new(),
        epss: None,
        kev: None,
        risk: 0.0,
    })
}

/// A critical vulnerability, repaired or not.
pub fn critical(report: &mut Report, fixed: Option<&str>) {
    let kind = FindingKind::Vulnerability(vulnerability("CVE-2026-0001", None, fixed));
    add(report, Severity::Critical, &["CVE-2026-0001"], kind);
}

/// A vulnerability under another name.
pub fn cve(report: &mut Report, id: &str, alias: Option<&str>) {
    let kind = FindingKind::Vulnerability(vulnerability(id, alias, None));
    add(report, Severity::Low, &[id], kind);
}

/// A file that looks malicious, more or less.
pub fn malware(report: &mut Report, band: Band) {
    let malware = Malware {
        layer: LayerIndex(0),
        path: "srv/upload.php".into(),
        file_kind: "php".into(),
        digest: Digest::sha256(&[7; 32]),
        size_bytes: 10,
        name: "test_rule".into(),
        band,
        score: 0.9,
        methods: vec![MethodScore {
            method: Method::Yara,
            score: 0.9,
            decisive: true,
            evidence: Vec::new(),
        }],
        owned_by: None,
        deleted_by: None,
    };
    add(report, Severity::High, &["malware"], FindingKind::Malware(Box::new(malware)));
}

/// A package.
pub fn package(report: &mut Report, name: &str, version: &str) {
    let mut package = Package::new(PackageKind::Npm, name, version);
    package.purl = Some(format!("pkg:npm/{name}@{version}").parse().unwrap());
    report.inventory.packages.push(package);
}

/// A private key, or something that only looks so.
pub fn key(report: &mut Report, confidence: Confidence) {
    let secret = Secret {
        layer: LayerIndex(0),
        place: SecretPlace::File("root/.ssh/id_rsa".into()),
        rule: "private-key".into(),
        title: "RSA private key".into(),
        category: SecretCategory::PrivateKey,
        confidence,
        line: 1,
        span: None,
        excerpt: String::new(),
        fingerprint: "0123456789abcdef".into(),
        key: None,
        certificate: None,
        owned_by: None,
        deleted_by: None,
    };
    add(report, Severity::High, &["key"], FindingKind::Secret(Box::new(secret)));
}

/// Takes away what makes the vendor trusted.
pub fn without_vendor(report: &mut Report) {
    report.image.config.labels.clear();
}
