//! `Snapshot`: what is there before the first event: processes, cgroups, users, the node itself.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use model::{CgroupName, Namespaces};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::attribute::{Begun, Process, begun_below, cgroups_below, namespaces_of, processes_of};
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
    /// What the first programs of the containers had that run.
    #[serde(deserialize_with = "bounded")]
    pub begun: Vec<Begun>,
}

impl Snapshot {
    /// The host as it is now.
    pub fn of_host() -> Self {
        let proc = Path::new("/proc");
        let mut snapshot = Snapshot::without_begun();
        let host_mnt = snapshot.host_namespaces.mnt;
        snapshot.begun = begun_below(proc, &snapshot.cgroups, host_mnt);
        snapshot
    }

    /// The same, without a look at what began.
    pub(super) fn without_begun() -> Self {
        let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists());
        Snapshot {
            node: node_name(),
            boot_ns: boot_ns(),
            host_namespaces: host_namespaces(),
            users: Users::below(Path::new("/")),
            cgroups: mount.map(|mount| cgroups_below(mount, 0)).unwrap_or_default(),
            processes: processes_of(Path::new("/proc")),
            begun: Vec::new(),
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
    let [first, own] = ["/proc/1", "/proc/self"].map(|folder| namespaces_of(Path::new(folder)));
    let or = |first: u32, own: u32| if first == 0 { own } else { first };
    Namespaces {
        mnt: or(first.mnt, own.mnt),
        pid: or(first.pid, own.pid),
        net: or(first.net, own.net),
        user: or(first.user, own.user),
        ipc: or(first.ipc, own.ipc),
        uts: or(first.uts, own.uts),
        cgroup: or(first.cgroup, own.cgroup),
    }
}

/// The node's name.
pub(crate) fn node_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// The moment of the kernel's zero, in nanoseconds since 1970.
fn boot_ns() -> i64 {
    crate::clock::now_ns().saturating_sub_unsigned(crate::clock::since_boot_ns())
}
