//! What meets a demand and what does not.

use model::{Decision, Severity, SignatureFormat};

use super::*;
use crate::trust::TrustPolicy;

const INDEX: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const MANIFEST: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
const OTHER: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

fn policy(demand: &str) -> TrustPolicy {
    let text = format!(
        "trust:\n  authorities:\n  - {{name: ann, key: a.pub}}\n  - {{name: bob, key: b.pub}}\n  \
         scopes:\n  - scope: r.example/team/*\n    {demand}\n"
    );
    TrustPolicy::parse("trust.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn facts(reference: &str) -> TrustFacts {
    TrustFacts {
        name: reference.into(),
        reference: Some(reference.parse().unwrap()),
        index: Some(INDEX.parse().unwrap()),
        manifest: Some(MANIFEST.parse().unwrap()),
        labels: [("vendor".to_owned(), "Example Org".to_owned())].into(),
        ..TrustFacts::default()
    }
}

fn signed(by: &str, digest: &str) -> SignatureFact {
    SignatureFact {
        format: SignatureFormat::CosignSimple,
        found_at: "tag x.sig".into(),
        signs: Some(digest.parse().unwrap()),
        reference: Some("r.example/team/app".into()),
        identity: Some(by.into()),
        signer: None,
        signed_at: None,
        failure: None,
    }
}

/// Whether each requirement is met, and the reasons.
fn check(demand: &str, facts: &TrustFacts) -> (Vec<bool>, String) {
    let policy = policy(demand);
    let scope = policy.requirements(facts.reference.as_ref()).expect("a scope");
    let result = judge_trust(scope, facts);
    let unmet = result.requirements.iter().filter(|r| !r.met).count();
    assert_eq!(distrust(scope, &result).len(), unmet);
    let met = result.requirements.iter().map(|r| r.met).collect();
    let reasons: Vec<String> =
        result.requirements.iter().map(|r| format!("{}: {}", r.demand, r.reason)).collect();
    (met, reasons.join(" | "))
}

#[test]
fn names_digests_and_labels() {
    let image = facts("r.example/team/app:1");
    let pinned = facts(&format!("r.example/team/app@{INDEX}"));
    for (demand, facts, expected) in [
        ("registries: [r.example]", &image, true),
        ("registries: [\"*.example\", docker.io]", &image, true),
        ("registries: [docker.io]", &image, false),
        ("repositories: [r.example/team/app]", &image, true),
        ("repositories: [r.example/other/*]", &image, false),
        ("digest: required", &image, false),
        ("digest: required", &pinned, true),
        (&format!("pins: [\"{INDEX}\"]"), &image, true),
        (&format!("pins: [\"{OTHER}\", \"{MANIFEST}\"]"), &image, true),
        (&format!("pins: [\"{OTHER}\"]"), &image, false),
        ("labels: {vendor: Example*}", &image, true),
        ("labels: {vendor: Sample*}", &image, false),
        ("labels: {maker: \"*\"}", &image, false),
        ("accept: true", &image, true),
        ("refuse: old", &image, false),
    ] {
        let (met, reasons) = check(demand, facts);
        assert_eq!(met.iter().all(|met| *met), expected, "{demand}: {reasons}");
    }
}

#[test]
fn signatures_of_index_and_manifest_count_and_are_told_apart() {
    let mut image = facts("r.example/team/app:1");
    for (digest, words) in
        [(INDEX, "the index that the reference"), (MANIFEST, "the manifest that was looked at")]
    {
        image.signatures = vec![signed("ann", digest)];
        let (met, reasons) = check("signatures: {any: [ann]}", &image);
        assert_eq!(met, [true]);
        assert!(reasons.contains(words), "{reasons}");
    }
}

#[test]
fn what_does_not_count() {
    let mut image = facts("r.example/team/app:1");
    let failed = SignatureFact { failure: Some("broken".into()), ..signed("ann", INDEX) };
    let nobody = SignatureFact { identity: None, ..signed("ann", INDEX) };
    let nothing = SignatureFact { signs: None, ..signed("ann", INDEX) };
    let nameless = SignatureFact { reference: None, ..signed("ann", INDEX) };
    for (signature, demand, why) in [
        (failed, "{any: [ann]}", "broken"),
        (nobody, "{any: [ann]}", "nobody known"),
        (nothing, "{any: [ann]}", "signs no digest"),
        (signed("ann", OTHER), "{any: [ann, bob]}", "not this image"),
        (signed("bob", INDEX), "{any: [ann]}", "it is by bob"),
        (signed("ann", INDEX), "{any: [ann], reference: exact}", "it is for `r.example/team/app`"),
        (nameless, "{any: [ann], reference: repository}", "names no repository"),
        (signed("ann", INDEX), "{any: [ann], signed_as: r.example/z}", "not for r.example/z"),
    ] {
        image.signatures = vec![signature];
        let (met, reasons) = check(&format!("signatures: {demand}"), &image);
        assert_eq!(met, [false], "{demand}");
        assert!(reasons.contains(why), "{reasons}");
    }
    // Without known digests a signature is of nothing.
    let mut archive = facts("r.example/team/app:1");
    (archive.index, archive.manifest) = (None, None);
    archive.signatures = vec![signed("ann", INDEX)];
    assert_eq!(check("signatures: {any: [ann]}", &archive).0, [false]);
}

#[test]
fn any_and_all() {
    let mut image = facts("r.example/team/app:1");
    let (met, reasons) = check("signatures: {all: [ann, bob]}", &image);
    assert_eq!(met, [false, false]);
    assert!(reasons.contains("no signature was found"), "{reasons}");
    image.unread = vec!["the referrers could not be read: 500".into()];
    assert!(check("signatures: {any: [ann]}", &image).1.contains("could not be read: 500"));
    image.signatures = vec![signed("bob", INDEX)];
    assert_eq!(check("signatures: {any: [ann, bob]}", &image).0, [true]);
    assert_eq!(check("signatures: {all: [ann, bob]}", &image).0, [false, true]);
    image.signatures.push(signed("ann", MANIFEST));
    assert_eq!(check("signatures: {all: [ann, bob], reference: repository}", &image).0, [true; 2]);
}

#[test]
fn findings_say_all() {
    let image = facts("r.example/team/app:1");
    let policy = policy("mode: warn\n    severity: medium\n    signatures: {any: [ann]}");
    let scope = policy.requirements(image.reference.as_ref()).unwrap();
    let result = judge_trust(scope, &image);
    assert_eq!((result.mode, result.digest.as_ref()), (Decision::Warn, image.index.as_ref()));
    let findings = distrust(scope, &result);
    assert_eq!(findings[0].severity, Severity::Medium);
    let FindingKind::Trust(distrust) = &findings[0].kind else { panic!("no trust finding") };
    assert_eq!(distrust.scope, "r.example/team/*");
    assert_eq!(distrust.demand, "signed by ann");
}
