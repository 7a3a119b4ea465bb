//! An io_uring with nothing but the kernel: requests that open, rename, connect, accept and send, one
//! after the other.

use std::net::TcpListener;
use std::os::fd::AsRawFd as _;

const ENTRIES: u32 = 4;
/// Requests that are kept until they are done; `RING_REQUESTS` of `bpf/maps.h`.
const KEPT: usize = 4096;
const ACCEPT: u8 = 13;
const CONNECT: u8 = 16;
const OPENAT: u8 = 18;
const READ: u8 = 22;
const WRITE: u8 = 23;
const SEND: u8 = 26;
const RENAMEAT: u8 = 35;
const SOCKET: u8 = 45;
/// `IOSQE_IO_LINK`.
const LINKED: u8 = 1 << 2;
/// `IOSQE_CQE_SKIP_SUCCESS`.
const NO_END: u8 = 1 << 6;
const REGISTER_FILES: u32 = 2;
const SQE_BYTES: usize = 64;
const SQES_OFFSET: i64 = 0x1000_0000;
/// `struct io_uring_params`: 40 bytes, then the offsets of the submission and the completion ring.
const PARAMS_BYTES: usize = 120;
const SUBMISSION: usize = 40;
const COMPLETION: usize = 80;
const RING_BYTES: usize = 4096;

/// `struct io_uring_sqe`, the fields that are used here.
#[derive(Clone, Copy, Default)]
struct Request {
    opcode: u8,
    flags: u8,
    fd: i32,
    offset: u64,
    address: u64,
    length: u32,
    /// A place in the ring's own table, from 1.
    slot: u32,
}

struct Ring {
    fd: i32,
    ring: *mut u8,
    sqes: *mut u8,
    /// Where the tail and the array of the submission ring lie.
    tail: usize,
    array: usize,
    /// Where the completion ring's head, tail, mask and entries lie.
    done: [usize; 4],
}

/// Opens that wait for something else: one is done by a process that has another table of files by then,
/// one while others fill the room of what is not done, one is handed in when that is full.
pub(super) fn wait_in_line() {
    let Some(ring) = Ring::new() else { return };
    let open = |path: &std::ffi::CStr| Request {
        opcode: OPENAT,
        fd: libc::AT_FDCWD,
        address: path.as_ptr() as u64,
        ..Request::default()
    };
    let mut pipe = [0i32; 2];
    // SAFETY: the array has two places.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    let mut byte = 0u8;
    let to = &raw mut byte as u64;
    let read = |flags| Request {
        opcode: READ,
        flags,
        fd: pipe[0],
        address: to,
        length: 1,
        ..Request::default()
    };
    // SAFETY: a byte of our own into a pipe of our own.
    let go_on = || assert_eq!(unsafe { libc::write(pipe[1], [1u8].as_ptr().cast(), 1) }, 1);
    ring.hand_in_linked([read(LINKED), open(c"/etc/hostname")]);
    // SAFETY: it changes nothing but whose the table of descriptors is.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
    go_on();
    assert!(ring.results(2).iter().all(|result| *result > 0));
    ring.hand_in_linked([read(LINKED), open(c"/etc/passwd")]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accept = Request { opcode: ACCEPT, fd: listener.as_raw_fd(), ..Request::default() };
    (0..KEPT).for_each(|_| ring.hand_in(accept));
    assert!(ring.ask(open(c"/etc/group")) >= 0);
    go_on();
    assert!(ring.results(2).iter().all(|result| *result > 0));
}

/// Hands them in, each after the one before has ended.
pub(super) fn perform() {
    let Some(ring) = Ring::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", "innocent").unwrap();
    std::fs::write("one", "").unwrap();
    opens(&ring);
    let (one, two) = (c"one".as_ptr() as u64, c"two".as_ptr() as u64);
    let here = libc::AT_FDCWD;
    let names = Request { opcode: RENAMEAT, fd: here, address: one, ..Request::default() };
    assert_eq!(ring.ask(Request { offset: two, length: here as u32, ..names }), 0);
    connections(&ring);
    std::env::set_current_dir("/").unwrap();
}

fn opens(ring: &Ring) {
    let open = |path: &std::ffi::CStr| Request {
        opcode: OPENAT,
        fd: libc::AT_FDCWD,
        address: path.as_ptr() as u64,
        ..Request::default()
    };
    let opened = ring.ask(open(c"innocent"));
    assert!(opened >= 0, "{opened}");
    let mut byte = 0u8;
    let read = Request { opcode: READ, fd: opened, length: 1, ..Request::default() };
    assert_eq!(ring.ask(Request { address: &raw mut byte as u64, ..read }), 1);
    assert_eq!(ring.ask(open(c"/etc/nothing")), -libc::ENOENT);
    ring.table();
    assert_eq!(ring.ask(Request { slot: 2, ..open(c"innocent") }), 0);
    ring.hand_in(Request { flags: NO_END, ..open(c"innocent") });
}

fn connections(ring: &Ring) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = |port: u16| {
        let [high, low] = port.to_be_bytes();
        [2, 0, high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0u8]
    };
    // SAFETY: sockets of our own.
    let socket = || unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
    let connect = |fd, to: &[u8; 16]| Request {
        opcode: CONNECT,
        fd,
        address: to.as_ptr() as u64,
        offset: 16,
        ..Request::default()
    };
    let (refused, to) = (address(9), address(port));
    assert_eq!(ring.ask(connect(socket(), &refused)), -libc::ECONNREFUSED);
    let connected = socket();
    assert_eq!(ring.ask(connect(connected, &to)), 0);
    let accept = Request { opcode: ACCEPT, fd: listener.as_raw_fd(), ..Request::default() };
    assert!(ring.ask(accept) >= 0);
    let send = |opcode, text: &[u8]| Request {
        opcode,
        fd: connected,
        address: text.as_ptr() as u64,
        length: text.len() as u32,
        ..Request::default()
    };
    let long = [b'x'; 200];
    for (opcode, text) in
        [(WRITE, &b"said through a ring"[..]), (SEND, b" and more"), (WRITE, &long), (SEND, &long)]
    {
        assert_eq!(ring.ask(send(opcode, text)), text.len() as i32);
    }
    let socket = Request { opcode: SOCKET, fd: libc::AF_INET, offset: 1, ..Request::default() };
    assert!(ring.ask(socket) >= 0);
}

