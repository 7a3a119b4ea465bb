//! Each built-in detection against a real container that does the thing, and beside it one that does
//! nearly the same and must stay silent.

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

mod watched;

use lazaret_agent::detect::{BUILT_IN, Engine};
use watched::{Lab, said};

/// A behaviour: options of `docker run`, a script, the rule that must speak; `None` for silence.
struct Case {
    name: &'static str,
    options: &'static [&'static str],
    script: &'static str,
    rule: Option<&'static str>,
}

const fn case(
    name: &'static str,
    options: &'static [&'static str],
    script: &'static str,
    rule: &'static str,
) -> Case {
    Case { name, options, script, rule: Some(rule) }
}

const fn silent(
    name: &'static str,
    options: &'static [&'static str],
    script: &'static str,
) -> Case {
    Case { name, options, script, rule: None }
}

const LOOSE: &[&str] = &[
    "--cap-add",
    "SYS_ADMIN",
    "--security-opt",
    "apparmor=unconfined",
    "--security-opt",
    "seccomp=unconfined",
];

const IN_HOST_PIDS: &[&str] = &[
    "--pid",
    "host",
    "--cap-add",
    "SYS_ADMIN",
    "--cap-add",
    "SYS_PTRACE",
    "--cap-add",
    "SYS_CHROOT",
    "--security-opt",
    "apparmor=unconfined",
    "--security-opt",
    "seccomp=unconfined",
];
/// The kernel's settings can be written.
const OPEN_PROC: &[&str] = &[
    "--cap-add",
    "SYS_ADMIN",
    "--security-opt",
    "systempaths=unconfined",
    "--security-opt",
    "apparmor=unconfined",
];

/// Every act is harmless: files are opened and not written, namespaces entered to do nothing.
const CASES: &[Case] = &[
    case("shadow", &[], "cat /innocent", "Password file read in a container"),
    silent("passwd", &[], "cat /etc/passwd; ls -la /etc; cat /proc/self/status"),
    case(
        "package",
        &[],
        "cp /bin/busybox /tmp/apt; /tmp/apt true",
        "Package manager in a container",
    ),
    case(
        "cron",
        &[],
        "mkdir /etc/cron.d; : > /etc/cron.d/job",
        "Scheduled job written in a container",
    ),
    silent("crontab-read", &[], "mkdir /etc/cron.d; cat /etc/cron.d/* ; true"),
    case(
        "ssh",
        &[],
        "mkdir /root/.ssh; : > /root/.ssh/authorized_keys",
        "Key for remote login added",
    ),
    case("preload", &[], ": > /etc/ld.so.preload", "Preloaded library planted"),
    case(
        "shm",
        &["--tmpfs", "/dev/shm:exec"],
        "cp /bin/busybox /dev/shm/true; /dev/shm/true",
        "Program from shared memory started",
    ),
    case(
        "core-pattern",
        OPEN_PROC,
        ": >> /proc/sys/kernel/core_pattern",
        "Kernel setting opened for writing in a container",
    ),
    silent("core-pattern-read", OPEN_PROC, "cat /proc/sys/kernel/core_pattern"),
    case(
        "cgroup-mount",
        LOOSE,
        "mkdir /m; mount -t cgroup -o pids cgroup /m; umount /m",
        "Cgroup filesystem mounted in a container",
    ),
    silent("tmpfs-mount", LOOSE, "mkdir /m; mount -t tmpfs none /m; umount /m"),
    case(
        "host-mount-namespace",
        IN_HOST_PIDS,
        "nsenter -t $HOST_PID -m /bin/true",
        "Namespace of the host gained",
    ),
    case(
        "host-root",
        IN_HOST_PIDS,
        "cat /proc/$HOST_PID/root/etc/hostname",
        "File of another mount namespace opened",
    ),
    case(
        "reverse-shell",
        &[],
        "(nc -l -p 4455 & sleep 1; : | nc 127.0.0.1 4455 -e /bin/sh) & sleep 3",
        "Shell on a network connection",
    ),
    case("miner", &[], "cp /bin/busybox /tmp/xmrig; /tmp/xmrig true", "Known miner started"),
    silent(
        "work",
        &[],
        "for i in 1 2 3 4 5; do echo $i > /tmp/f$i; grep $i /tmp/f$i; done; ls /proc; ps; id",
    ),
];

#[test]
fn every_behaviour_is_told_and_its_twin_is_not() {
    let Some(lab) = Lab::start() else { return };
    let engine = Engine::load(&[BUILT_IN]);
    // A process of the host that is the test's own to be reached for.
    let mut host = std::process::Command::new("sleep").arg("300").spawn().unwrap();
    let host_pid = format!("HOST_PID={}", host.id());
    let found = said(&engine, "case-", || {
        for case in CASES {
            let name = format!("case-{}", case.name);
            let mut run =
                vec!["run", "--rm", "--network", "none", "--env", &host_pid, "--name", &name];
            run.extend_from_slice(case.options);
            let script = format!("echo begun; {}", case.script);
            run.extend_from_slice(&["shop:1.2", "/bin/sh", "-c", &script]);
            let (_, out) = lab.docker(&run);
            assert!(out.contains("begun"), "{} did not start", case.name);
        }
    });
    host.kill().unwrap();
    host.wait().unwrap();
    let mut mistakes = Vec::new();
    for case in CASES {
        let name = format!("case-{}", case.name);
        let of: Vec<&str> = found
            .iter()
            .filter(|(container, ..)| *container == name)
            .map(|(_, rule, _)| rule.as_str())
            .collect();
        let right = match case.rule {
            Some(rule) => of.contains(&rule),
            None => of.is_empty(),
        };
        if !right {
            mistakes
                .push(format!("{}: expected {:?}, the rules said {of:?}", case.name, case.rule));
        }
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}
