//! What somebody types at a terminal, as the program that reads it gets it.

use serde::{Deserialize, Serialize};

/// What a program read from a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalInput {
    /// The terminal's device number, major << 20 | minor. Every container counts its terminals from
    /// 0: only together with the session it names one.
    pub tty: u32,
    /// The caller's number for it.
    pub fd: u32,
    /// How it is read.
    pub mode: TerminalMode,
    /// Bytes that were read; 0 when hidden.
    pub read_bytes: u32,
    /// The first of them; none when hidden.
    pub bytes: Vec<u8>,
}

/// How a terminal's input is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalMode {
    /// Whole lines: the kernel lets them be edited and echoes them.
    #[default]
    Lines,
    /// Key by key: the program edits the line and echoes it.
    Keys,
    /// Whole lines that are not echoed: a password.
    Hidden,
}
