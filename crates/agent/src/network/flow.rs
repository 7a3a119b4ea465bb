//! `Flow`: what a call of the kernel says about the network. Pure.

use std::net::{IpAddr, Ipv4Addr};

use model::{Call, Connection, Peer};

/// The calls that tell of the network; the sensor must want them.
pub const CALLS: [&str; 10] = [
    "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg", "write",
    "writev",
];

/// A stream's first bytes that also ask for the connection, `tcp(7)`.
const MSG_FASTOPEN: u64 = 0x2000_0000;

const EAFNOSUPPORT: i64 = -97;
const EADDRNOTAVAIL: i64 = -99;
const ENETUNREACH: i64 = -101;
const EISCONN: i64 = -106;
const EALREADY: i64 = -114;
const EINPROGRESS: i64 = -115;
const EINTR: i64 = -4;
const EAGAIN: i64 = -11;

/// An address and a port.
pub(super) type End = (IpAddr, u16);

/// What somebody does with the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Begins to speak with somebody.
    Out,
    /// Says something over a connection that was told of when it began.
    Say,
    /// Was spoken to.
    In,
    /// Waits to be spoken to.
    Listen,
}

/// What a call says about the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow<'a> {
    pub act: Act,
    /// `tcp`, `udp` or another's word.
    pub protocol: &'static str,
    /// This end.
    pub local: Option<End>,
    /// The other end.
    pub remote: Option<End>,
    /// The call's result.
    pub result: i64,
    /// The first bytes sent.
    pub payload: &'a [u8],
}

impl<'a> Flow<'a> {
    /// What a call says; `None` when it says nothing that matters.
    pub(super) fn of(call: &'a Call) -> Option<Self> {
        let connection = call.connection.as_ref()?;
        let protocol = protocol(connection)?;
        let asked = end(call.address.as_ref());
        let local = end(connection.local.as_ref());
        let remote = end(connection.remote.as_ref());
        let (act, local, remote) = match call.name.as_str() {
            // The kernel's word counts; of a connection that failed there is only the caller's.
            "connect" => (Act::Out, local, remote.filter(|(_, port)| *port != 0).or(asked)),
            "sendto" | "sendmsg" | "sendmmsg" if begins(call, protocol) => {
                (Act::Out, local, asked.or(remote))
            }
            "sendto" | "sendmsg" | "sendmmsg" | "write" | "writev" if !call.payload.is_empty() => {
                (Act::Say, local, remote)
            }
            "accept" | "accept4" => (Act::In, local, remote),
            "listen" if protocol == "tcp" => (Act::Listen, local, None),
            // A datagram socket that is bound waits; a stream's bind is told by its listen.
            "bind" if protocol == "udp" => (Act::Listen, local.or(asked), None),
            _ => return None,
        };
        let flow = Flow { act, protocol, local, remote, result: call.ret, payload: &call.payload };
        flow.means_something().then_some(flow)
    }

    fn means_something(&self) -> bool {
        if matches!(self.result, EISCONN | EALREADY | EINTR | EAGAIN) {
            return false;
        }
        match self.act {
            // Port 0 asks which own address would be used; nothing is sent.
            Act::Out | Act::Say => {
                self.remote.is_some_and(|(ip, port)| port != 0 && !ip.is_unspecified())
            }
            Act::In => self.result >= 0 && self.remote.is_some() && self.local.is_some(),
            Act::Listen => self.result >= 0 && self.local.is_some_and(|(_, port)| port != 0),
        }
    }

    /// Whether it failed for good. One that goes on in the background has not.
    pub(super) fn failed(&self) -> bool {
        self.result < 0 && self.result != EINPROGRESS
    }

    /// Whether nothing can have left: an address family or a network that is not there. Libraries
    /// try such addresses before others as a matter of course.
    pub(super) fn never_left(&self) -> bool {
        let nowhere = matches!(self.result, EAFNOSUPPORT | EADDRNOTAVAIL | ENETUNREACH);
        let plain = self.protocol == "tcp" && self.remote.is_some_and(|(ip, _)| ip.is_ipv4());
        nowhere && !(plain && self.result == ENETUNREACH)
    }
}

/// Whether what is sent begins a conversation: a datagram does, bytes of a stream follow a connect.
fn begins(call: &Call, protocol: &str) -> bool {
    let flags = if call.name == "sendmsg" { call.arguments[2] } else { call.arguments[3] };
    protocol != "tcp" || flags & MSG_FASTOPEN != 0
}

/// The protocols that are told apart, by name.
pub(super) const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

fn protocol(connection: &Connection) -> Option<&'static str> {
    match (connection.protocol, connection.kind) {
        (6, _) => Some("tcp"),
        (17, _) => Some("udp"),
        (132, _) => Some("sctp"),
        (0, 1) => Some("tcp"),
        (0, 2) => Some("udp"),
        _ => None,
    }
}

