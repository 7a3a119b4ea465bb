//! Bills of materials: our own read back whole, those of other tools read as they are meant.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use fixture::{Pkg, distro, inventory};
use lazaret_scan::report::{Format, Options, write};
use lazaret_scan::{SbomError, read_sbom};
use model::{
    Distro, Inventory, LayerIndex, Package, PackageKind, Purl, Skip, SkipReason, SourcePackage,
};
use proptest::prelude::*;

fn export(format: Format, inventory: Inventory) -> Vec<u8> {
    let mut report = fixture::clean();
    report.inventory = inventory;
    let mut out = Vec::new();
    write(format, &[report], &Options::default(), &mut out).unwrap();
    out
}

fn without_layers(mut inventory: Inventory) -> Inventory {
    for package in &mut inventory.packages {
        package.layer = LayerIndex(0);
    }
    inventory.sort();
    inventory
}

fn read(bytes: &[u8]) -> (Inventory, Vec<Skip>) {
    read_sbom(bytes).unwrap()
}

fn testdata(name: &str) -> (Inventory, Vec<Skip>) {
    let path = format!("{}/testdata/sbom/{name}", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read(&path).unwrap())
}

#[test]
fn our_own_reads_back_whole() {
    for format in [Format::CycloneDx, Format::Spdx] {
        let inventory = fixture::report().inventory;
        let (back, skips) = read(&export(format, inventory.clone()));
        assert_eq!(skips, [], "{format}");
        assert_eq!(back, without_layers(inventory), "{format}");
    }
}

/// From inventories like those of a Red Hat image: everything that matching looks at.
#[test]
fn content_sets_modules_and_epochs_survive() {
    let rhel = Distro {
        id: "rhel".into(),
        version: "8.9".into(),
        like: vec!["fedora".into()],
        cpe: "cpe:/o:redhat:enterprise_linux:8::baseos".into(),
        ..Distro::default()
    };
    let mut node =
        Pkg::new(PackageKind::Rpm, "nodejs", "1:16.20.2-4.module+el8", 0, "var/lib/rpm/Packages");
    node.0.module = Some("nodejs:16:8090020240:a75119d5".into());
    node.0.arch = Some("x86_64".into());
    node.0.vendor = Some("Red Hat, Inc.".into());
    let mut inventory = inventory(vec![node.source("nodejs", "16.20.2-4")], Some(rhel));
    inventory.content_sets = vec!["rhel-8-for-x86_64-appstream-rpms".into(), "ubi-8".into()];
    for format in [Format::CycloneDx, Format::Spdx] {
        assert_eq!(read(&export(format, inventory.clone())).0, inventory, "{format}");
    }
}

prop_compose! {
    fn any_text()(text in "[ -~\u{e9}\u{4e2d}\n]{1,12}") -> String { text }
}

prop_compose! {
    fn any_package()(
        kind in prop::sample::select(PackageKind::ALL.to_vec()),
        name in "[a-z][a-z0-9.+-]{0,8}",
        group in prop::option::of("[a-z][a-z0-9.-]{0,8}"),
        version in any_text(),
        fields in (prop::option::of((any_text(), any_text())), prop::option::of(any_text()), prop::option::of(any_text()), prop::option::of(any_text())),
        licenses in prop::collection::vec(any_text(), 0..3),
        path in any_text(),
        owned_by in prop::option::of(any_text()),
        dev in any::<bool>(),
    ) -> Package {
        let name = match (kind, group) {
            (PackageKind::Maven, Some(group)) => format!("{group}:{name}"),
            (PackageKind::Npm, Some(group)) => format!("@{group}/{name}"),
            (PackageKind::Golang | PackageKind::Composer | PackageKind::Swift, Some(group)) => format!("{group}/{name}"),
            _ => name,
        };
        let mut package = Package::new(kind, name, version);
        let (source, arch, module, vendor) = fields;
        package.source = source.map(|(name, version)| SourcePackage { name, version });
        package.arch = arch;
        package.module = module;
        package.vendor = vendor;
        package.licenses = licenses;
        package.path = path;
        package.owned_by = owned_by;
        package.dev = dev;
        package.found_by = "test".into();
        package
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn reading_undoes_writing(
        packages in prop::collection::vec(any_package(), 0..6),
        named in any::<bool>(),
        content_sets in prop::collection::vec("[a-z0-9-]{1,9}", 0..3),
    ) {
        let mut inventory = Inventory { content_sets, ..Inventory::default() };
        inventory.distro = named.then(distro);
        for mut package in packages {
            package.purl = Purl::of(&package, inventory.distro.as_ref()).ok();
            inventory.packages.push(package);
        }
        inventory.sort();
        for format in [Format::CycloneDx, Format::Spdx] {
            let (back, skips) = read(&export(format, inventory.clone()));
            prop_assert_eq!(&skips, &Vec::<Skip>::new());
            prop_assert_eq!(&back, &inventory, "{}", format);
        }
    }

    #[test]
    fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_sbom(&bytes);
    }

    #[test]
    fn damaged_documents_are_errors_or_less(at in 0usize..4000, byte in any::<u8>()) {
        for format in [Format::CycloneDx, Format::Spdx] {
            let mut bytes = export(format, fixture::clean().inventory);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = read_sbom(&bytes);
            let _ = read_sbom(&bytes[..at]);
        }
    }
}

