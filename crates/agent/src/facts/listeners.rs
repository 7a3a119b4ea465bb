//! Listening sockets: `/proc/<pid>/net/tcp`, `tcp6`, `udp` and `udp6` (proc_pid_net(5)).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// State of a listening socket (`TCP_LISTEN`).
const LISTENING: &str = "0A";
/// State of a UDP socket that takes datagrams from anybody (`TCP_CLOSE`).
const UNCONNECTED: &str = "07";

/// The listening sockets of a table, with their inodes.
pub(crate) fn parse(table: &str) -> Vec<(SocketAddr, u64)> {
    table.lines().skip(1).filter_map(|one| line(one, LISTENING)).collect()
}

/// The UDP sockets of a table that anybody reaches, with their inodes.
pub(crate) fn parse_udp(table: &str) -> Vec<(SocketAddr, u64)> {
    table.lines().skip(1).filter_map(|one| line(one, UNCONNECTED)).collect()
}

fn line(line: &str, state: &str) -> Option<(SocketAddr, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if *words.get(3)? != state {
        return None;
    }
    let (address, port) = words.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((SocketAddr::new(ip(address)?, port), words.get(9)?.parse().ok()?))
}

/// An address as the kernel writes it: words of four bytes in the machine's order.
fn ip(digits: &str) -> Option<IpAddr> {
    if !digits.is_ascii() {
        return None;
    }
    let mut bytes = Vec::with_capacity(16);
    for start in (0..digits.len()).step_by(8) {
        let word = u32::from_str_radix(digits.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical()),
        _ => None,
    }
}

/// The addresses that a process with these sockets listens on.
pub(crate) fn of(tables: &[String], sockets: &BTreeSet<u64>) -> BTreeSet<SocketAddr> {
    let all = tables.iter().flat_map(|table| parse(table));
    all.filter(|(_, inode)| sockets.contains(inode)).map(|(address, _)| address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables() {
        let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:0947 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0\n   1: 00000000:0949 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 78 1 0 100 0\nbroken\n";
        let tcp6 = "head\n   0: 00000000000000000000000000000000:0949 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 79 1 0 100 0\n";
        let found = of(&[tcp.to_owned(), tcp6.to_owned()], &BTreeSet::from([77, 78, 79]));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["127.0.0.1:2375", "[::]:2377"]);
        assert!(of(&[tcp.to_owned()], &BTreeSet::new()).is_empty());
        let udp = "head\n  1: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 80 2 0 0\n  2: 0100007F:9000 0100007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 81 2 0 0\n";
        assert_eq!(parse_udp(udp), [("0.0.0.0:53".parse().unwrap(), 80)]);
    }
}
