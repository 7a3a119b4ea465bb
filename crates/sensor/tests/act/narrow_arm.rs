//! Calls through the 32-bit interface of arm64: only a 32-bit program can make them, so one is written
//! here, by hand, and run.

use std::os::fd::{FromRawFd as _, OwnedFd};

const OPEN: u32 = 5;
const WRITE: u32 = 4;
const WRITEV: u32 = 146;
const SETUID_OF_16_BITS: u32 = 23;
const EXIT_GROUP: u32 = 248;
const SOCKET: u32 = 281;
const CONNECT: u32 = 283;
const SEND: u32 = 289;
const SENDMSG: u32 = 296;

const EM_ARM: u32 = 40;
const EABI_5: u32 = 0x0500_0000;
const ELF_HEADER_BYTES: u32 = 52;
const PROGRAM_HEADER_BYTES: u32 = 32;
const LOADED_AT: u32 = 0x10000;
/// What the calls name, behind the headers; the instructions follow.
const PATH: u32 = LOADED_AT + ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
const ADDRESS: u32 = PATH + 16;
const WRITTEN: u32 = ADDRESS + 16;
const IN_PIECES: u32 = WRITTEN + 8;
const VECTOR: u32 = IN_PIECES + 12;
const MESSAGE: u32 = VECTOR + 8;
const CODE: u32 = MESSAGE + 28;

/// Becomes a program that opens a file, connects to a port of this host, speaks over it in four ways and
/// sets its own user. Comes back where the kernel runs no 32-bit programs.
pub(super) fn perform(port: u16) {
    let program = program(port);
    let none = [std::ptr::null::<libc::c_char>()];
    // SAFETY: the texts end with NUL and the lists with a null pointer; the descriptor is new.
    unsafe {
        let fd = libc::memfd_create(c"narrow".as_ptr(), libc::MFD_CLOEXEC);
        assert!(fd >= 0);
        let file = OwnedFd::from_raw_fd(fd);
        assert_eq!(rustix::io::write(&file, &program).unwrap(), program.len());
        let (path, none) = (c"".as_ptr(), none.as_ptr());
        libc::syscall(libc::SYS_execveat, fd, path, none, none, libc::AT_EMPTY_PATH);
    }
}

fn program(port: u16) -> Vec<u8> {
    let code = code();
    let size = CODE - LOADED_AT + 4 * code.len() as u32;
    let mut bytes = Vec::from(b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0");
    let words = |bytes: &mut Vec<u8>, words: &[u32]| {
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    };
    // ET_EXEC and the machine, version, entry, program headers, section headers, flags.
    words(&mut bytes, &[2 | EM_ARM << 16, 1, CODE, ELF_HEADER_BYTES, 0, EABI_5]);
    // Sizes and counts, of 16 bits each: one program header, no section headers.
    words(&mut bytes, &[ELF_HEADER_BYTES | PROGRAM_HEADER_BYTES << 16, 1, 0]);
    // PT_LOAD: the whole file, to be read and run.
    words(&mut bytes, &[1, 0, LOADED_AT, LOADED_AT, size, size, 5, 0x1000]);
    bytes.extend(b"/etc/hostname\0\0\0");
    bytes.extend((libc::AF_INET as u16).to_le_bytes());
    bytes.extend(port.to_be_bytes());
    bytes.extend([127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"written\0in pieces\0\0\0");
    // A `struct iovec` and a `struct msghdr` with it.
    words(&mut bytes, &[IN_PIECES, 9]);
    words(&mut bytes, &[0, 0, VECTOR, 1, 0, 0, 0]);
    words(&mut bytes, &code);
    bytes
}

fn code() -> Vec<u32> {
    let mut code = call(OPEN, &[PATH, 0, 0]);
    // Behind what `send` takes: remains where `sendto` has an address.
    for (number, arguments) in [
        (WRITE, &[WRITTEN, 7][..]),
        (WRITEV, &[VECTOR, 1]),
        (SENDMSG, &[MESSAGE, 0]),
        (SEND, &[WRITTEN, 7, 0, 7, 7]),
    ] {
        code.extend(call(SOCKET, &[libc::AF_INET as u32, libc::SOCK_STREAM as u32, 0]));
        code.push(0xe1a0_8000); // mov r8, r0
        code.extend(call_of_socket(CONNECT, &[ADDRESS, 16]));
        code.extend(call_of_socket(number, arguments));
    }
    code.extend(call(SETUID_OF_16_BITS, &[0]));
    code.extend(call(EXIT_GROUP, &[0]));
    code
}

/// A call whose arguments begin with register 0.
fn call(number: u32, arguments: &[u32]) -> Vec<u32> {
    let mut code: Vec<u32> = (0..).zip(arguments).flat_map(|(to, value)| set(to, *value)).collect();
    code.extend(set(7, number));
    code.push(0xef00_0000); // svc #0
    code
}

/// A call whose first argument is the socket that lies in register 8.
fn call_of_socket(number: u32, arguments: &[u32]) -> Vec<u32> {
    let mut code = vec![0xe1a0_0008]; // mov r0, r8
    code.extend((1..).zip(arguments).flat_map(|(to, value)| set(to, *value)));
    code.extend(call(number, &[]));
    code
}

/// movw and movt: a register's lower and upper half.
fn set(register: u32, value: u32) -> [u32; 2] {
    let half = |half: u32| (half >> 12) << 16 | register << 12 | half & 0xfff;
    [0xe300_0000 | half(value & 0xffff), 0xe340_0000 | half(value >> 16)]
}
