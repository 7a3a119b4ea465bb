//! Matches a list of packages and says how long it took:
//! `dpkg-query -W -f '${Package}\t${Version}\t${source:Package}\t${source:Version}\t${Architecture}\n' |
//! cargo run --release -p lazaret-advisory --example match_packages -- DATA_DIR debian 12 deb`
//!
//! A line is name, version, and for a distribution source name, source version, architecture and
//! module, separated by tabs. A distribution `-` is none. With a further argument the findings of
//! that package or vulnerability are shown (`all` for all).

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use lazaret_advisory::{Database, match_inventory};
use model::{Distro, Finding, Inventory, Package, PackageKind, SourcePackage};

/// Matches in all; the first one reads the file from disk.
const ROUNDS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_dir, distro, release, kind, shown @ ..] = arguments.as_slice() else {
        return Err("expected DATA_DIR DISTRO RELEASE KIND [PACKAGE]".into());
    };
    let kind = PackageKind::from_purl_type(kind).ok_or("KIND is a purl type")?;
    let mut list = String::new();
    std::io::stdin().read_to_string(&mut list)?;
    let mut inventory = Inventory {
        packages: list.lines().map(|line| package(kind, line)).collect(),
        ..Inventory::default()
    };
    if distro != "-" {
        let (id, version) = (distro.clone(), release.clone());
        inventory.distro = Some(Distro { id, version, ..Distro::default() });
    }
    let now = jiff::Timestamp::now();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let database = Database::open(Path::new(data_dir))?;
        let opened = start.elapsed();
        let matched = match_inventory(&inventory, &database, now)?;
        let (packages, findings) = (inventory.packages.len(), matched.findings.len());
        let whole = start.elapsed();
        println!("{packages} packages, {findings} findings: open {opened:.2?}, in all {whole:.2?}");
    }
    let database = Database::open(Path::new(data_dir))?;
    let matched = match_inventory(&inventory, &database, now)?;
    for coverage in &matched.coverage {
        println!("{} {:?} {}", coverage.ecosystem, coverage.status, coverage.note);
    }
    for finding in matched.findings.iter().filter(|finding| is_shown(finding, shown)) {
        println!("{}", serde_json::to_string(finding)?);
    }
    Ok(())
}

fn package(kind: PackageKind, line: &str) -> Package {
    let mut fields = line.split('\t');
    let mut next = || fields.next().filter(|field| !field.is_empty()).map(str::to_owned);
    let mut package = Package::new(kind, next().unwrap_or_default(), next().unwrap_or_default());
    package.source = match (next(), next()) {
        (Some(name), Some(version)) => Some(SourcePackage { name, version }),
        _ => None,
    };
    package.arch = next();
    package.module = next();
    package
}

fn is_shown(finding: &Finding, shown: &[String]) -> bool {
    let Some(vulnerability) = finding.vulnerability() else { return false };
    shown.iter().any(|shown| {
        shown == "all" || *shown == vulnerability.package || *shown == vulnerability.id.0
    })
}
