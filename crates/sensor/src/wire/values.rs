//! The tagged values after an event's header.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{
    Call, CgroupName, Child, Connection, Exec, FileObject, IoUring, ObjectFlags, Peer, ProcessId,
    SocketFamily, Stdio, TerminalInput, TerminalMode,
};

use super::Malformed;
use super::cursor::Cursor;

/// Tags, as `enum tag` numbers them.
mod tag {
    pub(super) const OBJECT: u16 = 1;
    pub(super) const EXE: u16 = 3;
    pub(super) const CWD: u16 = 4;
    pub(super) const CLAIMED: u16 = 5;
    pub(super) const CLAIMED_SECOND: u16 = 6;
    pub(super) const ARGUMENTS: u16 = 7;
    pub(super) const ARGUMENTS_TAIL: u16 = 8;
    pub(super) const ENVIRONMENT: u16 = 9;
    pub(super) const NUMBERS: u16 = 10;
    pub(super) const SOCKET: u16 = 11;
    pub(super) const STDIO: u16 = 12;
    pub(super) const CGROUP: u16 = 13;
    pub(super) const CHILD: u16 = 14;
    pub(super) const INTERPRETER: u16 = 15;
    pub(super) const COUNTS: u16 = 17;
    pub(super) const ADDRESS: u16 = 18;
    pub(super) const PAYLOAD: u16 = 19;
    pub(super) const TERMINAL: u16 = 20;
    pub(super) const TARGET: u16 = 16;
    pub(super) const FILESYSTEM: u16 = 21;
    pub(super) const SOURCE: u16 = 22;
}

/// `enum object_flag`.
const OUTSIDE_ROOT: u32 = 1 << 0;
const FOREIGN_MOUNT: u32 = 1 << 1;
const DETACHED: u32 = 1 << 2;
const UPPER: u32 = 1 << 3;
const CUT: u32 = 1 << 4;

/// All that an event may carry.
#[derive(Default)]
pub(super) struct Values {
    pub(super) child: Child,
    pub(super) cgroup: Option<CgroupName>,
    pub(super) terminal: Option<TerminalInput>,
    object: Option<FileObject>,
    pub(super) exe: Option<FileObject>,
    cwd: Option<FileObject>,
    claimed: String,
    claimed_second: String,
    interpreter: String,
    arguments: Vec<String>,
    arguments_tail: String,
    environment: Vec<String>,
    counts: [u64; 2],
    numbers: [u64; 6],
    connection: Option<Connection>,
    stdio: [Stdio; 3],
    address: Option<Peer>,
    payload: Vec<u8>,
    target: Option<Child>,
    filesystem: String,
    source: String,
}

