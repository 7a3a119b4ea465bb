//! Table: numbers of the kernel as the words that rules compare them with, in libs' rendering.
//! Source: Linux's uapi headers and the field documentation of falcosecurity/libs.

/// A number's flags by name, joined by `|`; `none` where there are none.
pub(super) fn joined(value: u64, table: &[(u64, &str)], none: &str) -> String {
    let names: Vec<&str> = table
        .iter()
        .filter(|(flag, _)| *flag != 0 && value & flag == *flag)
        .map(|(_, name)| *name)
        .collect();
    if names.is_empty() { none.to_owned() } else { names.join("|") }
}

/// A number's one name.
pub(super) fn named(value: u64, table: &[(u64, &'static str)]) -> Option<&'static str> {
    table.iter().find(|(number, _)| *number == value).map(|(_, name)| *name)
}

/// The flags of `open(2)` whose numbers each kind of machine has for itself.
#[cfg(not(target_arch = "aarch64"))]
const OPEN_OF_MACHINE: [u64; 3] = [0o40_000, 0o200_000, 0o400_000];
#[cfg(target_arch = "aarch64")]
const OPEN_OF_MACHINE: [u64; 3] = [0o200_000, 0o40_000, 0o100_000];
const O_DIRECTORY: u64 = OPEN_OF_MACHINE[1];

/// `open(2)`'s flags beside the access mode.
pub(super) const OPEN: &[(u64, &str)] = &[
    (0o100, "O_CREAT"),
    (0o2000, "O_APPEND"),
    (OPEN_OF_MACHINE[0], "O_DIRECT"),
    (O_DIRECTORY, "O_DIRECTORY"),
    (0o200, "O_EXCL"),
    (0o4000, "O_NONBLOCK"),
    (0o1000, "O_TRUNC"),
    (OPEN_OF_MACHINE[2], "O_NOFOLLOW"),
    (0o2_000_000, "O_CLOEXEC"),
    (0o10_000_000, "O_PATH"),
    (0o20_000_000 | O_DIRECTORY, "O_TMPFILE"),
];

/// `open(2)`'s flags, the access mode first.
pub(super) fn open(flags: u32) -> String {
    let access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR"][(flags & 3) as usize];
    let rest = joined(u64::from(flags), OPEN, "");
    if rest.is_empty() { access.to_owned() } else { format!("{access}|{rest}") }
}

/// Bits of a mode.
pub(super) const MODE: &[(u64, &str)] = &[
    (0o1, "S_IXOTH"),
    (0o2, "S_IWOTH"),
    (0o4, "S_IROTH"),
    (0o10, "S_IXGRP"),
    (0o20, "S_IWGRP"),
    (0o40, "S_IRGRP"),
    (0o100, "S_IXUSR"),
    (0o200, "S_IWUSR"),
    (0o400, "S_IRUSR"),
    (0o1000, "S_ISVTX"),
    (0o2000, "S_ISGID"),
    (0o4000, "S_ISUID"),
];

/// `clone(2)`'s flags for namespaces.
pub(super) const CLONE: &[(u64, &str)] = &[
    (0x0002_0000, "CLONE_NEWNS"),
    (0x0200_0000, "CLONE_NEWCGROUP"),
    (0x0400_0000, "CLONE_NEWUTS"),
    (0x0800_0000, "CLONE_NEWIPC"),
    (0x1000_0000, "CLONE_NEWUSER"),
    (0x2000_0000, "CLONE_NEWPID"),
    (0x4000_0000, "CLONE_NEWNET"),
    (0x100, "CLONE_VM"),
    (0x200, "CLONE_FS"),
    (0x400, "CLONE_FILES"),
];

/// `ptrace(2)`'s requests.
pub(super) const PTRACE: &[(u64, &str)] = &[
    (0, "PTRACE_TRACEME"),
    (1, "PTRACE_PEEKTEXT"),
    (2, "PTRACE_PEEKDATA"),
    (3, "PTRACE_PEEKUSR"),
    (4, "PTRACE_POKETEXT"),
    (5, "PTRACE_POKEDATA"),
    (6, "PTRACE_POKEUSR"),
    (7, "PTRACE_CONT"),
    (8, "PTRACE_KILL"),
    (9, "PTRACE_SINGLESTEP"),
    (12, "PTRACE_GETREGS"),
    (13, "PTRACE_SETREGS"),
    (14, "PTRACE_GETFPREGS"),
    (15, "PTRACE_SETFPREGS"),
    (16, "PTRACE_ATTACH"),
    (17, "PTRACE_DETACH"),
    (24, "PTRACE_SYSCALL"),
    (0x4200, "PTRACE_SETOPTIONS"),
    (0x4204, "PTRACE_GETREGSET"),
    (0x4205, "PTRACE_SETREGSET"),
    (0x4206, "PTRACE_SEIZE"),
    (0x4207, "PTRACE_INTERRUPT"),
];

/// `bpf(2)`'s commands.
pub(super) const BPF: &[(u64, &str)] = &[
    (0, "BPF_MAP_CREATE"),
    (1, "BPF_MAP_LOOKUP_ELEM"),
    (2, "BPF_MAP_UPDATE_ELEM"),
    (3, "BPF_MAP_DELETE_ELEM"),
    (4, "BPF_MAP_GET_NEXT_KEY"),
    (5, "BPF_PROG_LOAD"),
    (6, "BPF_OBJ_PIN"),
    (7, "BPF_OBJ_GET"),
    (8, "BPF_PROG_ATTACH"),
    (9, "BPF_PROG_DETACH"),
    (10, "BPF_PROG_TEST_RUN"),
    (17, "BPF_RAW_TRACEPOINT_OPEN"),
    (18, "BPF_BTF_LOAD"),
    (28, "BPF_LINK_CREATE"),
    (34, "BPF_LINK_DETACH"),
];

/// `socket(2)`'s domains.
pub(super) const DOMAIN: &[(u64, &str)] = &[
    (1, "AF_UNIX"),
    (2, "AF_INET"),
    (10, "AF_INET6"),
    (15, "AF_KEY"),
    (16, "AF_NETLINK"),
    (17, "AF_PACKET"),
    (38, "AF_ALG"),
    (40, "AF_VSOCK"),
    (44, "AF_XDP"),
];

/// `mount(2)`'s flags.
pub(super) const MOUNT: &[(u64, &str)] = &[
    (1, "MS_RDONLY"),
    (2, "MS_NOSUID"),
    (4, "MS_NODEV"),
    (8, "MS_NOEXEC"),
    (32, "MS_REMOUNT"),
    (4096, "MS_BIND"),
    (8192, "MS_MOVE"),
    (16384, "MS_REC"),
    (1 << 17, "MS_UNBINDABLE"),
    (1 << 18, "MS_PRIVATE"),
    (1 << 19, "MS_SLAVE"),
    (1 << 20, "MS_SHARED"),
];

/// Errors that rules name; others are `E` and the number.
const ERRORS: &[(u64, &str)] = &[
    (1, "EPERM"),
    (2, "ENOENT"),
    (3, "ESRCH"),
    (4, "EINTR"),
    (5, "EIO"),
    (9, "EBADF"),
    (11, "EAGAIN"),
    (12, "ENOMEM"),
    (13, "EACCES"),
    (14, "EFAULT"),
    (16, "EBUSY"),
    (17, "EEXIST"),
    (19, "ENODEV"),
    (20, "ENOTDIR"),
    (21, "EISDIR"),
    (22, "EINVAL"),
    (24, "EMFILE"),
    (26, "ETXTBSY"),
    (28, "ENOSPC"),
    (30, "EROFS"),
    (38, "ENOSYS"),
    (40, "ELOOP"),
    (95, "EOPNOTSUPP"),
    (98, "EADDRINUSE"),
    (99, "EADDRNOTAVAIL"),
    (101, "ENETUNREACH"),
    (103, "ECONNABORTED"),
    (104, "ECONNRESET"),
    (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"),
    (113, "EHOSTUNREACH"),
    (115, "EINPROGRESS"),
];

/// A result as `SUCCESS` or an error's name.
pub(super) fn error(result: i64) -> String {
    if result >= 0 {
        return "SUCCESS".to_owned();
    }
    let number = result.unsigned_abs();
    named(number, ERRORS).map_or_else(|| format!("E{number}"), str::to_owned)
}

/// A set of capabilities by name.
pub(super) fn held(set: u64) -> Vec<&'static str> {
    model::capabilities_of(set).collect()
}

/// A set of capabilities by name, joined by blanks.
pub(super) fn capabilities(set: u64) -> String {
    held(set).join(" ")
}
