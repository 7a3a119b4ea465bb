//! How much of foreign bytes is read, how many wait, and how long.

/// Largest message of the daemon to the plugin, in bytes. The daemon itself gives at most 4 MiB of
/// a body, in base64; answers and certificates come on top.
pub(crate) const MESSAGE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Longest request target, in bytes.
pub(crate) const TARGET_MAX_BYTES: usize = 64 * 1024;
/// Most values in a request body.
pub(crate) const BODY_MAX_NODES: usize = 400_000;
/// Largest answer of the engine that is read, in bytes.
pub(crate) const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Longest line of the engine's stream of events, in bytes.
pub(crate) const EVENT_MAX_BYTES: usize = 1024 * 1024;
/// How long the engine may take for one answer, in milliseconds.
pub(crate) const ANSWER_TIMEOUT_MS: u64 = 5_000;
/// How long one decision may take without a scan, in milliseconds.
pub(crate) const DECISION_TIMEOUT_MS: u64 = 20_000;
/// Connections kept open to the engine.
pub(crate) const IDLE_CONNECTIONS: usize = 32;
/// Connections that the plugin serves at once.
pub(crate) const CONNECTIONS: usize = 1024;
/// Decisions at work at once. Each has one connection from the daemon and asks it one question at
/// a time, so that `CONNECTIONS` never runs out while they wait for answers.
pub(crate) const DECISIONS_AT_ONCE: usize = 64;
/// Decisions that wait for their turn; more are refused at once.
pub(crate) const DECISIONS_WAITING: usize = 256;
/// Images whose names are remembered.
pub(crate) const IMAGES_REMEMBERED: usize = 512;
/// How long an image's names are remembered, in milliseconds.
pub(crate) const IMAGE_FRESH_MS: u64 = 2_000;
/// Names of one image that are judged.
pub(crate) const NAMES_JUDGED: usize = 32;
/// Containers followed through `container:ID` and `VolumesFrom`.
pub(crate) const JOINED_CONTAINERS: usize = 16;
/// Volumes of one container that are looked up.
pub(crate) const VOLUMES_LOOKED_UP: usize = 256;
/// Parsed reports kept in memory, in bytes of JSON.
pub(crate) const REPORTS_CACHED_BYTES: usize = 256 * 1024 * 1024;
/// Decision records that wait to be written; more are lost, counted and said.
pub(crate) const RECORDS_WAITING: usize = 4096;
/// Scans at once, for images without a report.
pub(crate) const SCANS_AT_ONCE: usize = 2;
/// What of a scan's own words is kept for the message, in bytes.
pub(crate) const SCAN_WORDS_BYTES: usize = 4096;
/// Largest configuration and break-glass file, in bytes.
pub(crate) const CONFIG_MAX_BYTES: u64 = 256 * 1024;
/// Largest policy file, in bytes.
pub(crate) const POLICY_MAX_BYTES: u64 = 1024 * 1024;
/// Longest message to the user, in bytes.
pub(crate) const MESSAGE_TO_USER_BYTES: usize = 4096;
/// Starts that were allowed and whose event has not come yet.
pub(crate) const STARTS_EXPECTED: usize = 8192;
/// How long the event of an allowed start may take, in milliseconds.
pub(crate) const START_EVENT_MS: u64 = 120_000;
/// How long the agent waits before it asks an unreachable engine again, in milliseconds.
pub(crate) const ENGINE_RETRY_MS: u64 = 2_000;
/// How long running decisions may take to finish when the agent ends, in milliseconds.
pub(crate) const DRAIN_TIMEOUT_MS: u64 = 10_000;
/// Largest `config.json` of a bundle, in bytes.
pub(crate) const BUNDLE_MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Largest file of containers/storage, in bytes.
pub(crate) const STORAGE_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Folders above a root filesystem that are looked at for the storage.
pub(crate) const STORAGE_MAX_LEVELS: usize = 6;
/// Records and alerts that wait to be kept; more are lost, counted and told.
pub(crate) const TRAIL_ENTRIES: usize = 16_384;
/// Most bytes of them, as they lie in memory.
pub(crate) const TRAIL_BYTES: usize = 16 * 1024 * 1024;
/// Alerts that wait for the trail; more are lost, counted and told.
pub(crate) const ALERTS_WAITING: usize = 4096;
/// Most bytes of them, as they lie in memory.
pub(crate) const ALERTS_WAITING_BYTES: usize = 8 * 1024 * 1024;
/// Records and alerts kept with one write to the disk.
pub(crate) const ENTRIES_TOGETHER: usize = 1024;
/// Longest first line of a recording, which tells a whole host, in bytes.
pub(crate) const RECORDING_FIRST_LINE_BYTES: u64 = 64 * 1024 * 1024;
/// Longest other line of a recording, in bytes.
pub(crate) const RECORDING_LINE_BYTES: u64 = 8 * 1024 * 1024;
/// Processes, and control groups, that a recording may begin with: as many as a host is asked for.
pub(crate) const RECORDING_BEFORE: usize = 65_536;
/// Largest window of a recording's compression, as a power of two.
pub(crate) const RECORDING_WINDOW_LOG: u32 = 24;
/// Largest file of rules, in bytes.
pub(crate) const RULES_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Files of rules in one folder.
pub(crate) const RULES_FILES: usize = 256;
/// Size of one file of a spool, in bytes.
pub(crate) const SPOOL_FILE_BYTES: u64 = 256 * 1024;
/// Longest line of a spool, in bytes.
pub(crate) const SPOOL_LINE_BYTES: u64 = 1024 * 1024;
/// What one destination's spool takes of the disk by default, in bytes.
pub(crate) const SPOOL_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Entries that wait in memory for one destination; more go to its spool.
pub(crate) const OUTPUT_ENTRIES: usize = 4096;
/// How long a destination may take for one delivery, in milliseconds.
pub(crate) const DELIVERY_TIMEOUT_MS: u64 = 10_000;
/// Largest message of NRI, in bytes: ttrpc's own limit.
pub(crate) const NRI_MESSAGE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most pods and containers in one message of NRI.
pub(crate) const NRI_MESSAGE_FIELDS: usize = 20_000;
/// How long containerd waits for a plugin's answer when it does not say, in milliseconds.
pub(crate) const NRI_ANSWER_TIMEOUT_MS: u64 = 2_000;
/// How much sooner the answer is given, in milliseconds.
pub(crate) const NRI_ANSWER_MARGIN_MS: u64 = 300;
/// How long containerd may take to take the plugin, in milliseconds.
pub(crate) const NRI_REGISTRATION_TIMEOUT_MS: u64 = 10_000;
/// How long the plugin waits before it connects again the first time, in milliseconds; the double
/// each time after.
pub(crate) const NRI_RETRY_FIRST_MS: u64 = 50;
/// How long it waits at most, in milliseconds.
pub(crate) const NRI_RETRY_LAST_MS: u64 = 2_000;
/// Pods whose labels are remembered.
pub(crate) const PODS_REMEMBERED: usize = 8192;
/// Running containers that are remembered as judged.
pub(crate) const CONTAINERS_REMEMBERED: usize = 8192;
/// Largest index or manifest of an image, in bytes.
pub(crate) const IMAGE_DOCUMENT_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Manifests of an index that are looked at.
pub(crate) const INDEX_MAX_ENTRIES: usize = 256;
/// How long a container that is stopped may take to end by itself, in milliseconds.
pub(crate) const STOP_GRACE_MS: u64 = 10_000;
/// Largest file of what a monitor learnt, in bytes.
pub(crate) const KEPT_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Records that wait in memory while the disk has no room for them; more are lost and counted.
pub(crate) const AUDIT_UNKEPT: usize = 65_536;
/// Most bytes of them, as JSON.
pub(crate) const AUDIT_UNKEPT_BYTES: usize = 64 * 1024 * 1024;
/// Most records of a tree's trail: of the process, those above and those below it.
pub(crate) const TREE_TRAIL: usize = 5_000;
/// Most records of a tree beside its trail.
pub(crate) const TREE_BESIDE: usize = 2_000;
/// Most processes above one another in a tree.
pub(crate) const TREE_DEPTH: usize = 256;
