//! An io_uring with nothing but the kernel: one request to open, one to connect.

const ENTRIES: u32 = 4;
const OPENAT: u8 = 18;
const CONNECT: u8 = 16;
const SQE_BYTES: usize = 64;
const SQES_OFFSET: i64 = 0x1000_0000;
/// `struct io_uring_params`: 40 bytes, then the offsets of the submission ring.
const PARAMS_BYTES: usize = 120;
const OFFSETS: usize = 40;
const RING_BYTES: usize = 4096;

/// Hands both in and waits for their ends.
pub(super) fn perform() {
    let mut params = [0u8; PARAMS_BYTES];
    // SAFETY: the structure has its size and is ours.
    let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, ENTRIES, params.as_mut_ptr()) };
    if fd < 0 {
        return;
    }
    let fd = fd as i32;
    let offset = |at: usize| {
        let cell = params[OFFSETS + at..].first_chunk().copied().unwrap();
        u32::from_ne_bytes(cell) as usize
    };
    let (tail, array) = (offset(4), offset(24));
    let (ring, sqes) = (map(fd, 0), map(fd, SQES_OFFSET));
    let path = c"/etc/hostname";
    let address = [2, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0u8];
    // SAFETY: a socket of our own.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
    let requests = [
        request(OPENAT, libc::AT_FDCWD, path.as_ptr() as u64, 0),
        request(CONNECT, socket, address.as_ptr() as u64, address.len() as u64),
    ];
    // SAFETY: both maps are as large as the kernel made them; the requests live until the end.
    unsafe {
        for (index, request) in requests.iter().enumerate() {
            sqes.add(index * SQE_BYTES).copy_from(request.as_ptr(), SQE_BYTES);
            ring.add(array + index * 4).cast::<u32>().write_volatile(index as u32);
        }
        let count = requests.len() as u32;
        ring.add(tail).cast::<u32>().write_volatile(count);
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        let none = std::ptr::null::<u8>();
        let done = libc::syscall(libc::SYS_io_uring_enter, fd, count, count, 1, none, 0);
        assert_eq!(done, i64::from(count));
    }
}

/// `struct io_uring_sqe`: operation, descriptor, offset or second address, address.
fn request(opcode: u8, fd: i32, address: u64, offset: u64) -> [u8; SQE_BYTES] {
    let mut bytes = [0; SQE_BYTES];
    bytes[0] = opcode;
    bytes[4..8].copy_from_slice(&fd.to_ne_bytes());
    bytes[8..16].copy_from_slice(&offset.to_ne_bytes());
    bytes[16..24].copy_from_slice(&address.to_ne_bytes());
    bytes
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
