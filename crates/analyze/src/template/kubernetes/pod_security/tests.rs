//! Verdicts of the standards at every version: each check with what it lets through, what it does
//! not, and the versions from which on. Derived from the published standard.

use super::*;
use crate::template::kubernetes::documents::documents;

/// Every version.
const ALL: std::ops::RangeInclusive<u32> = 0..=37;

/// The checks that speak of a pod.
fn checks(level: Level, minor: u32, pod: &Node) -> Vec<&'static str> {
    let (metadata, spec) = (pod.get("metadata"), pod.get("spec").unwrap());
    let violations = evaluate(level, Version::minor(minor), metadata, spec);
    let mut ids: Vec<&str> = violations.iter().map(|violation| violation.check.id()).collect();
    ids.dedup();
    ids
}

fn pod(text: &str) -> Node {
    let text = if text.contains("metadata:") { text.to_owned() } else { format!("spec: {text}") };
    documents(&text).remove(0).unwrap().root
}

/// One table row: the check speaks of the pod exactly at the versions of `speaks`.
fn check(level: Level, id: &str, text: &str, speaks: &dyn Fn(u32) -> bool) {
    let pod = pod(text);
    for minor in ALL {
        let ids = checks(level, minor, &pod);
        assert_eq!(ids.contains(&id), speaks(minor), "{id} at 1.{minor}: {text}: {ids:?}");
    }
}

fn container(context: &str) -> String {
    format!("{{containers: [{{name: a, securityContext: {{{context}}}}}]}}")
}

fn context(context: &str) -> String {
    format!("{{securityContext: {{{context}}}, containers: [{{name: a}}]}}")
}

const ALWAYS: fn(u32) -> bool = |_| true;
const NEVER: fn(u32) -> bool = |_| false;

#[test]
fn baseline_checks_that_no_version_changed() {
    let rows: [(&str, String, bool); 33] = [
        ("privileged", container("privileged: true"), true),
        ("privileged", container("privileged: false"), false),
        ("privileged", "{containers: [{name: a}]}".to_owned(), false),
        (
            "privileged",
            "{initContainers: [{name: a, securityContext: {privileged: true}}]}".to_owned(),
            true,
        ),
        (
            "privileged",
            "{ephemeralContainers: [{name: a, securityContext: {privileged: true}}]}".to_owned(),
            true,
        ),
        ("hostNamespaces", "{hostNetwork: true}".to_owned(), true),
        ("hostNamespaces", "{hostPID: true}".to_owned(), true),
        ("hostNamespaces", "{hostIPC: true}".to_owned(), true),
        (
            "hostNamespaces",
            "{hostIPC: false, hostPID: false, hostNetwork: false}".to_owned(),
            false,
        ),
        ("hostPorts", "{containers: [{name: a, ports: [{hostPort: 80}]}]}".to_owned(), true),
        (
            "hostPorts",
            "{containers: [{name: a, ports: [{hostPort: 0, containerPort: 80}]}]}".to_owned(),
            false,
        ),
        ("hostPathVolumes", "{volumes: [{name: v, hostPath: {path: /}}]}".to_owned(), true),
        ("hostPathVolumes", "{volumes: [{name: v, hostPath: {}}]}".to_owned(), true),
        ("hostPathVolumes", "{volumes: [{name: v, hostPath: null}]}".to_owned(), false),
        ("windowsHostProcess", context("windowsOptions: {hostProcess: true}"), true),
        ("windowsHostProcess", container("windowsOptions: {hostProcess: true}"), true),
        ("windowsHostProcess", container("windowsOptions: {hostProcess: false}"), false),
        (
            "windowsHostProcess",
            container("windowsOptions: {runAsUserName: ContainerAdministrator}"),
            false,
        ),
        ("capabilities_baseline", container("capabilities: {add: [NET_RAW]}"), true),
        ("capabilities_baseline", container("capabilities: {add: [ALL]}"), true),
        ("capabilities_baseline", container("capabilities: {add: [CAP_CHOWN]}"), true),
        ("capabilities_baseline", container("capabilities: {add: [chown]}"), true),
        (
            "capabilities_baseline",
            container("capabilities: {add: [CHOWN, MKNOD, SYS_CHROOT]}"),
            false,
        ),
        ("seLinuxOptions", context("seLinuxOptions: {type: spc_t}"), true),
        ("seLinuxOptions", container("seLinuxOptions: {user: system_u}"), true),
        ("seLinuxOptions", container("seLinuxOptions: {role: system_r}"), true),
        ("seLinuxOptions", container("seLinuxOptions: {type: container_t, level: 's0:c1'}"), false),
        ("seLinuxOptions", container("seLinuxOptions: {type: '', user: '', role: ''}"), false),
        ("appArmorProfile", context("appArmorProfile: {type: Unconfined}"), true),
        ("appArmorProfile", container("appArmorProfile: {type: Unconfined}"), true),
        ("appArmorProfile", container("appArmorProfile: {}"), true),
        ("appArmorProfile", container("appArmorProfile: {type: RuntimeDefault}"), false),
        ("appArmorProfile", container("appArmorProfile: {type: Localhost}"), false),
    ];
    for (id, text, speaks) in rows {
        check(Level::Baseline, id, &text, &|_| speaks);
        check(Level::Privileged, id, &text, &NEVER);
    }
}

