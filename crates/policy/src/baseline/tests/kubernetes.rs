//! The rules for Kubernetes: every recommendation is there once, and each that facts can decide
//! passes where all is right and fails where all is wrong.

use model::{Observation, Outcome, Subject};

use super::Baseline;
use super::docker::{outcomes_of, subjects};

/// How many recommendations each section of CIS Kubernetes 1.12 has.
const SECTIONS: [(&str, usize); 17] = [
    ("1.1", 21),
    ("1.2", 30),
    ("1.3", 7),
    ("1.4", 2),
    ("2", 7),
    ("3.1", 3),
    ("3.2", 2),
    ("4.1", 10),
    ("4.2", 14),
    ("4.3", 1),
    ("5.1", 13),
    ("5.2", 12),
    ("5.3", 2),
    ("5.4", 2),
    ("5.5", 1),
    ("5.6", 4),
    ("9", 0),
];
/// Recommendations that only people can answer, whatever is seen.
const ALWAYS_HUMAN: [&str; 4] = ["3.1.1", "3.1.2", "5.4.2", "5.6.1"];
/// Recommendations that what is seen can pass or leave to people, never fail.
const NEVER_FAILED: [&str; 8] =
    ["1.2.20", "1.3.1", "3.1.3", "4.2.8", "4.2.9", "5.1.6", "5.3.1", "5.5.1"];
const ROLES: [&str; 19] = [
    "apiserver_manifest",
    "controller_manager_manifest",
    "scheduler_manifest",
    "etcd_manifest",
    "cni",
    "admin_kubeconfig",
    "scheduler_kubeconfig",
    "controller_manager_kubeconfig",
    "pki_folder",
    "pki_certificate",
    "pki_key",
    "pki_other",
    "kubelet_unit",
    "proxy_kubeconfig",
    "kubelet_kubeconfig",
    "kubelet_client_ca",
    "kubelet_config",
    "etcd_data",
    "nothing_known",
];

fn files(owner: &str, uid: u32, mode: &str) -> Vec<Subject> {
    let mut all = Vec::new();
    for role in ROLES {
        let owner = if uid == 0 && role == "etcd_data" { "etcd" } else { owner };
        all.extend(subjects(&format!(
            "file /{role} role={role} path=/{role} exists=true owner={owner} group={owner} uid={uid} gid={uid} {mode}"
        )));
    }
    all
}

const PODS: &str = "privileged host_pid host_ipc host_network escalation root net_raw capabilities host_process host_path host_ports secret_variables no_seccomp no_security_context tokens default_account";
const POWERS: &str = "is_administrator reads_secrets creates_pods raises_itself creates_volumes reaches_kubelets approves_certificates changes_webhooks creates_tokens";

fn all(words: &str, value: &str) -> String {
    words.split(' ').map(|word| format!(" {word}={value}")).collect()
}