fn end(peer: Option<&Peer>) -> Option<End> {
    match peer? {
        Peer::Ip(ip, port) if !(ip.is_unspecified() && *port == 0) => {
            Some((ip.to_canonical(), *port))
        }
        _ => None,
    }
}

/// Whether an address is somewhere in the internet.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let carrier = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            let special = ip.is_private() || ip.is_loopback() || ip.is_link_local();
            !(special || carrier || ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified())
        }
        IpAddr::V6(ip) => {
            let special = ip.is_loopback() || ip.is_multicast() || ip.is_unspecified();
            !(special || ip.is_unique_local() || ip.is_unicast_link_local())
        }
    }
}

/// The network that an address is one of: its /24, of IPv6 its /64.
pub(super) fn network_of(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(ip) => {
            let bits = u128::from(ip) >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from(bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str, port: u16) -> Option<Peer> {
        Some(Peer::Ip(text.parse().unwrap(), port))
    }

    fn call(name: &str, kind: u16, ret: i64, ends: [Option<Peer>; 3]) -> Call {
        let [local, remote, address] = ends;
        let connection = Connection { kind, local, remote, ..Connection::default() };
        let connection = Some(connection);
        Call { name: name.to_owned(), ret, connection, address, ..Call::default() }
    }

    fn acts(call: &Call) -> Option<(Act, Option<u16>)> {
        let flow = Flow::of(call)?;
        let out = matches!(flow.act, Act::Out | Act::Say);
        let end = if out { flow.remote } else { flow.local };
        Some((flow.act, end.map(|(_, port)| port)))
    }

    #[test]
    fn calls_say_who_speaks_with_whom() {
        for (name, kind, ret, ends, expected) in [
            (
                "connect",
                1,
                0,
                [ip("10.0.0.2", 4000), ip("10.0.0.3", 80), None],
                Some((Act::Out, Some(80))),
            ),
            ("connect", 1, -111, [None, None, ip("10.0.0.3", 81)], Some((Act::Out, Some(81)))),
            ("connect", 2, 0, [None, ip("10.0.0.3", 0), None], None),
            ("connect", 1, -106, [None, ip("10.0.0.3", 80), None], None),
            ("sendto", 2, 9, [None, None, ip("10.0.0.3", 53)], Some((Act::Out, Some(53)))),
            ("sendto", 1, 9, [None, ip("10.0.0.3", 53), None], None),
            (
                "accept4",
                1,
                5,
                [ip("10.0.0.2", 80), ip("10.0.0.3", 999), None],
                Some((Act::In, Some(80))),
            ),
            ("accept4", 1, -11, [None, None, None], None),
            ("listen", 1, 0, [ip("0.0.0.0", 80), None, None], Some((Act::Listen, Some(80)))),
            ("bind", 2, 0, [None, None, ip("0.0.0.0", 53)], Some((Act::Listen, Some(53)))),
            ("bind", 2, 0, [None, None, ip("0.0.0.0", 0)], None),
            ("bind", 1, 0, [None, None, ip("0.0.0.0", 80)], None),
            ("socket", 1, 0, [None, None, None], None),
        ] {
            assert_eq!(acts(&call(name, kind, ret, ends)), expected, "{name} {kind} {ret}");
        }
        for (name, arguments, expected) in [
            ("write", [0; 6], Act::Say),
            ("writev", [0; 6], Act::Say),
            ("sendmsg", [0; 6], Act::Say),
            ("sendto", [0; 6], Act::Say),
            ("sendto", [0, 0, 0, MSG_FASTOPEN, 0, 0], Act::Out),
            ("sendmsg", [0, 0, MSG_FASTOPEN, 0, 0, 0], Act::Out),
        ] {
            let plain = call(name, 1, 9, [ip("10.0.0.2", 4000), ip("10.0.0.3", 80), None]);
            let said = Call { payload: b"GET /".to_vec(), arguments, ..plain };
            assert_eq!(acts(&said), Some((expected, Some(80))), "{name} {arguments:?}");
        }
        let unix = Some(Peer::Unix("/run/x".to_owned()));
        assert_eq!(acts(&call("connect", 1, 0, [None, unix, None])), None);
    }

    #[test]
    fn addresses_have_their_place() {
        for (text, public, network) in [
            ("10.1.2.3", false, "10.1.2.0/24"),
            ("100.64.0.1", false, "100.64.0.0/24"),
            ("8.8.8.8", true, "8.8.8.0/24"),
            ("127.0.0.1", false, "127.0.0.0/24"),
            ("fd00:ec2::254", false, "fd00:ec2::/64"),
            ("2001:db8:1:2:3::4", true, "2001:db8:1:2::/64"),
        ] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!((is_public(ip), network_of(ip).as_str()), (public, network));
        }
    }
}
