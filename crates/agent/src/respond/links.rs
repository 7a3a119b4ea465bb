//! The host's ends of a container's network interfaces: found, set down, set up again.
//!
//! What is down at the host's end carries nothing, whatever root in the container does: packet
//! sockets too, which pass programs at a cgroup by. Speaks rtnetlink(7) itself: two messages.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::cgroups;
use super::target::{Target, container_of_process, every_pid};

/// Interfaces that are read of one namespace.
const MAX_LINKS: usize = 4096;
/// Bytes of one message of the kernel.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Bytes of `nlmsghdr` and `ifinfomsg`.
const HEAD_BYTES: usize = 16;
const BODY_BYTES: usize = 16;
/// `linux/netlink.h`, `linux/rtnetlink.h`, `linux/if_link.h`, `linux/net_namespace.h`, `linux/if.h`.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_SETLINK: u16 = 19;
const RTM_NEWNSID: u16 = 88;
const RTM_GETNSID: u16 = 90;
const REQUEST: u16 = 0x1;
const REQUEST_DUMP: u16 = 0x301;
const REQUEST_ACK: u16 = 0x5;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_LINKINFO: u16 = 18;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;
/// Bytes of `rtgenmsg`, padded.
const GENERAL_BYTES: usize = 4;
const IFF_UP: u32 = 1;
/// The type's lower bits; the rest are flags.
const TYPE_MASK: u16 = 0x3fff;

/// A network interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Link {
    index: u32,
    name: String,
    /// `veth` and the like; empty for hardware.
    kind: String,
    /// The interface at the other end, by its number there.
    peer: Option<u32>,
    /// The namespace of the other end, by the number that this one has for it.
    peer_namespace: Option<u32>,
    is_up: bool,
}

/// The host's ends of a container's interfaces that are up, by number and name. None where the
/// container shares its network with the host or with another container: they would be cut too.
pub(super) fn host_ends(container: &str) -> Result<Vec<(u32, String)>, String> {
    let process = cgroups::process(container).ok_or("the container has ended")?;
    let path = format!("/proc/{}/ns/net", process.pid);
    let namespace = File::open(&path).map_err(|why| format!("{path}: {why}"))?;
    let number = namespace.metadata().map_err(|why| why.to_string())?.ino();
    if process.has_ended(0) || is_shared(number, container) {
        return Ok(Vec::new());
    }
    let fault = |why: io::Error| format!("its network interfaces cannot be listed: {why}");
    let inside = links_in(&namespace).map_err(fault)?;
    let host = links().map_err(fault)?;
    // Numbers of interfaces are each namespace's own: the same pair of them may be there twice.
    let Some(namespace) = number_of(&namespace).map_err(fault)? else { return Ok(Vec::new()) };
    let is_end = |end: &Link| {
        end.is_up
            && end.peer_namespace == Some(namespace)
            && end.kind == "veth"
            && inside.iter().any(|link| {
                link.kind == "veth" && link.peer == Some(end.index) && end.peer == Some(link.index)
            })
    };
    Ok(host.into_iter().filter(is_end).map(|end| (end.index, end.name)).collect())
}

/// Sets the host's end of an interface up or down. Nothing is done when its number is another
/// interface's by now; gives whether it was still there.
pub(super) fn set_up(index: u32, name: &str, up: bool) -> Result<bool, String> {
    let fault = |why: io::Error| format!("{name}: {why}");
    let there = links().map_err(fault)?;
    if !there.iter().any(|link| link.index == index && link.name == name) {
        return Ok(false);
    }
    let socket = open().map_err(fault)?;
    let flags = if up { IFF_UP } else { 0 };
    send(&socket, &message(RTM_SETLINK, REQUEST_ACK, index, (flags, IFF_UP))).map_err(fault)?;
    let mut answer = vec![0; MESSAGE_BYTES];
    let (length, _) = recv(&socket, answer.as_mut_slice(), RecvFlags::empty())
        .map_err(|why| fault(why.into()))?;
    let number = answer.get(..length).and_then(|answer| int(answer, HEAD_BYTES));
    match number.map(u32::cast_signed) {
        Some(0) => Ok(true),
        Some(error) => Err(fault(io::Error::from_raw_os_error(-error))),
        None => Err(format!("{name}: the kernel's answer is cut")),
    }
}

/// Whether anybody outside of the container is in a network namespace.
fn is_shared(namespace: u64, container: &str) -> bool {
    let inside = |pid: &u32| {
        fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|it| it.ino() == namespace)
    };
    let containers: BTreeSet<Option<String>> = every_pid()
        .into_iter()
        .filter(inside)
        .filter_map(Target::open)
        .map(|process| container_of_process(process.pid))
        .collect();
    containers.iter().any(|found| found.as_deref() != Some(container))
}

/// The interfaces of a namespace. A thread enters it, and ends.
fn links_in(namespace: &File) -> io::Result<Vec<Link>> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            links()
        });
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread broke")))
    })
}

