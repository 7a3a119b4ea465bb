//! Table: capabilities (capabilities(7), `include/uapi/linux/capability.h`), and those that Docker
//! gives by default.

/// Names without `CAP_`, by their bit.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];
/// What a container has when nobody says otherwise.
const DEFAULT: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The names of a mask's bits; a bit without a name by its number.
pub(super) fn of_mask(mask: u64) -> Vec<String> {
    let bits = (0..64_usize).filter(|bit| mask >> bit & 1 == 1);
    bits.map(|bit| NAMES.get(bit).map_or_else(|| format!("{bit}"), |name| (*name).to_owned()))
        .collect()
}

/// What a container is given by what was asked for it.
pub(super) fn asked(privileged: bool, added: &[&str], dropped: &[&str]) -> Vec<String> {
    let name = |word: &str| {
        let upper = word.to_ascii_uppercase();
        upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
    };
    let (added, dropped) = (added.iter().map(|w| name(w)), dropped.iter().map(|w| name(w)));
    let (added, dropped): (Vec<String>, Vec<String>) = (added.collect(), dropped.collect());
    let all = |words: &[String]| words.iter().any(|word| word == "ALL");
    let base: &[&str] = match (privileged || all(&added), all(&dropped)) {
        (true, _) => &NAMES,
        (false, true) => &[],
        (false, false) => &DEFAULT,
    };
    let mut names: Vec<String> = base.iter().map(|name| (*name).to_owned()).collect();
    names.extend(added.into_iter().filter(|name| name != "ALL"));
    if !privileged {
        names.retain(|name| !dropped.contains(name));
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_words() {
        let default = of_mask(0xa804_25fb);
        let mut expected: Vec<String> = DEFAULT.iter().map(|name| (*name).to_owned()).collect();
        let mut found = default.clone();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(of_mask(1 << 60), ["60"]);
        assert_eq!(asked(false, &[], &[]), found);
        assert_eq!(asked(false, &["NET_ADMIN"], &["ALL"]), ["NET_ADMIN"]);
        assert_eq!(asked(false, &["CAP_SYS_ADMIN"], &["all"]), ["SYS_ADMIN"]);
        assert_eq!(asked(true, &[], &["ALL"]).len(), 41);
        assert_eq!(asked(false, &["ALL"], &["SYS_ADMIN"]).len(), 40);
    }
}