#[test]
fn app_armor_annotations_hold_at_every_version() {
    let annotated = |key: &str, value: &str| {
        format!(
            "metadata: {{annotations: {{{key}: {value}}}}}\nspec: {{containers: [{{name: a}}]}}"
        )
    };
    let key = "container.apparmor.security.beta.kubernetes.io/a";
    for (key, value, speaks) in [
        (key, "unconfined", true),
        (key, "bogus", true),
        (key, "runtime/default", false),
        (key, "localhost/app", false),
        (key, "''", false),
        ("container.apparmor.security.beta.kubernetes.io/other", "unconfined", true),
        ("apparmor.example.org/a", "unconfined", false),
    ] {
        for level in [Level::Baseline, Level::Restricted] {
            check(level, "appArmorProfile", &annotated(key, value), &|_| speaks);
        }
    }
}

#[test]
fn sysctls_are_let_in_in_five_steps() {
    for (name, since) in [
        ("kernel.shm_rmid_forced", 0),
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_keepalive_intvl", 29),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
        ("net.ipv4.tcp_slow_start_after_idle", 37),
        ("net.ipv4.tcp_notsent_lowat", 37),
        ("kernel.msgmax", u32::MAX),
    ] {
        let text = context(&format!("sysctls: [{{name: {name}, value: '1'}}]"));
        for level in [Level::Baseline, Level::Restricted] {
            check(level, "sysctls", &text, &|minor| minor < since);
        }
    }
}

#[test]
fn baseline_checks_that_versions_changed() {
    let engine = container("seLinuxOptions: {type: container_engine_t}");
    check(Level::Baseline, "seLinuxOptions", &engine, &|minor| minor < 31);

    let host = "{containers: [{name: a, livenessProbe: {httpGet: {host: b}}}]}";
    check(Level::Baseline, "hostProbesAndHostLifecycle", host, &|minor| minor >= 34);
    for handler in [
        "readinessProbe: {tcpSocket",
        "startupProbe: {httpGet",
        "lifecycle: {preStop: {httpGet",
        "lifecycle: {postStart: {tcpSocket",
    ] {
        let close = if handler.contains("lifecycle") { "}}}" } else { "}}" };
        let of = |host: &str| {
            format!("{{initContainers: [{{name: a, {handler}: {{host: {host}{close}}}]}}")
        };
        check(Level::Restricted, "hostProbesAndHostLifecycle", &of("b"), &|minor| minor >= 34);
        check(Level::Restricted, "hostProbesAndHostLifecycle", &of("''"), &NEVER);
    }

    let unmasked = container("procMount: Unmasked");
    check(Level::Baseline, "procMount", &unmasked, &ALWAYS);
    check(Level::Baseline, "procMount", &container("procMount: Default"), &NEVER);
    let own_users = unmasked.replacen('{', "{hostUsers: false, ", 1);
    check(Level::Baseline, "procMount", &own_users, &|minor| minor < 35);
    let shared = unmasked.replacen('{', "{hostUsers: true, ", 1);
    check(Level::Baseline, "procMount", &shared, &ALWAYS);
}

