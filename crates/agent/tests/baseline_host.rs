//! The host baseline: a host made of files on which everything is right, one on which everything is
//! wrong, a bare one, and the host that this runs on.

#![allow(clippy::unwrap_used, clippy::too_many_lines)] // A test host that cannot be made is a failure.

mod judged;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use judged::{now, of, outcomes};
use lazaret_agent::baseline::{BaselineRun, hold};
use lazaret_agent::facts::Places;
use model::Outcome;
use policy::baseline::{Baseline, BaselineDecisions};

fn look(places: &Places) -> BaselineRun {
    let now = now();
    let observation = lazaret_agent::facts::host(places);
    hold(&Baseline::host().unwrap(), &observation, &BaselineDecisions::default(), ("host", now))
}

/// A host made of files; gone when dropped.
struct Host {
    folder: tempfile::TempDir,
    uid: u32,
}

/// Settings of the kernel: the name, a right value, a wrong one.
const SETTINGS: [(&str, &str, &str); 26] = [
    ("fs.protected_fifos", "2", "0"),
    ("fs.protected_hardlinks", "1", "0"),
    ("fs.protected_regular", "2", "0"),
    ("fs.protected_symlinks", "1", "0"),
    ("fs.suid_dumpable", "0", "2"),
    ("kernel.dmesg_restrict", "1", "0"),
    ("kernel.kexec_load_disabled", "1", "0"),
    ("kernel.kptr_restrict", "2", "0"),
    ("kernel.modules_disabled", "1", "0"),
    ("kernel.perf_event_paranoid", "3", "-1"),
    ("kernel.randomize_va_space", "2", "1"),
    ("kernel.sysrq", "0", "438"),
    ("kernel.unprivileged_bpf_disabled", "2", "0"),
    ("kernel.yama.ptrace_scope", "1", "0"),
    ("net.core.bpf_jit_harden", "2", "0"),
    ("net.ipv4.conf.all.accept_redirects", "0", "1"),
    ("net.ipv4.conf.all.accept_source_route", "0", "1"),
    ("net.ipv4.conf.all.log_martians", "1", "0"),
    ("net.ipv4.conf.all.rp_filter", "1", "0"),
    ("net.ipv4.conf.all.secure_redirects", "0", "1"),
    ("net.ipv4.conf.all.send_redirects", "0", "1"),
    ("net.ipv4.icmp_echo_ignore_broadcasts", "1", "0"),
    ("net.ipv4.icmp_ignore_bogus_error_responses", "1", "0"),
    ("net.ipv4.tcp_syncookies", "1", "0"),
    ("net.ipv6.conf.all.accept_redirects", "0", "1"),
    ("net.ipv6.conf.all.accept_source_route", "0", "1"),
];
const RIGHT_MOUNTS: &str = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /tmp rw,nosuid,nodev - tmpfs t rw\n3 1 0:3 / /dev/shm rw,nosuid,nodev,noexec - tmpfs t rw\n4 1 8:2 / /var/lib/docker rw - xfs /dev/sdb rw\n5 1 0:9 / /mnt rw,nosuid,nodev - nfs4 a:/b rw\n";
const WRONG_MOUNTS: &str = "1 0 8:1 / / rw - ext4 /dev/sda rw\n5 1 0:9 / /mnt rw - nfs4 a:/b rw\n";
const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