impl Values {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let mut values = Values::default();
        while !cursor.is_empty() {
            let (tag, length) = (cursor.u16()?, cursor.u16()?);
            values.take(tag, cursor.bytes(usize::from(length))?)?;
        }
        Ok(values)
    }

    fn take(&mut self, tag: u16, bytes: &[u8]) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(bytes);
        match tag {
            tag::OBJECT => self.object = Some(object(&mut cursor)?),
            tag::EXE => self.exe = Some(object(&mut cursor)?),
            tag::CWD => self.cwd = Some(object(&mut cursor)?),
            tag::CLAIMED => self.claimed = text(bytes),
            tag::CLAIMED_SECOND => self.claimed_second = text(bytes),
            tag::ARGUMENTS => self.arguments = texts(bytes),
            tag::ARGUMENTS_TAIL => self.arguments_tail = texts(bytes).join(" "),
            tag::ENVIRONMENT => self.environment = texts(bytes),
            tag::INTERPRETER => self.interpreter = text(bytes),
            tag::NUMBERS => {
                for number in &mut self.numbers {
                    *number = cursor.u64()?;
                }
            }
            tag::COUNTS => self.counts = [cursor.u64()?, cursor.u64()?],
            tag::SOCKET => self.connection = Some(connection(&mut cursor)?),
            tag::STDIO => {
                for one in &mut self.stdio {
                    *one = stdio(&mut cursor)?;
                }
            }
            tag::CGROUP => self.cgroup = Some(cgroup(&mut cursor)?),
            tag::CHILD => self.child = child(&mut cursor)?,
            tag::ADDRESS => self.address = address(bytes),
            tag::PAYLOAD => self.payload = bytes.to_vec(),
            tag::TARGET => self.target = Some(child(&mut cursor)?),
            tag::FILESYSTEM => self.filesystem = text(bytes),
            tag::SOURCE => self.source = path(bytes, true),
            tag::TERMINAL => self.terminal = Some(terminal(&mut cursor)?),
            // A newer kernel's side may tell more.
            _ => {}
        }
        Ok(())
    }

    pub(super) fn exec(self) -> Exec {
        Exec {
            exe: self.exe,
            cwd: self.cwd,
            claimed: self.claimed,
            interpreter: self.interpreter,
            arguments: self.arguments,
            arguments_tail: self.arguments_tail,
            arguments_bytes: self.counts[0],
            environment: self.environment,
            environment_bytes: self.counts[1],
            stdio: self.stdio,
            cgroup: self.cgroup,
        }
    }

    pub(super) fn request(self, opcode: u8) -> IoUring {
        IoUring {
            opcode,
            claimed: self.claimed,
            claimed_second: self.claimed_second,
            connection: self.connection,
            address: self.address,
        }
    }

    pub(super) fn call(self, name: String, ret: i64, compat: bool) -> Call {
        Call {
            name,
            ret,
            compat,
            ring: false,
            arguments: self.numbers,
            object: self.object,
            cwd: self.cwd,
            connection: self.connection,
            claimed: self.claimed,
            claimed_second: self.claimed_second,
            address: self.address,
            payload: self.payload,
            target: self.target,
            filesystem: self.filesystem,
            source: self.source,
        }
    }
}

/// Text up to the first NUL; what is no UTF-8 becomes U+FFFD.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Texts with NULs between them.
fn texts(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|one| String::from_utf8_lossy(one).into_owned()).collect()
}

/// A path from its names, leaf first.
fn path(names: &[u8], absolute: bool) -> String {
    let names = texts(names);
    let mut path = String::new();
    for name in names.iter().rev() {
        if absolute || !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
    }
    if path.is_empty() && absolute { "/".to_owned() } else { path }
}

fn object(cursor: &mut Cursor<'_>) -> Result<FileObject, Malformed> {
    let mut object = FileObject {
        inode: cursor.u64()?,
        size_bytes: cursor.u64()?,
        changed_s: cursor.u64()? as i64,
        modified_s: cursor.u64()? as i64,
        device: cursor.u32()?,
        rdev: cursor.u32()?,
        mode: cursor.u32()?,
        links: cursor.u32()?,
        uid: cursor.u32()?,
        filesystem: cursor.u32()?,
        mount_namespace: cursor.u32()?,
        ..FileObject::default()
    };
    let flags = cursor.u32()?;
    object.open_flags = cursor.u32()?;
    cursor.u32()?;
    object.flags = ObjectFlags {
        outside_root: flags & OUTSIDE_ROOT != 0,
        foreign_mount: flags & FOREIGN_MOUNT != 0,
        detached: flags & DETACHED != 0,
        upper_layer: flags & UPPER != 0,
        cut: flags & CUT != 0,
    };
    let whole = !object.flags.cut && !object.flags.detached;
    object.path = path(cursor.rest(), whole);
    Ok(object)
}

fn child(cursor: &mut Cursor<'_>) -> Result<Child, Malformed> {
    let start_ns = cursor.u64()?;
    let (pid, _tid) = (cursor.u32()?, cursor.u32()?);
    let (inner_pid, _clone_flags) = (cursor.u32()?, cursor.u32()?);
    Ok(Child { process: ProcessId { pid, start_ns }, inner_pid, cgroup_id: cursor.u64()? })
}

fn cgroup(cursor: &mut Cursor<'_>) -> Result<CgroupName, Malformed> {
    let (id, hierarchy) = (cursor.u64()?, cursor.u32()?);
    Ok(CgroupName { id, hierarchy, path: path(cursor.rest(), true) })
}

