//! `struct config` of `bpf/maps.h`, in bytes.

/// The unified hierarchy: no controller is asked.
pub(crate) const NO_SUBSYSTEM: u32 = u32::MAX;

/// What the programs are told before they are loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Config {
    pub(crate) own_pid: u32,
    pub(crate) shards: u32,
    pub(crate) cgroup_subsystem: u32,
    pub(crate) cgroup_hierarchy: u32,
    pub(crate) bulk_rate: u32,
    pub(crate) bulk_burst: u32,
    pub(crate) io_uring_opcode: u32,
    pub(crate) io_uring_joined: u32,
}

impl Config {
    /// In the order of the structure, in this machine's byte order.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let fields = [
            self.own_pid,
            self.shards,
            self.cgroup_subsystem,
            self.cgroup_hierarchy,
            self.bulk_rate,
            self.bulk_burst,
            self.io_uring_opcode,
            self.io_uring_joined,
        ];
        fields.iter().flat_map(|field| field.to_ne_bytes()).collect()
    }
}
