//! Reports and findings for this room's tests.

use model::{
    AdvisoryId, AdvisoryKind, Band, Confidence, ContainerSpec, Digest, Distrust, Engine, Epss,
    Finding, FindingId, FindingKind, FixState, ImageFacts, ImageIdentity, Inventory,
    KnownExploited, LayerIndex, Malware, Method, MethodScore, Package, PackageKind, Report,
    ScanSource, Secret, SecretCategory, SecretPlace, Severity, SourceKind, SuspiciousStep,
    ToolVersions, Verdict, Vulnerability, Workload,
};

use proptest::prelude::*;

use crate::Policy;

/// The day on which the tests judge.
pub(crate) const TODAY: &str = "2026-07-31";

/// A finding of a vulnerability: id, severity, and the version that repairs it.
pub(crate) fn finding(id: &str, severity: Severity, fixed: Option<&str>) -> Finding {
    let package = "libfoo";
    let vulnerability = Vulnerability {
        id: AdvisoryId(id.into()),
        aliases: Vec::new(),
        kind: AdvisoryKind::Vulnerability,
        package: package.into(),
        version: "1.0".into(),
        purl: "pkg:deb/debian/libfoo@1.0?arch=amd64&distro=debian-12".parse().unwrap(),
        layer: LayerIndex(0),
        path: "var/lib/dpkg/status".into(),
        fixed_version: fixed.map(str::to_owned),
        fix_state: if fixed.is_some() { FixState::Fixed } else { FixState::Affected },
        summary: String::new(),
        published: Some("2026-07-01T00:00:00Z".parse().unwrap()),
        sources: Vec::new(),
        cvss: Vec::new(),
        epss: None,
        kev: None,
        risk: 0.0,
    };
    Finding {
        id: FindingId::of(&[id, package]),
        severity,
        base: false,
        kind: FindingKind::Vulnerability(Box::new(vulnerability)),
    }
}

/// A finding changed in its vulnerability.
pub(crate) fn with(mut finding: Finding, change: impl FnOnce(&mut Vulnerability)) -> Finding {
    if let FindingKind::Vulnerability(vulnerability) = &mut finding.kind {
        change(vulnerability);
    }
    finding
}

/// A finding of a malicious file.
pub(crate) fn malware(path: &str, band: Band, deleted_by: Option<u32>) -> Finding {
    let malware = Malware {
        layer: LayerIndex(1),
        path: path.into(),
        file_kind: "php".into(),
        digest: Digest::sha256(&[7; 32]),
        size_bytes: 10,
        name: "php_eval_of_request".into(),
        band,
        score: 0.97,
        methods: vec![MethodScore {
            method: Method::Yara,
            score: 0.9,
            decisive: false,
            evidence: Vec::new(),
        }],
        owned_by: None,
        deleted_by: deleted_by.map(LayerIndex),
    };
    let id = FindingId::of(&["malware", path]);
    let severity = crate::severity_of_malware(&malware);
    Finding { id, severity, base: false, kind: FindingKind::Malware(Box::new(malware)) }
}

/// A finding of a secret.
pub(crate) fn secret(path: &str, category: SecretCategory, confidence: Confidence) -> Finding {
    let secret = Secret {
        layer: LayerIndex(1),
        place: SecretPlace::File(path.into()),
        rule: "private-key".into(),
        title: "RSA private key".into(),
        category,
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
    let id = FindingId::of(&["secret", path]);
    let severity = crate::severity_of_secret(&secret);
    Finding { id, severity, base: false, kind: FindingKind::Secret(Box::new(secret)) }
}

/// A finding of a suspicious build step.
pub(crate) fn step(rule: &str, severity: Severity) -> Finding {
    let step = SuspiciousStep {
        layer: LayerIndex(1),
        step: 3,
        rule: rule.into(),
        title: "a download piped into a shell".into(),
        attack: Vec::new(),
        text: String::new(),
        span: None,
        confirmed_by: Vec::new(),
        advice: String::new(),
    };
    let id = FindingId::of(&["history", rule]);
    Finding { id, severity, base: false, kind: FindingKind::History(Box::new(step)) }
}

/// A finding of an unmet requirement of trust.
pub(crate) fn distrust() -> Finding {
    let distrust = Distrust {
        scope: "shop.example/".into(),
        reference: "shop.example/app:1".into(),
        requirement: "signature".into(),
        demand: "signed by release".into(),
        reason: "no signature was found".into(),
    };
    let kind = FindingKind::Trust(Box::new(distrust));
    Finding { id: FindingId::of(&["trust"]), severity: Severity::High, base: false, kind }
}

/// An entry of the catalogue of known exploited vulnerabilities.
pub(crate) fn exploited() -> KnownExploited {
    KnownExploited { added: "2026-07-02".into(), due: String::new(), ransomware: false }
}

/// A report with these findings and one package.
pub(crate) fn report(findings: Vec<Finding>) -> Report {
    let mut package = Package::new(PackageKind::Npm, "left-pad", "1.0.0");
    package.purl = Some("pkg:npm/left-pad@1.0.0".parse().unwrap());
    Report {
        schema: Report::SCHEMA.into(),
        source: ScanSource {
            kind: SourceKind::OciLayout,
            name: "image".into(),
            image_id: None,
            manifest_digest: None,
            layer_digests: Vec::new(),
            scanned_at: "2026-07-31T00:00:00Z".parse().unwrap(),
        },
        image: ImageFacts::default(),
        inventory: Inventory { packages: vec![package], ..Inventory::default() },
        coverage: Vec::new(),
        trust: None,
        findings,
        ignored: Vec::new(),
        stale_exceptions: Vec::new(),
        verdict: Verdict::default(),
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

prop_compose! {
    /// Any finding of a vulnerability.
    pub(crate) fn any_finding()(
        number in 1u32..30,
        severity in prop::sample::select(Severity::ALL.to_vec()),
        fixed in any::<bool>(),
        kev in any::<bool>(),
        epss in prop::option::of(0.0f32..1.0),
        malicious in prop::bool::weighted(0.1),
        published in prop::option::of(0i64..1_800_000_000),
    ) -> Finding {
        let fixed = fixed.then_some("2.0");
        with(finding(&format!("CVE-2026-{number:04}"), severity, fixed), |vulnerability| {
            vulnerability.kev = kev.then(exploited);
            vulnerability.epss = epss.map(|score| Epss { score, percentile: None });
            vulnerability.published = published
                .and_then(|seconds| model::Timestamp::from_second(seconds).ok());
            if malicious {
                vulnerability.kind = AdvisoryKind::Malicious;
            }
        })
    }
}

/// A container of an image.
pub(crate) fn container(reference: &str) -> ContainerSpec {
    ContainerSpec {
        name: "app".into(),
        image: ImageIdentity { reference: reference.into(), ..ImageIdentity::default() },
        ..ContainerSpec::default()
    }
}

/// A workload of one container on Docker.
pub(crate) fn workload(container: ContainerSpec) -> Workload {
    Workload {
        engine: Engine::Docker,
        kind: "container".into(),
        containers: vec![container],
        ..Workload::default()
    }
}

/// A policy of these rules, in YAML, behind `rules:`.
pub(crate) fn policy(rules: &str) -> Policy {
    let text = format!("on_missing: warn\nrules:\n{rules}");
    Policy::parse("policy.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
}
