//! Which images and workloads a rule speaks of, and which names are believed.

use model::{Digest, Engine, SourceKind, Workload};

use crate::judge_workload;
use crate::samples::{TODAY, container, policy, report, workload};

/// Whether a rule with this scope speaks of a privileged container.
fn speaks(scope: &str, workload: &Workload, scanned: Option<(SourceKind, &str)>) -> bool {
    let policy = policy(&format!(
        "  - name: privileged\n    decision: deny\n    scope: {scope}\n    workload: {{privileged: true}}"
    ));
    let mut report = report(Vec::new());
    report.source.image_id = Some(Digest::sha256(&[1; 32]));
    if let Some((kind, name)) = scanned {
        (report.source.kind, report.source.name) = (kind, name.to_owned());
    }
    let reports = [scanned.map(|_| &report)];
    let verdict = judge_workload(workload, &reports, &policy, TODAY).verdict;
    verdict.reasons.iter().any(|reason| reason.rule == "privileged")
}

fn privileged(engine: Engine, reference: &str) -> Workload {
    let mut spec = container(reference);
    spec.privileged = true;
    spec.image.image_id = Some(Digest::sha256(&[1; 32]));
    let mut workload = workload(spec);
    workload.engine = engine;
    workload.namespace = "prod-web".into();
    workload.node = "n1".into();
    workload.labels.insert("app".into(), "web".into());
    workload
}

#[test]
fn fits_names_namespaces_nodes_and_labels() {
    let pod = privileged(Engine::Kubernetes, "registry.example/team/app:1");
    let nginx = privileged(Engine::Kubernetes, "nginx");
    for (scope, workload, expected) in [
        ("{namespace: prod-*}", &pod, true),
        ("{namespace: [dev, test]}", &pod, false),
        ("{node: 'n?'}", &pod, true),
        ("{labels: {app: 'w*'}}", &pod, true),
        ("{labels: {tier: '*'}}", &pod, false),
        ("{namespace: prod-*, node: n2}", &pod, false),
        ("{registry: registry.example}", &pod, true),
        ("{registry: '*.example'}", &pod, true),
        ("{registry: registry}", &pod, false),
        ("{repository: registry.example/team}", &pod, true),
        ("{repository: registry.example/te}", &pod, false),
        ("{repository: 'registry.example/*/app'}", &pod, true),
        ("{repository: '**/app'}", &pod, true),
        ("{repository: nginx}", &nginx, true),
        ("{repository: library/nginx}", &nginx, true),
        ("{repository: docker.io/library/*}", &nginx, true),
        ("{repository: team/app}", &pod, false),
        ("{exclude: [{namespace: prod-*}]}", &pod, false),
        ("{exclude: [{namespace: prod-*, node: n2}]}", &pod, true),
        ("{exclude: [{namespace: dev}, {labels: {app: web}}]}", &pod, false),
        ("{exclude: [{repository: registry.example/team}]}", &pod, false),
    ] {
        assert_eq!(speaks(scope, workload, None), expected, "{scope}");
    }
}

#[test]
fn a_name_brings_under_a_rule_but_not_out_of_one() {
    let out = "{exclude: [{repository: registry.example/team}]}";
    let within = "{repository: registry.example/team}";
    let tagged = privileged(Engine::Docker, "registry.example/team/app:1");
    // Anybody may tag; so the tag alone takes nothing out.
    assert!(speaks(out, &tagged, None));
    assert!(speaks(out, &tagged, Some((SourceKind::Docker, "registry.example/team/app:1"))));
    assert!(speaks(within, &tagged, None));
    // The image with this very id was read from that registry.
    let scanned = (SourceKind::Registry, "registry.example/team/app:1");
    assert!(!speaks(out, &tagged, Some(scanned)));
    let renamed = privileged(Engine::Docker, "harmless:1");
    assert!(!speaks(out, &renamed, Some(scanned)));
    assert!(speaks(within, &renamed, Some(scanned)));
    let mut other = tagged.clone();
    other.containers[0].image.image_id = Some(Digest::sha256(&[2; 32]));
    assert!(speaks(out, &other, Some(scanned)));
}
