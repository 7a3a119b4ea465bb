//! The Docker baseline against real daemons: a host on which everything is wrong that can be, and
//! one on which it is right. Every recommendation's outcome on both is told below.

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)] // A test host that cannot be made is a failure.

mod judged;
#[path = "baseline_docker/lab.rs"]
mod lab;

use judged::{now, outcomes};
use lab::Host;
use lazaret_agent::baseline::report::{self, BaselineFormat, BaselineLooks};
use lazaret_agent::baseline::{BaselineRun, hold};
use lazaret_agent::facts::Places;
use policy::baseline::{Baseline, BaselineDecisions};

/// Every recommendation: its number, and what comes out of it on the wrong host, the right host and,
/// where it is about swarms, the host in a well-kept one: P pass, F fail, N not applicable, H a
/// human's, each for some object.
const EXPECTED: &str = "\
    1.1.1=F/P 1.1.2=F/P 1.1.3=F/P 1.1.4=F/P 1.1.5=F/P 1.1.6=F/P 1.1.7=F/P 1.1.8=F/P 1.1.9=F/P \
    1.1.10=H/P 1.1.11=F/P 1.1.12=F/P 1.1.13=F/P 1.1.14=F/P 1.1.15=F/P 1.1.16=F/P 1.1.17=F/P \
    1.1.18=F/P 1.2.1=H/H 1.2.2=H/H 2.1=F/F 2.2=F/P 2.3=F/P 2.4=F/P 2.5=F/P 2.6=P/P 2.7=P/P \
    2.8=F/P 2.9=F/P 2.10=F/F 2.11=F/P 2.12=P/P 2.13=F/F 2.14=F/P 2.15=F/P 2.16=P/P 2.17=F/P \
    2.18=H/P 2.19=F/P 3.1=F/P 3.2=F/P 3.3=F/P 3.4=F/P 3.5=F/P 3.6=F/P 3.7=F/P 3.8=F/P 3.9=F/P \
    3.10=F/P 3.11=F/P 3.12=F/P 3.13=F/P 3.14=F/P 3.15=F/P 3.16=F/P 3.17=F/P 3.18=F/P 3.19=F/P \
    3.20=F/P 3.21=F/P 3.22=F/P 3.23=F/P 3.24=F/P 4.1=F/P 4.2=H/H 4.3=H/H 4.4=H/H 4.5=F/P \
    4.6=F/P 4.7=FP/P 4.8=H/H 4.9=FP/P 4.10=H/H 4.11=H/H 4.12=H/H 5.1=F/P/F 5.2=N/N 5.3=N/N \
    5.4=F/P 5.5=FP/P 5.6=FHP/P 5.7=FP/P 5.8=FP/P 5.9=HP/H 5.10=FP/P 5.11=F/P 5.12=F/P 5.13=F/P \
    5.14=FP/P 5.15=FP/P 5.16=FP/P 5.17=FP/P 5.18=HP/P 5.19=HP/P 5.20=FP/P 5.21=FP/P 5.22=FP/P \
    5.23=FH/H 5.24=FH/H 5.25=FP/P 5.26=F/P 5.27=F/P 5.28=FH/H 5.29=F/P 5.30=F/P 5.31=FP/P \
    5.32=FP/P 6.1=F/P 6.2=F/P 7.1=P/N/P 7.2=F/N/P 7.3=FH/N/HP 7.4=F/N/P 7.5=F/N/P 7.6=N/N/H \
    7.7=F/N/P 7.8=P/N/P 7.9=F/N/P";

fn look(host: &Host) -> BaselineRun {
    look_at(&host.places())
}

fn look_at(places: &Places) -> BaselineRun {
    let now = now();
    let observation = lazaret_agent::facts::docker(places, None, now);
    let baseline = Baseline::docker().unwrap();
    hold(&baseline, &observation, &BaselineDecisions::default(), ("host", now))
}

const WATCHED: [&str; 8] = [
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim",
    "/usr/bin/containerd-shim-runc-v1",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/runc",
    "/usr/sbin/dockerd",
    "/etc/default/docker",
    "/etc/sysconfig/docker",
];

