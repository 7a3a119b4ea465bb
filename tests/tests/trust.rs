//! Who answers for an image: a real registry, signatures by the real tools, the binary's verdict.
//!
//! `tests/lab/signatures.sh` signs once; every walk serves a copy of what it left. A case whose tool
//! could not be had was left out there, with a loud word, and is not walked here.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use walks::{Dockerd, Registry, Run, advisories, command, root, run, scratch};

/// The signed images, in a registry of the walk's own.
struct Lab {
    registry: Registry,
    made: Vec<String>,
    folder: PathBuf,
}

impl Lab {
    fn start() -> Option<Self> {
        let folder = root().join("target/lab/signatures");
        let Ok(made) = std::fs::read_to_string(folder.join("made")) else {
            eprintln!("SKIPPED: {} is not there: run `make lab`", folder.display());
            return None;
        };
        let registry = Registry::serving(&folder.join("registry"))?;
        Some(Lab { registry, made: made.lines().map(str::to_owned).collect(), folder })
    }

    fn has(&self, case: &str) -> bool {
        let has = self.made.iter().any(|made| made == case);
        if !has {
            eprintln!("SKIPPED: {case} could not be made here");
        }
        has
    }

    fn repository(&self) -> String {
        format!("{}/lab/app", self.registry.address)
    }

    fn digest(&self, case: &str, of: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("layouts/{case}/{of}.digest"))).unwrap()
    }

    /// Scans `:tag` or `@digest` under one scope that demands this.
    fn scan(&self, what: &str, demand: &str) -> Run {
        let policy = self.policy(demand);
        self.scan_with("trust.yaml", &policy, what)
    }

    fn scan_with(&self, name: &str, policy: &str, what: &str) -> Run {
        let directory = scratch();
        let file = directory.path().join(name);
        std::fs::write(&file, policy).unwrap();
        let mut scan = command(advisories(), directory.path());
        scan.args(["scan", "--format", "json", "--platform", "linux/amd64", "--scanners", "vuln"]);
        scan.arg("--trust-policy").arg(&file);
        run(scan.arg(format!("registry:{}{what}", self.repository())))
    }

    /// The requirements of a scan, as (met, reason).
    fn requirements(&self, what: &str, demand: &str) -> Vec<(bool, String)> {
        requirements(&self.scan(what, demand).json())
    }

    fn policy(&self, demand: &str) -> String {
        let keys = self.folder.join("keys");
        let authority = |name: &str, kind: &str, file: &str| {
            format!("    - {{name: {name}, {kind}: \"{}\"}}\n", keys.join(file).display())
        };
        let mut text = String::from("trust:\n  authorities:\n");
        for key in ["p256", "p384", "rsa", "ed25519"] {
            text += &authority(key, "key", &format!("{key}.pub"));
        }
        for ca in ["rsa2048", "rsa3072", "ec256", "ec384"] {
            if keys.join(format!("{ca}-ca.pem")).exists() {
                text += &authority(&format!("ca-{ca}"), "certificate", &format!("{ca}-ca.pem"));
            }
        }
        for key in ["rsa3072", "ed25519", "nistp256"] {
            text += &authority(&format!("gpg-{key}"), "gpg", &format!("gpg-{key}.asc"));
        }
        let lookaside = self.folder.join("lookaside");
        text += &format!("  lookaside:\n    - at: \"{}\"\n", lookaside.display());
        text + &format!("  scopes:\n    - scope: {}\n      {demand}\n", self.repository())
    }
}

fn requirements(report: &Value) -> Vec<(bool, String)> {
    let list = report["trust"]["requirements"].as_array().unwrap_or_else(|| panic!("{report}"));
    let one = |r: &Value| (r["met"] == true, r["reason"].as_str().unwrap_or_default().to_owned());
    list.iter().map(one).collect()
}

fn distrusts(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter_map(|finding| finding.get("trust")).collect()
}

/// The authority that made a case, and one that did not.
fn authorities(case: &str) -> (String, &'static str) {
    let key = case.rsplit('-').next().unwrap_or_default();
    match case.split('-').next().unwrap_or_default() {
        _ if case == "cosign2-manifest" => ("p256".into(), "p384"),
        "notation" if key == "ec384" => (format!("ca-{key}"), "ca-ec256"),
        "notation" => (format!("ca-{key}"), "ca-ec384"),
        "gpg" if key == "rsa3072" => (format!("gpg-{key}"), "gpg-ed25519"),
        "gpg" => (format!("gpg-{key}"), "gpg-rsa3072"),
        _ if key == "rsa" => (key.to_owned(), "p256"),
        _ => (key.to_owned(), "rsa"),
    }
}