/// The interfaces of this thread's namespace.
fn links() -> io::Result<Vec<Link>> {
    let socket = open()?;
    send(&socket, &message(RTM_GETLINK, REQUEST_DUMP, 0, (0, 0)))?;
    let mut found = Vec::new();
    let mut buffer = vec![0; MESSAGE_BYTES];
    loop {
        let (length, _) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        if rest.is_empty() {
            return Ok(found);
        }
        while let Some((kind, body, after)) = split(rest) {
            match kind {
                NLMSG_DONE | NLMSG_ERROR => return Ok(found),
                RTM_NEWLINK if found.len() < MAX_LINKS => found.extend(link(body)),
                _ => {}
            }
            rest = after;
        }
    }
}

/// The number that this thread's namespace has for another one; `None` when it has none, and so
/// no interface whose other end is there.
fn number_of(namespace: &File) -> io::Result<Option<u32>> {
    let socket = open()?;
    let length = (HEAD_BYTES + GENERAL_BYTES + 8) as u32;
    let mut question = head(length, RTM_GETNSID, REQUEST);
    question.extend([0; GENERAL_BYTES]);
    question.extend(8_u16.to_ne_bytes());
    question.extend(NETNSA_FD.to_ne_bytes());
    question.extend(namespace.as_raw_fd().to_ne_bytes());
    send(&socket, &question)?;
    let mut answer = vec![0; MESSAGE_BYTES];
    let (length, _) = recv(&socket, answer.as_mut_slice(), RecvFlags::empty())?;
    let cut = || io::Error::other("the kernel's answer is cut");
    let (kind, body, _) = answer.get(..length).and_then(split).ok_or_else(cut)?;
    match kind {
        RTM_NEWNSID => {
            let number = attributes(body.get(GENERAL_BYTES..).ok_or_else(cut)?)
                .find(|(kind, _)| *kind == NETNSA_NSID)
                .and_then(|(_, value)| int(value, 0));
            // -1 is the kernel's word for none.
            Ok(number.filter(|number| number.cast_signed() >= 0))
        }
        _ => {
            let error = int(body, 0).map_or(0, u32::cast_signed);
            Err(io::Error::from_raw_os_error(error.saturating_neg()))
        }
    }
}

fn open() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?)
}

fn send(socket: &OwnedFd, message: &[u8]) -> io::Result<()> {
    sendto(socket, message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(())
}

/// `nlmsghdr` and `ifinfomsg`.
fn message(kind: u16, flags: u16, index: u32, (set, which): (u32, u32)) -> Vec<u8> {
    let mut message = head((HEAD_BYTES + BODY_BYTES) as u32, kind, flags);
    message.extend([0; 4]);
    message.extend(index.to_ne_bytes());
    message.extend(set.to_ne_bytes());
    message.extend(which.to_ne_bytes());
    message
}

/// `nlmsghdr`.
fn head(length: u32, kind: u16, flags: u16) -> Vec<u8> {
    let mut head = Vec::with_capacity(length as usize);
    head.extend(length.to_ne_bytes());
    head.extend(kind.to_ne_bytes());
    head.extend(flags.to_ne_bytes());
    head.extend([0; 8]);
    head
}

/// The first message: its type, its body, and what follows.
fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = int(bytes, 0)? as usize;
    let body = bytes.get(HEAD_BYTES..length)?;
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((short(bytes, 4)?, body, after))
}

/// An interface of an `ifinfomsg` and its attributes.
fn link(body: &[u8]) -> Option<Link> {
    let mut link =
        Link { index: int(body, 4)?, is_up: int(body, 8)? & IFF_UP != 0, ..Link::default() };
    for (kind, value) in attributes(body.get(BODY_BYTES..)?) {
        match kind {
            IFLA_IFNAME => link.name = text(value),
            IFLA_LINK => link.peer = int(value, 0),
            IFLA_LINK_NETNSID => link.peer_namespace = int(value, 0),
            IFLA_LINKINFO => {
                let named = attributes(value).find(|(kind, _)| *kind == IFLA_INFO_KIND);
                link.kind = named.map(|(_, value)| text(value)).unwrap_or_default();
            }
            _ => {}
        }
    }
    Some(link)
}

fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(short(bytes, 0)?);
        let (kind, value) = (short(bytes, 2)? & TYPE_MASK, bytes.get(4..length)?);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|it| u16::from_ne_bytes(*it))
}

fn int(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|it| u32::from_ne_bytes(*it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_interfaces_are_listed() {
        let links = links().unwrap();
        let own: BTreeSet<String> = links.iter().map(|link| link.name.clone()).collect();
        assert!(own.contains("lo"), "{links:?}");
        let namespace = File::open("/proc/self/ns/net").unwrap();
        if let Ok(entered) = links_in(&namespace) {
            assert_eq!(entered.len(), links.len());
        }
        assert_eq!(set_up(u32::MAX, "lo", false), Ok(false));
    }

    #[test]
    fn a_cut_message_is_no_link() {
        let whole = message(RTM_NEWLINK, 0, 7, (IFF_UP, 0));
        let (kind, body, rest) = split(&whole).unwrap();
        assert_eq!((kind, rest.len()), (RTM_NEWLINK, 0));
        assert_eq!(link(body).map(|it| (it.index, it.is_up)), Some((7, true)));
        for length in 0..whole.len() {
            assert!(split(&whole[..length]).is_none(), "{length}");
        }
        assert_eq!(attributes(&[200, 0, 3, 0, 1]).count(), 0);
        assert_eq!(attributes(&[0, 0, 3, 0, 1]).count(), 0);
    }
}
