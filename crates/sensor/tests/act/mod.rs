//! The things that the test's own program does when it is started again.

#![allow(unsafe_code, reason = "bare system calls are what is tested")]

#[cfg_attr(target_arch = "aarch64", path = "narrow_arm.rs")]
mod narrow;
mod ring;

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType,
};

/// Environment that names the thing, and more about it.
pub const ASKED: &str = "LAZARET_ACT";
pub const DETAIL: &str = "LAZARET_ACT_DETAIL";
/// What the requests through a ring are told as; 18 is an open that wants no end told.
pub const REQUESTS: [&str; 11] = [
    "openat",
    "openat",
    "18",
    "renameat2",
    "connect",
    "connect",
    "accept4",
    "write",
    "sendto",
    "write",
    "socket",
];

pub fn perform(name: &str) {
    match name {
        "narrow" => narrow::perform(std::env::var(DETAIL).unwrap().parse().unwrap()),
        "pass" => pass(),
        "say" => say(std::env::var(DETAIL).unwrap().parse().unwrap()),
        "threads" => threads(),
        "trace" => trace(std::env::var(DETAIL).unwrap().parse().unwrap()),
        "mount" => mount(&std::env::var(DETAIL).unwrap()),
        "io_uring" => ring::perform(),
        "io_uring that waits" => ring::wait_in_line(),
        _ => {}
    }
}

/// A file's descriptor from one end of a socket to the other.
fn pass() {
    let pair = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    );
    let (here, there) = pair.unwrap();
    let file = File::open("/etc/hostname").unwrap();
    let fds = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut sent = SendAncillaryBuffer::new(&mut space);
    assert!(sent.push(SendAncillaryMessage::ScmRights(&fds)));
    rustix::net::sendmsg(&here, &[IoSlice::new(b"x")], &mut sent, SendFlags::empty()).unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut got = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::empty();
    rustix::net::recvmsg(&there, &mut [IoSliceMut::new(&mut byte)], &mut got, flags).unwrap();
}

/// Says something over connections of its own, each in another way.
fn say(port: u16) {
    use std::net::TcpStream;

    let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let write = |to: &OwnedFd, bytes: &[u8]| {
        assert_eq!(rustix::io::write(to, bytes).unwrap(), bytes.len());
    };
    let long = [b'x'; 200];
    let written = OwnedFd::from(connect());
    write(&written, b"one");
    write(&written, b" two");
    write(&written, &long);
    write(&written, b"not among the first");
    let pieces = OwnedFd::from(connect());
    let vector = [IoSlice::new(b""), IoSlice::new(b"in pieces"), IoSlice::new(&long)];
    rustix::io::writev(&pieces, &vector).unwrap();
    write(&pieces, b"not among the first");
    let mut none = SendAncillaryBuffer::default();
    let message = OwnedFd::from(connect());
    for text in [&b"a message"[..], b"another"] {
        let flags = SendFlags::empty();
        rustix::net::sendmsg(&message, &[IoSlice::new(text)], &mut none, flags).unwrap();
    }
    let sent = OwnedFd::from(connect());
    rustix::net::send(&sent, &long, SendFlags::empty()).unwrap();
    write(&sent, b"not among the first");
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"a file").unwrap();
}

/// What is opened when only the second thread is left.
pub const OPENED_LATE: &str = "/proc/self/../self/limits";

/// A child whose first thread ends; the second one goes on, and becomes a program that ends with 5.
fn threads() {
    // SAFETY: the child makes what it needs anew and never returns.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            std::thread::spawn(|| second(libc::getpid()));
            libc::syscall(libc::SYS_exit, 0);
        }
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
    }
}

fn second(pid: libc::pid_t) -> ! {
    let state = format!("/proc/self/task/{pid}/stat");
    while !std::fs::read_to_string(&state).unwrap().contains(") Z ") {
        std::thread::yield_now();
    }
    let _ = File::open(OPENED_LATE);
    let failed = Command::new("/bin/sh").args(["-c", "exit 5"]).exec();
    panic!("{failed}");
}

/// Traces a process without stopping it, until this one ends.
fn trace(pid: libc::pid_t) {
    // SAFETY: the request has no other arguments.
    unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0, 0) };
}

/// Mounts in a namespace of its own: memory, then a folder of it elsewhere.
fn mount(folder: &str) {
    let path = |name: &str| std::ffi::CString::new(format!("{folder}/{name}")).unwrap();
    let (one, two, deep) = (path("one"), path("two"), path("one/deep/er"));
    std::fs::create_dir(format!("{folder}/one")).unwrap();
    std::fs::create_dir(format!("{folder}/two")).unwrap();
    let mount = |source: &std::ffi::CStr, target: &std::ffi::CStr, kind: &std::ffi::CStr, flags| {
        let none = std::ptr::null();
        // SAFETY: the texts are ended by a NUL.
        unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, none) }
    };
    // SAFETY: only this thread's view of mounts changes.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return;
    }
    mount(c"none", c"/", c"", libc::MS_REC | libc::MS_PRIVATE);
    mount(c"none", &one, c"tmpfs", 0);
    std::fs::create_dir_all(format!("{folder}/one/deep/er")).unwrap();
    mount(&deep, &two, c"", libc::MS_BIND);
}

/// Both sides of a new terminal.
pub fn terminal() -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let terminal = File::options().read(true).write(true).open(path).unwrap();
    (File::from(master), terminal)
}

/// Types a line, then, when asked, one that is not echoed.
pub fn typist(mut master: &File) {
    master.write_all(b"a line\n").unwrap();
    let (mut said, mut chunk) = (Vec::new(), [0; 256]);
    let mut asked = false;
    // The read fails when the other side is closed.
    while let Ok(length) = master.read(&mut chunk) {
        said.extend_from_slice(&chunk[..length]);
        if length == 0 {
            break;
        }
        if !asked && said.windows(5).any(|word| word == b"ready") {
            asked = true;
            master.write_all(b"secret\n").unwrap();
        }
    }
    assert!(asked, "{:?}", String::from_utf8_lossy(&said));
}