fn wrong_host() -> Option<Host> {
    let mut host = Host::new()?;
    host.file("etc/passwd", "root:x:0:0::/:/bin/sh\neve:x:1000:106::/:/bin/sh\n", (0, 0o644));
    host.file("etc/group", "root:x:0:\ndocker:x:106:mallory\n", (0, 0o644));
    for path in WATCHED {
        host.file(path, "", (1000, 0o666));
    }
    for unit in ["docker.service", "docker.socket"] {
        host.file(&format!("usr/lib/systemd/system/{unit}"), "[Unit]\n", (1000, 0o666));
    }
    host.directory("run/containerd", (0, 0o755));
    host.socket("run/containerd/containerd.sock", (1000, 1000), 0o666);
    host.file("etc/containerd/config.toml", "", (0, 0o644));
    host.file("etc/docker/certs.d/r.example/ca.crt", "x", (1000, 0o646));
    for name in ["ca", "cert", "key"] {
        host.file(&format!("etc/docker/{name}.pem"), "x", (1000, 0o644));
    }
    host.file("etc/docker/seccomp.json", r#"{"defaultAction": "SCMP_ACT_ALLOW"}"#, (0, 0o644));
    let at = |path: &str| host.at(path).display().to_string();
    let config = format!(
        r#"{{"debug": true, "iptables": false, "insecure-registries": ["10.1.0.0/16"],
        "cgroup-parent": "/lazaret-baseline", "experimental": true, "seccomp-profile": "{}",
        "tlscacert": "{}", "tlscert": "{}", "tlskey": "{}"}}"#,
        at("etc/docker/seccomp.json"),
        at("etc/docker/ca.pem"),
        at("etc/docker/cert.pem"),
        at("etc/docker/key.pem"),
    );
    host.file("etc/docker/daemon.json", &config, (1000, 0o666));
    host.directory("etc/docker", (1000, 0o777));
    host.file("etc/audit/rules.d/a.rules", "-w /etc/default/docker -p r\n", (0, 0o640));
    host.mount("shared");
    host.start(&["--host", "tcp://127.0.0.1:2375"]);
    lab::own(&host.at("run/docker.sock"), (1000, 1000), 0o666);
    host.import("wrong:1", &[]);
    let build_file = "FROM wrong:1\nRUN apt-get update || true\nADD file /file\n";
    host.build("built:1", build_file);
    let socket = format!("{}:/var/run/docker.sock", host.at("run/docker.sock").display());
    let shared = format!("{}:/shared:rshared", host.at("shared").display());
    let run = |name: &str, words: &str, more: &[&str]| {
        let mut arguments = vec!["run", "--detach", "--name", name];
        arguments.extend(words.split(' '));
        arguments.extend(more);
        host.docker(&arguments);
    };
    run(
        "all",
        "--privileged --pid host --network host --ipc host --uts host --userns host --restart always --ulimit nofile=100:200 --cgroup-parent /lazaret-other -v /etc:/host-etc",
        &["-v", &socket, "-v", &shared, "wrong:1", "sleep", "1000"],
    );
    run(
        "ports",
        "-p 443:443 -p 8080:8080 --cap-add SYS_ADMIN --security-opt seccomp=unconfined --device /dev/null --restart on-failure -v /usr/share:/share:ro",
        &["built:1", "sleep", "1000"],
    );
    run(
        "joined",
        "--network container:all --pid container:all --ipc container:all",
        &["wrong:1", "sleep", "1000"],
    );
    run("ssh", "--network none", &["wrong:1", "/usr/sbin/sshd", "1000"]);
    host.build("built:1", &format!("{build_file}LABEL newer=1\n"));
    host.docker(&["exec", "--detach", "--privileged", "ports", "sleep", "900"]);
    for _ in 0..11 {
        host.docker(&["create", "wrong:1", "true"]);
    }
    host.build_many("wrong:1", 11);
    host.docker(&["swarm", "init", "--advertise-addr", lab::ADDRESS]);
    host.docker(&["network", "create", "--driver", "overlay", "plain"]);
    host.docker(&[
        "service",
        "create",
        "--detach",
        "--name",
        "db",
        "--replicas",
        "0",
        "--env",
        "DB_PASSWORD=x",
        "wrong:1",
        "sleep",
        "1",
    ]);
    Some(host)
}

