//! The rules for Docker Engine: every recommendation is there once, and each that facts can decide
//! passes on a host where all is right and fails on one where all is wrong.

use std::collections::{BTreeMap, BTreeSet};

use model::{FactValue, Observation, Outcome, Subject};

use super::Baseline;

/// The recommendations of CIS Docker 1.8, each with its number in 1.6; 2.7 is new.
const IDS: &str = "\
    1.1.1=1.1.1 1.1.2=1.1.2 1.1.3=1.1.3 1.1.4=1.1.4 1.1.5=1.1.5 1.1.6=1.1.6 1.1.7=1.1.7 \
    1.1.8=1.1.8 1.1.9=1.1.9 1.1.10=1.1.10 1.1.11=1.1.11 1.1.12=1.1.12 1.1.13=1.1.13 \
    1.1.14=1.1.14 1.1.15=1.1.15 1.1.16=1.1.16 1.1.17=1.1.17 1.1.18=1.1.18 1.2.1=1.2.1 \
    1.2.2=1.2.2 2.1=2.1 2.2=2.2 2.3=2.3 2.4=2.4 2.5=2.5 2.6=2.6 2.7= 2.8=2.7 2.9=2.8 2.10=2.9 \
    2.11=2.10 2.12=2.11 2.13=2.12 2.14=2.13 2.15=2.14 2.16=2.15 2.17=2.16 2.18=2.17 2.19=2.18 \
    3.1=3.1 3.2=3.2 3.3=3.3 3.4=3.4 3.5=3.5 3.6=3.6 3.7=3.7 3.8=3.8 3.9=3.9 3.10=3.10 3.11=3.11 \
    3.12=3.12 3.13=3.13 3.14=3.14 3.15=3.15 3.16=3.16 3.17=3.17 3.18=3.18 3.19=3.19 3.20=3.20 \
    3.21=3.21 3.22=3.22 3.23=3.23 3.24=3.24 4.1=4.1 4.2=4.2 4.3=4.3 4.4=4.4 4.5=4.5 4.6=4.6 \
    4.7=4.7 4.8=4.8 4.9=4.9 4.10=4.10 4.11=4.11 4.12=4.12 5.1=5.1 5.2=5.2 5.3=5.3 5.4=5.4 \
    5.5=5.5 5.6=5.6 5.7=5.7 5.8=5.8 5.9=5.9 5.10=5.10 5.11=5.11 5.12=5.12 5.13=5.13 5.14=5.14 \
    5.15=5.15 5.16=5.16 5.17=5.17 5.18=5.18 5.19=5.19 5.20=5.20 5.21=5.21 5.22=5.22 5.23=5.23 \
    5.24=5.24 5.25=5.25 5.26=5.26 5.27=5.27 5.28=5.28 5.29=5.29 5.30=5.30 5.31=5.31 5.32=5.32 \
    6.1=6.1 6.2=6.2 7.1=7.1 7.2=7.2 7.3=7.3 7.4=7.4 7.5=7.5 7.6=7.6 7.7=7.7 7.8=7.8 7.9=7.9";

/// Recommendations that only people can answer, whatever is seen.
const ALWAYS_HUMAN: [&str; 2] = ["1.2.1", "7.6"];
/// Recommendations that seeing nothing wrong leaves to people: what is seen can only fail them.
const NEVER_PASSED: [&str; 4] = ["1.2.2", "5.23", "5.24", "5.28"];
/// Recommendations that what is seen can pass or leave to people, never fail.
const NEVER_FAILED: [&str; 6] = ["4.2", "4.3", "5.9", "5.18", "5.19", "2.18"];

fn ids() -> Vec<(&'static str, Vec<String>)> {
    let pair = |pair: &'static str| {
        let (id, old) = pair.split_once('=').unwrap();
        let alias = (!old.is_empty()).then(|| format!("1.6:{old}"));
        (id, alias.into_iter().collect())
    };
    IDS.split_whitespace().map(pair).collect()
}

/// Subjects from lines `kind name field=value …`: `true`, numbers, `[a,b]`, or a text.
pub(super) fn subjects(lines: &str) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let (kind, name) = (words.next().unwrap(), words.next().unwrap());
        let mut subject = Subject::new(kind, name);
        for word in words {
            let (field, value) = word.split_once('=').unwrap();
            subject.say(&format!("{kind}.{field}"), value_of(value));
        }
        subjects.push(subject);
    }
    subjects
}

