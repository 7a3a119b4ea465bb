//! How much of a host and an engine is looked at.

use std::time::Duration;

/// Longest a whole look at one engine may take.
pub(crate) const LOOK_TIMEOUT: Duration = Duration::from_secs(50);
/// Longest one answer of the engine may take.
pub(crate) const ENGINE_ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer of the engine about one object, in bytes.
pub(crate) const ENGINE_OBJECT_BYTES: usize = 4 * 1024 * 1024;
/// Longest list of the engine, in bytes. Of lists only what is asked for is kept.
pub(crate) const ENGINE_LIST_BYTES: usize = 16 * 1024 * 1024;
/// Most running containers that are looked at; more are told as not looked at.
pub(crate) const CONTAINERS_MAX: usize = 600;
/// Most images that are looked at.
pub(crate) const IMAGES_MAX: usize = 300;
/// Most networks that are looked at.
pub(crate) const NETWORKS_MAX: usize = 500;
/// Most swarm services that are looked at.
pub(crate) const SERVICES_MAX: usize = 500;
/// Most sessions of `docker exec` of one container that are looked at.
pub(crate) const EXECS_MAX: usize = 32;
/// Most values of one fact. A set that is longer is not known: what is hidden in the rest must not
/// let anything pass.
pub(crate) const FACT_VALUES_MAX: usize = 100;
/// Most bytes of all values of one fact.
pub(crate) const FACT_SET_BYTES: usize = 3072;
/// Longest text of a fact, in bytes.
pub(crate) const FACT_TEXT_BYTES: usize = 512;
/// Largest file of the host's configuration that is read, in bytes.
pub(crate) const CONFIG_FILE_BYTES: u64 = 1024 * 1024;
/// Largest account file that is read, in bytes.
pub(crate) const ACCOUNTS_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Largest file of /proc that is read, in bytes.
pub(crate) const PROC_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Most processes that are looked at.
pub(crate) const PROCESSES_MAX: usize = 100_000;
/// Most audit rules that are read.
pub(crate) const AUDIT_RULES_MAX: usize = 10_000;
/// Longest the kernel may take to list its audit rules.
pub(crate) const AUDIT_TIMEOUT: Duration = Duration::from_secs(2);
/// Most drop-ins of one unit.
pub(crate) const DROP_INS_MAX: usize = 256;
/// Most entries of a directory tree that is walked, such as certificates of registries.
pub(crate) const TREE_ENTRIES_MAX: usize = 2000;
/// Deepest directory of such a tree.
pub(crate) const TREE_DEPTH_MAX: usize = 8;
/// Most links from container to container (`--network container:ID`) that are followed.
pub(crate) const SHARED_NAMESPACE_HOPS: usize = 16;
