//! `CommandsConfig`: which programs that were started are recorded.

use serde::Deserialize;

/// Which programs that were started are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommandsConfig {
    /// In containers: every program (`all`), those of sessions and terminals (`interactive`), or
    /// `none`.
    pub containers: Which,
    /// On the host, the same. `interactive` are those of whoever logged in, at a terminal, or below
    /// a shell that is.
    pub host: Which,
    /// Whether what is typed at terminals is recorded, line by line. What is not echoed, a password,
    /// never is.
    pub lines: bool,
    /// For how long the same command of the same user in the same place is counted instead of told
    /// again, in seconds; 0 tells each.
    pub fold_s: u64,
    /// Commands a second that one session or container may have told.
    pub rate: u32,
    /// Commands it may have told at once.
    pub burst: u32,
}

/// Which programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Each.
    All,
    /// Those that a person had a hand in.
    Interactive,
    /// Not one.
    None,
}

impl Default for CommandsConfig {
    fn default() -> Self {
        CommandsConfig {
            containers: Which::All,
            host: Which::Interactive,
            lines: true,
            fold_s: 60,
            rate: 50,
            burst: 500,
        }
    }
}
