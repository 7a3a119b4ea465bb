//! Text of feeds: strings borrowed from a document, one-line summaries, dates in their many forms.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use model::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::limits::SUMMARY_MAX_CHARS;

/// A day after the beginning of Unix time, in seconds since that.
const NO_MOMENT_BEFORE: i64 = 86_400;

/// A string of a document, borrowed where it has no escapes. Unlike `Cow<str>` it borrows inside
/// lists and options too.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text, or nothing when it is blank.
    pub(super) fn non_empty(&self) -> Option<&str> {
        let text = self.trim();
        (!text.is_empty()).then_some(text)
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text)))
    }
}

/// The members of an object in the order of the document.
#[derive(Debug, Clone)]
pub(super) struct Pairs<K, V>(pub(super) Vec<(K, V)>);

impl<K, V> Default for Pairs<K, V> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<K, V>(std::marker::PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<K, V> {
            type Value = Pairs<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

/// A field that is `null` reads as if it were not there (programs in Go write empty lists so).
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// The first sentence worth showing: headings and blank lines skipped, white space folded, cut at
/// [`SUMMARY_MAX_CHARS`].
pub(super) fn one_line(text: &str) -> String {
    let start = text.lines().map(str::trim).find(|line| is_prose(line)).unwrap_or_default();
    let mut line = String::with_capacity(start.len().min(2 * SUMMARY_MAX_CHARS));
    for word in start.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * SUMMARY_MAX_CHARS {
            break;
        }
    }
    shorten(line, SUMMARY_MAX_CHARS)
}

fn is_prose(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#') && !line.starts_with("```")
}

/// Cuts a text at a number of characters and marks the cut.
pub(super) fn shorten(mut text: String, max_chars: usize) -> String {
    if text.len() <= max_chars {
        return text;
    }
    let Some((cut, _)) = text.char_indices().nth(max_chars.saturating_sub(1)) else {
        return text;
    };
    if text[cut..].chars().nth(1).is_some() {
        text.truncate(cut);
        text.push('…');
    }
    text
}

/// A moment in the forms the feeds use: RFC 3339, `2024-01-03 23:20:00` with or without `UTC`,
/// `2023-04-11`; a time without a zone is UTC. Dates that stand for "none" (year 1, 1970) are none.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    moment(text.trim()).filter(|moment| moment.as_second() > NO_MOMENT_BEFORE)
}

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let civil = text.get(..19).and_then(|head| head.parse::<jiff::civil::DateTime>().ok());
    let civil = civil.or_else(|| {
        text.get(..10)?.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0))
    })?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
}

/// The date of a moment or a date, as `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    day.parse::<jiff::civil::Date>().ok().map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_takes_the_first_prose_and_cuts_it() {
        assert_eq!(one_line("### Impact\n\n  A  bug\tis here.\nMore."), "A bug is here.");
        assert_eq!(one_line(""), "");
        let long = one_line(&"ä".repeat(300));
        assert_eq!(long.chars().count(), SUMMARY_MAX_CHARS);
        assert!(long.ends_with('…'));
        let exact = "x".repeat(SUMMARY_MAX_CHARS);
        assert_eq!(one_line(&exact), exact);
    }

    #[test]
    fn reads_every_form_of_a_moment() {
        let cases = [
            ("2024-12-05T15:29:28.513729Z", "2024-12-05T15:29:28.513729Z"),
            ("2024-07-12T17:54:37.399069972-03:00", "2024-07-12T20:54:37.399069972Z"),
            ("2024-01-03 23:20:00", "2024-01-03T23:20:00Z"),
            ("2019-02-04 08:29:00 UTC", "2019-02-04T08:29:00Z"),
            ("2021-08-31T00:00:00+0000", "2021-08-31T00:00:00Z"),
            ("2023-04-11", "2023-04-11T00:00:00Z"),
        ];
        for (text, expect) in cases {
            assert_eq!(timestamp(text).map(|t| t.to_string()).as_deref(), Some(expect), "{text}");
        }
        for text in ["", "soon", "2023-13-01", "2023–04–11", "0001-01-01T00:00:00Z", "1970-01-01"]
        {
            assert_eq!(timestamp(text), None, "{text}");
        }
        assert_eq!(date("2029-05-31T23:59:59Z").as_deref(), Some("2029-05-31"));
    }

    #[test]
    fn text_borrows_inside_lists() {
        let texts: Vec<Text<'_>> =
            serde_json::from_str(r#"["plain", "with \"escape\""]"#).expect("valid");
        assert!(matches!(texts[0].0, Cow::Borrowed("plain")));
        assert_eq!(&*texts[1], "with \"escape\"");
    }
}
