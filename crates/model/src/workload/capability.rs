//! Table: the capabilities of Linux (capabilities(7), `include/uapi/linux/capability.h`), those that
//! engines give to a container unasked, and the spellings of their names.

/// All of them, by their bit.
pub const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// What a container has when nobody says otherwise: Docker's list, which Podman's and containerd's
/// are part of.
pub const DEFAULT_CAPABILITIES: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SYS_CHROOT",
    "CAP_MKNOD",
    "CAP_AUDIT_WRITE",
    "CAP_SETFCAP",
];

/// A capability in the one spelling that compares: `sys_admin` is `CAP_SYS_ADMIN`, `CAP_ALL` is `ALL`.
pub fn capability(word: &str) -> String {
    match bare_capability(word) {
        all if all == "ALL" => all,
        bare => format!("CAP_{bare}"),
    }
}

/// A capability as engines take it: `cap_sys_admin` is `SYS_ADMIN`.
pub fn bare_capability(word: &str) -> String {
    let word = word.trim().to_ascii_uppercase();
    word.strip_prefix("CAP_").map(str::to_owned).unwrap_or(word)
}

/// The capabilities of a set whose bits have names.
pub fn capabilities_of(mask: u64) -> impl Iterator<Item = &'static str> {
    CAPABILITIES.into_iter().enumerate().filter(move |(bit, _)| mask >> bit & 1 == 1).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_that_engines_give_is_the_default() {
        assert_eq!(capabilities_of(0xa804_25fb).collect::<Vec<_>>(), DEFAULT_CAPABILITIES);
        assert_eq!(capabilities_of(u64::MAX).count(), CAPABILITIES.len());
    }

    #[test]
    fn names_have_one_spelling() {
        for (word, long, bare) in [
            ("SYS_ADMIN", "CAP_SYS_ADMIN", "SYS_ADMIN"),
            (" cap_sys_admin ", "CAP_SYS_ADMIN", "SYS_ADMIN"),
            ("all", "ALL", "ALL"),
            ("CAP_ALL", "ALL", "ALL"),
        ] {
            assert_eq!((capability(word).as_str(), bare_capability(word).as_str()), (long, bare));
        }
    }
}
