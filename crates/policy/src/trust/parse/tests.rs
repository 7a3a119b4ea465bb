//! The `trust:` section, and its diagnostics as the user sees them.

use model::ImageRef;

use super::*;

const AUTHORITIES: &str = "trust:
  authorities:
    - {name: release, key: keys/release.pub}
    - name: ci
      certificate: keys/ca.pem
      identities: [\"CN=ci,O=Example\", \"email:ci@example.org\"]
      formats: [notation_jws]
    - {name: distro, gpg: keys/distro.asc}
";

#[test]
fn the_most_specific_scope_applies() {
    let scopes = "  scopes:
    - {scope: \"*\", mode: warn, registries: [docker.io, \"*.example\"]}
    - {scope: \"*.example\", digest: required}
    - {scope: r.example/*, severity: critical, signatures: {any: [release, ci]}}
    - {scope: r.example/team/*, signatures: {all: [release, distro], reference: repository}}
    - {scope: r.example/team/app, labels: {a: b, c: d}}
    - {scope: \"r.example/team/app:1\", refuse: withdrawn}
";
    let policy = TrustPolicy::parse("t.yaml", &format!("{AUTHORITIES}{scopes}")).unwrap();
    for (image, expected) in [
        ("alpine", "*"),
        ("q.example/a", "*.example"),
        ("r.example/a", "r.example/*"),
        ("r.example/team/other:1", "r.example/team/*"),
        ("r.example/team/app:2", "r.example/team/app"),
        ("r.example/team/app:1", "r.example/team/app:1"),
        ("r.example/team/app/sub:1", "r.example/team/*"),
    ] {
        let image: ImageRef = image.parse().unwrap();
        let scope = policy.requirements(Some(&image)).unwrap();
        assert_eq!(scope.name, expected);
    }
    assert_eq!(policy.requirements(None).unwrap().name, "*");
    let team = policy.scopes.iter().find(|scope| scope.name == "r.example/team/*").unwrap();
    let names: Vec<String> = policy.authorities(team).into_iter().map(|a| a.name).collect();
    assert_eq!(names, ["release", "distro"]);
    assert!(team.wants_signatures());
}

#[test]
fn materials_lie_in_files_or_in_the_policy() {
    let text = "trust:
  authorities:
    - name: inline
      key: |
        -----BEGIN PUBLIC KEY-----
        AAAA
        -----END PUBLIC KEY-----
    - {name: file, gpg: /etc/keys/a.asc}
  lookaside:
    - {at: /var/lib/containers/sigstore}
    - {scope: r.example/team/*, at: \"https://sigs.example\"}
  scopes: [{scope: a, accept: true}]
";
    let policy = TrustPolicy::parse("t.yaml", text).unwrap();
    assert!(matches!(&policy.authorities[0].material, Material::Inline(text)
        if text.starts_with(b"-----BEGIN PUBLIC KEY-----\n")));
    assert_eq!(policy.authorities[1].material, Material::File("/etc/keys/a.asc".into()));
    assert_eq!(policy.lookasides[1].scope, "r.example/team");
}

#[test]
fn a_policy_carries_it() {
    let text = format!("rules: []\n{AUTHORITIES}  scopes: [{{scope: a, accept: true}}]\n");
    let policy = crate::Policy::parse("policy.yaml", &text).unwrap();
    assert_eq!(policy.trust.unwrap().authorities.len(), 3);
}

#[test]
fn points_at_mistakes() {
    let scope = |body: &str| format!("{AUTHORITIES}  scopes:\n    - scope: a/b\n      {body}\n");
    let authority = |body: &str| {
        format!("trust:\n  authorities:\n    - {body}\n  scopes: [{{scope: a, accept: true}}]\n")
    };
    let cases = [
        ("empty", "# nothing\n".to_owned()),
        ("no_scopes", AUTHORITIES.to_owned()),
        ("version", "version: 2\ntrust: {scopes: []}\n".to_owned()),
        ("empty_scopes", "trust: {scopes: []}\n".to_owned()),
        ("two_materials", authority("{name: a, key: x, gpg: y}")),
        ("no_material", authority("{name: a}")),
        ("identity", authority("{name: a, certificate: x, identities: [ci]}")),
        ("identity_of_key", authority("{name: a, key: x, identities: [CN=ci]}")),
        ("format", authority("{name: a, key: x, formats: [notation_jws]}")),
        (
            "lookaside",
            "trust:\n  lookaside: [{at: sigs}]\n  scopes: [{scope: a, accept: true}]\n".to_owned(),
        ),
        ("same_name", authority("{name: a, key: x}\n    - {name: a, gpg: y}")),
        ("pattern", format!("{AUTHORITIES}  scopes: [{{scope: \"a/*/b\", accept: true}}]\n")),
        (
            "same_scope",
            format!(
                "{AUTHORITIES}  scopes:\n    - {{scope: a, accept: true}}\n    - {{scope: docker.io/library/a, accept: true}}\n"
            ),
        ),
        ("no_demand", scope("mode: warn")),
        ("accepts_and_demands", scope("accept: true\n      digest: required")),
        ("accept_false", scope("accept: false")),
        ("mode", scope("mode: allow\n      digest: required")),
        ("severity", scope("severity: hgih\n      digest: required")),
        ("digest", scope("digest: \"sha256:00\"")),
        ("pins", scope("pins: [\"sha256:00\"]")),
        ("no_pins", scope("pins: []")),
        ("registry", scope("registries: [r.example/team]")),
        ("unknown_authority", scope("signatures: {any: [relese]}")),
        ("any_and_all", scope("signatures: {any: [ci], all: [ci]}")),
        ("reference", scope("signatures: {any: [ci], reference: tag}")),
        ("signed_as", scope("signatures: {any: [ci], signed_as: r.example/*}")),
        ("two_references", scope("signatures: {any: [ci], reference: exact, signed_as: a}")),
        ("unknown_key", scope("signature: {any: [ci]}")),
    ];
    for (name, text) in cases {
        let error = TrustPolicy::parse("trust.yaml", &text).unwrap_err();
        insta::assert_snapshot!(name, error.to_string());
    }
}
