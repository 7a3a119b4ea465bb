//! Sockets: who speaks with whom.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A socket with both ends, as the kernel has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The address family.
    pub family: SocketFamily,
    /// `SOCK_STREAM` 1, `SOCK_DGRAM` 2, `SOCK_RAW` 3 …
    pub kind: u16,
    /// `IPPROTO_TCP` 6, `IPPROTO_UDP` 17 …
    pub protocol: u16,
    /// The state, as TCP numbers them: 1 established, 10 listening.
    pub state: u16,
    /// The socket's inode.
    pub inode: u64,
    /// The caller's number for it.
    pub fd: u32,
    /// This end.
    pub local: Option<Peer>,
    /// The other end.
    pub remote: Option<Peer>,
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// An address and port.
    Ip(IpAddr, u16),
    /// A unix socket's path; an abstract name begins with `@`.
    Unix(String),
}

/// An address family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketFamily {
    /// Internet, version 4.
    Ipv4,
    /// Internet, version 6.
    Ipv6,
    /// Unix.
    Unix,
    /// Packets as they come.
    Packet,
    /// The kernel's own messages.
    Netlink,
    /// Another, by its number.
    Other(u16),
    /// None.
    #[default]
    None,
}

/// What a standard input, output or error is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stdio {
    /// Inode number; 0 when it is closed.
    pub inode: u64,
    /// Type and mode, as `inode(7)` has them.
    pub mode: u32,
    /// The device, of a terminal.
    pub rdev: u32,
    /// The family, of a socket.
    pub family: SocketFamily,
    /// The other end, of a connected internet socket.
    pub remote: Option<Peer>,
}
