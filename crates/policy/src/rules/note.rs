//! `Note`: what a reader of rules files should know although the rules are usable.

use crate::PolicyError;

/// Something that a rules file says and that is no mistake, but hardly meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind.
    pub kind: NoteKind,
    /// Where, and what.
    pub text: PolicyError,
}

/// What kind of note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A list or macro that no rule uses.
    Unused,
    /// A form of the past: `append: true`, `enabled` alone.
    Deprecated,
    /// A key that is not known.
    UnknownKey,
    /// An item that is no list, macro, rule or requirement.
    UnknownItem,
    /// A rule of a source without a table.
    UnknownSource,
    /// A rule that is asked for every event, whatever its type.
    EveryEvent,
    /// A rule that no event can meet, such as by an empty list that a user is to fill.
    NeverHolds,
    /// A check that never holds, because its field is of the past: `evt.dir = >`.
    PastCheck,
    /// A value that its field is not known to have: a type of event that there is not.
    UnknownValue,
    /// An exception that excepts nothing.
    NoValues,
}

impl NoteKind {
    /// Whether it is worth a warning; others are hints.
    pub fn is_warning(self) -> bool {
        !matches!(self, NoteKind::Unused | NoteKind::Deprecated | NoteKind::NeverHolds)
    }
}
