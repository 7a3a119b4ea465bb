//! VEX: which statements take which findings away.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use fixture::{Flaw, Pkg, digest, distro, inventory};
use lazaret_scan::{Vex, VexError, VexSubject};
use model::{Finding, IgnoredBy, Inventory, PackageKind, ScanSource, Severity, SourceKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn source(name: &str) -> ScanSource {
    ScanSource {
        kind: SourceKind::Registry,
        name: name.into(),
        image_id: Some(digest(1)),
        manifest_digest: Some(digest(2)),
        layer_digests: Vec::new(),
        scanned_at: "2026-11-24T00:00:00Z".parse().unwrap(),
    }
}

fn installed() -> Inventory {
    let packages = vec![
        Pkg::deb("libssl3", "3.0.11-1~deb12u1", 0).source("openssl", "3.0.11-1~deb12u1"),
        Pkg::new(PackageKind::Golang, "example.com/tool", "(devel)", 1, "usr/bin/tool"),
        Pkg::new(PackageKind::Golang, "golang.org/x/crypto", "v0.14.0", 1, "usr/bin/tool"),
        Pkg::new(PackageKind::Golang, "golang.org/x/crypto", "v0.14.0", 1, "usr/bin/other"),
        Pkg::new(PackageKind::Pypi, "requests", "2.28.1", 1, "usr/lib/requests")
            .owned_by("python3-requests"),
        Pkg::deb("python3-requests", "2.28.1-1", 1),
        Pkg::new(PackageKind::Maven, "g:inner", "1.0", 1, "app.jar!/lib/inner.jar"),
        Pkg::new(PackageKind::Maven, "g:outer", "2.0", 1, "app.jar"),
    ];
    let mut distro = distro();
    distro.cpe = "cpe:/o:debian:debian_linux:12".into();
    inventory(packages, Some(distro))
}

fn openvex(statements: Value) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/1", "author": "a",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": statements
    })
}

fn parse(document: &Value) -> Vex {
    Vex::parse(document.to_string().as_bytes(), "doc.json").unwrap()
}

/// Whether a document takes away CVE-2024-1 in a package (told by name and path).
fn clears(document: &Value, package: (&str, &str)) -> bool {
    let inventory = installed();
    let source = source("registry.example.com/shop/api:1.4.2");
    let flaw = Flaw::at(&inventory, package, "CVE-2024-1", Severity::High);
    let finding = flaw.aliases(&["GHSA-aaaa-bbbb-cccc"]).finding;
    let subject = VexSubject { source: &source, inventory: &inventory };
    let (kept, ignored) = parse(document).apply(vec![finding], &subject);
    assert_eq!(kept.len() + ignored.len(), 1);
    kept.is_empty()
}

fn about(products: Value) -> Value {
    openvex(json!([{ "vulnerability": { "name": "CVE-2024-1" }, "status": "not_affected",
        "justification": "component_not_present", "products": products }]))
}

const SSL: (&str, &str) = ("libssl3", "");
const CRYPTO: (&str, &str) = ("golang.org/x/crypto", "usr/bin/tool");

#[test]
fn products_are_told_by_package_url() {
    let cases = [
        ("pkg:deb/debian/libssl3", true),
        ("pkg:deb/debian/libssl3@3.0.11-1~deb12u1", true),
        ("pkg:deb/debian/libssl3@3.0.11-1~deb12u2", false),
        ("pkg:deb/debian/libssl3?distro=debian-12", true),
        ("pkg:deb/debian/libssl3?distro=debian-11", false),
        ("pkg:deb/debian/libssl3?arch=arm64", false),
        ("pkg:deb/ubuntu/libssl3", false),
        ("pkg:deb/debian/libssl", false),
        ("pkg:deb/debian/openssl", false),
        ("pkg:deb/debian/openssl?arch=source", true),
        ("pkg:deb/debian/openssl@3.0.11-1~deb12u1?arch=source", true),
        ("pkg:deb/debian/openssl@1?arch=source", false),
        ("pkg:rpm/redhat/libssl3", false),
    ];
    for (purl, expect) in cases {
        assert_eq!(clears(&about(json!([{ "@id": purl }])), SSL), expect, "{purl}");
    }
    let crypto = |purl: &str| clears(&about(json!([{ "@id": purl }])), CRYPTO);
    assert!(
        crypto("pkg:golang/golang.org/x/crypto@0.14.0")
            && crypto("pkg:golang/golang.org/x/crypto@v0.14.0")
    );
    assert!(!crypto("pkg:golang/golang.org/x/crypto@v0.15.0"));
}

