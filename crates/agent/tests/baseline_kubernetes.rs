//! The Kubernetes baseline: a node on which everything is right, one on which everything is wrong,
//! a worker, and a real API server with real processes.

#![allow(clippy::unwrap_used, clippy::too_many_lines, unreachable_pub)] // A test node that cannot be made is a failure.

mod judged;
#[path = "baseline_kubernetes/tree.rs"]
mod tree;

use judged::{now, of, outcomes};
use lazaret_agent::baseline::{BaselineRun, hold, hold_checks};
use lazaret_agent::facts::{ClusterAccess, KubernetesPlaces};
use model::{BaselineResult, Outcome};
use policy::baseline::{Baseline, BaselineDecisions};
use policy::checks::CheckFile;
use tree::Tree;
use walks::{Cluster, ClusterOptions};

fn look(places: &KubernetesPlaces) -> BaselineRun {
    let now = now();
    let observation = lazaret_agent::facts::kubernetes(places);
    let baseline = Baseline::kubernetes().unwrap();
    hold(&baseline, &observation, &BaselineDecisions::default(), ("node", now))
}

/// What only the cluster's API tells of, which nobody let us in to.
const OF_THE_API: [&str; 34] = [
    "3.1.1", "3.1.2", "3.1.3", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.5", "5.1.6", "5.1.8",
    "5.1.9", "5.1.10", "5.1.11", "5.1.12", "5.1.13", "5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.5",
    "5.2.6", "5.2.7", "5.2.8", "5.2.9", "5.2.10", "5.2.11", "5.2.12", "5.3.2", "5.4.1", "5.4.2",
    "5.5.1", "5.6.1", "5.6.2", "5.6.3",
];

/// Every recommendation that the node answers, and where the outcome is no plain pass here and
/// failure there: on the right node, on the wrong one.
const UNLIKE: [(&str, &str, &str); 8] = [
    ("1.2.20", "P", "H"),
    ("1.3.1", "P", "H"),
    ("4.2.8", "P", "H"),
    ("5.3.1", "P", "H"),
    ("5.6.4", "E", "E"),
    // A kubelet without an authority has no file of it.
    ("4.1.7", "P", "N"),
    ("4.1.8", "P", "N"),
    // An administrator's own kubeconfig is a human's to guard; others in system:masters fail.
    ("5.1.7", "P", "HF"),
];

