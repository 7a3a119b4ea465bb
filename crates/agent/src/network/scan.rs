//! Port scans: many ports of one host, or many hosts at one port, within seconds.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::num::NonZeroUsize;

use lru::LruCache;

use super::config::ScanConfig;
use super::flow::End;

/// Containers whose connections are counted.
const MAX_CONTAINERS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Hosts and ports that are counted of one container within a window.
const MAX_ENDS: usize = 4096;

/// A scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// Of one host, so many ports.
    Ports(IpAddr, usize),
    /// At one port, so many hosts.
    Hosts(u16, usize),
}

#[derive(Debug, Default)]
struct Window {
    since_ns: u64,
    ends: usize,
    /// Unusual connections that were told.
    unusual: usize,
    ports_of: HashMap<IpAddr, HashSet<u16>>,
    hosts_at: HashMap<u16, HashSet<IpAddr>>,
    /// Told in this window, and not told again while it goes on.
    told: Vec<Scan>,
}

/// Connections of the last seconds by container.
#[derive(Debug)]
pub(super) struct Scans {
    config: ScanConfig,
    containers: LruCache<String, Window>,
}

impl Scans {
    pub(super) fn new(config: ScanConfig) -> Self {
        Scans { config, containers: LruCache::new(MAX_CONTAINERS) }
    }

    /// Takes a connection in; the scan that becomes one with it.
    pub(super) fn take(&mut self, container: &str, remote: End, now_ns: u64) -> Option<Scan> {
        let window_ns = self.config.window_s.max(1).saturating_mul(1_000_000_000);
        let window = self.containers.get_or_insert_mut_ref(container, Window::default);
        if now_ns.saturating_sub(window.since_ns) >= window_ns {
            window.begin(now_ns, &self.config);
        }
        if window.ends >= MAX_ENDS {
            return None;
        }
        let (ip, port) = remote;
        let ports = window.ports_of.entry(ip).or_default();
        let new_port = ports.insert(port);
        let ports = ports.len();
        let hosts = window.hosts_at.entry(port).or_default();
        let new_host = hosts.insert(ip);
        let hosts = hosts.len();
        window.ends += usize::from(new_port || new_host);
        if new_port && ports >= self.config.ports {
            return window.tell(Scan::Ports(ip, ports));
        }
        if new_host && hosts >= self.config.hosts {
            return window.tell(Scan::Hosts(port, hosts));
        }
        None
    }
}

impl Scans {
    /// How many unusual connections of a container were told in this window.
    pub(super) fn unusual_told(&self, container: &str) -> usize {
        self.containers.peek(container).map_or(0, |window| window.unusual)
    }

    pub(super) fn add_unusual(&mut self, container: &str, told: usize) {
        if let Some(window) = self.containers.peek_mut(container) {
            window.unusual += told;
        }
    }
}

impl Window {
    /// A new window. What was told of the last and went on to its end is still known.
    fn begin(&mut self, now_ns: u64, config: &ScanConfig) {
        let goes_on = |scan: &Scan| match scan {
            Scan::Ports(ip, _) => self.ports_of.get(ip).is_some_and(|p| p.len() >= config.ports),
            Scan::Hosts(port, _) => {
                self.hosts_at.get(port).is_some_and(|h| h.len() >= config.hosts)
            }
        };
        let told = self.told.iter().copied().filter(goes_on).collect();
        *self = Window { since_ns: now_ns, told, ..Window::default() };
    }

    fn tell(&mut self, scan: Scan) -> Option<Scan> {
        let same = |one: &Scan| match (one, &scan) {
            (Scan::Ports(ip, _), Scan::Ports(other, _)) => ip == other,
            (Scan::Hosts(port, _), Scan::Hosts(other, _)) => port == other,
            _ => false,
        };
        if self.told.iter().any(same) {
            return None;
        }
        self.told.push(scan);
        Some(scan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn told(ends: impl Iterator<Item = (End, u64)>) -> Vec<Scan> {
        let mut scans = Scans::new(ScanConfig { window_s: 10, ports: 5, hosts: 6 });
        ends.filter_map(|(end, now_ns)| scans.take("c", end, now_ns)).collect()
    }

    #[test]
    fn many_ports_or_hosts_in_a_short_time_are_a_scan_told_once() {
        let ports = told((1..50).map(|port| ((ip(1), port), S)));
        assert_eq!(ports, [Scan::Ports(ip(1), 5)]);
        let hosts = told((1..50).map(|host| ((ip(host), 22), S)));
        assert_eq!(hosts, [Scan::Hosts(22, 6)]);
        // Going on for several windows is one scan.
        let long = told((1..50).map(|port| ((ip(1), port), u64::from(port) * S)));
        assert_eq!(long.len(), 1);
    }

    #[test]
    fn the_same_again_or_slowly_is_none() {
        assert_eq!(told((1..500).map(|_| ((ip(1), 80), S))), []);
        assert_eq!(told((1..50).map(|port| ((ip(1), port), u64::from(port) * 4 * S))), []);
        assert_eq!(told((1..5).map(|port| ((ip(1), port), S))), []);
    }
}
