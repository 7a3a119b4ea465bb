//! The certificates of a cluster, against a real API server: the Secret that replicas share, the
//! bundle in the webhook configurations, and edits of them put right.
//!
//! Needs what `tests/lab/kubernetes.sh` makes, and is skipped without (`make test-kubernetes`).

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lazaret_server::{
    CertificateSecret, ClusterAddress, ManifestSettings, deployment, webhook_objects,
};
use model::Timestamp;
use walks::{ClusterOptions, ControlPlane};

fn replica(cluster: &ControlPlane, token: &std::path::Path) -> CertificateSecret {
    let settings = ManifestSettings::default();
    let address = ClusterAddress {
        url: cluster.api().to_owned(),
        token: token.to_owned(),
        authority: cluster.api_authority(),
    };
    let configurations = webhook_objects(&settings).unwrap();
    CertificateSecret::new(address, &settings.namespace, &settings.name, configurations).unwrap()
}

/// The bundle in a configuration, as the API server keeps it.
fn bundle(cluster: &ControlPlane, kind: &str) -> String {
    let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
    let encoded = cluster.kubectl(&["get", kind, "lazaret-admission", "-o", path]).expect(0).out;
    String::from_utf8(STANDARD.decode(encoded.trim()).unwrap()).unwrap()
}

#[test]
fn replicas_share_certificates_and_mend_their_webhooks() {
    let Some(cluster) = ControlPlane::start(&ClusterOptions::default()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "admin-token\n").unwrap();
    cluster.kubectl(&["create", "namespace", "lazaret"]).expect(0);
    let manifests = deployment(&ManifestSettings::default(), None).unwrap();
    // `policy/v1` came with 1.21; all else is checked by the API server, field by field.
    let known: Vec<&str> =
        manifests.split("\n---\n").filter(|one| !one.contains("policy/v1\n")).collect();
    assert_eq!(known.len(), 12, "of 13 documents");
    let checked = cluster.apply_with("admin", &known.join("\n---\n"), &["--dry-run=server"]);
    assert!(checked.expect(0).out.contains("deployment.apps/lazaret-admission created"));
    let names = ManifestSettings::default().service_names();
    let now = Timestamp::now();
    let replicas: Vec<_> = (0..4).map(|_| replica(&cluster, &token)).collect();
    let kept: Vec<_> = std::thread::scope(|scope| {
        let ask = |replica| {
            scope.spawn({
                let names = &names;
                move || CertificateSecret::current(replica, names, now).unwrap()
            })
        };
        let running: Vec<_> = replicas.iter().map(ask).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let first = &kept[0].certificates;
    assert!(kept.iter().all(|kept| kept.certificates == *first), "all serve the same");
    for kind in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        assert_eq!(bundle(&cluster, kind), first.bundle(), "{kind}");
    }
    let again = replicas[0].current(&names, now).unwrap();
    assert_eq!((&again.certificates, again.mended.len()), (first, 0));

    // Somebody switches the webhook off, another takes one away: both are back, and it is said.
    let off = r#"[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]"#;
    cluster
        .kubectl(&[
            "patch",
            "validatingwebhookconfiguration",
            "lazaret-admission",
            "--type=json",
            "-p",
            off,
        ])
        .expect(0);
    cluster.kubectl(&["delete", "mutatingwebhookconfiguration", "lazaret-admission"]).expect(0);
    let mended = replicas[1].current(&names, now).unwrap().mended;
    assert_eq!(mended.len(), 2, "{mended:?}");
    let policy = "jsonpath={.webhooks[0].failurePolicy}";
    let policy = cluster.kubectl(&[
        "get",
        "validatingwebhookconfiguration",
        "lazaret-admission",
        "-o",
        policy,
    ]);
    assert_eq!(policy.out, "Fail");
    bundle(&cluster, "mutatingwebhookconfiguration");

    // Two thirds into the authority's life the next one joins, without the old one leaving.
    let later = now.checked_add(jiff::SignedDuration::from_hours(24 * 500)).unwrap();
    let rotated = replicas[2].current(&names, later).unwrap();
    assert!(rotated.mended.is_empty(), "rotation is no edit: {:?}", rotated.mended);
    let both = bundle(&cluster, "validatingwebhookconfiguration");
    assert_eq!(both.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(both.starts_with(&first.bundle()));
    let secret = cluster.kubectl(&[
        "-n",
        "lazaret",
        "get",
        "secret",
        "lazaret-admission",
        "-o",
        "jsonpath={.data.ca\\.crt}",
    ]);
    assert_eq!(String::from_utf8(STANDARD.decode(secret.out).unwrap()).unwrap(), both);

    // A token that may not is told so in one line.
    std::fs::write(&token, "developer-token").unwrap();
    let refused = replicas[3].current(&names, later).unwrap_err().to_string();
    assert!(refused.contains("403") || refused.contains("cannot"), "{refused}");
}
