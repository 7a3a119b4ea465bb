//! Whose an address is, as far as containers' own sockets told it.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

const MAX_ADDRESSES: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// The workloads of containers' addresses.
#[derive(Debug)]
pub(super) struct Addresses(LruCache<IpAddr, Arc<str>>);

impl Default for Addresses {
    fn default() -> Self {
        Addresses(LruCache::new(MAX_ADDRESSES))
    }
}

impl Addresses {
    /// A workload speaks from this address. Whoever did before is gone.
    pub(super) fn learn(&mut self, ip: IpAddr, workload: &Arc<str>) {
        if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
            return;
        }
        match self.0.get_mut(&ip) {
            Some(known) if known == workload => {}
            Some(known) => *known = Arc::clone(workload),
            None => {
                self.0.put(ip, Arc::clone(workload));
            }
        }
    }

    /// The workload that has this address.
    pub(super) fn of(&mut self, ip: IpAddr) -> Option<Arc<str>> {
        self.0.get(&ip).cloned()
    }
}
