//! Table: the conditions under which a container's isolation fails, their names and weights.

use model::Priority;

/// A condition that begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Condition {
    MemoryAtLimit,
    PidsAtLimit,
    CpuAtLimit,
    CpuThrottled,
    OomLoop,
    ForkRate,
    CpuAboveNormal,
    MemoryAboveNormal,
    PidsAboveNormal,
    WritesAboveNormal,
    DiskFilling,
    DiskShare,
    IoSaturated,
    HostCpu,
    HostMemory,
    HostIo,
    Mining,
}

/// The name of alerts about limits that are missing.
pub(super) const LIMIT_MISSING: &str = "Limit missing";
/// The name of alerts about processes killed for want of memory.
pub(super) const OUT_OF_MEMORY: &str = "Process killed for want of memory";

impl Condition {
    pub(super) const ALL: [Condition; 17] = [
        Condition::MemoryAtLimit,
        Condition::PidsAtLimit,
        Condition::CpuAtLimit,
        Condition::CpuThrottled,
        Condition::OomLoop,
        Condition::ForkRate,
        Condition::CpuAboveNormal,
        Condition::MemoryAboveNormal,
        Condition::PidsAboveNormal,
        Condition::WritesAboveNormal,
        Condition::DiskFilling,
        Condition::DiskShare,
        Condition::IoSaturated,
        Condition::HostCpu,
        Condition::HostMemory,
        Condition::HostIo,
        Condition::Mining,
    ];

    /// The name in alerts.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Condition::MemoryAtLimit => "Memory at its limit",
            Condition::PidsAtLimit => "Processes at their limit",
            Condition::CpuAtLimit => "Processor at its limit",
            Condition::CpuThrottled => "Processor throttled",
            Condition::OomLoop => "Killed for want of memory again and again",
            Condition::ForkRate => "Processes begun too fast",
            Condition::CpuAboveNormal => "Processor use above normal",
            Condition::MemoryAboveNormal => "Memory use above normal",
            Condition::PidsAboveNormal => "Processes above normal",
            Condition::WritesAboveNormal => "Writes above normal",
            Condition::DiskFilling => "Disk filling up",
            Condition::DiskShare => "Writable layer too large",
            Condition::IoSaturated => "Disk input and output saturated",
            Condition::HostCpu => "Host's processors pressed by a container",
            Condition::HostMemory => "Host's memory pressed by a container",
            Condition::HostIo => "Host's disks pressed by a container",
            Condition::Mining => "Processor load like mining",
        }
    }

    /// How urgent its begin is.
    pub(super) fn priority(self) -> Priority {
        match self {
            Condition::OomLoop | Condition::Mining => Priority::Critical,
            Condition::ForkRate
            | Condition::DiskFilling
            | Condition::HostCpu
            | Condition::HostMemory
            | Condition::HostIo => Priority::Error,
            _ => Priority::Warning,
        }
    }

    /// Tags, the techniques of ATT&CK among them.
    pub(super) fn tags(self) -> &'static [&'static str] {
        match self {
            Condition::Mining => &["container", "isolation", "mining", "T1496"],
            Condition::ForkRate | Condition::PidsAtLimit => {
                &["container", "isolation", "T1499.001"]
            }
            Condition::CpuAboveNormal => &["container", "isolation", "T1496"],
            _ => &["container", "isolation", "T1499"],
        }
    }
}
