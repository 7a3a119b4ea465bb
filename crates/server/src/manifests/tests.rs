//! The manifests: the files in `deploy/` are what the program prints, and say what they must.

use std::path::Path;

use super::*;

fn deploy(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes").join(name)
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Every file of `deploy/kubernetes`. `LAZARET_WRITE_MANIFESTS=1` writes them anew.
#[test]
fn the_files_are_what_the_program_prints() {
    let own = ManifestSettings::default();
    let given = ManifestSettings { cert_manager: true, ..ManifestSettings::default() };
    let policy = Policy::built_in().unwrap();
    let layer = FailSafeSettings::default();
    let files = [
        ("admission.yaml", deployment(&own, None).unwrap()),
        ("admission-cert-manager.yaml", deployment(&given, None).unwrap()),
        ("fail-safe.yaml", fail_safe(&own, &layer, &policy).unwrap()),
    ];
    for (name, text) in files {
        if std::env::var_os("LAZARET_WRITE_MANIFESTS").is_some() {
            std::fs::write(deploy(name), &text).unwrap();
        }
        let kept = std::fs::read_to_string(deploy(name)).unwrap_or_default();
        assert!(
            kept == text,
            "deploy/kubernetes/{name} is not what is printed: write it anew with LAZARET_WRITE_MANIFESTS=1"
        );
        assert!(documents(&text).len() >= 3, "{name}");
    }
}

#[test]
fn webhooks_ask_about_all_that_runs_and_fail_closed() {
    let objects = webhook_objects(&ManifestSettings::default()).unwrap();
    assert_eq!(objects.len(), 2);
    for object in &objects {
        let webhook = &object["webhooks"][0];
        assert_eq!(webhook["failurePolicy"], "Fail");
        assert_eq!(webhook["timeoutSeconds"], 5);
        assert_eq!(webhook["admissionReviewVersions"][0], "v1");
        let first = &webhook["rules"][0];
        for resource in ["pods", "pods/ephemeralcontainers"] {
            assert!(
                first["resources"].as_array().unwrap().contains(&resource.into()),
                "{resource}"
            );
        }
        assert_eq!(first["operations"], serde_json::json!(["CREATE", "UPDATE"]));
        let names = &webhook["namespaceSelector"]["matchExpressions"][0];
        assert_eq!(names["key"], "kubernetes.io/metadata.name");
        assert_eq!(names["values"], serde_json::json!(["lazaret", "kube-system"]));
        assert!(webhook["clientConfig"]["caBundle"].is_null());
        assert_eq!(webhook["clientConfig"]["service"]["namespace"], "lazaret");
    }
    let outside = ManifestSettings {
        url: Some("https://127.0.0.1:8443".to_owned()),
        bundle: Some("PEM".to_owned()),
        ..ManifestSettings::default()
    };
    let client = &webhook_objects(&outside).unwrap()[0]["webhooks"][0]["clientConfig"];
    assert_eq!(client["url"], "https://127.0.0.1:8443/mutate");
    assert_eq!(client["caBundle"], "UEVN");
}

#[test]
fn the_policy_inside_is_a_policy_that_watches() {
    let text = deployment(&ManifestSettings::default(), None).unwrap();
    let config = documents(&text).into_iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    let policy =
        Policy::parse("policy.yaml", config["data"]["policy.yaml"].as_str().unwrap()).unwrap();
    assert_eq!(policy.mode, policy::Mode::Observe);
    let mut own = Policy::parse("own.yaml", "version: 1\nrules: []\n").unwrap();
    assert_eq!(policy.rules.len(), Policy::built_in().unwrap().rules.len());
    own.text = "version: 1\n\nrules: []\n".to_owned();
    let text = deployment(&ManifestSettings::default(), Some(&own)).unwrap();
    assert!(text.contains("    version: 1\n\n    rules: []\n"));
}

#[test]
fn what_does_not_belong_in_a_manifest_is_refused() {
    let refused = |change: &dyn Fn(&mut ManifestSettings)| {
        let mut settings = ManifestSettings::default();
        change(&mut settings);
        webhooks(&settings).unwrap_err().to_string()
    };
    refused(&|s| s.namespace = "a b".to_owned());
    refused(&|s| s.name = String::new());
    refused(&|s| s.image = "a\nb: c".to_owned());
    refused(&|s| s.exempt_namespaces = vec!["*".to_owned()]);
    assert!(refused(&|s| s.url = Some("http://a".to_owned())).contains("https"));
}
