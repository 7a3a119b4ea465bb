//! Table: the system calls that the sensor knows. Numbers of this machine come from its headers,
//! those of the 32-bit interfaces from `arch/x86/entry/syscalls/syscall_32.tbl` and
//! `arch/arm/tools/syscall.tbl` of Linux.

/// How the kernel's side fills an event; `enum handler` of `bpf/event.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filling {
    Plain = 0,
    Opened = 1,
    Fd = 2,
    ResultFd = 3,
    Send = 4,
    At = 5,
    Terminal = 6,
    Message = 7,
    Trace = 8,
    Mount = 9,
    First = 10,
}

/// A system call and how it is told.
#[derive(Debug)]
pub(crate) struct Syscall {
    pub(crate) name: &'static str,
    /// Its number on this machine.
    pub(crate) number: u32,
    /// Its number in the 32-bit interface; `None` where it has none or another shape.
    pub(crate) compat: Option<u32>,
    pub(crate) handler: Filling,
    /// Which arguments are texts, from 1; 0 for none. Of calls that send the second says where the
    /// bytes are: 1 in a buffer, 2 in pieces.
    pub(crate) texts: (u8, u8),
    /// The first argument is the fd of a directory.
    pub(crate) directory_fd: bool,
    /// Rare and telling: changes privileges, namespaces, mounts or the kernel.
    pub(crate) rare: bool,
}

/// The call of a name.
pub(crate) fn by_name(name: &str) -> Option<&'static Syscall> {
    every().find(|call| call.name == name)
}

/// The call of a number of this machine.
pub(crate) fn by_number(number: u32) -> Option<&'static Syscall> {
    every().find(|call| call.number == number)
}

macro_rules! calls {
    ($($number:ident $name:literal $i386:literal $arm:literal $handler:ident $first:literal $second:literal $($mark:ident)*;)*) => {
        &[$(Syscall {
            name: $name,
            number: numbers::$number as u32,
            compat: compat_number($i386, $arm),
            handler: Filling::$handler,
            texts: ($first, $second),
            directory_fd: false $(|| mark!($mark directory))*,
            rare: false $(|| mark!($mark rare))*,
        }),*]
    };
}

macro_rules! mark {
    (directory directory) => {
        true
    };
    (rare rare) => {
        true
    };
    ($other:ident $wanted:ident) => {
        false
    };
}

const fn compat_number(i386: u32, arm: u32) -> Option<u32> {
    match if cfg!(target_arch = "aarch64") { arm } else { i386 } {
        0 => None,
        number => Some(number),
    }
}