#[test]
fn every_real_signature_holds_with_its_authority_and_with_no_other() {
    let Some(lab) = Lab::start() else { return };
    let mut walked = 0;
    for case in &lab.made {
        if case == "attested" || case == "notation-expiring" {
            continue;
        }
        let (by, other) = authorities(case);
        let tag = format!(":{case}");
        let report = lab.scan(&tag, &format!("signatures: {{any: [{by}]}}")).json();
        let found = requirements(&report);
        assert!(found[0].0, "{case}: {}", found[0].1);
        assert!(found[0].1.starts_with(&by), "{case}: {}", found[0].1);
        let of_manifest = case.starts_with("gpg") || case == "cosign2-manifest";
        let signed = if of_manifest { "the manifest that was" } else { "the index that the" };
        assert!(found[0].1.contains(signed), "{case}: {}", found[0].1);
        assert!(distrusts(&report).is_empty(), "{case}");
        let found = lab.requirements(&tag, &format!("signatures: {{any: [{other}]}}"));
        assert!(!found[0].0, "{case} holds with {other}: {}", found[0].1);
        let why = &found[0].1;
        assert!(why.contains("another key") || why.contains("is not trusted"), "{case}: {why}");
        walked += 1;
    }
    eprintln!("{walked} signatures by real tools walked");
}

#[test]
fn what_is_not_signed_is_denied_and_says_why() {
    let Some(lab) = Lab::start() else { return };
    let demand = "signatures: {any: [p256, ed25519]}";
    let ended = lab.scan(":unsigned", demand);
    assert_ne!(ended.status, 0, "an unmet demand denies");
    let report = ended.json();
    let distrust = distrusts(&report);
    assert_eq!(distrust.len(), 1);
    assert_eq!(distrust[0]["requirement"], "signature");
    assert_eq!(distrust[0]["reason"], "no signature was found");
    assert_eq!(distrust[0]["scope"], lab.repository().as_str());
    let warned = lab.scan(":unsigned", &format!("mode: warn\n      {demand}"));
    assert_eq!(warned.status, 0, "a scope that warns does not deny: {}", warned.err);
    if lab.has("attested") {
        let found = lab.requirements(":attested", demand);
        assert!(!found[0].0 && found[0].1.contains("does not sign the image"), "{found:?}");
    }
    let all = lab.requirements(":cosign2-p256", "signatures: {all: [p256, ed25519]}");
    assert_eq!(all.iter().map(|(met, _)| *met).collect::<Vec<_>>(), [true, false]);
}

/// A signature of one image put into the place of another's.
#[test]
fn a_signature_moved_to_another_image_does_not_hold() {
    let Some(lab) = Lab::start() else { return };
    let tags =
        lab.registry.storage().join("docker/registry/v2/repositories/lab/app/_manifests/tags");
    let unsigned = lab.digest("unsigned", "index").replace(':', "-");
    let copy = |from: &str, to: &str| {
        let status = Command::new("cp").arg("-r").args([tags.join(from), tags.join(to)]).status();
        assert!(status.is_ok_and(|status| status.success()));
    };
    let mut moved = Vec::new();
    for (case, by, ending) in
        [("cosign2-p256", "p256", ".sig"), ("notation-jws-ec256", "ca-ec256", "")]
    {
        if lab.has(case) {
            let signed = lab.digest(case, "index").replace(':', "-");
            copy(&format!("{signed}{ending}"), &format!("{unsigned}{ending}"));
            moved.push((case, by));
        }
    }
    for (case, by) in moved {
        let found = lab.requirements(":unsigned", &format!("signatures: {{any: [{by}]}}"));
        assert!(!found[0].0, "{case}: {}", found[0].1);
        // Notation's manifest says itself whose it is, and is passed over.
        let says = match case.starts_with("cosign2") {
            true => format!("it signs {}, not this image", lab.digest(case, "index")),
            false => "not this image".to_owned(),
        };
        assert!(found[0].1.contains(&says), "{case}: {}", found[0].1);
    }
}

