//! Who did it: from raw numbers of the kernel to processes with ancestors, containers and pods.
//!
//! ```text
//! Event ─Processes::observe→ the graph · cgroup id ─Containers→ container, image, pod
//! ```
//!
//! Everything is bounded: what is gone goes first, then the oldest, and what was forgotten is
//! counted.

mod begun;
mod bundle;
mod container_id;
mod containers;
mod engine_files;
mod processes;
mod regular;
mod start_up;
mod storage;
mod workload;

pub use begun::Begun;
pub(crate) use begun::{begun_below, namespaces_of};
pub use bundle::{Bundle, bundle as bundle_of, read_bundle};
pub(crate) use bundle::{host_mount, name_of, shared};
pub(crate) use container_id::is_id;
pub use container_id::{ContainerId, container_of, is_of_user};
pub use containers::{ContainerCounts, Containers, Directory};
pub(crate) use engine_files::learn;
pub use processes::{Process, Processes};
pub(crate) use regular::read_regular;
pub use start_up::{cgroups_below, processes_of};
pub(crate) use storage::id_digest;
pub use workload::workload_of;
