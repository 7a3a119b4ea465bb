//! The options that rules speak of.

use model::{ContainerSpec, Mount};

use crate::judge_workload;
use crate::samples::{TODAY, container, policy, workload};

/// What a rule with this condition says of a container.
fn said(condition: &str, change: impl Fn(&mut ContainerSpec)) -> Option<String> {
    let policy =
        policy(&format!("  - name: options\n    decision: deny\n    workload: {condition}"));
    let mut spec = container("app:1");
    change(&mut spec);
    let verdict = judge_workload(&workload(spec), &[], &policy, TODAY).verdict;
    verdict.reasons.into_iter().find(|reason| reason.rule == "options").map(|r| r.message)
}

fn mount(kind: &str, source: &str, read_only: bool) -> Mount {
    Mount {
        kind: kind.into(),
        source: source.into(),
        target: "/x".into(),
        read_only,
        ..Mount::default()
    }
}

#[test]
fn names_the_options() {
    let one = |text: &str| Some(format!("1 option: {text}"));
    assert_eq!(said("{privileged: true}", |_| {}), None);
    assert_eq!(said("{privileged: true}", |spec| spec.privileged = true), one("privileged"));
    let host = |spec: &mut ContainerSpec| spec.host_namespaces = vec!["pid".into(), "uts".into()];
    assert_eq!(said("{host_namespaces: [pid, ipc]}", host), one("the host's pid namespace"));
    let admin = |spec: &mut ContainerSpec| spec.capabilities_added = vec!["sys_admin".into()];
    assert_eq!(said("{capabilities: [CAP_SYS_ADMIN]}", admin), one("capability CAP_SYS_ADMIN"));
    assert_eq!(said("{capabilities: [NET_ADMIN]}", admin), None);
    let all = |spec: &mut ContainerSpec| spec.capabilities_added = vec!["ALL".into()];
    assert_eq!(said("{capabilities: [NET_ADMIN]}", all), one("capability ALL"));
    let device = |spec: &mut ContainerSpec| spec.devices = vec!["/dev/../dev/sda1".into()];
    assert_eq!(said("{devices: [/dev/sd*]}", device), one("device /dev/sda1"));
    assert_eq!(said("{devices: [/dev/nvme*]}", device), None);
    let runtime = |spec: &mut ContainerSpec| spec.runtime = "evil".into();
    assert_eq!(said("{runtimes: [runc, crun]}", runtime), one("runtime `evil`"));
    assert_eq!(said("{runtimes: runc}", |_| {}), None);
    let loose = |spec: &mut ContainerSpec| spec.seccomp = "Unconfined".into();
    assert_eq!(said("{seccomp_unconfined: true}", loose), one("seccomp is switched off"));
    let ports = |spec: &mut ContainerSpec| spec.host_ports = vec![80, 443];
    assert_eq!(said("{host_ports: true}", ports), one("host port 80, 443"));
    let limited = |spec: &mut ContainerSpec| spec.memory_limit_bytes = Some(1);
    assert_eq!(said("{no_limits: [memory, pids]}", limited), one("no limit of pids"));
    let sysctl = |spec: &mut ContainerSpec| {
        spec.sysctls.insert("kernel.msgmax".into(), "1".into());
    };
    assert_eq!(said("{sysctls: ['kernel.*']}", sysctl), one("sysctl kernel.msgmax=1"));
    let volume = |spec: &mut ContainerSpec| {
        (spec.role, spec.privileged) = (model::ContainerRole::ImageVolume, true);
    };
    assert_eq!(said("{privileged: true}", volume), None);
}

#[test]
fn knows_mounts_that_give_the_host_away() {
    for (kind, source, read_only, expected) in [
        ("bind", "/var/run/docker.sock", true, true),
        ("bind", "/run/../run/docker.sock", false, true),
        ("bind", "/", true, true),
        ("bind", "/var", false, true),
        ("bind", "/etc/shadow", true, true),
        ("bind", "/etc/localtime", true, false),
        ("bind", "/srv/data", false, false),
        ("volume", "/var/lib/docker/volumes/a/_data", false, false),
        ("volume", "/var/lib/docker/overlay2", false, true),
        ("volume", "data", false, false),
        ("tmpfs", "", false, false),
    ] {
        let with = |spec: &mut ContainerSpec| spec.mounts = vec![mount(kind, source, read_only)];
        let found = said("{mounts: {sensitive: true}}", with);
        assert_eq!(found.is_some(), expected, "{kind} {source} {found:?}");
    }
    let srv = |spec: &mut ContainerSpec| spec.mounts = vec![mount("bind", "/srv/data", true)];
    assert!(said("{mounts: {paths: [/srv]}}", srv).is_some());
    assert!(said("{mounts: {paths: [/srv/data/deep]}}", srv).is_some());
    assert!(said("{mounts: {paths: [/srv], only_writable: true}}", srv).is_none());
    assert!(said("{mounts: {paths: [/srv/other]}}", srv).is_none());
}
