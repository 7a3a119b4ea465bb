//! From flags to facts: a table says which flags of a component are looked at, as what, and what
//! holds where they are not given.

use model::Subject;

use super::super::docker::{set, short};
use super::flags::{Flags, seconds, truth};

/// What an empty text reads as.
pub(super) const NONE: &str = "none";

/// What a flag's value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Switch,
    Text,
    Number,
    Texts,
    Seconds,
}

/// A flag, as what it is told, and its default.
pub(super) type Row = (&'static str, Kind, &'static str);

/// Tells the flags of a table: `audit-log-path` of the API server is `apiserver.audit_log_path`.
pub(super) fn say(subject: &mut Subject, flags: &Flags, rows: &[Row]) {
    for (flag, kind, unset) in rows {
        let field = format!("{}.{}", subject.kind, flag.replace('-', "_"));
        if matches!(kind, Kind::Texts) {
            subject.say(&field, set(flags.list(flag)));
            continue;
        }
        let value = flags.text(flag).unwrap_or(unset);
        say_value(subject, &field, *kind, value);
    }
}

/// Tells one value as what it is.
pub(super) fn say_value(subject: &mut Subject, field: &str, kind: Kind, value: &str) {
    let wrong = || format!("`{value}` cannot be understood");
    match kind {
        Kind::Switch => subject.say_or_miss(field, truth(value).ok_or_else(wrong)),
        Kind::Number => {
            subject.say_or_miss(field, value.parse::<i64>().map_err(|_| wrong()));
        }
        Kind::Seconds => subject.say_or_miss(field, seconds(value).ok_or_else(wrong)),
        Kind::Text | Kind::Texts => {
            subject.say(field, short(if value.is_empty() { NONE } else { value }));
        }
    }
}