#[test]
fn a_right_and_a_wrong_node() {
    let (Some(right), Some(wrong)) = (Tree::right(), Tree::wrong()) else { return };
    let (right, wrong) = (look(&right.places()), look(&wrong.places()));
    let (on_right, on_wrong) = (outcomes(&right), outcomes(&wrong));
    assert_eq!(on_right.len(), 131, "every recommendation is answered");
    assert_eq!(on_wrong.len(), 131, "every recommendation is answered");
    let mut unexpected = Vec::new();
    for id in on_right.keys() {
        let unlike = UNLIKE.iter().find(|(unlike, ..)| unlike == id);
        let (good, bad) = match unlike {
            Some((_, good, bad)) => (*good, *bad),
            None if OF_THE_API.contains(id) => ("E", "E"),
            None => ("P", "F"),
        };
        for (found, expect, run) in [(&on_right[id], good, &right), (&on_wrong[id], bad, &wrong)] {
            if found != expect {
                unexpected.push(format!("{id}: {found}, not {expect}: {:?}", of(run, id)));
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    let bare = of(&right, "5.1.2");
    assert!(bare.evidence.contains("--kubeconfig"), "{bare:?}");
    // The drop-in goes before the file.
    assert_eq!(of(&right, "4.2.4").evidence, "port without authentication: 0");
    assert!(of(&wrong, "1.1.1").object.ends_with("kube-apiserver.yaml"));
}

#[test]
fn a_worker_has_no_control_plane() {
    let Some(worker) = Tree::worker() else { return };
    let run = look(&worker.places());
    let found = outcomes(&run);
    for id in ["1.2.1", "1.3.2", "1.4.1", "2.1", "3.2.1", "1.1.1", "1.1.11", "1.1.21"] {
        assert_eq!(found[id], "N", "{id}");
    }
    assert!(of(&run, "1.2.1").evidence.contains("worker"), "{:?}", of(&run, "1.2.1"));
    // Without a file the kubelet's flags have their old, loose defaults.
    for (id, outcome) in
        [("4.2.1", "F"), ("4.2.2", "F"), ("4.2.4", "F"), ("4.2.10", "H"), ("4.2.7", "F")]
    {
        assert_eq!(found[id], outcome, "{id}");
    }
}

#[test]
fn what_is_hidden_or_newer_passes_nothing() {
    let Some(node) = Tree::right() else { return };
    node.process(77, "/usr/bin/k3s", &["server"]);
    let run = look(&node.places());
    assert!(outcomes(&run)["1.2.1"].contains('E'));
    // A kubelet that began before its file was written does not know of it.
    node.began(4, 1_000_000_000);
    let run = look(&node.places());
    assert_eq!(of(&run, "4.2.2").outcome, Outcome::Error);
    assert!(of(&run, "4.2.2").evidence.contains("restart"), "{:?}", of(&run, "4.2.2"));
    let lost = KubernetesPlaces {
        root: "/nowhere".into(),
        proc: "/nowhere".into(),
        access: Some(ClusterAccess::Kubeconfig("/nowhere".into())),
    };
    let run = look(&lost);
    assert!(run.report.results.iter().all(|result| result.outcome == Outcome::Error));
    assert_eq!(outcomes(&run).len(), 131);
}

/// Checks of our own, in every form that is answered without a shell, and one that is not.
const CHECKS: &str = r#"
version: own-1
type: master
groups:
- id: 9
  text: Own checks
  checks:
  - {id: 9.1, scored: true, text: mode, audit: "/bin/sh -c 'stat -c permissions=%a $apiserverconf'", tests: {test_items: [{flag: permissions, compare: {op: bitmask, value: "600"}}]}}
  - {id: 9.2, scored: true, text: owner, audit: "stat -c %U:%G $kubeletconf", tests: {test_items: [{flag: "root:root"}]}}
  - {id: 9.3, scored: true, text: keys, audit: "find /etc/kubernetes/pki/ -name '*.key' | xargs stat -c permissions=%a", use_multiple_values: true, tests: {test_items: [{flag: permissions, compare: {op: bitmask, value: "600"}}]}}
  - {id: 9.4, scored: true, text: flag, audit: "/bin/ps -ef | grep $apiserverbin | grep -v grep", tests: {test_items: [{flag: "--profiling", compare: {op: eq, value: false}}]}}
  - {id: 9.5, scored: true, text: list, audit: "/bin/ps -ef | grep $apiserverbin | grep -v grep", tests: {test_items: [{flag: "--enable-admission-plugins", compare: {op: has, value: EventRateLimit}}]}}
  - {id: 9.6, scored: true, text: no flag, audit: "/bin/ps -ef | grep $apiserverbin | grep -v grep", tests: {test_items: [{flag: "--token-auth-file", set: false}]}}
  - {id: 9.7, scored: true, text: drop-in, audit: "/bin/ps -fC $kubeletbin", audit_config: "/bin/cat $kubeletconf", tests: {test_items: [{flag: "--read-only-port", path: "{.readOnlyPort}", compare: {op: eq, value: 0}}]}}
  - {id: 9.8, scored: true, text: environment, audit: "/bin/ps -ef | grep $etcdbin | grep -v grep", tests: {test_items: [{flag: "--peer-auto-tls", env: ETCD_PEER_AUTO_TLS, compare: {op: eq, value: false}}]}}
  - {id: 9.9, scored: true, text: data, audit: "for d in $(ps -ef | grep $etcdbin | grep -- --data-dir); do DATA_DIR=$d; done\nstat -c %U:%G $DATA_DIR", tests: {test_items: [{flag: "etcd:etcd"}]}}
  - {id: 9.10, scored: true, text: provider, audit: "F=$(ps -ef | grep $apiserverbin | grep -- --encryption-provider-config)\ngrep 'providers:' $F | sed 's/^/provider=/'", tests: {test_items: [{flag: provider, compare: {op: valid_elements, value: "aescbc,kms,secretbox"}}]}}
  - {id: 9.11, scored: true, text: network, audit: "ps -ef | grep -- --cni-conf-dir | xargs stat -c permissions=%a\nfind /var/lib/cni/networks | xargs stat -c permissions=%a", tests: {test_items: [{flag: permissions, compare: {op: bitmask, value: "600"}}]}}
  - {id: 9.12, scored: false, text: by hand, type: manual}
  - {id: 9.13, scored: true, text: shell, audit: "echo is_compliant:$((1 + 1))", tests: {test_items: [{flag: is_compliant, compare: {op: eq, value: "2"}}]}}
  - {id: 9.14, scored: true, text: other file, audit: "stat -c permissions=%a $flanneldconf", tests: {test_items: [{flag: permissions}]}}
"#;

#[test]
fn checks_of_others_are_answered_without_a_shell() {
    let (Some(right), Some(wrong)) = (Tree::right(), Tree::wrong()) else { return };
    let file = CheckFile::parse("own.yaml", CHECKS).unwrap();
    let now = now();
    let ask = |tree: &Tree, shell| {
        let decisions = BaselineDecisions::default();
        let files = [file.clone()];
        hold_checks(&files, (&tree.places(), shell), &decisions, ("node", now))
    };
    let told = |run: &BaselineRun| -> Vec<String> {
        outcomes(run).into_iter().map(|(id, letters)| format!("{id}={letters}")).collect()
    };
    let run = ask(&right, false);
    assert_eq!(run.report.benchmark, "checks-own-1");
    let expect =
        "9.1=P 9.10=P 9.11=P 9.12=H 9.13=E 9.14=N 9.2=P 9.3=P 9.4=P 9.5=P 9.6=P 9.7=P 9.8=P 9.9=P";
    assert_eq!(told(&run).join(" "), expect, "{:#?}", run.report.results);
    assert!(of(&run, "9.13").evidence.contains("--allow-shell"));
    assert_eq!(of(&ask(&right, true), "9.13").outcome, Outcome::Pass);
    let expect =
        "9.1=F 9.10=F 9.11=F 9.12=H 9.13=E 9.14=N 9.2=F 9.3=F 9.4=F 9.5=F 9.6=F 9.7=F 9.8=P 9.9=F";
    let run = ask(&wrong, false);
    // The environment says no; the flag says yes, and goes before it.
    assert_eq!(told(&run).join(" "), expect.replace("9.8=P", "9.8=F"), "{:#?}", run.report.results);
}

const OPEN: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: v1
kind: Namespace
metadata: {name: open}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: v1
kind: Pod
metadata: {name: wide, namespace: open}
spec:
  nodeName: 127.0.0.1
  hostPID: true
  hostNetwork: true
  volumes: [{name: root, hostPath: {path: /}}]
  containers:
  - name: a
    image: local/pause:1
    securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}
    env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: careful, namespace: shop}
spec:
  nodeName: 127.0.0.1
  serviceAccountName: careful
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: a
    image: local/pause:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: careful, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all-of-it}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: anybody-reads, namespace: open}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all-of-it}
