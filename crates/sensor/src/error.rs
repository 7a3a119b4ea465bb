//! What goes wrong with the sensor.

/// Why the sensor does not see.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// The kernel does not describe itself.
    #[error(
        "the kernel has no type information (/sys/kernel/btf/vmlinux): a kernel 5.8 or newer built \
         with CONFIG_DEBUG_INFO_BTF is needed"
    )]
    NoTypes,
    /// The kernel refuses the programs.
    #[error(
        "the kernel refuses the sensor's programs: {why}; run as root, with CAP_BPF and CAP_PERFMON"
    )]
    Refused {
        /// What libbpf says.
        why: String,
    },
    /// An order to kill cannot be taken.
    #[error("the order to kill {program} cannot be taken: {why}")]
    Order {
        /// What was to be killed.
        program: String,
        /// Why not.
        why: &'static str,
    },
    /// A program cannot be attached.
    #[error("the program {program} cannot be attached: {why}")]
    Attach {
        /// Its name in `bpf/`.
        program: String,
        /// What libbpf says.
        why: String,
    },
    /// A map of the object is missing or refuses.
    #[error("the sensor's map {map} cannot be used: {why}")]
    Map {
        /// Its name in `bpf/maps.h`.
        map: &'static str,
        /// What libbpf says.
        why: String,
    },
    /// A system call is not known by this name.
    #[error("`{name}` is no system call that the sensor knows")]
    UnknownCall {
        /// The name.
        name: String,
    },
    /// A ring cannot be read.
    #[error("a ring of the sensor cannot be read: {why}")]
    Ring {
        /// What libbpf says.
        why: String,
    },
    /// The network of a cgroup cannot be cut or given back.
    #[error("the network of {cgroup} cannot be {done}: {why}")]
    Block {
        /// The cgroup's folder.
        cgroup: std::path::PathBuf,
        /// What was tried.
        done: &'static str,
        /// What the system says.
        why: String,
    },
}