impl Host {
    fn new(uid: u32) -> Option<Host> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: files of other owners need root");
            return None;
        }
        let host = Host { folder: tempfile::tempdir().unwrap(), uid };
        host.file("/proc/sys/kernel/osrelease", "6.1.0\n", 0o644);
        host.file("/proc/modules", "overlay 1 0 - Live 0x0\n", 0o644);
        Some(host)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    fn places(&self) -> Places {
        let root = self.folder.path().to_path_buf();
        Places { proc: root.join("proc"), root, ask_kernel: false, ..Places::default() }
    }

    fn file(&self, path: &str, text: &str, mode: u32) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.keep(&path, mode);
    }

    fn folder(&self, path: &str, mode: u32) {
        fs::create_dir_all(self.at(path)).unwrap();
        self.keep(&self.at(path), mode);
    }

    fn keep(&self, path: &Path, mode: u32) {
        chown(path, Some(self.uid), Some(self.uid)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn process(&self, pid: u32, program: &str, socket: Option<u64>) {
        let folder = self.at(&format!("/proc/{pid}/fd"));
        fs::create_dir_all(&folder).unwrap();
        symlink(program, self.at(&format!("/proc/{pid}/exe"))).unwrap();
        if let Some(inode) = socket {
            symlink(format!("socket:[{inode}]"), folder.join("3")).unwrap();
        }
    }

    fn settings(&self, right: bool) {
        for (name, good, bad) in SETTINGS {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            self.file(&path, &format!("{}\n", if right { good } else { bad }), 0o644);
        }
    }

    /// Tables of sockets with nothing in them, besides that of TCP.
    fn tables(&self) {
        for name in ["tcp6", "udp", "udp6"] {
            self.file(&format!("/proc/1/net/{name}"), HEAD, 0o644);
        }
    }

    /// Files whose modes are judged: with modes of their own, or all the same.
    fn files(&self, same: Option<u32>) {
        let mode = |own: u32| same.unwrap_or(own);
        for path in [
            "/etc/crontab",
            "/etc/cron.daily/x",
            "/boot/grub/grub.cfg",
            "/etc/ssh/ssh_host_rsa_key",
        ] {
            self.file(path, "", mode(0o600));
        }
        self.file("/run/docker.sock", "", mode(0o660));
        for path in [
            "/usr/bin",
            "/usr/local/bin",
            "/etc/cron.daily",
            "/etc",
            "/tmp",
            "/dev/shm",
            "/var/lib/docker",
            "/mnt",
        ] {
            self.folder(path, mode(0o755));
        }
    }

    fn right() -> Option<Host> {
        let host = Host::new(0)?;
        host.settings(true);
        host.tables();
        host.file("/etc/kernel/postinst.d/unattended-upgrades", "", 0o755);
        host.files(None);
        host.file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n", 0o644);
        host.file("/sys/module/apparmor/parameters/enabled", "Y\n", 0o644);
        host.file("/sys/module/module/parameters/sig_enforce", "Y\n", 0o644);
        host.file("/sys/fs/cgroup/cgroup.controllers", "cpu\n", 0o644);
        host.file("/sys/devices/system/cpu/vulnerabilities/meltdown", "Mitigation: PTI\n", 0o644);
        host.file("/proc/1/mountinfo", RIGHT_MOUNTS, 0o644);
        host.file(
            "/etc/passwd",
            "root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\n",
            0o644,
        );
        host.file("/etc/group", "root:x:0:\nsudo:x:27:\n", 0o644);
        host.file("/etc/shadow", "root:*:1::::::\nann:$y$j9T$x:1::::::\n", 0o640);
        host.file("/etc/sudoers", "Defaults use_pty\n@includedir /etc/sudoers.d\n", 0o440);
        host.file("/etc/sudoers.d/own", "ann ALL=(ALL) ALL\n", 0o440);
        host.folder("/etc/sudoers.d", 0o750);
        let ssh = "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nPasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no\nMaxAuthTries 3\nLoginGraceTime 1m\n";
        host.file("/etc/ssh/sshd_config", ssh, 0o600);
        host.file("/etc/ssh/sshd_config.d/a.conf", "PermitRootLogin no\nX11Forwarding no\n", 0o600);
        host.file(
            "/etc/audit/rules.d/a.rules",
            "-w /etc/passwd -p wa\n-w /etc/shadow -p wa\n-w /etc/sudoers -p wa\n",
            0o640,
        );
        host.folder("/var/log/journal", 0o755);
        host.file("/proc/1/net/tcp", &format!("{HEAD}   0: 00000000:0016 00000000:0000 0A 0:0 0:0 0 0 0 77 1 0 100 0\n   1: 0100007F:0947 00000000:0000 0A 0:0 0:0 0 0 0 78 1 0 100 0\n"), 0o644);
        host.process(10, "/usr/sbin/chronyd", None);
        host.process(11, "/usr/sbin/auditd", None);
        host.process(12, "/usr/sbin/sshd", Some(77));
        Some(host)
    }

    fn wrong() -> Option<Host> {
        let host = Host::new(1000)?;
        host.settings(false);
        host.tables();
        host.files(Some(0o777));
        host.file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n", 0o644);
        host.file("/sys/devices/system/cpu/vulnerabilities/meltdown", "Vulnerable\n", 0o644);
        host.file("/proc/modules", "dccp 1 0 - Live 0x0\n", 0o644);
        host.file("/proc/1/mountinfo", WRONG_MOUNTS, 0o644);
        host.file("/run/reboot-required", "", 0o644);
        host.file(
            "/etc/passwd",
            "root:x:0:0::/:/bin/sh\ntoor:aB3:0:0::/:/bin/sh\nsvc:x:99:99::/:/bin/sh\n",
            0o666,
        );
        host.file("/etc/group", "root:x:0:\ndocker:x:106:eve\n", 0o666);
        host.file("/etc/shadow", "root::1::::::\neve:$1$a$b:1::::::\n", 0o666);
        host.file("/etc/sudoers", "Defaults !use_pty\neve ALL=(ALL) NOPASSWD: ALL\n", 0o666);
        let ssh = "PermitRootLogin yes\nPermitEmptyPasswords yes\nX11Forwarding yes\nPermitUserEnvironment yes\nHostbasedAuthentication yes\nLoginGraceTime 0\nMACs hmac-md5\n";
        host.file("/etc/ssh/sshd_config", ssh, 0o666);
        host.file("/etc/systemd/journald.conf", "[Journal]\nStorage=volatile\n", 0o644);
        host.file(
            "/proc/1/net/tcp",
            &format!("{HEAD}   0: 00000000:0947 00000000:0000 0A 0:0 0:0 0 0 0 77 1 0 100 0\n"),
            0o644,
        );
        host.process(12, "/usr/bin/dockerd", Some(77));
        Some(host)
    }
}

#[test]
fn a_right_and_a_wrong_host() {
    let (Some(right), Some(wrong)) = (Host::right(), Host::wrong()) else { return };
    let (right, wrong) = (look(&right.places()), look(&wrong.places()));
    let (on_right, on_wrong) = (outcomes(&right), outcomes(&wrong));
    let mut unexpected = Vec::new();
    for rule in &Baseline::host().unwrap().rules {
        let id = rule.id.as_str();
        let bad = match id {
            // Only people know who may become root, and what others shall reach.
            "LZ-H-4.6" | "LZ-H-8.2" => "H",
            _ => "F",
        };
        for (run, found, expect) in [(&right, &on_right, "P"), (&wrong, &on_wrong, bad)] {
            if found[id] != expect {
                unexpected.push(format!("{id}: {}, not {expect}: {:?}", found[id], of(run, id)));
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    assert_eq!(of(&wrong, "LZ-H-8.1").object, "0.0.0.0:2375 (dockerd)");
}

#[test]
fn what_is_not_known_passes_nothing() {
    let Some(host) = Host::right() else { return };
    let with = |path: &str, text: &str, id: &str, expect: &str| {
        let before = fs::read(host.at(path)).unwrap();
        host.file(path, text, 0o600);
        assert_eq!(outcomes(&look(&host.places()))[id], expect, "{path}: {text}");
        fs::write(host.at(path), before).unwrap();
    };
    let flaw = "/sys/devices/system/cpu/vulnerabilities/meltdown";
    with(flaw, "Mitigation: Clear CPU buffers; SMT vulnerable\n", "LZ-H-2.7", "F");
    with(flaw, "Unknown: No mitigations\n", "LZ-H-2.7", "H");
    let ssh = "/etc/ssh/sshd_config";
    with(ssh, "PasswordAuthentication no\nUsePAM yes\n", "LZ-H-6.2", "F");
    with(ssh, "PasswordAuthentication no\nInclude /etc/ssh/?.conf\n", "LZ-H-6.2", "E");
    let udp = format!("{HEAD}   0: 00000000:00A1 00000000:0000 07 0:0 0:0 0 0 0 79 2 0 0\n");
    with("/proc/1/net/udp", &udp, "LZ-H-8.2", "PH");
    fs::remove_file(host.at("/proc/1/net/tcp6")).unwrap();
    assert!(outcomes(&look(&host.places()))["LZ-H-8.2"].contains('E'));
    fs::remove_file(host.at("/etc/kernel/postinst.d/unattended-upgrades")).unwrap();
    assert_eq!(outcomes(&look(&host.places()))["LZ-H-2.6"], "E");
}

#[test]
fn a_bare_host_is_quiet() {
    let Some(bare) = Host::new(0) else { return };
    bare.file("/etc/passwd", "root:x:0:0::/:/bin/sh\n", 0o644);
    let run = look(&bare.places());
    let found = outcomes(&run);
    for id in ["LZ-H-1.1", "LZ-H-2.7", "LZ-H-5.1", "LZ-H-6.1", "LZ-H-9.7", "LZ-H-9.9"] {
        assert_eq!(found[id], "N", "{id}");
    }
    // What cannot be read passes nothing.
    for id in ["LZ-H-3.1", "LZ-H-4.3", "LZ-H-8.1"] {
        assert_eq!(found[id], "E", "{id}");
    }
    let nowhere = Places { root: "/nowhere".into(), ..Places::default() };
    assert!(look(&nowhere).report.results.iter().all(|result| result.outcome == Outcome::Error));
}

#[test]
fn this_host_answers() {
    let begun = std::time::Instant::now();
    let run = look(&Places::default());
    eprintln!("{} results in {} ms", run.report.results.len(), begun.elapsed().as_millis());
    assert_eq!(outcomes(&run).len(), Baseline::host().unwrap().rules.len());
    let space = fs::read_to_string("/proc/sys/kernel/randomize_va_space").unwrap();
    let expect = if space.trim() == "2" { Outcome::Pass } else { Outcome::Fail };
    assert_eq!(of(&run, "LZ-H-1.1").outcome, expect);
}