fn right_host() -> Option<Host> {
    let mut host = Host::new()?;
    host.file("etc/passwd", "root:x:0:0::/:/bin/sh\n", (0, 0o644));
    host.file("etc/group", "root:x:0:\ndocker:x:106:\n", (0, 0o644));
    for path in WATCHED {
        host.file(path, "", (0, 0o644));
    }
    for unit in ["docker.service", "docker.socket"] {
        host.file(&format!("usr/lib/systemd/system/{unit}"), "[Unit]\n", (0, 0o644));
    }
    host.directory("run/containerd", (0, 0o711));
    host.socket("run/containerd/containerd.sock", (0, 0), 0o660);
    host.file("etc/containerd/config.toml", "", (0, 0o644));
    host.file("etc/docker/certs.d/r.example/ca.crt", "x", (0, 0o444));
    host.directory("etc/docker", (0, 0o755));
    host.certificates("etc/docker");
    for (name, mode) in [("ca", 0o444), ("cert", 0o444), ("key", 0o400)] {
        let path = format!("etc/docker/{name}.pem");
        let text = std::fs::read_to_string(host.at(&path)).unwrap();
        host.file(&path, &text, (0, mode));
    }
    let at = |path: &str| host.at(path).display().to_string();
    let config = format!(
        r#"{{"icc": false, "log-level": "info", "log-driver": "gelf",
        "log-opts": {{"gelf-address": "udp://127.0.0.1:12201"}},
        "default-ulimits": {{"nofile": {{"Name": "nofile", "Soft": 1024, "Hard": 2048}}}},
        "no-new-privileges": true, "live-restore": true, "userland-proxy": false,
        "tlsverify": true, "tlscacert": "{}", "tlscert": "{}", "tlskey": "{}"}}"#,
        at("etc/docker/ca.pem"),
        at("etc/docker/cert.pem"),
        at("etc/docker/key.pem"),
    );
    host.file("etc/docker/daemon.json", &config, (0, 0o644));
    let rules = format!(
        "-D\n-b 8192\n-w /usr/bin -p wa\n-w /usr/sbin/dockerd -k docker\n-w /etc -p wa -k etc\n\
         -a always,exit -F dir=/run/containerd -F perm=wa\n-w /usr/lib/systemd/system -p rwxa\n\
         -w {} -p wa\n-w {} -k s\n-w {} -p wa\n-w {} -p wa\n",
        at("var/lib/docker"),
        at("run/docker.sock"),
        at("etc/docker"),
        at("usr/bin"),
    );
    host.file("etc/audit/audit.rules", &rules, (0, 0o640));
    host.file("etc/environment", "A=b\nDOCKER_CONTENT_TRUST=1\n", (0, 0o644));
    host.mount("var/lib/docker");
    host.start(&["--host", "tcp://127.0.0.1:2376"]);
    host.import("right:1", &["HEALTHCHECK CMD true", "USER app"]);
    host.docker(&["network", "create", "own"]);
    let web = "run --detach --name web --network own --cap-drop ALL --cap-add CHOWN --memory 64m --cpus 0.5 --read-only --pids-limit 50 --restart on-failure:3 -p 127.0.0.1:8080:80 -v data:/data right:1 sleep 1000";
    host.docker(&web.split(' ').collect::<Vec<_>>());
    Some(host)
}

fn swarm_host() -> Option<Host> {
    let mut host = Host::new()?;
    host.file("etc/docker/daemon.json", "{}", (0, 0o644));
    host.start(&[]);
    host.import("right:1", &[]);
    let listen = format!("{}:2377", lab::ADDRESS);
    let init = ["swarm", "init", "--autolock", "--cert-expiry", "48h", "--listen-addr", &listen];
    let addresses = ["--advertise-addr", lab::ADDRESS, "--data-path-addr", lab::OTHER_ADDRESS];
    host.docker(&[&init[..], &addresses[..]].concat());
    host.docker(&["network", "create", "--driver", "overlay", "--opt", "encrypted", "sealed"]);
    let service = "service create --detach --name db --replicas 0 --env DB_PASSWORD_FILE=/run/secrets/p right:1 sleep 1";
    host.docker(&service.split(' ').collect::<Vec<_>>());
    Some(host)
}

/// The whole report, for whoever reads a failure.
fn table(run: &BaselineRun) -> String {
    let mut out = Vec::new();
    let looks = BaselineLooks { color: false, all: true };
    report::write(BaselineFormat::Table, run, None, looks, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares a host with a column of the table.
fn check(host: Option<Host>, column: usize) {
    let Some(host) = host else { return };
    let run = look(&host);
    let found = outcomes(&run);
    let mut wrong = Vec::new();
    for line in EXPECTED.split_whitespace() {
        let (id, columns) = line.split_once('=').unwrap();
        let Some(expected) = columns.split('/').nth(column) else { continue };
        let mut letters: Vec<char> = found[id].chars().collect();
        letters.sort_unstable();
        let letters: String = letters.into_iter().collect();
        if letters != expected {
            wrong.push(format!("{id}: {letters}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", table(&run));
    assert_eq!(found.len(), 118);
}

#[test]
fn where_all_is_wrong() {
    check(wrong_host(), 0);
}

#[test]
fn where_all_is_right() {
    check(right_host(), 1);
}

#[test]
fn in_a_well_kept_swarm() {
    check(swarm_host(), 2);
}

#[test]
fn without_an_engine() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etc/docker")).unwrap();
    let places = Places {
        root: folder.path().to_path_buf(),
        socket: folder.path().join("none.sock"),
        ask_kernel: false,
        ..Places::default()
    };
    let run = look_at(&places);
    let found = outcomes(&run);
    assert!(run.unseen.contains("none.sock"), "{}", run.unseen);
    for (id, expected) in [("2.2", "E"), ("5.5", "E"), ("7.1", "E"), ("3.17", "N")] {
        assert_eq!(found[id], expected, "{id}");
    }
}