subjects: [{kind: Group, name: "system:authenticated", apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: Secret
metadata: {name: old-token, namespace: shop, annotations: {kubernetes.io/service-account.name: careful}}
type: kubernetes.io/service-account-token
"#;

/// One result, by its recommendation and object.
fn result<'r>(run: &'r BaselineRun, id: &str, object: &str) -> &'r BaselineResult {
    let all = run.report.results.iter();
    let found = all.clone().find(|result| result.id == id && result.object == object);
    found.unwrap_or_else(|| {
        let there: Vec<_> = all
            .filter(|one| one.id == id)
            .map(|one| (&one.object, one.outcome, &one.evidence))
            .collect();
        panic!("{id} of `{object}` is not there: {there:?}")
    })
}

/// Needs what `tests/lab/kubernetes.sh` makes, and is skipped without.
#[test]
fn a_real_cluster() {
    let Some(cluster) = Cluster::start(&ClusterOptions::default()) else { return };
    cluster.apply("admin", OPEN).expect(0);
    let kubeconfig = cluster.kubeconfig("admin");
    let places = KubernetesPlaces {
        root: "/".into(),
        proc: "/proc".into(),
        access: Some(ClusterAccess::Kubeconfig(kubeconfig.clone())),
    };
    let begun = std::time::Instant::now();
    let run = look(&places);
    eprintln!("a look at a real node and its API took {} ms", begun.elapsed().as_millis());
    assert_eq!(outcomes(&run).len(), 131);
    use Outcome::{Fail, NeedsHuman, NotApplicable, Pass};
    // Other tests may have a cluster of their own at this moment: ours is told by its folder.
    let flag = |id: &str, outcome| {
        let found = outcomes(&run)[id].clone();
        let letter = match outcome {
            Pass => 'P',
            Fail => 'F',
            NotApplicable => 'N',
            _ => 'H',
        };
        assert!(found.contains(letter), "{id}: {found}, {:?}", of(&run, id));
    };
    for (id, outcome) in [
        ("1.2.1", Fail),
        ("1.2.2", Fail),
        ("1.2.7", Pass),
        ("1.2.8", Pass),
        ("1.2.12", Fail),
        ("1.2.15", Fail),
        ("1.2.16", Pass),
        ("1.2.17", Fail),
        ("1.2.19", Pass),
        ("1.2.22", Pass),
        ("1.2.27", Fail),
        ("1.3.2", Fail),
        ("1.3.7", Pass),
        ("1.4.1", NotApplicable),
        ("2.1", Fail),
        ("2.3", Pass),
        ("3.2.1", Pass),
        ("3.2.2", Fail),
        ("4.2.1", Fail),
        ("4.2.2", Fail),
        ("4.2.4", Pass),
        ("4.2.6", Fail),
        ("4.2.7", Fail),
        ("4.2.13", Fail),
        ("1.1.11", Pass),
        ("1.1.12", Fail),
        ("4.3.1", NotApplicable),
    ] {
        flag(id, outcome);
    }
    for (id, object, outcome, part) in [
        ("5.1.1", "Group lab:controllers", NeedsHuman, "controllers in the cluster"),
        ("5.1.2", "Group system:authenticated", Fail, "anybody-reads in open"),
        ("5.1.4", "Group lab:developers", NeedsHuman, "developers in the cluster"),
        ("5.1.3", "all-of-it in the cluster", Fail, "verbs"),
        ("5.1.5", "open", Fail, "true"),
        ("5.2.1", "shop", Pass, "baseline"),
        ("5.2.1", "open", Fail, "none"),
        ("5.2.2", "open", Fail, "wide"),
        ("5.2.2", "shop", Pass, "none"),
        ("5.2.3", "open", Fail, "wide"),
        ("5.2.4", "open", Pass, "none"),
        ("5.2.7", "shop", Pass, "none"),
        ("5.2.9", "open", Fail, "wide"),
        ("5.2.11", "open", Fail, "wide"),
        ("5.3.2", "open", Fail, "0"),
        ("5.3.2", "shop", Pass, "1"),
        ("5.4.1", "open", Fail, "wide"),
        ("5.6.2", "shop", Pass, "none"),
        ("3.1.2", "", NeedsHuman, "shop/old-token"),
        ("5.6.1", "", NeedsHuman, "kube-system"),
        ("5.5.1", "", Fail, "none"),
    ] {
        let found = result(&run, id, object);
        assert_eq!(found.outcome, outcome, "{id} of `{object}`: {found:?}");
        assert!(found.evidence.contains(part), "{id} of `{object}`: {found:?}");
    }
    // Who may not read is told what he may not read.
    let access = ClusterAccess::Kubeconfig(cluster.kubeconfig("developer"));
    let run = look(&KubernetesPlaces { access: Some(access), ..places });
    let refused = of(&run, "5.1.1");
    assert_eq!(refused.outcome, Outcome::Error);
    assert!(refused.evidence.contains("403"), "{refused:?}");
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    eprintln!("peak memory {peak} kB");
    assert!(peak < 64 * 1024, "at most 64 MiB, not {peak} kB");
}
