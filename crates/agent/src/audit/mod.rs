//! The audit trail: kept as it comes, searched with the rule language, told as a tree.
//!
//! [`Writer`] takes what everybody hands into [`crate::trail`], keeps it in [`store::audit`] and then
//! passes it on. [`search`](fn@search) and [`tree`](fn@tree) read.

mod clock;
mod config;
mod export;
mod facts;
mod late;
mod render;
mod search;
mod tree;
mod unkept;
mod writer;

pub use config::AuditConfig;
pub use export::{csv_head, csv_line, json_line};
pub use facts::{RecordFacts, columns};
pub use late::LateLog;
pub use render::{TreeLine, lines, says, shown};
pub use search::{Numbered, Search, compile, each, search};
pub use tree::{Around, Process, Tree, TreeWindow, tree};
pub use writer::{Kept, Sink, Writer, WriterCounts, WriterEnd, keep};