fn value_of(text: &str) -> FactValue {
    if let Some(list) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let items = list.split(',').filter(|item| !item.is_empty());
        return FactValue::List(items.map(str::to_owned).collect());
    }
    match (text.parse::<bool>(), text.parse::<i64>()) {
        (Ok(flag), _) => flag.into(),
        (_, Ok(number)) => number.into(),
        _ => text.into(),
    }
}

const ROLES: [&str; 23] = [
    "dockerd_binary",
    "containerd_run_directory",
    "data_root",
    "config_directory",
    "service_unit",
    "socket_unit",
    "containerd_socket",
    "engine_socket",
    "default_file",
    "daemon_config",
    "containerd_config",
    "sysconfig_file",
    "containerd_binary",
    "shim_binary",
    "shim_v1_binary",
    "shim_v2_binary",
    "runtime_binary",
    "registry_certificate",
    "tls_ca",
    "tls_certificate",
    "tls_key",
    "engine_socket",
    "daemon_config",
];

fn right() -> Vec<Subject> {
    let mut all = subjects(
        "
        host - os=x kernel=y data_root=/d data_root_apart=true data_root_device=z docker_group_members=[]
        daemon - version=1 build_age_days=30 rootless=true uid=1000 icc=false has_bridge=true log_level=info iptables=true insecure_registries=[] storage_driver=overlay2 base_size=default tcp_hosts=[tcp://a:1] tcp_listeners=[a:1] tls_verified=true default_ulimits=[nofile] userns_remap=true cgroup_parent=default authorization_plugins=[lazaret] log_driver=syslog no_new_privileges=true live_restore=true swarm_state=inactive userland_proxy=false seccomp_profile=default experimental=false signature_enforcement=[lazaret] images=3 images_unused=0 containers=3 containers_stopped=0
        container web image=a:1 user_id=1000 host_apparmor=true apparmor=docker-default host_selinux=true selinux_label=system_u capabilities=[CHOWN] privileged=false binds_writable=[/srv/a] binds_read_only=[/srv/b] programs=[nginx] published_ports=[] host_ports=[] privileged_ports=[] published_addresses=[127.0.0.1] host_network=false memory_bytes=1 cpu_shares=512 nano_cpus=0 cpu_quota=0 read_only_rootfs=true restart_policy=on-failure restart_retries=5 host_pid=false host_ipc=false host_uts=false host_userns=false devices=[] ulimits=[] shared_mounts=[] seccomp=default privileged_execs=0 root_execs=0 cgroup_parent=default no_new_privileges=true health=healthy image_replaced=false image_age_days=1 pids_limit=100 engine_sockets=[]
        image a:1 repository=a registries=[none] trust=trusted healthcheck=true lone_updates=[] add_steps=[] scanned=true scan_age_days=1 package_count=5 fixable_serious=0 secrets=0 suspicious_steps=[miner] setuid_files=[]
        network bridge driver=bridge default_bridge=true containers=[] encrypted=false ingress=false
        network over driver=overlay default_bridge=false encrypted=true ingress=false
        swarm - manager=true managers=3 listen_addresses=[10.0.0.1] services=1 secrets=1 secret_variables=[] autolock=true certificate_expiry_hours=48 ca_age_days=10 advertise_address=a data_path_address=b planes_apart=true
        ",
    );
    for role in ROLES {
        all.extend(subjects(&format!(
            "file /{role} role={role} path=/{role} exists=true owner=root group=root uid=0 gid=0 mode=0400 permissions=[owner_read] audit=full audit_evidence=x"
        )));
    }
    all
}

fn wrong() -> Vec<Subject> {
    let mut all = subjects(
        "
        host - os=x kernel=y data_root=/d data_root_apart=false data_root_device=z docker_group_members=[eve]
        daemon - version=1 build_age_days=900 rootless=false uid=0 icc=true has_bridge=true log_level=debug iptables=false insecure_registries=[old:5000] storage_driver=aufs base_size=20G tcp_hosts=[] tcp_listeners=[a:1] tls_verified=false default_ulimits=[] userns_remap=false cgroup_parent=/x authorization_plugins=[] log_driver=json-file no_new_privileges=false live_restore=false swarm_state=pending userland_proxy=true seccomp_profile=unconfined experimental=true signature_enforcement=[] images=30 images_unused=20 containers=30 containers_stopped=20
        container db image=a:1 user_id=0 host_apparmor=true apparmor=unconfined host_selinux=true selinux_label=none capabilities=[CHOWN,NET_RAW] privileged=true binds_writable=[/etc/ssl] binds_read_only=[] programs=[sh,sshd] published_ports=[x] host_ports=[80/tcp] privileged_ports=[80/tcp] published_addresses=[10.0.0.1,::] host_network=true memory_bytes=0 cpu_shares=1024 nano_cpus=0 cpu_quota=-1 read_only_rootfs=false restart_policy=always restart_retries=0 host_pid=true host_ipc=true host_uts=true host_userns=true devices=[/dev/kvm] ulimits=[nofile=1:1] shared_mounts=[/x] seccomp=unconfined privileged_execs=1 root_execs=1 cgroup_parent=/x no_new_privileges=false health=none image_replaced=true image_age_days=1 pids_limit=-1 engine_sockets=[/run/docker.sock]
        image b:1 repository=b registries=[docker.io] trust=untrusted healthcheck=false lone_updates=[x] add_steps=[x] scanned=true scan_age_days=1 package_count=500 fixable_serious=1 secrets=1 suspicious_steps=[curl-insecure] setuid_files=[/bin/su]
        network bridge driver=bridge default_bridge=true containers=[db] encrypted=false ingress=false
        network over driver=overlay default_bridge=false encrypted=false ingress=false
        swarm - manager=true managers=2 listen_addresses=[::] services=1 secrets=0 secret_variables=[PASSWORD] autolock=false certificate_expiry_hours=2160 ca_age_days=900 advertise_address=a data_path_address=default planes_apart=false
        ",
    );
    for role in ROLES {
        all.extend(subjects(&format!(
            "file /{role} role={role} path=/{role} exists=true owner=eve group=eve uid=1000 gid=1000 mode=0777 permissions=[owner_read,other_write] audit=none audit_evidence=x"
        )));
    }
    all
}

/// The outcomes of each recommendation over all objects.
fn outcomes(subjects: Vec<Subject>) -> BTreeMap<String, BTreeSet<Outcome>> {
    outcomes_of(&Baseline::docker().unwrap(), subjects)
}

pub(super) fn outcomes_of(
    baseline: &Baseline,
    subjects: Vec<Subject>,
) -> BTreeMap<String, BTreeSet<Outcome>> {
    let observation = Observation { subjects, ..Observation::default() };
    let mut all: BTreeMap<String, BTreeSet<Outcome>> = BTreeMap::new();
    for result in baseline.judge(&observation) {
        all.entry(result.id).or_default().insert(result.outcome);
    }
    all
}

#[test]
fn every_recommendation_once_with_its_old_number() {
    let docker = Baseline::docker().unwrap();
    let found: Vec<(&str, Vec<String>)> =
        docker.rules.iter().map(|rule| (rule.id.as_str(), rule.aliases.clone())).collect();
    assert_eq!(found.len(), 118);
    let sorted = |mut pairs: Vec<(&'static str, Vec<String>)>| {
        pairs.sort();
        pairs
    };
    let mut found = found;
    found.sort();
    assert_eq!(found, sorted(ids()));
    for rule in &docker.rules {
        let told = [&rule.title, &rule.section, &rule.remediation, &rule.absent];
        assert!(told.iter().all(|text| !text.is_empty()), "{} says too little", rule.id);
        assert!(matches!(rule.level, 1 | 2), "{}", rule.id);
        let asks_people = rule.pass.is_none() || rule.human.is_some();
        assert!(!asks_people || !rule.look_at.is_empty(), "{}: what to look at?", rule.id);
    }
}

#[test]
fn right_and_wrong_hosts() {
    let (right, wrong) = (outcomes(right()), outcomes(wrong()));
    for (id, _) in ids() {
        let on = |all: &BTreeMap<String, BTreeSet<Outcome>>| {
            all.get(id).cloned().unwrap_or_default().into_iter().collect::<Vec<_>>()
        };
        let human = ALWAYS_HUMAN.contains(&id);
        let good =
            if human || NEVER_PASSED.contains(&id) { Outcome::NeedsHuman } else { Outcome::Pass };
        let bad = match id {
            // The wrong host's driver is aufs, and cannot be both.
            "2.7" => Outcome::Pass,
            // Without auto-lock there is no key to change.
            "7.6" => Outcome::NotApplicable,
            // An unconfined daemon fails; a custom profile is a human's.
            "2.18" => Outcome::Fail,
            _ if human || NEVER_FAILED.contains(&id) => Outcome::NeedsHuman,
            _ => Outcome::Fail,
        };
        assert_eq!(on(&right), [good], "{id} on the right host");
        assert_eq!(on(&wrong), [bad], "{id} on the wrong host");
    }
}

#[test]
fn nothing_passes_without_evidence() {
    let bare = |kind: &str, facts: &[(&str, &str)]| {
        let mut subject = Subject::new(kind, "x");
        facts.iter().for_each(|(field, value)| subject.say(field, value_of(value)));
        subject
    };
    let mut subjects: Vec<Subject> = ["host", "daemon", "container", "image", "swarm"]
        .iter()
        .map(|kind| bare(kind, &[]))
        .collect();
    subjects.push(bare("network", &[("network.default_bridge", "true")]));
    subjects.push(bare("network", &[("network.driver", "overlay")]));
    for role in ROLES {
        subjects.push(bare("file", &[("file.role", role), ("file.exists", "true")]));
    }
    for (id, outcomes) in outcomes(subjects) {
        assert!(outcomes.iter().all(|o| *o == Outcome::NeedsHuman), "{id}: {outcomes:?}");
    }
    for (id, outcomes) in outcomes(Vec::new()) {
        assert!(outcomes.iter().all(|o| *o == Outcome::NotApplicable), "{id}: {outcomes:?}");
    }
}

#[test]
fn modes_are_compared_bit_by_bit() {
    for (permissions, expect) in [
        ("[]", Outcome::Pass),
        ("[owner_read,owner_write,group_read,other_read]", Outcome::Pass),
        ("[owner_read]", Outcome::Pass),
        ("[owner_read,owner_execute]", Outcome::Fail),
        ("[setuid,owner_read]", Outcome::Fail),
        ("[other_write]", Outcome::Fail),
    ] {
        let file = format!(
            "file /u role=service_unit exists=true uid=0 gid=0 mode=x permissions={permissions}"
        );
        assert_eq!(outcomes(subjects(&file))["3.2"], BTreeSet::from([expect]), "{permissions}");
    }
}

#[test]
fn mounts_of_the_host() {
    for (writable, readable, expect) in [
        ("[/]", "[]", Outcome::Fail),
        ("[/etc]", "[]", Outcome::Fail),
        ("[/etcetera]", "[]", Outcome::Pass),
        ("[]", "[/etc]", Outcome::Fail),
        ("[]", "[/]", Outcome::Fail),
        ("[]", "[/etc/localtime]", Outcome::NeedsHuman),
        ("[/var/lib/docker/x]", "[]", Outcome::Fail),
        ("[]", "[]", Outcome::Pass),
        ("[/data]", "[/srv]", Outcome::Pass),
    ] {
        let container = format!("container c binds_writable={writable} binds_read_only={readable}");
        let found = outcomes(subjects(&container));
        assert_eq!(found["5.6"], BTreeSet::from([expect]), "{writable} {readable}");
    }
}

#[test]
fn restarts() {
    for (policy, retries, expect) in [
        ("no", 0, Outcome::Pass),
        ("on-failure", 5, Outcome::Pass),
        ("on-failure", 6, Outcome::Fail),
        ("on-failure", 0, Outcome::Fail),
        ("always", 0, Outcome::Fail),
        ("unless-stopped", 1, Outcome::Fail),
    ] {
        let container = format!("container c restart_policy={policy} restart_retries={retries}");
        let found = outcomes(subjects(&container));
        assert_eq!(found["5.15"], BTreeSet::from([expect]), "{policy} {retries}");
    }
}
