//! How long the judge takes: the built-in policy over a report with 2,000 findings and 600 packages,
//! alone and as a container that is to start. Prints nanoseconds.

use std::hint::black_box;
use std::time::Instant;

use lazaret_policy::{Policy, judge, judge_workload};
use model::{
    Accounts, AdvisoryId, AdvisoryKind, ContainerSpec, Engine, Epss, Exception, Finding, FindingId,
    FindingKind, FixState, ImageFacts, ImageIdentity, Inventory, LayerIndex, Package, PackageKind,
    Report, ScanSource, Severity, SourceClaim, SourceKind, ToolVersions, Verdict, Vulnerability,
    Workload,
};

const FINDINGS: usize = 2_000;
const PACKAGES: usize = 600;
const ROUNDS: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let report = report()?;
    let workload = Workload {
        engine: Engine::Docker,
        containers: vec![ContainerSpec {
            image: ImageIdentity { reference: "app:1".into(), ..ImageIdentity::default() },
            ..ContainerSpec::default()
        }],
        ..Workload::default()
    };
    let plain = Policy::built_in()?;
    let mut excused = plain.clone();
    excused.add_exceptions((0..200_u32).map(|number| Exception {
        id: format!("CVE-2026-{:04}", number * 7),
        rule: if number.is_multiple_of(2) { String::new() } else { "high-with-fix".into() },
        owner: "team".into(),
        reason: "accepted".into(),
        ..Exception::default()
    }));
    let free = Policy::parse(
        "free",
        "rules:\n  - name: free\n    decision: deny\n    condition: vuln.severity >= high and \
         vuln.fixable = true and not vuln.package in (a, b, c)\n",
    )?;
    for (name, policy) in [("built-in", &plain), ("200 exceptions", &excused), ("free", &free)] {
        tell(name, "report", || judge(&report, policy, "2026-11-25"));
        let reports = [Some(&report)];
        tell(name, "workload", || judge_workload(&workload, &reports, policy, "2026-11-25"));
    }
    Ok(())
}

fn tell<T>(policy: &str, what: &str, ask: impl Fn() -> T) {
    let mut spent: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            black_box(ask());
            begun.elapsed().as_nanos()
        })
        .collect();
    spent.sort_unstable();
    let at = |share: usize| spent.get(spent.len() * share / 100).copied().unwrap_or_default();
    println!("{policy}, {what}: p50 {} ns, p99 {} ns", at(50), at(99));
}

fn report() -> Result<Report, Box<dyn std::error::Error>> {
    let mut packages = Vec::with_capacity(PACKAGES);
    for number in 0..PACKAGES {
        let mut package = Package::new(PackageKind::Deb, format!("lib{number}"), "1.0-1");
        package.purl = Some(format!("pkg:deb/debian/lib{number}@1.0-1?arch=amd64").parse()?);
        packages.push(package);
    }
    let findings = (0..FINDINGS).map(finding).collect::<Result<Vec<_>, _>>()?;
    Ok(Report {
        schema: Report::SCHEMA.into(),
        source: ScanSource {
            kind: SourceKind::Registry,
            name: "app:1".into(),
            image_id: None,
            manifest_digest: None,
            layer_digests: Vec::new(),
            scanned_at: "2026-11-25T00:00:00Z".parse()?,
        },
        image: ImageFacts { accounts: Some(Accounts::default()), ..ImageFacts::default() },
        inventory: Inventory { packages, ..Inventory::default() },
        coverage: Vec::new(),
        trust: None,
        findings,
        ignored: Vec::new(),
        stale_exceptions: Vec::new(),
        verdict: Verdict::default(),
        skipped: Vec::new(),
        tool: ToolVersions {
            lazaret: "0".into(),
            database: None,
            looked_for: Vec::new(),
            malware: Vec::new(),
            policy: String::new(),
        },
    })
}

fn finding(number: usize) -> Result<Finding, Box<dyn std::error::Error>> {
    let package = format!("lib{}", number % PACKAGES);
    let id = AdvisoryId(format!("CVE-2026-{number:04}"));
    let severity = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let severity = severity.get(number % 4).copied().unwrap_or_default();
    let fixed = number.is_multiple_of(3).then(|| "1.1-1".to_owned());
    let fix_state = if fixed.is_some() { FixState::Fixed } else { FixState::Affected };
    let claim = |source: &str| SourceClaim {
        source: source.to_owned(),
        id: AdvisoryId(format!("{source}-{number}")),
        severity,
        fix_state,
        fixed_version: fixed.clone(),
    };
    let vulnerability = Vulnerability {
        aliases: vec![AdvisoryId(format!("GHSA-aaaa-bbbb-{number:04}"))],
        kind: AdvisoryKind::Vulnerability,
        package: package.clone(),
        version: "1.0-1".into(),
        purl: format!("pkg:deb/debian/{package}@1.0-1?arch=amd64").parse()?,
        layer: LayerIndex(0),
        path: "var/lib/dpkg/status".into(),
        fix_state,
        summary: String::new(),
        published: Some("2026-01-01T00:00:00Z".parse()?),
        sources: vec![claim("debian"), claim("nvd")],
        cvss: Vec::new(),
        epss: Some(Epss { score: 0.001 * (number % 1000) as f32, percentile: None }),
        kev: None,
        risk: 10.0,
        fixed_version: fixed,
        id,
    };
    Ok(Finding {
        id: FindingId::of(&[&vulnerability.id.0, &package]),
        severity,
        base: false,
        kind: FindingKind::Vulnerability(Box::new(vulnerability)),
    })
}
