//! Calls through the 32-bit interface, from a program of 64 bits.

use std::arch::asm;

const OPEN: u32 = 5;
const WRITE: u32 = 4;
const WRITEV: u32 = 146;
const SENDMSG: u32 = 370;
const SETUID_OF_16_BITS: u32 = 23;
const SOCKETCALL: u32 = 102;
const SOCKET: u32 = 1;
const CONNECT: u32 = 3;
const SEND: u32 = 9;
const PAGE_BYTES: usize = 4096;

/// Opens a file, connects to a port of this host, speaks over it in four ways, sets its own user.
pub(super) fn perform(port: u16) {
    // SAFETY: the page is new and ours, below 4 GiB as the 32-bit interface needs it.
    let page = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let page = libc::mmap(std::ptr::null_mut(), PAGE_BYTES, protection, flags, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        std::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_BYTES)
    };
    let base = page.as_ptr() as u32;
    page[..14].copy_from_slice(b"/etc/hostname\0");
    if call(OPEN, [base, 0, 0]) < 0 {
        return;
    }
    let words = |page: &mut [u8], words: [u32; 3]| {
        for (cell, word) in page[64..].chunks_exact_mut(4).zip(words) {
            cell.copy_from_slice(&word.to_ne_bytes());
        }
    };
    page[128..130].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    page[130..132].copy_from_slice(&port.to_be_bytes());
    page[132..136].copy_from_slice(&[127, 0, 0, 1]);
    page[160..167].copy_from_slice(b"written");
    page[192..201].copy_from_slice(b"in pieces");
    // A `struct iovec` at 224; a `struct msghdr` of 28 bytes with it at 256, the rest is zero.
    for (at, word) in [(224, base + 192), (228, 9), (264, base + 224), (268, 1)] {
        page[at..at + 4].copy_from_slice(&word.to_ne_bytes());
    }
    let connected = |page: &mut [u8]| {
        words(page, [libc::AF_INET as u32, libc::SOCK_STREAM as u32, 0]);
        let socket = call(SOCKETCALL, [SOCKET, base + 64, 0]);
        assert!(socket >= 0, "{socket}");
        words(page, [socket as u32, base + 128, 16]);
        assert_eq!(call(SOCKETCALL, [CONNECT, base + 64, 0]), 0);
        socket as u32
    };
    for (number, arguments, sent) in
        [(WRITE, [base + 160, 7], 7), (WRITEV, [base + 224, 1], 9), (SENDMSG, [base + 256, 0], 9)]
    {
        let socket = connected(page);
        assert_eq!(call(number, [socket, arguments[0], arguments[1]]), sent);
    }
    // Behind what `send` takes: remains where `sendto` has an address.
    let socket = connected(page);
    words(page, [socket, base + 160, 7]);
    page[80..88].copy_from_slice(&[7, 0, 0, 0, 7, 0, 0, 0]);
    assert_eq!(call(SOCKETCALL, [SEND, base + 64, 0]), 7);
    assert_eq!(call(SETUID_OF_16_BITS, [0, 0, 0]), 0);
}

fn call(number: u32, arguments: [u32; 3]) -> i32 {
    let result: u64;
    // SAFETY: the arguments are those of the call; rbx is kept for the compiler.
    unsafe {
        asm!(
            "xchg rbx, {first}",
            "int 0x80",
            "xchg rbx, {first}",
            first = inout(reg) u64::from(arguments[0]) => _,
            inlateout("rax") u64::from(number) => result,
            in("rcx") u64::from(arguments[1]),
            in("rdx") u64::from(arguments[2]),
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    result as i32
}