#[test]
fn seccomp_is_in_annotations_before_1_19_and_in_fields_since() {
    let id = "seccompProfile_baseline";
    for text in [
        context("seccompProfile: {type: Unconfined}"),
        container("seccompProfile: {type: Unconfined}"),
        container("seccompProfile: {}"),
    ] {
        check(Level::Baseline, id, &text, &|minor| minor >= 19);
    }
    check(Level::Baseline, id, &context("seccompProfile: {type: RuntimeDefault}"), &NEVER);
    check(Level::Baseline, id, &context("seccompProfile: {type: Localhost}"), &NEVER);
    for (key, value, speaks) in [
        ("seccomp.security.alpha.kubernetes.io/pod", "unconfined", true),
        ("container.seccomp.security.alpha.kubernetes.io/a", "unconfined", true),
        ("container.seccomp.security.alpha.kubernetes.io/other", "unconfined", false),
        ("container.seccomp.security.alpha.kubernetes.io/a", "docker/default", false),
        ("seccomp.security.alpha.kubernetes.io/pod", "runtime/default", false),
        ("seccomp.security.alpha.kubernetes.io/pod", "localhost/x", false),
    ] {
        let text = format!(
            "metadata: {{annotations: {{{key}: {value}}}}}\nspec: {{containers: [{{name: a}}]}}"
        );
        for level in [Level::Baseline, Level::Restricted] {
            check(level, id, &text, &|minor| speaks && minor < 19);
        }
    }
}

#[test]
fn restricted_checks_begin_with_their_versions() {
    let bare = "{containers: [{name: a}]}";
    let windows = "{os: {name: windows}, containers: [{name: a}]}";
    let linux = "{os: {name: linux}, containers: [{name: a}]}";
    for (id, since) in [
        ("allowPrivilegeEscalation", 8),
        ("seccompProfile_restricted", 19),
        ("capabilities_restricted", 22),
    ] {
        check(Level::Restricted, id, bare, &|minor| minor >= since);
        check(Level::Restricted, id, linux, &|minor| minor >= since);
        check(Level::Restricted, id, windows, &|minor| minor >= since && minor < 25);
        check(Level::Baseline, id, bare, &NEVER);
    }
    check(Level::Restricted, "runAsNonRoot", windows, &ALWAYS);
    check(
        Level::Restricted,
        "allowPrivilegeEscalation",
        &container("allowPrivilegeEscalation: false"),
        &NEVER,
    );
    check(
        Level::Restricted,
        "allowPrivilegeEscalation",
        &container("allowPrivilegeEscalation: true"),
        &|minor| minor >= 8,
    );
}

#[test]
fn users_of_a_restricted_pod() {
    let id = "runAsNonRoot";
    let own = |text: &str| text.replacen('{', "{hostUsers: false, ", 1);
    for text in [
        "{containers: [{name: a}]}".to_owned(),
        context("runAsNonRoot: false"),
        container("runAsNonRoot: false"),
        "{securityContext: {runAsNonRoot: true}, containers: [{name: a, securityContext: {runAsNonRoot: false}}]}".to_owned(),
        "{securityContext: {runAsNonRoot: false}, containers: [{name: a, securityContext: {runAsNonRoot: true}}]}".to_owned(),
        "{containers: [{name: a, securityContext: {runAsNonRoot: true}}], ephemeralContainers: [{name: b}]}".to_owned(),
    ] {
        check(Level::Restricted, id, &text, &ALWAYS);
        check(Level::Restricted, id, &own(&text), &|minor| minor < 35);
    }
    check(Level::Restricted, id, &context("runAsNonRoot: true"), &NEVER);
    check(Level::Restricted, id, &container("runAsNonRoot: true"), &NEVER);

    let id = "runAsUser";
    for text in [context("runAsUser: 0"), container("runAsUser: 0")] {
        check(Level::Restricted, id, &text, &|minor| minor >= 23);
        check(Level::Restricted, id, &own(&text), &|minor| (23..35).contains(&minor));
    }
    check(Level::Restricted, id, &context("runAsUser: 1"), &NEVER);
    check(Level::Restricted, id, &context("runAsUser: null"), &NEVER);
}

