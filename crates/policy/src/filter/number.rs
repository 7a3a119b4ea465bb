//! `Number`: numbers, ranks, moments and spans of time, as conditions write and facts give them.

use std::cmp::Ordering;
use std::fmt;

use super::{FieldType, Value};

/// Units of spans of time, with their nanoseconds.
const UNITS: [(&str, i64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// A number. Fractions are finite; their bits are kept so that they can be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Number {
    Int(i64),
    Float(u64),
}

impl Number {
    fn of_float(number: f64) -> Option<Number> {
        number.is_finite().then(|| Number::Float((number + 0.0).to_bits()))
    }

    /// The number of a value, as a field of this type means it.
    pub(crate) fn of(value: &Value<'_>, kind: FieldType) -> Option<Number> {
        match value {
            Value::Int(number) => Some(Number::Int(*number)),
            Value::Float(number) => Number::of_float(*number),
            Value::Text(text) => Number::read(text, kind).ok(),
            Value::Bytes(bytes) => Number::read(std::str::from_utf8(bytes).ok()?, kind).ok(),
            _ => None,
        }
    }

    /// The number that a word stands for; the error says what is expected.
    pub(crate) fn read(word: &str, kind: FieldType) -> Result<Number, String> {
        let refused = || format!("`{word}` is not {kind}");
        match kind {
            FieldType::Ranked(words) => words
                .iter()
                .position(|known| known.eq_ignore_ascii_case(word))
                .and_then(|rank| i64::try_from(rank).ok())
                .map(Number::Int)
                .ok_or_else(|| {
                    format!("`{word}` is not known here: expected {}", crate::yaml::either(words))
                }),
            FieldType::Port => whole(word)
                .filter(|port| (0..=65_535).contains(port))
                .map(Number::Int)
                .ok_or_else(|| format!("`{word}` is not a port: expected 0 to 65535")),
            FieldType::Duration => {
                whole(word).or_else(|| span(word)).map(Number::Int).ok_or_else(|| {
                    format!(
                        "`{word}` is not a span of time: expected such as `10s`, `5m`, `2h`, `7d`"
                    )
                })
            }
            FieldType::Time => whole(word)
                .or_else(|| moment(word))
                .map(Number::Int)
                .ok_or_else(|| format!("`{word}` is not a moment: expected such as `2026-01-31`")),
            FieldType::Float | FieldType::Any => whole(word)
                .map(Number::Int)
                .or_else(|| float(word).and_then(Number::of_float))
                .ok_or_else(refused),
            _ => whole(word).map(Number::Int).ok_or_else(refused),
        }
    }

    /// The order of two numbers.
    pub(crate) fn order(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => left.cmp(&right),
            (left, right) => left.to_float().total_cmp(&right.to_float()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a fraction is compared as a fraction")]
    fn to_float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(bits) => f64::from_bits(bits),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(number) => write!(f, "{number}"),
            Number::Float(bits) => write!(f, "{}", f64::from_bits(*bits)),
        }
    }
}

/// A whole number, decimal or hexadecimal.
fn whole(word: &str) -> Option<i64> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    match digits {
        // Addresses and flag words use all 64 bits.
        Some(digits) if !digits.starts_with(['+', '-']) => {
            u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
        }
        Some(_) => None,
        None => word.parse().ok(),
    }
}

/// A number with a fraction or exponent: digits, no `inf` and no `nan`.
fn float(word: &str) -> Option<f64> {
    let is_plain =
        word.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    if is_plain { word.parse().ok() } else { None }
}

fn span(word: &str) -> Option<i64> {
    let end = word.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = word.split_at(end);
    let (_, nanoseconds) = UNITS.iter().find(|(known, _)| *known == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*nanoseconds)
}

/// Nanoseconds since 1970 of a day or an RFC 3339 moment.
fn moment(word: &str) -> Option<i64> {
    let is_day = word.len() == 10;
    let text = if is_day { format!("{word}T00:00:00Z") } else { word.to_owned() };
    let moment: model::Timestamp = text.parse().ok()?;
    i64::try_from(moment.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers() {
        use FieldType::{Duration, Float, Integer, Port, Ranked, Time};
        for (word, kind, expected) in [
            ("12", Integer, Some("12")),
            ("-1", Integer, Some("-1")),
            ("+1", Integer, Some("1")),
            ("0x1F", Integer, Some("31")),
            ("0xffffffffffffffff", Integer, Some("-1")),
            ("9223372036854775808", Integer, None),
            ("1.5", Integer, None),
            ("1e", Integer, None),
            ("", Integer, None),
            ("1.5", Float, Some("1.5")),
            ("1e3", Float, Some("1000")),
            ("inf", Float, None),
            ("nan", Float, None),
            ("1e999", Float, None),
            ("65535", Port, Some("65535")),
            ("65536", Port, None),
            ("-1", Port, None),
            ("10s", Duration, Some("10000000000")),
            ("1d", Duration, Some("86400000000000")),
            ("5", Duration, Some("5")),
            ("99999999999d", Duration, None),
            ("5 s", Duration, None),
            ("1970-01-02", Time, Some("86400000000000")),
            ("1970-01-01T00:00:01Z", Time, Some("1000000000")),
            ("soon", Time, None),
            ("HIGH", Ranked(&["low", "high"]), Some("1")),
            ("none", Ranked(&["low", "high"]), None),
        ] {
            let read = Number::read(word, kind).ok().map(|number| number.to_string());
            assert_eq!(read.as_deref(), expected, "{word} {kind:?}");
        }
    }
}
