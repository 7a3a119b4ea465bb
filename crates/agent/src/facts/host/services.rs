//! What runs and what listens: the audit daemon, logs, the clock, and ports that others reach.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;

use model::{Observation, Subject};

use super::super::audit_rules::AuditRules;
use super::super::docker::{set, short};
use super::super::limits::CONFIG_FILE_BYTES;
use super::super::listeners;
use super::Look;
use super::kernel::proc;

const CLOCKS: [&str; 6] =
    ["chronyd", "systemd-timesyncd", "ntpd", "ntp-daemon", "openntpd", "ptp4l"];
const LOGGERS: [&str; 4] = ["rsyslogd", "syslog-ng", "vector", "fluent-bit"];
const AUDITORS: [&str; 3] = ["auditd", "laurel", "go-audit"];
/// Most sockets that are told.
const LISTENERS_MAX: usize = 500;
/// Files of which an audit trail is asked.
const WATCHED: [&str; 5] =
    ["/etc/passwd", "/etc/shadow", "/etc/sudoers", "/usr/bin/runc", "/usr/bin/containerd"];

pub(super) fn look(look: &Look<'_>, audit: &Result<AuditRules, String>, out: &mut Observation) {
    let mut subject = Subject::new("services", "");
    for (field, names) in [
        ("services.clock", &CLOCKS[..]),
        ("services.loggers", &LOGGERS[..]),
        ("services.auditors", &AUDITORS[..]),
    ] {
        let found = look.processes.named_any(names).map_err(|error| error.to_string());
        subject.say_or_miss(field, found.map(|all| set(all.into_iter().map(|(_, name)| name))));
    }
    subject.say("services.journal_kept", journal_is_kept(look));
    let unwatched = audit.as_ref().map(|rules| {
        let there = WATCHED.iter().map(Path::new).filter_map(|path| {
            let seen = look.root.look(path).ok().flatten()?;
            let covered = rules.coverage(path, &seen.resolved);
            (covered.extent.as_str() != "full").then(|| path.display().to_string())
        });
        set(there)
    });
    subject.say_or_miss("services.unwatched", unwatched.map_err(Clone::clone));
    out.add(subject);
    listening(look, out);
}

/// Whether the journal outlives a restart (journald.conf(5)).
fn journal_is_kept(look: &Look<'_>) -> bool {
    let mut storage = String::from("auto");
    let mut files = vec!["/etc/systemd/journald.conf".to_owned()];
    let folder = "/etc/systemd/journald.conf.d";
    let names = look.root.names(Path::new(folder), 100).unwrap_or_default();
    files.extend(names.iter().filter(|n| n.ends_with(".conf")).map(|n| format!("{folder}/{n}")));
    for file in files {
        let text = look.root.text(Path::new(&file), CONFIG_FILE_BYTES).ok().flatten();
        let text = text.unwrap_or_default();
        let told = text.lines().filter_map(|line| line.trim().strip_prefix("Storage=")).next_back();
        if let Some(told) = told {
            storage = told.trim().to_owned();
        }
    }
    let folder = look.root.look(Path::new("/var/log/journal")).ok().flatten().is_some();
    storage == "persistent" || (storage == "auto" && folder)
}

/// Sockets that are reached from elsewhere, with the program that listens.
fn listening(look: &Look<'_>, out: &mut Observation) {
    let mut open: BTreeMap<(SocketAddr, &str), u64> = BTreeMap::new();
    for (name, protocol) in [("tcp", ""), ("tcp6", ""), ("udp", "/udp"), ("udp6", "/udp")] {
        let table = match table(look, name) {
            Ok(table) => table,
            Err(why) => {
                out.miss("listener", why);
                continue;
            }
        };
        let parse = if protocol.is_empty() { listeners::parse } else { listeners::parse_udp };
        let reached = parse(&table).into_iter().filter(|(address, _)| !address.ip().is_loopback());
        open.extend(reached.map(|(address, inode)| ((address, protocol), inode)));
    }
    let programs = programs(look, open.values().copied().collect());
    for ((address, protocol), inode) in open.iter().take(LISTENERS_MAX) {
        let program = programs.get(inode).map_or("unknown", String::as_str);
        let mut subject =
            Subject::new("listener", short(&format!("{address}{protocol} ({program})")));
        subject.say("listener.address", address.ip().to_string());
        subject.say("listener.port", i64::from(address.port()));
        subject.say("listener.program", short(program));
        out.add(subject);
    }
    if open.len() > LISTENERS_MAX {
        out.miss("listener", format!("only {LISTENERS_MAX} sockets were looked at"));
    }
    out.lack("listener", "nothing is reached from elsewhere");
}

/// A table of the host's sockets; empty for IPv6 where the kernel has none.
fn table(look: &Look<'_>, name: &str) -> Result<String, String> {
    let has_ipv6 = || look.places.proc.join("sys/net/ipv6").exists();
    match proc(look, &format!("1/net/{name}")) {
        Err(_) if name.ends_with('6') && !has_ipv6() => Ok(String::new()),
        table => table,
    }
}

/// The programs that have sockets open, by the sockets' inodes.
fn programs(look: &Look<'_>, wanted: Vec<u64>) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    for pid in look.processes.all().unwrap_or_default() {
        if found.len() >= wanted.len() {
            break;
        }
        let Ok(sockets) = look.processes.sockets(pid) else { continue };
        let own: Vec<u64> =
            wanted.iter().copied().filter(|inode| sockets.contains(inode)).collect();
        if let (false, Ok(program)) = (own.is_empty(), look.processes.program(pid)) {
            let name = program.file_name().map(|name| name.to_string_lossy().into_owned());
            found.extend(own.into_iter().map(|inode| (inode, name.clone().unwrap_or_default())));
        }
    }
    found
}