fn family(number: u16) -> SocketFamily {
    match i32::from(number) {
        libc::AF_UNSPEC => SocketFamily::None,
        libc::AF_UNIX => SocketFamily::Unix,
        libc::AF_INET => SocketFamily::Ipv4,
        libc::AF_INET6 => SocketFamily::Ipv6,
        libc::AF_NETLINK => SocketFamily::Netlink,
        libc::AF_PACKET => SocketFamily::Packet,
        _ => SocketFamily::Other(number),
    }
}

fn ip(family: SocketFamily, address: [u8; 16], port: u16) -> Option<Peer> {
    let ip = match family {
        SocketFamily::Ipv4 => {
            IpAddr::V4(Ipv4Addr::new(address[0], address[1], address[2], address[3]))
        }
        SocketFamily::Ipv6 => IpAddr::V6(Ipv6Addr::from(address)),
        _ => return None,
    };
    (port != 0 || !ip.is_unspecified()).then_some(Peer::Ip(ip, port))
}

/// A unix socket's name; an abstract one begins with a NUL.
fn unix(name: &[u8]) -> Option<Peer> {
    match name {
        [] => None,
        [0, rest @ ..] => Some(Peer::Unix(format!("@{}", text(rest)))),
        name => Some(Peer::Unix(text(name))),
    }
}

fn connection(cursor: &mut Cursor<'_>) -> Result<Connection, Malformed> {
    let mut end = || -> Result<([u8; 16], u16), Malformed> {
        let found = (cursor.array::<16>()?, cursor.u16()?);
        cursor.u16()?;
        Ok(found)
    };
    let (local, remote) = (end()?, end()?);
    let family = family(cursor.u16()?);
    let mut connection = Connection {
        family,
        kind: cursor.u16()?,
        protocol: cursor.u16()?,
        state: cursor.u16()?,
        inode: cursor.u64()?,
        fd: cursor.u32()?,
        local: ip(family, local.0, local.1),
        remote: ip(family, remote.0, remote.1),
    };
    let length = usize::from(cursor.u16()?);
    cursor.u16()?;
    if family == SocketFamily::Unix {
        connection.remote = unix(cursor.bytes(length)?);
    }
    Ok(connection)
}

fn stdio(cursor: &mut Cursor<'_>) -> Result<Stdio, Malformed> {
    let (inode, mode, rdev) = (cursor.u64()?, cursor.u32()?, cursor.u32()?);
    let (family, port) = (family(cursor.u16()?), cursor.u16()?);
    let remote = ip(family, cursor.array()?, port);
    cursor.u32()?;
    Ok(Stdio { inode, mode, rdev, family, remote })
}

/// `struct terminal`, then the bytes.
fn terminal(cursor: &mut Cursor<'_>) -> Result<TerminalInput, Malformed> {
    let (tty, fd) = (cursor.u32()?, cursor.u32()?);
    let mode = match cursor.u32()? {
        0 => TerminalMode::Lines,
        1 => TerminalMode::Keys,
        _ => TerminalMode::Hidden,
    };
    let read_bytes = cursor.u32()?;
    Ok(TerminalInput { tty, fd, mode, read_bytes, bytes: cursor.rest().to_vec() })
}

/// A `sockaddr` as the caller wrote it.
fn address(bytes: &[u8]) -> Option<Peer> {
    let mut cursor = Cursor::new(bytes);
    let family = family(cursor.u16().ok()?);
    match family {
        SocketFamily::Unix => unix(cursor.rest()),
        SocketFamily::Ipv4 => {
            let port = u16::from_be_bytes(cursor.array().ok()?);
            let mut whole = [0; 16];
            whole[..4].copy_from_slice(cursor.bytes(4).ok()?);
            ip(family, whole, port)
        }
        SocketFamily::Ipv6 => {
            let port = u16::from_be_bytes(cursor.array().ok()?);
            cursor.u32().ok()?;
            ip(family, cursor.array().ok()?, port)
        }
        _ => None,
    }
}