fn right() -> Vec<Subject> {
    let (pods, powers) = (all(PODS, "[]"), all(POWERS, "[]"));
    let mut found = subjects(&format!(
        "
        apiserver a anonymous_auth=false anonymous_paths=[] token_auth_file=none enable_admission_plugins=[DenyServiceExternalIPs,EventRateLimit,AlwaysPullImages,NodeRestriction] disable_admission_plugins=[] authorization_mode=[Node,RBAC] kubelet_client_certificate=/c kubelet_client_key=/k kubelet_certificate_authority=/a profiling=false audit_log_path=/l audit_log_maxage=30 audit_log_maxbackup=10 audit_log_maxsize=100 audit_policy_file=/p audit_webhook_config_file=none audit_gaps=[] request_timeout=60 service_account_lookup=true service_account_key_file=[/k] service_account_extend_token_expiration=false etcd_servers=[https://x] etcd_certfile=/c etcd_keyfile=/k etcd_cafile=/a tls_cert_file=/c tls_private_key_file=/k tls_cipher_suites=[TLS_AES_128_GCM_SHA256] tls_min_version=none client_ca_file=/a encryption_provider_config=/e encryption_provider=kms bind_address=0.0.0.0
        controller_manager c profiling=false use_service_account_credentials=true service_account_private_key_file=/k root_ca_file=/a bind_address=127.0.0.1 terminated_pod_gc_threshold=100 terminated_pod_gc_threshold_set=true rotate_kubelet_server_certificate=true
        scheduler s profiling=false bind_address=127.0.0.1
        etcd e cert_file=/c key_file=/k client_cert_auth=true auto_tls=false peer_cert_file=/c peer_key_file=/k peer_client_cert_auth=true peer_auto_tls=false trusted_ca_file=/a initial_cluster=[a] shares_ca=false
        kubelet k config_files=[/c] anonymous_auth=false authorization_mode=Webhook client_ca_file=/a read_only_port=0 streaming_idle_timeout=14400 iptables_util_chains=true hostname_override=none event_qps=50 tls_cert_file=/c tls_private_key_file=/k rotate_server_certificates_gate=true tls_cipher_suites=[] tls_min_version=VersionTLS13 pod_pids_limit=4096 seccomp_default=true
        proxy p metrics_bind_address=127.0.0.1:10249
        kubeconfig /k path=/k user=a groups=[system:nodes]
        cni - plugins=[calico]
        cluster - version=v1.34 provider=none namespaces=[shop] masters_bindings=[] pod_admission=[lazaret-admission] account_tokens=[] bootstrap_tokens=[] client_certificates=[] secret_stores=[] in_default=[]
        namespace shop name=shop enforce=restricted pods=1 network_policies=1 default_account_mounts=false default_account_bindings=[]{pods}
        namespace kube-system name=kube-system enforce=none pods=9 network_policies=0 default_account_mounts=true default_account_bindings=[x] privileged=[x]
        principal Group-everybody name=everybody namespace= everybody=true system=false{powers}
        role r name=r namespace=shop wildcards=[]
        "
    ));
    // A text, whatever it looks like.
    found.iter_mut().for_each(|one| {
        if one.kind == "kubelet" {
            one.say("kubelet.rotate_certificates", "true");
        }
    });
    found.extend(files("root", 0, "mode=0400 permissions=[owner_read]"));
    found
}

fn wrong() -> Vec<Subject> {
    let (pods, powers) = (all(PODS, "[web]"), all(POWERS, "[b]"));
    let mut found = subjects(&format!(
        "
        apiserver a anonymous_auth=true anonymous_paths=[] token_auth_file=/t enable_admission_plugins=[AlwaysAdmit] disable_admission_plugins=[ServiceAccount,NamespaceLifecycle] authorization_mode=[AlwaysAllow] kubelet_client_certificate=none kubelet_client_key=none kubelet_certificate_authority=none profiling=true audit_log_path=none audit_log_maxage=0 audit_log_maxbackup=0 audit_log_maxsize=10 audit_policy_file=none audit_webhook_config_file=none audit_gaps=[secrets] request_timeout=3600 service_account_lookup=false service_account_key_file=[] service_account_extend_token_expiration=true etcd_servers=[http://x] etcd_certfile=none etcd_keyfile=none etcd_cafile=none tls_cert_file=none tls_private_key_file=none tls_cipher_suites=[] tls_min_version=none client_ca_file=none encryption_provider_config=none encryption_provider=identity bind_address=0.0.0.0
        controller_manager c profiling=true use_service_account_credentials=false service_account_private_key_file=none root_ca_file=none bind_address=0.0.0.0 terminated_pod_gc_threshold=12500 terminated_pod_gc_threshold_set=false rotate_kubelet_server_certificate=false
        scheduler s profiling=true bind_address=0.0.0.0
        etcd e cert_file=none key_file=none client_cert_auth=false auto_tls=true peer_cert_file=none peer_key_file=none peer_client_cert_auth=false peer_auto_tls=true trusted_ca_file=none initial_cluster=[a] shares_ca=true
        kubelet k config_files=[] anonymous_auth=true authorization_mode=AlwaysAllow client_ca_file=none read_only_port=10255 streaming_idle_timeout=0 iptables_util_chains=false hostname_override=x event_qps=0 tls_cert_file=none tls_private_key_file=none rotate_server_certificates_gate=false tls_cipher_suites=[TLS_RSA_WITH_RC4_128_SHA] tls_min_version=none pod_pids_limit=-1 seccomp_default=false
        proxy p metrics_bind_address=0.0.0.0:10249
        kubeconfig /k path=/k user=a groups=[system:masters]
        cni - plugins=[flannel]
        cluster - version=v1.20 provider=none namespaces=[default] masters_bindings=[x] pod_admission=[other] account_tokens=[x] bootstrap_tokens=[x] client_certificates=[x] secret_stores=[] in_default=[pods/a]
        namespace shop name=shop enforce=privileged pods=1 network_policies=0 default_account_mounts=true default_account_bindings=[x]{pods}
        principal Group-everybody name=everybody namespace= everybody=true system=false{powers}
        principal of-the-system name=x namespace=kube-system everybody=false system=false{powers}
        role r name=r namespace=shop wildcards=[verbs]
        "
    ));
    found.iter_mut().for_each(|one| {
        if one.kind == "kubelet" {
            one.say("kubelet.rotate_certificates", "false");
        }
    });
    found.extend(files("eve", 1000, "mode=0777 permissions=[owner_read,other_write]"));
    found
}

#[test]
fn every_recommendation_once() {
    let baseline = Baseline::kubernetes().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(baseline.benchmark, "cis-kubernetes-1.12");
    let mut expected = Vec::new();
    for (section, count) in SECTIONS {
        expected.extend((1..=count).map(|number| format!("{section}.{number}")));
    }
    let ids: Vec<&str> = baseline.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, expected);
    assert_eq!(ids.len(), 131);
    for rule in &baseline.rules {
        let told = [&rule.title, &rule.section, &rule.remediation, &rule.absent];
        assert!(told.iter().all(|text| !text.is_empty()), "{} says too little", rule.id);
        assert!(matches!(rule.level, 1 | 2), "{}", rule.id);
        let asks_people = rule.pass.is_none() || rule.human.is_some();
        assert!(!asks_people || !rule.look_at.is_empty(), "{}: what to look at?", rule.id);
    }
}

#[test]
fn right_and_wrong_clusters() {
    let baseline = Baseline::kubernetes().unwrap();
    let (right, wrong) = (outcomes_of(&baseline, right()), outcomes_of(&baseline, wrong()));
    for rule in &baseline.rules {
        let id = rule.id.as_str();
        let human = ALWAYS_HUMAN.contains(&id);
        let good = if human { Outcome::NeedsHuman } else { Outcome::Pass };
        let bad = match id {
            // The gate that would have the cluster sign it is off: nothing is left to people.
            "4.2.9" => Outcome::Fail,
            _ if human || NEVER_FAILED.contains(&id) => Outcome::NeedsHuman,
            _ => Outcome::Fail,
        };
        let only =
            |all: &std::collections::BTreeSet<Outcome>| all.iter().copied().collect::<Vec<_>>();
        assert_eq!(only(&right[id]), [good], "{id} where all is right");
        assert_eq!(only(&wrong[id]), [bad], "{id} where all is wrong");
    }
}

#[test]
fn who_is_named_may_and_the_rest_is_for_people() {
    let powers = all(POWERS, "[b]");
    let lines = format!("principal x name=x namespace=shop everybody=false system=false{powers}");
    let outcomes = outcomes_of(&Baseline::kubernetes().unwrap(), subjects(&lines));
    assert_eq!(outcomes["5.1.2"].first(), Some(&Outcome::NeedsHuman));
    let own = "lists: {approved_secret_readers: [x]}";
    let files = [("kubernetes.yaml", Baseline::kubernetes_text()), ("own.yaml", own)];
    let outcomes = outcomes_of(&Baseline::parse(&files).unwrap(), subjects(&lines));
    assert_eq!(outcomes["5.1.2"].first(), Some(&Outcome::Pass));
}

#[test]
fn a_node_says_why_there_is_none() {
    let mut observation = Observation::default();
    observation.lack("etcd", "this node is a worker");
    observation.miss("cluster", "nobody let us in");
    let results = Baseline::kubernetes().unwrap().judge(&observation);
    let of = |id: &str| results.iter().find(|result| result.id == id).unwrap();
    assert_eq!(
        (of("2.1").outcome, of("2.1").evidence.as_str()),
        (Outcome::NotApplicable, "this node is a worker")
    );
    assert_eq!(
        (of("5.6.4").outcome, of("5.6.4").evidence.as_str()),
        (Outcome::Error, "nobody let us in")
    );
}
