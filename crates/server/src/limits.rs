//! How much is read, how many at a time, and how long anything may take.

use std::time::Duration;

/// Largest request body, in bytes. An API server takes objects of 3 MiB; a review holds two.
pub(crate) const BODY_MAX_BYTES: usize = 8 << 20;
/// Connections open at the same time.
pub(crate) const CONNECTIONS_MAX: usize = 512;
/// Requests judged at the same time; others wait, within the deadline.
pub(crate) const JUDGING_MAX: usize = 32;
/// How long a TLS handshake may take.
pub(crate) const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// How long a connection may be silent between requests, and a request's head may take to arrive.
/// Longer than the 90 s after which an API server itself lets go of a silent connection.
pub(crate) const HEAD_MAX: Duration = Duration::from_secs(120);
/// Bodies up to so many bytes are parsed where they arrive; larger ones among the blocking work.
pub(crate) const PARSED_AT_ONCE_BYTES: usize = 64 << 10;
/// How long an answer may take; the webhook's own `timeoutSeconds` is 5.
pub(crate) const DEADLINE: Duration = Duration::from_secs(4);
/// How long open connections may go on after the server was told to end.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(10);
/// Containers, init containers, ephemeral ones and image volumes of one workload.
pub(crate) const CONTAINERS_MAX: usize = 1_000;
/// Longest message of a denial, in characters: `kubectl` prints it on one line.
pub(crate) const MESSAGE_MAX_CHARS: usize = 2_000;
/// Warnings in one answer; the API server cuts them off at 4 KiB in all.
pub(crate) const WARNINGS_MAX: usize = 10;
/// Longest warning, in characters.
pub(crate) const WARNING_MAX_CHARS: usize = 256;

/// Reports of one name among which a new one is looked for.
pub(crate) const HEADS_PER_NAME: u32 = 50;

/// How often a folder of reports, and the policy's file, are looked at.
pub(crate) const INTAKE_EVERY: Duration = Duration::from_secs(10);
/// Largest policy file, in bytes.
pub(crate) const POLICY_MAX_BYTES: u64 = 16 << 20;
/// Largest report file taken in, in bytes.
pub(crate) const INTAKE_MAX_BYTES: u64 = 256 << 20;
/// Files looked at in a folder of reports.
pub(crate) const INTAKE_MAX_FILES: usize = 20_000;

/// How often certificates are looked at.
pub(crate) const CERTIFICATES_EVERY: Duration = Duration::from_secs(60);
/// Largest file of certificates or keys, in bytes.
pub(crate) const CERTIFICATES_MAX_BYTES: u64 = 1 << 20;
/// How long the cluster's API may take to answer.
pub(crate) const CLUSTER_MAX: Duration = Duration::from_secs(10);
/// Largest answer of the cluster's API, in bytes.
pub(crate) const CLUSTER_MAX_BYTES: u64 = 4 << 20;
