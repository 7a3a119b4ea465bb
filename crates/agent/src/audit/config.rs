//! What the configuration says of the audit log.

use serde::Deserialize;
use store::audit::AuditOptions;

const DAY_S: u64 = 24 * 3600;

/// How much of the trail is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// Most bytes; the oldest records go first.
    pub keep_max_bytes: u64,
    /// Most days; older records go.
    pub keep_max_days: u64,
}

impl Default for AuditConfig {
    fn default() -> Self {
        let options = AuditOptions::default();
        AuditConfig {
            keep_max_bytes: options.keep_max_bytes,
            keep_max_days: options.keep_max_age_s / DAY_S,
        }
    }
}

impl AuditConfig {
    /// The options of the log.
    pub fn options(&self) -> AuditOptions {
        AuditOptions {
            keep_max_bytes: self.keep_max_bytes,
            keep_max_age_s: self.keep_max_days.saturating_mul(DAY_S),
            ..AuditOptions::default()
        }
    }
}