/// Calls of every machine, each with its numbers for i386 and for 32-bit Arm (0: none).
pub(crate) static CALLS: &[Syscall] = calls! {
    SYS_openat "openat" 295 322 Opened 2 0 directory;
    SYS_openat2 "openat2" 437 437 Opened 2 3 directory;
    SYS_open_by_handle_at "open_by_handle_at" 342 371 Opened 0 0 rare;
    SYS_renameat "renameat" 302 329 At 2 4 directory;
    SYS_renameat2 "renameat2" 353 382 At 2 4 directory;
    SYS_unlinkat "unlinkat" 301 328 At 2 0 directory;
    SYS_mkdirat "mkdirat" 296 323 At 2 0 directory;
    SYS_symlinkat "symlinkat" 304 331 At 1 3;
    SYS_linkat "linkat" 303 330 At 2 4 directory;
    SYS_mknodat "mknodat" 297 324 At 2 0 directory rare;
    SYS_fchmodat "fchmodat" 306 333 At 2 0 directory;
    SYS_fchmod "fchmod" 94 94 Fd 0 0;
    SYS_fchownat "fchownat" 298 325 At 2 0 directory;
    SYS_fchown "fchown" 95 95 Fd 0 0;
    SYS_truncate "truncate" 92 92 At 1 0;
    SYS_ftruncate "ftruncate" 93 93 Fd 0 0;
    SYS_chdir "chdir" 12 12 At 1 0;
    SYS_fchdir "fchdir" 133 133 Fd 0 0;
    SYS_chroot "chroot" 61 61 At 1 0 rare;
    SYS_pivot_root "pivot_root" 217 218 At 1 2 rare;
    SYS_mount "mount" 21 21 Mount 1 2 rare;
    SYS_umount2 "umount2" 52 52 Plain 1 0 rare;
    SYS_fsopen "fsopen" 430 430 Plain 1 0 rare;
    SYS_fsconfig "fsconfig" 431 431 Plain 3 4 rare;
    SYS_fsmount "fsmount" 432 432 Plain 0 0 rare;
    SYS_move_mount "move_mount" 429 429 At 2 4 directory rare;
    SYS_open_tree "open_tree" 428 428 At 2 0 directory rare;
    SYS_socket "socket" 359 281 Plain 0 0;
    SYS_connect "connect" 362 283 Send 0 0;
    SYS_bind "bind" 361 282 Send 0 0;
    SYS_listen "listen" 363 284 Fd 0 0;
    SYS_accept4 "accept4" 364 366 ResultFd 0 0;
    SYS_accept "accept" 0 285 ResultFd 0 0;
    SYS_sendto "sendto" 369 290 Send 0 1;
    SYS_sendmsg "sendmsg" 370 296 Message 0 2;
    SYS_sendmmsg "sendmmsg" 345 374 Message 0 2;
    SYS_write "write" 4 4 First 0 1;
    SYS_writev "writev" 146 146 First 0 2;
    SYS_recvfrom "recvfrom" 371 292 Fd 0 0;
    SYS_recvmsg "recvmsg" 372 297 Message 0 0;
    SYS_dup "dup" 41 41 ResultFd 0 0;
    SYS_dup3 "dup3" 330 358 ResultFd 0 0;
    SYS_setns "setns" 346 375 Fd 0 0 rare;
    SYS_unshare "unshare" 310 337 Plain 0 0 rare;
    SYS_setuid "setuid" 213 213 Plain 0 0 rare;
    SYS_setgid "setgid" 214 214 Plain 0 0 rare;
    SYS_setreuid "setreuid" 203 203 Plain 0 0 rare;
    SYS_setresuid "setresuid" 208 208 Plain 0 0 rare;
    SYS_setresgid "setresgid" 210 210 Plain 0 0 rare;
    SYS_capset "capset" 185 185 Plain 0 0 rare;
    SYS_ptrace "ptrace" 26 26 Trace 0 0 rare;
    SYS_process_vm_readv "process_vm_readv" 347 376 Plain 0 0 rare;
    SYS_process_vm_writev "process_vm_writev" 348 377 Plain 0 0 rare;
    SYS_pidfd_getfd "pidfd_getfd" 438 438 ResultFd 0 0 rare;
    SYS_bpf "bpf" 357 386 Plain 0 0 rare;
    SYS_userfaultfd "userfaultfd" 374 388 Plain 0 0 rare;
    SYS_init_module "init_module" 128 128 Plain 0 0 rare;
    SYS_finit_module "finit_module" 350 379 Fd 0 0 rare;
    SYS_delete_module "delete_module" 129 129 Plain 1 0 rare;
    SYS_kexec_load "kexec_load" 283 347 Plain 0 0 rare;
    SYS_keyctl "keyctl" 288 311 Plain 0 0 rare;
    SYS_memfd_create "memfd_create" 356 385 ResultFd 0 0 rare;
    SYS_io_uring_setup "io_uring_setup" 425 425 Plain 0 0 rare;
    SYS_perf_event_open "perf_event_open" 336 364 Plain 0 0 rare;
    SYS_splice "splice" 313 340 Fd 0 0;
    SYS_kill "kill" 37 37 Plain 0 0;
    SYS_read "read" 3 3 Terminal 0 0;
};

/// What older machines have beside the newer forms. On arm64 only 32-bit programs have them.
pub(crate) static OLD_CALLS: &[Syscall] = calls! {
    SYS_open "open" 5 5 Opened 1 0;
    SYS_creat "creat" 8 8 Opened 1 0;
    SYS_rename "rename" 38 38 At 1 2;
    SYS_unlink "unlink" 10 10 At 1 0;
    SYS_rmdir "rmdir" 40 40 At 1 0;
    SYS_mkdir "mkdir" 39 39 At 1 0;
    SYS_symlink "symlink" 83 83 At 1 2;
    SYS_link "link" 9 9 At 1 2;
    SYS_mknod "mknod" 14 14 At 1 0 rare;
    SYS_chmod "chmod" 15 15 At 1 0;
    SYS_chown "chown" 212 212 At 1 0;
    SYS_lchown "lchown" 198 198 At 1 0;
    SYS_dup2 "dup2" 63 63 ResultFd 0 0;
};

/// Numbers of this machine.
mod numbers {
    pub(super) use libc::*;

    #[cfg(target_arch = "aarch64")]
    pub(super) use super::narrow_only::*;
}

