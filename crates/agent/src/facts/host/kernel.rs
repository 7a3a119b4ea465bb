//! The kernel: settings below /proc/sys, lockdown, security modules, loaded modules, processor
//! flaws.

use std::fs::File;
use std::path::Path;

use model::{Observation, Subject};

use super::super::docker::{set, short};
use super::super::limits::{CONFIG_FILE_BYTES, PROC_FILE_BYTES};
use super::super::root::bounded;
use super::Look;

/// Settings that recommendations speak of.
const SETTINGS: [&str; 26] = [
    "fs.protected_fifos",
    "fs.protected_hardlinks",
    "fs.protected_regular",
    "fs.protected_symlinks",
    "fs.suid_dumpable",
    "kernel.dmesg_restrict",
    "kernel.kexec_load_disabled",
    "kernel.kptr_restrict",
    "kernel.modules_disabled",
    "kernel.perf_event_paranoid",
    "kernel.randomize_va_space",
    "kernel.sysrq",
    "kernel.unprivileged_bpf_disabled",
    "kernel.yama.ptrace_scope",
    "net.core.bpf_jit_harden",
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.all.accept_source_route",
    "net.ipv4.conf.all.log_martians",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.secure_redirects",
    "net.ipv4.conf.all.send_redirects",
    "net.ipv4.icmp_echo_ignore_broadcasts",
    "net.ipv4.icmp_ignore_bogus_error_responses",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.accept_redirects",
    "net.ipv6.conf.all.accept_source_route",
];
const FLAWS: &str = "/sys/devices/system/cpu/vulnerabilities";
const FLAWS_MAX: usize = 100;
/// What writes `/run/reboot-required` when an update wants a restart.
const RESTART_TELLERS: [&str; 3] = [
    "/usr/share/update-notifier/notify-reboot-required",
    "/etc/kernel/postinst.d/update-notifier",
    "/etc/kernel/postinst.d/unattended-upgrades",
];

pub(super) fn look(look: &Look<'_>, out: &mut Observation) {
    settings(look, out);
    flaws(look, out);
    let mut kernel = Subject::new("kernel", "");
    let lockdown = sys(look, "/sys/kernel/security/lockdown").map(|text| chosen(&text));
    kernel.say("kernel.lockdown", short(lockdown.as_deref().unwrap_or("none")));
    kernel.say("kernel.security_modules", set(security_modules(look)));
    let signed = sys(look, "/sys/module/module/parameters/sig_enforce");
    kernel.say("kernel.signed_modules_only", signed.as_deref() == Some("Y"));
    let cgroups = look.root.look(Path::new("/sys/fs/cgroup/cgroup.controllers"));
    kernel.say_or_miss(
        "kernel.cgroup_v2",
        cgroups.map(|seen| seen.is_some()).map_err(|e| e.to_string()),
    );
    let modules = proc(look, "modules");
    kernel.say_or_miss("kernel.modules", modules.map(|text| set(module_names(&text))));
    let release = proc(look, "sys/kernel/osrelease");
    kernel.say_or_miss("kernel.release", release.map(|text| short(text.trim())));
    kernel.say_or_miss("kernel.reboot_pending", restart_pending(look));
    out.add(kernel);
}

/// Whether the host waits to be started again, where something writes it down.
fn restart_pending(look: &Look<'_>) -> Result<bool, String> {
    let there = |path: &str| {
        let seen = look.root.look(Path::new(path)).map_err(|error| error.to_string())?;
        Ok::<bool, String>(seen.is_some())
    };
    if there("/run/reboot-required")? {
        return Ok(true);
    }
    let is_written = RESTART_TELLERS.iter().any(|path| there(path).unwrap_or_default());
    let nobody = || "nothing on this host writes /run/reboot-required".to_owned();
    if is_written { Ok(false) } else { Err(nobody()) }
}

fn settings(look: &Look<'_>, out: &mut Observation) {
    if let Err(why) = proc(look, "sys/kernel/osrelease") {
        out.miss("sysctl", why);
        return;
    }
    for name in SETTINGS {
        let path = format!("sys/{}", name.replace('.', "/"));
        // What the kernel was built without is not there.
        if !look.places.proc.join(&path).exists() {
            continue;
        }
        let mut subject = Subject::new("sysctl", name);
        subject.say("sysctl.name", name);
        let value = proc(look, &path).map(|text| short(text.trim()));
        subject.say_or_miss(
            "sysctl.number",
            value
                .clone()
                .and_then(|text| text.parse::<i64>().map_err(|_| format!("`{text}` is no number"))),
        );
        subject.say_or_miss("sysctl.value", value);
        out.add(subject);
    }
}

fn flaws(look: &Look<'_>, out: &mut Observation) {
    let folder = Path::new(FLAWS);
    let names = match look.root.names(folder, FLAWS_MAX) {
        Ok(names) => names,
        Err(error) => return out.miss("cpu", format!("{FLAWS}: {error}")),
    };
    for name in names {
        let path = format!("{FLAWS}/{name}");
        let state = look.root.text(Path::new(&path), CONFIG_FILE_BYTES);
        let state = state.map_err(|error| format!("{path}: {error}"));
        let state = state.and_then(|text| text.ok_or_else(|| format!("{path} is gone")));
        let mut subject = Subject::new("cpu", short(&name));
        subject.say_or_miss("cpu.state", state.map(|text| short(text.trim())));
        out.add(subject);
    }
}

/// The security modules that decide about programs, where they enforce.
fn security_modules(look: &Look<'_>) -> Vec<&'static str> {
    let mut found = Vec::new();
    if sys(look, "/sys/module/apparmor/parameters/enabled").as_deref() == Some("Y") {
        found.push("apparmor");
    }
    if sys(look, "/sys/fs/selinux/enforce").as_deref() == Some("1") {
        found.push("selinux");
    }
    let all = sys(look, "/sys/kernel/security/lsm").unwrap_or_default();
    found.extend(
        ["smack", "tomoyo"].into_iter().filter(|name| all.split(',').any(|one| one == *name)),
    );
    found
}

/// `none [integrity] confidentiality`: the one in brackets.
fn chosen(text: &str) -> String {
    let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inside.map_or("none", |(word, _)| word).to_owned()
}

fn module_names(text: &str) -> Vec<&str> {
    // Of all modules only those are told that a recommendation may name.
    const NAMED: [&str; 18] = [
        "cramfs",
        "freevxfs",
        "jffs2",
        "hfs",
        "hfsplus",
        "udf",
        "usb_storage",
        "firewire_core",
        "dccp",
        "sctp",
        "rds",
        "tipc",
        "ax25",
        "netrom",
        "rose",
        "can",
        "atm",
        "appletalk",
    ];
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| NAMED.contains(name)).collect()
}

fn sys(look: &Look<'_>, path: &str) -> Option<String> {
    let text = look.root.text(Path::new(path), CONFIG_FILE_BYTES).ok().flatten()?;
    Some(text.trim().to_owned())
}

/// A file of /proc.
pub(super) fn proc(look: &Look<'_>, path: &str) -> Result<String, String> {
    let path = look.places.proc.join(path);
    let bytes = File::open(&path).and_then(|file| bounded(file, PROC_FILE_BYTES));
    let bytes = bytes.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        assert_eq!(chosen("none [integrity] confidentiality\n"), "integrity");
        assert_eq!(chosen("[none] integrity"), "none");
        assert_eq!(chosen(""), "none");
        let modules = "overlay 1 0 - Live 0x0\nsctp 1 0 - Live 0x0\n\n";
        assert_eq!(module_names(modules), ["sctp"]);
    }
}