#[test]
fn products_are_told_by_the_image() {
    let hex = |n| digest(n).hex().to_owned();
    let cases = [
        ("pkg:oci/api?repository_url=registry.example.com/shop/api".to_owned(), true),
        ("pkg:oci/api?repository_url=registry.example.com/shop".to_owned(), true),
        ("pkg:oci/api?repository_url=registry.example.com%2Fshop%2Fapi&tag=1.4.2".to_owned(), true),
        ("pkg:oci/api?repository_url=registry.example.com/shop/api&tag=1.4.1".to_owned(), false),
        ("pkg:oci/api?repository_url=ghcr.io/shop/api".to_owned(), false),
        ("pkg:oci/api".to_owned(), true),
        ("pkg:oci/app".to_owned(), false),
        (format!("pkg:oci/api@sha256:{}", hex(2)), true),
        (format!("pkg:oci/whatever@sha256:{}?repository_url=elsewhere.example", hex(1)), true),
        (format!("pkg:oci/api@sha256:{}", hex(3)), false),
        ("pkg:docker/shop/api@1.4.2?repository_url=registry.example.com".to_owned(), true),
        ("pkg:docker/shop/api@1".to_owned(), false),
        ("registry.example.com/shop/api:1.4.2".to_owned(), true),
        ("registry.example.com/shop/api:1.4.3".to_owned(), false),
        (format!("registry.example.com/shop/api@sha256:{}", hex(2)), true),
        (format!("sha256:{}", hex(2)), true),
    ];
    for (id, expect) in cases {
        let whole = about(json!([{ "@id": id }]));
        assert_eq!(clears(&whole, SSL), expect, "{id}");
        let part = |purl: &str| about(json!([{ "@id": id, "subcomponents": [{ "@id": purl }] }]));
        assert_eq!(clears(&part("pkg:deb/debian/libssl3"), SSL), expect, "{id}, its part");
        assert!(!clears(&part("pkg:deb/debian/zlib1g"), SSL), "{id}, another part");
    }
    let hashes = about(json!([{ "hashes": { "sha-256": hex(2) } }]));
    assert!(clears(&hashes, SSL));
    let identifiers = about(json!([{ "@id": "x", "identifiers": { "purl": "pkg:oci/api" } }]));
    assert!(clears(&identifiers, SSL));
}

#[test]
fn a_product_may_hold_the_package() {
    let part = |product: &str, purl: &str| {
        about(json!([{ "@id": product, "subcomponents": [{ "@id": purl }] }]))
    };
    let crypto = "pkg:golang/golang.org/x/crypto@v0.14.0";
    let tool = part("pkg:golang/example.com/tool", crypto);
    assert!(clears(&tool, CRYPTO), "the binary's main module");
    assert!(!clears(&tool, ("golang.org/x/crypto", "usr/bin/other")), "another binary");
    assert!(clears(&part("pkg:maven/g/outer@2.0", "pkg:maven/g/inner"), ("g:inner", "")));
    assert!(!clears(&part("pkg:maven/g/outer@3.0", "pkg:maven/g/inner"), ("g:inner", "")));
    assert!(clears(
        &part("pkg:deb/debian/python3-requests", "pkg:pypi/requests"),
        ("requests", "")
    ));
    assert!(
        !clears(
            &part("pkg:deb/debian/libssl3", "pkg:deb/debian/python3-requests"),
            ("python3-requests", "")
        ),
        "neighbours in the package database hold nothing"
    );
}

