//! The advisory database's file: opened, verified, matched against.
#![no_main]

use std::sync::LazyLock;

use advisory::{Database, match_inventory};
use lazaret_fuzz::database::mended;
use lazaret_fuzz::reports::now;
use model::{Distro, Inventory, Package, PackageKind, SourcePackage};

/// Packages that the seeds speak of.
static INVENTORIES: LazyLock<[Inventory; 2]> = LazyLock::new(|| {
    let mut curl = Package::new(PackageKind::Deb, "curl", "7.88.1-10");
    curl.source = Some(SourcePackage { name: "curl".into(), version: "7.88.1-10".into() });
    let lodash = Package::new(PackageKind::Npm, "lodash", "4.17.15");
    let rpm = Package::new(PackageKind::Rpm, "curl", "7.61.1-1.el8");
    let on = |id: &str, version: &str, packages| Inventory {
        distro: Some(Distro { id: id.into(), version: version.into(), ..Distro::default() }),
        content_sets: vec!["rhel-8-for-x86_64-baseos-rpms".into()],
        packages,
    };
    [on("debian", "12", vec![curl, lodash]), on("rhel", "8.9", vec![rpm])]
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(database) = Database::from_bytes(mended(input)) else { return };
    let _ = database.verify();
    assert_eq!(database.size_bytes(), input.len() as u64);
    for inventory in INVENTORIES.iter() {
        let first = match_inventory(inventory, &database, now());
        let second = match_inventory(inventory, &database, now());
        assert_eq!(first.ok(), second.ok(), "the same twice");
    }
});