/// Name, version, source and path of each package: what a foreign document has to bring over.
fn lines(inventory: &Inventory) -> String {
    let mut text = String::new();
    let distro = inventory.distro.clone().unwrap_or_default();
    text.push_str(&format!("{} {} {}\n", distro.id, distro.version, distro.pretty_name));
    for package in &inventory.packages {
        let source = package
            .source
            .as_ref()
            .map_or(String::new(), |s| format!(" from {} {}", s.name, s.version));
        let module = package.module.as_ref().map_or(String::new(), |m| format!(" module {m}"));
        let owner = package.owned_by.as_ref().map_or(String::new(), |o| format!(" of {o}"));
        let dev = if package.dev { " dev" } else { "" };
        text.push_str(&format!(
            "{} {} {}{source}{module}{owner}{dev} in {}\n",
            package.kind, package.name, package.version, package.path
        ));
    }
    text
}

#[test]
fn reads_what_other_tools_write() {
    let cases = [
        ("syft.cdx.json", "syft_cyclonedx"),
        ("trivy.cdx.json", "trivy_cyclonedx"),
        ("cdxgen.cdx.json", "cdxgen_cyclonedx"),
        ("maven.cdx.xml", "maven_xml"),
        ("syft.spdx.json", "syft_spdx"),
        ("trivy.spdx", "trivy_tag_value"),
        ("list.purls", "purl_list"),
    ];
    for (file, snapshot) in cases {
        let (inventory, skips) = testdata(file);
        let skips: Vec<String> = skips
            .iter()
            .map(|s| format!("skip {}: {:?}: {}", s.path, s.reason, s.detail))
            .collect();
        insta::assert_snapshot!(snapshot, format!("{}{}", lines(&inventory), skips.join("\n")));
    }
}

#[test]
fn an_attestation_is_unwrapped() {
    let bom = export(Format::CycloneDx, fixture::clean().inventory);
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://cyclonedx.org/bom","predicate":{}}}"#,
        String::from_utf8(bom).unwrap()
    );
    assert_eq!(read(statement.as_bytes()).0, fixture::clean().inventory);
}

#[test]
fn a_byte_order_mark_and_blanks_do_not_matter() {
    let mut bytes = b"\xef\xbb\xbf\n  ".to_vec();
    bytes.extend(export(Format::Spdx, fixture::clean().inventory));
    assert_eq!(read(&bytes).0.packages.len(), 1);
}

#[test]
fn refusals_are_one_clear_line() {
    let cases: [(&[u8], &str); 13] = [
        (b"", "not an SBOM: expected CycloneDX"),
        (b"hello", "not an SBOM"),
        (b"{}", "not an SBOM"),
        (b"\xff\xfe{\0}", "not UTF-8 text (byte 0)"),
        (b"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\"", "JSON document is broken: EOF"),
        (b"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"2.0\"}", "CycloneDX `2.0` is not read"),
        (
            b"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":7}",
            "CycloneDX document is broken",
        ),
        (b"{\"spdxVersion\":\"SPDX-2.1\"}", "`SPDX-2.1` is not read"),
        (b"{\"@context\":\"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\"}", "SPDX 3"),
        (
            b"{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"e30=\"}",
            "signed envelope",
        ),
        (b"{\"SchemaVersion\":2,\"Results\":[]}", "trivy's own report"),
        (b"{\"artifacts\":[],\"schema\":{}}", "syft's own format"),
        (b"<html></html>", "not an SBOM"),
    ];
    for (bytes, expect) in cases {
        let message = read_sbom(bytes).unwrap_err().to_string();
        assert!(message.contains(expect) && !message.contains('\n'), "{message}");
    }
}

#[test]
fn nesting_is_bounded() {
    let mut deep = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":["#.to_owned();
    deep.push_str(&r#"{"type":"library","name":"x","components":["#.repeat(100_000));
    assert!(matches!(read_sbom(deep.as_bytes()), Err(SbomError::Syntax { .. })));
    let mut deep = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5">"#.to_owned();
    deep.push_str(&"<components><component>".repeat(100_000));
    let error = read_sbom(deep.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("128 elements deep"), "{error}");
}

#[test]
fn a_broken_component_is_a_skip_and_the_rest_is_read() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.4","components":[
        {"type":"library","name":"good","version":"1","purl":"pkg:npm/good@1"},
        {"type":"library","name":"odd","version":2.5,"purl":"pkg:npm/odd@2.5","licenses":null},
        {"type":"library","name":"bad","version":"1","purl":"not a purl"},
        {"type":"library","name":"nameless","version":"1"},
        {"type":"file","name":"/etc/passwd"}]}"#;
    let text = text.replace(",\"licenses\":null", "");
    let (inventory, skips) = read(text.as_bytes());
    let names: Vec<&str> = inventory.packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["good", "odd"]);
    let reasons: Vec<SkipReason> = skips.iter().map(|skip| skip.reason).collect();
    assert_eq!(reasons, [SkipReason::Unsupported, SkipReason::Malformed]);
}

#[test]
fn many_broken_components_are_summed_up() {
    let row = r#"{"type":"library","name":"x","version":"1","purl":"no"}"#;
    let rows = vec![row; 1000].join(",");
    let text = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{rows}]}}"#);
    let (_, skips) = read(text.as_bytes());
    assert_eq!(skips.len(), 201);
    assert!(skips[200].detail.contains("800 more"));
}