#[test]
fn vulnerabilities_are_told_by_any_name() {
    let named = |vulnerability: Value| {
        openvex(json!([{ "vulnerability": vulnerability, "status": "fixed",
            "products": [{ "@id": "pkg:deb/debian/libssl3" }] }]))
    };
    assert!(clears(&named(json!({ "name": "GHSA-AAAA-bbbb-cccc" })), SSL));
    assert!(clears(&named(json!({ "name": "x", "aliases": ["cve-2024-1"] })), SSL));
    assert!(clears(&named(json!({ "@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-1" })), SSL));
    assert!(clears(&named(json!("CVE-2024-1")), SSL));
    assert!(!clears(&named(json!({ "name": "CVE-2024-11" })), SSL));
}

#[test]
fn only_a_clearing_status_clears_and_the_last_one_counts() {
    let statement = |status: &str, time: &str| {
        json!({ "vulnerability": { "name": "CVE-2024-1" }, "status": status, "timestamp": time,
            "products": [{ "@id": "pkg:deb/debian/libssl3" }] })
    };
    let (early, late) = ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00+00:00");
    for (status, expect) in [
        ("not_affected", true),
        ("fixed", true),
        ("affected", false),
        ("under_investigation", false),
    ] {
        assert_eq!(clears(&openvex(json!([statement(status, early)])), SSL), expect, "{status}");
    }
    let both = |first: Value, second: Value| clears(&openvex(json!([first, second])), SSL);
    assert!(!both(statement("not_affected", early), statement("affected", late)));
    assert!(both(statement("not_affected", late), statement("affected", early)), "time decides");
    assert!(!both(statement("not_affected", early), statement("affected", early)), "then order");
    let mut later = parse(&openvex(json!([statement("affected", late)])));
    later.extend(parse(&openvex(json!([statement("fixed", early)]))));
    assert_eq!(later.len(), 2);
    let inventory = installed();
    let source = source("x");
    let finding = Flaw::at(&inventory, SSL, "CVE-2024-1", Severity::High).finding;
    let subject = VexSubject { source: &source, inventory: &inventory };
    assert_eq!(later.apply(vec![finding], &subject).0.len(), 1, "over all documents");
}

fn csaf() -> Value {
    json!({
      "document": { "category": "csaf_vex", "csaf_version": "2.0", "title": "t",
        "publisher": { "category": "vendor", "name": "n", "namespace": "https://example.org" },
        "tracking": { "id": "1", "current_release_date": "2026-01-01T00:00:00Z" } },
      "product_tree": {
        "branches": [{ "category": "vendor", "name": "Example", "branches": [
          { "category": "product_name", "name": "Debian", "product": { "product_id": "debian-12", "name": "Debian 12",
            "product_identification_helper": { "cpe": "cpe:/o:debian:debian_linux:12" } } },
          { "category": "product_name", "name": "Debian", "product": { "product_id": "debian-11", "name": "Debian 11",
            "product_identification_helper": { "cpe": "cpe:/o:debian:debian_linux:11" } } },
          { "category": "product_version", "name": "openssl", "product": { "product_id": "openssl", "name": "openssl",
            "product_identification_helper": { "purl": "pkg:deb/debian/openssl?arch=source" } } },
          { "category": "product_version", "name": "tool", "product": { "product_id": "crypto", "name": "crypto",
            "product_identification_helper": { "purls": ["pkg:golang/golang.org/x/crypto@v0.14.0"] } } }
        ] }],
        "relationships": [
          { "category": "default_component_of", "product_reference": "openssl", "relates_to_product_reference": "debian-12",
            "full_product_name": { "product_id": "debian-12:openssl", "name": "openssl in Debian 12" } },
          { "category": "default_component_of", "product_reference": "openssl", "relates_to_product_reference": "debian-11",
            "full_product_name": { "product_id": "debian-11:openssl", "name": "openssl in Debian 11" } },
          { "category": "default_component_of", "product_reference": "missing", "relates_to_product_reference": "debian-12",
            "full_product_name": { "product_id": "debian-12:missing", "name": "nothing" } }
        ],
        "product_groups": [{ "group_id": "g", "product_ids": ["debian-12:openssl", "debian-12:missing"] }]
      },
      "vulnerabilities": [{ "cve": "CVE-2024-1",
        "product_status": { "known_not_affected": ["debian-12:openssl"], "known_affected": ["debian-11:openssl"] },
        "flags": [{ "label": "vulnerable_code_not_present", "group_ids": ["g"] }],
        "threats": [{ "category": "impact", "details": "built without it", "product_ids": ["debian-12:openssl"] }] }]
    })
}