#[test]
fn a_restricted_check_takes_the_place_of_the_baselines() {
    let unmasked =
        "{hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked}}]}";
    check(Level::Restricted, "procMount", unmasked, &|minor| minor < 35);
    check(Level::Restricted, "procMount_restricted", unmasked, &|minor| minor >= 35);

    let raw = container("capabilities: {drop: [ALL], add: [NET_RAW]}");
    check(Level::Restricted, "capabilities_baseline", &raw, &|minor| minor < 22);
    check(Level::Restricted, "capabilities_restricted", &raw, &|minor| minor >= 22);
    let chown = container("capabilities: {drop: [ALL], add: [CHOWN]}");
    check(Level::Restricted, "capabilities_restricted", &chown, &|minor| minor >= 22);
    let bind = container("capabilities: {drop: [KILL, ALL], add: [NET_BIND_SERVICE]}");
    check(Level::Restricted, "capabilities_restricted", &bind, &NEVER);
    let windows = raw.replacen('{', "{os: {name: windows}, ", 1);
    check(Level::Restricted, "capabilities_restricted", &windows, &|minor| {
        (22..25).contains(&minor)
    });
    check(Level::Restricted, "capabilities_baseline", &windows, &|minor| minor < 22);

    let unconfined = container("seccompProfile: {type: Unconfined}");
    check(Level::Restricted, "seccompProfile_baseline", &unconfined, &NEVER);
    check(Level::Restricted, "seccompProfile_restricted", &unconfined, &|minor| minor >= 19);
    let of_pod = context("seccompProfile: {type: Localhost, localhostProfile: a}");
    check(Level::Restricted, "seccompProfile_restricted", &of_pod, &NEVER);

    let host = "{volumes: [{name: v, hostPath: {path: /}}]}";
    check(Level::Restricted, "hostPathVolumes", host, &NEVER);
    check(Level::Restricted, "restrictedVolumes", host, &ALWAYS);
}

#[test]
fn volumes_of_a_restricted_pod() {
    let of = |source: &str| format!("{{volumes: [{{name: v, {source}: {{}}}}]}}");
    for source in [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ] {
        check(Level::Restricted, "restrictedVolumes", &of(source), &NEVER);
    }
    for source in [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "portworxVolume",
        "photonPersistentDisk",
        "scaleIO",
        "storageos",
        "unheardOf",
    ] {
        check(Level::Restricted, "restrictedVolumes", &of(source), &ALWAYS);
        let is_host_path = source == "hostPath";
        check(Level::Baseline, "hostPathVolumes", &of(source), &|_| is_host_path);
    }
    check(Level::Restricted, "restrictedVolumes", "{volumes: [{name: v}]}", &NEVER);
}

#[test]
fn a_hardened_pod_is_let_through_by_every_version_and_level() {
    let text = "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
        initContainers: [{name: i, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}],
        containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}";
    let pod = pod(text);
    for level in [Level::Privileged, Level::Baseline, Level::Restricted] {
        for minor in ALL {
            assert_eq!(checks(level, minor, &pod), [""; 0], "{level:?} 1.{minor}");
        }
    }
}

#[test]
fn violations_name_field_value_container_and_lines() {
    let pod = documents("spec:\n  hostPID: true\n  containers:\n    - name: a\n      securityContext:\n        privileged: true\n    - name: b\n")
        .remove(0)
        .unwrap()
        .root;
    let found = evaluate(Level::Baseline, Version::LATEST, None, pod.get("spec").unwrap());
    let shown: Vec<String> = found
        .iter()
        .map(|v| {
            format!(
                "{} {}={} [{}] {}-{}",
                v.check.id(),
                v.field,
                v.value,
                v.container,
                v.first_line,
                v.last_line
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "hostNamespaces spec.hostPID=true [] 2-2",
            "privileged spec.containers[0].securityContext.privileged=true [a] 6-6",
        ]
    );
    let found = evaluate(Level::Restricted, Version::LATEST, None, pod.get("spec").unwrap());
    let missing =
        found.iter().find(|v| v.check == Check::RunAsNonRoot && v.container == "b").unwrap();
    assert_eq!(missing.field, "spec.containers[1].securityContext.runAsNonRoot");
    assert_eq!((missing.value.as_str(), missing.first_line), ("", 7));
}

#[test]
fn labels_are_read_as_admission_reads_them() {
    for (label, version) in [
        ("latest", 37),
        ("v1.0", 0),
        ("v1.29", 29),
        ("v1.99", 37),
        ("1.29", 37),
        ("v1.029", 37),
        ("v1.+2", 37),
        ("v2.1", 37),
        ("", 37),
    ] {
        assert_eq!(Version::of_label(label), Version::minor(version), "{label}");
    }
    for (label, level) in [
        ("privileged", Level::Privileged),
        ("baseline", Level::Baseline),
        ("restricted", Level::Restricted),
        ("Privileged", Level::Restricted),
        ("", Level::Restricted),
    ] {
        assert_eq!(Level::of_label(label), level, "{label}");
    }
    assert_eq!(Version::minor(29).to_string(), "v1.29");
}