impl Ring {
    fn new() -> Option<Ring> {
        let mut params = [0u8; PARAMS_BYTES];
        // SAFETY: the structure has its size and is ours.
        let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, ENTRIES, params.as_mut_ptr()) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        let word = |at: usize| {
            let cell = params[at..].first_chunk().copied().unwrap();
            u32::from_ne_bytes(cell) as usize
        };
        let done = [0, 4, 8, 20].map(|at| word(COMPLETION + at));
        let (tail, array) = (word(SUBMISSION + 4), word(SUBMISSION + 24));
        Some(Ring { fd, ring: map(fd, 0), sqes: map(fd, SQES_OFFSET), tail, array, done })
    }

    fn word(&self, at: usize) -> *mut u32 {
        // SAFETY: the place is one that the kernel gave for this map.
        unsafe { self.ring.add(at).cast() }
    }

    /// Gives the ring a table of its own with four places.
    fn table(&self) {
        let none = [-1i32; 4];
        // SAFETY: the array lives until the call has ended.
        let made = unsafe {
            libc::syscall(libc::SYS_io_uring_register, self.fd, REGISTER_FILES, none.as_ptr(), 4)
        };
        assert_eq!(made, 0);
    }

    /// Hands two requests in, the second of which waits for the first.
    fn hand_in_linked(&self, requests: [Request; 2]) {
        requests.iter().for_each(|request| self.put(*request));
        self.call(2, 0);
    }

    /// The results of so many requests that were handed in before.
    fn results(&self, count: u32) -> Vec<i32> {
        self.call(0, count);
        (0..count).map(|_| self.result()).collect()
    }

    /// Hands a request in and gives its result.
    fn ask(&self, request: Request) -> i32 {
        self.enter(request, 1);
        self.result()
    }

    fn result(&self) -> i32 {
        let [head, tail, mask, entries] = self.done;
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        // SAFETY: the places are the kernel's; an entry is 16 bytes, its result at the ninth.
        unsafe {
            let at = self.word(head).read_volatile();
            assert_ne!(at, self.word(tail).read_volatile());
            let index = (at & self.word(mask).read_volatile()) as usize;
            let result = self.word(entries + index * 16 + 8).read_volatile();
            self.word(head).write_volatile(at.wrapping_add(1));
            result as i32
        }
    }

    /// Hands in a request that tells no end.
    fn hand_in(&self, request: Request) {
        self.enter(request, 0);
    }

    fn enter(&self, request: Request, wait: u32) {
        self.put(request);
        self.call(1, wait);
    }

    fn put(&self, request: Request) {
        let bytes = request.bytes();
        // SAFETY: both maps are as large as the kernel made them; what the request names lives on.
        unsafe {
            let tail = self.word(self.tail).read_volatile();
            let index = (tail % ENTRIES) as usize;
            self.sqes.add(index * SQE_BYTES).copy_from(bytes.as_ptr(), SQE_BYTES);
            self.word(self.array + index * 4).write_volatile(index as u32);
            self.word(self.tail).write_volatile(tail.wrapping_add(1));
        }
    }

    /// Has the kernel take so many requests, and waits for so many ends.
    fn call(&self, count: u32, wait: u32) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        let none = std::ptr::null::<u8>();
        // SAFETY: the ring is ours, and what its requests name lives on.
        let done =
            unsafe { libc::syscall(libc::SYS_io_uring_enter, self.fd, count, wait, 1, none, 0) };
        assert_eq!(done, i64::from(count));
    }
}

impl Request {
    fn bytes(self) -> [u8; SQE_BYTES] {
        let mut bytes = [0; SQE_BYTES];
        (bytes[0], bytes[1]) = (self.opcode, self.flags);
        bytes[4..8].copy_from_slice(&self.fd.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.offset.to_ne_bytes());
        bytes[16..24].copy_from_slice(&self.address.to_ne_bytes());
        bytes[24..28].copy_from_slice(&self.length.to_ne_bytes());
        bytes[44..48].copy_from_slice(&self.slot.to_ne_bytes());
        bytes
    }
}

fn map(fd: i32, offset: i64) -> *mut u8 {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new map of the ring's own memory.
    let map = unsafe {
        libc::mmap(std::ptr::null_mut(), RING_BYTES, protection, libc::MAP_SHARED, fd, offset)
    };
    assert_ne!(map, libc::MAP_FAILED);
    map.cast()
}