/// Numbers of our own for calls that arm64 knows in its 32-bit interface only: from
/// `NARROW_ONLY_FIRST` of `bpf/maps.h` on, where no 64-bit caller's number is looked up.
#[cfg(target_arch = "aarch64")]
#[expect(non_upper_case_globals, reason = "named as the libc's own")]
mod narrow_only {
    pub(super) const SYS_open: i64 = 512;
    pub(super) const SYS_creat: i64 = 513;
    pub(super) const SYS_rename: i64 = 514;
    pub(super) const SYS_unlink: i64 = 515;
    pub(super) const SYS_rmdir: i64 = 516;
    pub(super) const SYS_mkdir: i64 = 517;
    pub(super) const SYS_symlink: i64 = 518;
    pub(super) const SYS_link: i64 = 519;
    pub(super) const SYS_mknod: i64 = 520;
    pub(super) const SYS_chmod: i64 = 521;
    pub(super) const SYS_chown: i64 = 522;
    pub(super) const SYS_lchown: i64 = 523;
    pub(super) const SYS_dup2: i64 = 524;
}

/// Other numbers of the 32-bit interface for the same calls: those with identities of 16 bits (or, of
/// `fchown`, of 32), with lengths of 64 bits, and the first `umount`.
#[cfg(not(target_arch = "aarch64"))]
pub(crate) static COMPAT_ALIASES: &[(u32, &str)] = &[
    (16, "lchown"),
    (22, "umount2"),
    (23, "setuid"),
    (46, "setgid"),
    (70, "setreuid"),
    (164, "setresuid"),
    (170, "setresgid"),
    (182, "chown"),
    (193, "truncate"),
    (194, "ftruncate"),
    (207, "fchown"),
];
/// The same of 32-bit Arm, whose `send` and `recv` are calls of their own.
#[cfg(target_arch = "aarch64")]
pub(crate) static COMPAT_ALIASES: &[(u32, &str)] = &[
    (16, "lchown"),
    (23, "setuid"),
    (46, "setgid"),
    (70, "setreuid"),
    (164, "setresuid"),
    (170, "setresgid"),
    (182, "chown"),
    (193, "truncate"),
    (194, "ftruncate"),
    (207, "fchown"),
    (289, "sendto"),
    (291, "recvfrom"),
];

/// What `socketcall(2)` stands for, by its first argument; `linux/net.h`.
pub(crate) static SOCKET_CALLS: &[(u32, &str)] = &[
    (1, "socket"),
    (2, "bind"),
    (3, "connect"),
    (4, "listen"),
    (5, "accept"),
    (9, "sendto"),
    (10, "recvfrom"),
    (11, "sendto"),
    (12, "recvfrom"),
    (16, "sendmsg"),
    (17, "recvmsg"),
    (18, "accept4"),
];

/// Operations of io_uring and the calls that do the same; `linux/io_uring.h`. Those that open are told
/// under one name, and so are those that send without a copy.
pub(crate) static RING_CALLS: &[(u32, &str)] = &[
    (2, "writev"),
    (9, "sendmsg"),
    (13, "accept4"),
    (16, "connect"),
    (18, "openat"),
    (23, "write"),
    (26, "sendto"),
    (28, "openat"),
    (35, "renameat2"),
    (36, "unlinkat"),
    (37, "mkdirat"),
    (38, "symlinkat"),
    (39, "linkat"),
    (45, "socket"),
    (47, "sendto"),
    (48, "sendmsg"),
    (56, "bind"),
    (57, "listen"),
];

/// The first number that only x32 has.
pub(crate) const X32_FIRST: u32 = 512;
/// Calls with a number of their own in x32; `arch/x86/entry/syscalls/syscall_64.tbl`.
pub(crate) static X32_CALLS: &[(u32, &str)] = &[
    (516, "writev"),
    (517, "recvfrom"),
    (518, "sendmsg"),
    (519, "recvmsg"),
    (521, "ptrace"),
    (528, "kexec_load"),
    (538, "sendmmsg"),
    (539, "process_vm_readv"),
    (540, "process_vm_writev"),
];

/// This machine's number for a number of a table of others.
pub(crate) fn translated(table: &[(u32, &str)], number: u32) -> Option<u32> {
    let (_, name) = table.iter().find(|(other, _)| *other == number)?;
    by_name(name).map(|call| call.number)
}

/// All of them.
pub(crate) fn every() -> impl Iterator<Item = &'static Syscall> {
    CALLS.iter().chain(OLD_CALLS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_number_stands_for_two_calls() {
        let numbers: HashSet<u32> = every().map(|call| call.number).collect();
        assert_eq!(numbers.len(), every().count());
        let compat: Vec<u32> = every().filter_map(|call| call.compat).collect();
        assert_eq!(compat.iter().collect::<HashSet<_>>().len(), compat.len());
        for table in [COMPAT_ALIASES, SOCKET_CALLS, X32_CALLS, RING_CALLS] {
            assert!(table.iter().all(|(_, name)| by_name(name).is_some()));
        }
        assert!(COMPAT_ALIASES.iter().all(|(number, _)| !compat.contains(number)));
        assert!(every().all(|call| call.number < crate::limits::MAX_SYSCALLS));
    }
}
