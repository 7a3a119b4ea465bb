//! `Snapshot`: what is there before the first event: processes, cgroups, users, the node itself.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use model::{CgroupName, Namespaces};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::attribute::{Process, cgroups_below, processes_of};
use crate::detect::Users;
use crate::limits::RECORDING_BEFORE;

/// Where the unified hierarchy is mounted: alone, or beside the old ones.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// What is there before the first event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// The node's name.
    pub node: String,
    /// The moment of the kernel's zero, in nanoseconds since 1970: event times count from it.
    pub boot_ns: i64,
    /// The host's own namespaces.
    pub host_namespaces: Namespaces,
    /// Names of the host's users.
    pub users: Users,
    /// The cgroups of the hierarchy that tells containers.
    #[serde(deserialize_with = "bounded")]
    pub cgroups: Vec<CgroupName>,
    /// The processes that run.
    #[serde(deserialize_with = "bounded")]
    pub processes: Vec<Process>,
}

impl Snapshot {
    /// The host as it is now.
    pub fn of_host() -> Self {
        let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists());
        Snapshot {
            node: node_name(),
            boot_ns: boot_ns(),
            host_namespaces: host_namespaces(),
            users: Users::below(Path::new("/")),
            cgroups: mount.map(|mount| cgroups_below(mount, 0)).unwrap_or_default(),
            processes: processes_of(Path::new("/proc")),
        }
    }
}

/// A list of no more entries than a host may have.
fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct Entries<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {RECORDING_BEFORE} entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = list.next_element()? {
                if entries.len() >= RECORDING_BEFORE {
                    let why = format!("a list has more than {RECORDING_BEFORE} entries");
                    return Err(A::Error::custom(why));
                }
                entries.push(entry);
            }
            Ok(entries)
        }
    }

    from.deserialize_seq(Entries(PhantomData))
}

/// The namespaces of the host's first process; the agent's own where that one may not be looked at.
fn host_namespaces() -> Namespaces {
    let number_at = |process: &str, name: &str| {
        let link = std::fs::read_link(format!("/proc/{process}/ns/{name}")).ok()?;
        let text = link.to_string_lossy().into_owned();
        text.rsplit('[').next().and_then(|rest| rest.trim_end_matches(']').parse().ok())
    };
    let number =
        |name: &str| number_at("1", name).or_else(|| number_at("self", name)).unwrap_or_default();
    Namespaces {
        mnt: number("mnt"),
        pid: number("pid"),
        net: number("net"),
        user: number("user"),
        ipc: number("ipc"),
        uts: number("uts"),
        cgroup: number("cgroup"),
    }
}

/// The node's name.
pub(crate) fn node_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// The moment of the kernel's zero, in nanoseconds since 1970.
fn boot_ns() -> i64 {
    let now = model::Timestamp::now().as_nanosecond();
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let up = i128::from(up.tv_sec) * 1_000_000_000 + i128::from(up.tv_nsec);
    i64::try_from(now - up).unwrap_or_default()
}
