//! Bills of materials: CycloneDX, SPDX, lists of package URLs; and our own, which read back whole.
#![no_main]

use lazaret_fuzz::reports::of_inventory;
use lazaret_fuzz::written::written;
use model::{Inventory, Package};
use scan::read_sbom;
use scan::report::{Format, Options};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok((inventory, _)) = read_sbom(bytes) else { return };
    let mut sorted = inventory.clone();
    sorted.sort();
    assert_eq!(sorted, inventory, "packages are sorted");
    for format in [Format::CycloneDx, Format::Spdx] {
        let text = written(format, &of_inventory(inventory.clone()), &Options::default());
        let (back, skips) = read_sbom(text.as_bytes()).unwrap_or_else(|e| panic!("{format}: {e}"));
        assert_eq!(skips, [], "{format}");
        assert_eq!(identities(&back), identities(&inventory), "{format}");
    }
});

/// What the packages are, without where they came from.
fn identities(inventory: &Inventory) -> Vec<String> {
    let identity = |package: &Package| {
        let Package { kind, name, version, purl, .. } = package;
        format!("{kind} {name:?} {version:?} {purl:?}")
    };
    let mut identities: Vec<_> = inventory.packages.iter().map(identity).collect();
    identities.sort();
    identities
}