#[test]
fn tags_digests_and_names() {
    let Some(lab) = Lab::start() else { return };
    if !lab.has("cosign2-p256") {
        return;
    }
    let signed_at = std::fs::read_to_string(lab.folder.join("address")).unwrap();
    let origin = format!("{}/lab/app", signed_at.trim());
    let signed = "signatures: {any: [p256]}";
    let (index, manifest) =
        (lab.digest("cosign2-p256", "index"), lab.digest("cosign2-p256", "manifest"));
    let remap = format!(
        "signatures: {{any: [p256], remap: {{from: \"{}\", to: \"{}\"}}}}",
        lab.registry.address,
        signed_at.trim()
    );
    for (what, demand, expected) in [
        // The same image under another tag: cosign 2 signs no tag.
        (":retagged".to_owned(), signed.to_owned(), true),
        (format!("@{index}"), signed.to_owned(), true),
        // The index is signed; whoever asks for its manifest alone has no signature of it.
        (format!("@{manifest}"), signed.to_owned(), false),
        (":cosign2-p256".to_owned(), "digest: required".to_owned(), false),
        (format!("@{index}"), "digest: required".to_owned(), true),
        (":cosign2-p256".to_owned(), format!("pins: [\"{index}\"]"), true),
        (":cosign2-p256".to_owned(), format!("pins: [\"{manifest}\"]"), true),
        (":unsigned".to_owned(), format!("pins: [\"{index}\"]"), false),
        // It was signed under another registry's name, from which this one is copied.
        (":retagged".to_owned(), "signatures: {any: [p256], reference: repository}".into(), false),
        (
            ":retagged".to_owned(),
            format!("signatures: {{any: [p256], signed_as: \"{origin}\"}}"),
            true,
        ),
        (format!("@{index}"), remap, true),
        (
            ":retagged".to_owned(),
            "labels: {org.opencontainers.image.vendor: Lazaret*}".into(),
            true,
        ),
        (
            ":retagged".to_owned(),
            "labels: {org.opencontainers.image.vendor: Example*}".into(),
            false,
        ),
        (":retagged".to_owned(), format!("registries: [\"{}\"]", lab.registry.address), true),
        (":retagged".to_owned(), "registries: [docker.io]".into(), false),
    ] {
        let found = lab.requirements(&what, &demand);
        assert_eq!(found[0].0, expected, "{what} {demand}: {}", found[0].1);
    }
}

/// The same file that podman and skopeo read.
#[test]
fn a_containers_policy_is_kept() {
    let Some(lab) = Lab::start() else { return };
    if !lab.has("cosign2-p256") {
        return;
    }
    let policy = |key: &Path, identity: &str| {
        format!(
            r#"{{"default": [{{"type": "reject"}}], "transports": {{"docker": {{"{}": [
                {{"type": "sigstoreSigned", "keyPath": "{}", "signedIdentity": {identity}}}]}}}}}}"#,
            lab.registry.address,
            key.display()
        )
    };
    let signed_at = std::fs::read_to_string(lab.folder.join("address")).unwrap();
    let origin = format!(
        r#"{{"type": "exactRepository", "dockerRepository": "{}/lab/app"}}"#,
        signed_at.trim()
    );
    let same = r#"{"type": "matchRepository"}"#;
    let keys = lab.folder.join("keys");
    for (key, identity, what, expected) in [
        ("p256.pub", origin.as_str(), ":cosign2-p256", true),
        ("p384.pub", origin.as_str(), ":cosign2-p256", false),
        ("p256.pub", same, ":cosign2-p256", false),
        ("p256.pub", origin.as_str(), ":unsigned", false),
    ] {
        let text = policy(&keys.join(key), identity);
        let report = lab.scan_with("policy.json", &text, what).json();
        assert_eq!(requirements(&report)[0].0, expected, "{key} {identity} {what}: {report}");
    }
    let rejected = r#"{"default": [{"type": "reject"}]}"#;
    let report = lab.scan_with("policy.json", rejected, ":cosign2-p256").json();
    assert_eq!(distrusts(&report)[0]["requirement"], "refused");
}

