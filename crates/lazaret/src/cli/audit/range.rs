//! From when to when, and which records: the options that the verbs share.

use std::ops::Range;

use agent::audit;
use anyhow::Context as _;
use clap::Args;
use model::Timestamp;
use policy::filter::Condition;

/// Spans of time and their nanoseconds.
const UNITS: [(char, i64); 5] = [
    ('s', 1_000_000_000),
    ('m', 60_000_000_000),
    ('h', 3_600_000_000_000),
    ('d', 86_400_000_000_000),
    ('w', 604_800_000_000_000),
];

/// Which records.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only since: `2h` or `7d` ago, a day, or a moment
    #[arg(long, value_name = "WHEN")]
    pub(super) since: Option<String>,

    /// Only before
    #[arg(long, value_name = "WHEN")]
    pub(super) until: Option<String>,

    /// A condition of the rule language, as one word or several
    #[arg(value_name = "FILTER")]
    pub(super) filter: Vec<String>,
}

impl Which {
    pub(super) fn times_ns(&self) -> anyhow::Result<Range<i64>> {
        let now = Timestamp::now();
        let read = |word: &Option<String>, otherwise| match word.as_deref() {
            None => Ok(otherwise),
            Some(word) => when_ns(word, now),
        };
        Ok(read(&self.since, i64::MIN)?..read(&self.until, i64::MAX)?)
    }

    pub(super) fn condition(&self) -> anyhow::Result<Option<Condition>> {
        let filter = self.filter.join(" ");
        if filter.trim().is_empty() { Ok(None) } else { Ok(Some(audit::compile(&filter)?)) }
    }
}

/// A moment in nanoseconds since 1970: so long ago, a day's beginning, or as it is.
pub(super) fn when_ns(word: &str, now: Timestamp) -> anyhow::Result<i64> {
    let moment = match (span_ns(word), word.parse::<Timestamp>()) {
        (Some(span_ns), _) => now.as_nanosecond() - i128::from(span_ns),
        (None, Ok(moment)) => moment.as_nanosecond(),
        (None, Err(_)) => format!("{word}T00:00:00Z")
            .parse::<Timestamp>()
            .with_context(|| format!("`{word}` is no time: 2h, 7d, YYYY-MM-DD or a moment"))?
            .as_nanosecond(),
    };
    Ok(i64::try_from(moment)?)
}

/// `90s`, `15m`, `2h`, `7d`, `4w` in nanoseconds.
pub(super) fn span_ns(word: &str) -> Option<i64> {
    let unit = word.chars().next_back()?;
    let (_, unit_ns) = UNITS.iter().find(|(known, _)| *known == unit)?;
    let number: i64 = word.get(..word.len() - unit.len_utf8())?.parse().ok()?;
    number.checked_mul(*unit_ns).filter(|span| *span >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        for (word, expected) in [
            ("2h", "2026-11-25T10:00:00Z"),
            ("7d", "2026-11-18T12:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T01:02:03Z", "2026-11-01T01:02:03Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(i128::from(when_ns(word, now).unwrap()), expected.as_nanosecond(), "{word}");
        }
        for word in ["", "h", "-2h", "yesterday", "2é"] {
            assert!(when_ns(word, now).is_err(), "{word}");
        }
    }
}