#[test]
fn csaf_components_belong_to_their_platform() {
    assert!(clears(&csaf(), SSL));
    assert!(!clears(&csaf(), CRYPTO));
    let with = |status: Value| {
        let mut document = csaf();
        document["vulnerabilities"][0]["product_status"] = status;
        document
    };
    assert!(
        !clears(&with(json!({ "known_not_affected": ["debian-11:openssl"] })), SSL),
        "another release"
    );
    assert!(!clears(&with(json!({ "under_investigation": ["debian-12:openssl"] })), SSL));
    assert!(clears(&with(json!({ "fixed": ["crypto"] })), CRYPTO), "a package alone");
    assert!(
        clears(&with(json!({ "known_not_affected": ["debian-12"] })), CRYPTO),
        "a platform whole"
    );
    let missing = with(json!({ "known_not_affected": ["debian-12:missing"] }));
    assert!(!clears(&missing, SSL), "an unknown component does not clear the platform");
}

#[test]
fn what_was_taken_away_says_why() {
    let inventory = installed();
    let source = source("x");
    let finding = Flaw::at(&inventory, SSL, "CVE-2024-1", Severity::High).finding;
    let subject = VexSubject { source: &source, inventory: &inventory };
    let (_, ignored) = parse(&csaf()).apply(vec![finding], &subject);
    let expect = IgnoredBy::Vex {
        document: "doc.json".into(),
        status: "not_affected".into(),
        justification: "vulnerable_code_not_present: built without it".into(),
    };
    assert_eq!(ignored[0].by, expect);
}

#[test]
fn statements_that_cannot_match_are_told() {
    let vex = parse(&about(json!([{ "@id": "https://example.org/our product" }])));
    assert!(vex.notes()[0].contains("CVE-2024-1") && vex.notes()[0].contains("doc.json"));
    let vex = parse(&about(json!([])));
    assert_eq!(vex.notes().len(), 1);
    assert!(parse(&csaf()).notes().is_empty());
    let odd =
        openvex(json!([{ "vulnerability": { "name": "C" }, "status": "maybe", "products": [] }]));
    assert!(parse(&odd).is_empty() && parse(&odd).notes()[0].contains("`maybe`"));
}

#[test]
fn refusals_are_one_clear_line() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "VEX document d is broken: EOF"),
        (b"[]", "broken"),
        (b"{\"a\":1}", "d is no VEX document"),
        (b"{\"@context\":\"https://openvex.dev/ns\",\"statements\":7}", "broken"),
    ];
    for (bytes, expect) in cases {
        let message = Vex::parse(bytes, "d").unwrap_err().to_string();
        assert!(message.contains(expect) && !message.contains('\n'), "{message}");
    }
    let mut deep = r#"{"document":{},"product_tree":"#.to_owned();
    deep.push_str(&r#"{"branches":["#.repeat(100_000));
    assert!(matches!(Vex::parse(deep.as_bytes(), "d"), Err(VexError::Syntax { .. })));
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in "\\PC{0,80}", at in 0usize..3000, byte in any::<u8>()) {
        let _ = Vex::parse(text.as_bytes(), "d");
        let mut bytes = csaf().to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(vex) = Vex::parse(&bytes, "d") {
            let inventory = installed();
            let source = source("x");
            let subject = VexSubject { source: &source, inventory: &inventory };
            let findings: Vec<Finding> =
                vec![Flaw::at(&inventory, SSL, "CVE-2024-1", Severity::High).finding];
            let _ = vex.apply(findings, &subject);
        }
    }
}