/// The verdicts of skopeo, which reads the same policy, keys and lookaside.
#[test]
fn gpg_under_a_containers_policy_is_judged_as_skopeo_judges_it() {
    let Some(lab) = Lab::start() else { return };
    if !lab.has("gpg-rsa3072") || !lab.has("gpg-ed25519") {
        return;
    }
    let directory = scratch();
    let at = |name: &str| directory.path().join(name);
    let registries = at("registries.d");
    std::fs::create_dir(&registries).unwrap();
    let lookaside = format!(
        "default-docker:\n  lookaside: file://{0}\n  sigstore: file://{0}\n",
        lab.folder.join("lookaside").display()
    );
    std::fs::write(registries.join("default.yaml"), lookaside).unwrap();
    let signed_at = std::fs::read_to_string(lab.folder.join("address")).unwrap();
    let (here, origin) = (&lab.registry.address, signed_at.trim());
    let remap =
        format!(r#"{{"type": "remapIdentity", "prefix": "{here}", "signedPrefix": "{origin}"}}"#);
    let exact = |tag: &str| {
        format!(r#"{{"type": "exactReference", "dockerReference": "{origin}/lab/app:{tag}"}}"#)
    };
    for (tag, key, identity) in [
        ("gpg-rsa3072", "gpg-rsa3072.asc", remap.clone()),
        ("gpg-ed25519", "gpg-ed25519.asc", remap.clone()),
        ("gpg-rsa3072", "gpg-ed25519.asc", remap.clone()),
        ("gpg-ed25519", "gpg-rsa3072.asc", remap.clone()),
        ("unsigned", "gpg-rsa3072.asc", remap),
        ("gpg-rsa3072", "gpg-rsa3072.asc", exact("gpg-rsa3072")),
        ("gpg-rsa3072", "gpg-rsa3072.asc", exact("other")),
        ("gpg-rsa3072", "gpg-rsa3072.asc", r#"{"type": "matchExact"}"#.to_owned()),
        ("gpg-rsa3072", "gpg-rsa3072.asc", r#"{"type": "matchRepository"}"#.to_owned()),
    ] {
        let policy = at("policy.json");
        let text = format!(
            r#"{{"default": [{{"type": "reject"}}], "transports": {{"docker": {{"{here}": [
                {{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "{}", "signedIdentity": {identity}}}]}}}}}}"#,
            lab.folder.join("keys").join(key).display()
        );
        std::fs::write(&policy, text).unwrap();
        let image = format!("{here}/lab/app:{tag}");
        let copy = at("copy");
        let _ = std::fs::remove_dir_all(&copy);
        let mut skopeo = Command::new("skopeo");
        skopeo.arg("--policy").arg(&policy).arg("--registries.d").arg(&registries);
        skopeo.args(["--override-arch", "amd64", "copy", "--quiet", "--remove-signatures"]);
        skopeo.args(["--src-tls-verify=false", &format!("docker://{image}")]);
        let theirs = run(skopeo.arg(format!("dir:{}", copy.display())));
        let mut scan = command(advisories(), directory.path());
        scan.args(["scan", "--format", "json", "--platform", "linux/amd64", "--scanners", "vuln"]);
        scan.arg("--trust-policy").arg(&policy).arg(format!("registry:{image}"));
        let ours = requirements(&run(&mut scan).json());
        assert_eq!(
            ours[0].0,
            theirs.status == 0,
            "{tag} {key} {identity}: ours {}, skopeo's {}",
            ours[0].1,
            theirs.err
        );
    }
}

/// An image of a daemon is the registry's when its configuration is.
#[test]
fn an_image_of_a_daemon_is_compared_with_the_registry() {
    let Some(lab) = Lab::start() else { return };
    if !lab.has("cosign2-p256") {
        return;
    }
    let Some(docker) = Dockerd::start() else { return };
    let directory = scratch();
    let name = format!("{}:cosign2-p256", lab.repository());
    for (from, expected) in [("cosign2-p256", true), ("unsigned", false)] {
        let archive = directory.path().join(format!("{from}.tar"));
        let layout = format!("oci:{}:{from}", lab.folder.join("layouts").join(from).display());
        let mut copy = Command::new("skopeo");
        copy.args(["--override-arch", "amd64", "copy", "--quiet", "--insecure-policy", &layout]);
        run(copy.arg(format!("docker-archive:{}:{name}", archive.display()))).expect(0);
        docker.load(&archive);
        let policy = directory.path().join("trust.yaml");
        std::fs::write(&policy, lab.policy("signatures: {any: [p256]}")).unwrap();
        let mut scan = command(advisories(), directory.path());
        scan.env("DOCKER_HOST", &docker.host).args([
            "scan",
            "--format",
            "json",
            "--scanners",
            "vuln",
        ]);
        scan.arg("--trust-policy").arg(&policy).arg(format!("docker:{name}"));
        let found = requirements(&run(&mut scan).json());
        assert_eq!(found[0].0, expected, "{from}: {}", found[0].1);
        if !expected {
            assert!(found[0].1.contains("not the image that was scanned"), "{}", found[0].1);
        }
    }
}

#[test]
fn mistakes_in_a_policy_are_pointed_at() {
    let Some(lab) = Lab::start() else { return };
    let ended = lab.scan(":unsigned", "signatures: {any: [p265]}");
    assert_ne!(ended.status, 0);
    assert!(ended.err.contains("`p265` is no authority"), "{}", ended.err);
    let missing = "trust:\n  authorities: [{name: a, key: no.pub}]\n  scopes: [{scope: \"*\", signatures: {any: [a]}}]\n";
    let ended = lab.scan_with("trust.yaml", missing, ":unsigned");
    assert_ne!(ended.status, 0);
    assert!(ended.err.contains("no.pub does not exist"), "{}", ended.err);
}
