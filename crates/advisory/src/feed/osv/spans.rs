//! Events of an OSV range as spans of versions.

use model::{RangeEnd, VersionRange};

use super::schema::{Event, OsvAffected, OsvRange};
use crate::feed::text::Text;

/// Ways to write "from the first version on".
const FIRST_VERSIONS: [&str; 2] = ["0", "0.0.0-0"];

/// The version whose repair says that nothing ever was vulnerable.
const NEVER_FIX: &str = "0";

/// The affected spans of a package: every range of versions (commits are left out).
pub(super) fn of(affected: &OsvAffected<'_>) -> Vec<VersionRange> {
    let mut spans = Vec::new();
    for range in affected.ranges.iter().filter(|range| is_of_versions(range)) {
        pair(&range.events, &mut spans);
    }
    if let Some(end) = last_known(affected)
        && let [VersionRange { end: open @ RangeEnd::Open, .. }] = spans.as_mut_slice()
    {
        *open = end;
    }
    spans
}

fn is_of_versions(range: &OsvRange<'_>) -> bool {
    matches!(&*range.kind, "ECOSYSTEM" | "SEMVER")
}

/// Pairs each beginning with the end that follows it. An end without a beginning says nothing; a
/// second beginning inside a span adds nothing (the schema: events in the order of versions).
fn pair(events: &[Event<'_>], spans: &mut Vec<VersionRange>) {
    let mut begun: Option<&str> = None;
    for event in events {
        if let Some(introduced) = &event.introduced {
            begun = begun.or(Some(introduced));
        }
        let end = end_of(event);
        if let (Some(introduced), Some(end)) = (begun, end) {
            let span = VersionRange { introduced: first(introduced), end };
            // From the first version to before the first version is nothing.
            spans.extend(Some(span).filter(|span| !is_nothing(span)));
            begun = None;
        }
    }
    if let Some(introduced) = begun {
        spans.push(VersionRange { introduced: first(introduced), end: RangeEnd::Open });
    }
}

fn is_nothing(span: &VersionRange) -> bool {
    span.introduced.is_none() && span.end == RangeEnd::Fixed(NEVER_FIX.to_owned())
}

/// Whether a package is said never to have been vulnerable: repaired in version `0`.
pub(super) fn is_never(affected: &OsvAffected<'_>) -> bool {
    let ranges = affected.ranges.iter().filter(|range| is_of_versions(range));
    let mut fixes = ranges.flat_map(|range| &range.events).filter_map(|e| e.fixed.as_deref());
    fixes.next() == Some(NEVER_FIX) && fixes.next().is_none()
}

fn end_of(event: &Event<'_>) -> Option<RangeEnd> {
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| (**text).to_owned());
    text(&event.fixed)
        .map(RangeEnd::Fixed)
        .or_else(|| text(&event.last_affected).map(RangeEnd::LastAffected))
}

fn first(introduced: &str) -> Option<String> {
    (!FIRST_VERSIONS.contains(&introduced)).then(|| introduced.to_owned())
}

/// GitHub's note of the last affected version where no repair is known: `<= 1.2.3`, `< 2`.
fn last_known(affected: &OsvAffected<'_>) -> Option<RangeEnd> {
    let specific = affected.database_specific.as_ref()?;
    let text = specific.last_known_affected_version_range.as_ref()?.trim();
    if let Some(version) = text.strip_prefix("<=") {
        return Some(RangeEnd::LastAffected(version.trim().to_owned()));
    }
    text.strip_prefix('<').map(|version| RangeEnd::Fixed(version.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(affected: &str) -> Vec<String> {
        let affected: OsvAffected<'_> = serde_json::from_str(affected).expect("valid");
        of(&affected).iter().map(show).collect()
    }

    fn show(span: &VersionRange) -> String {
        let from = span.introduced.as_deref().unwrap_or("*");
        match &span.end {
            RangeEnd::Fixed(version) => format!("{from} < {version}"),
            RangeEnd::LastAffected(version) => format!("{from} <= {version}"),
            RangeEnd::Open => format!("{from} .."),
        }
    }

    #[test]
    fn pairs_events() {
        let cases: [(&str, &[&str]); 8] = [
            (r#"[{"introduced":"0"},{"fixed":"1.2"}]"#, &["* < 1.2"]),
            (
                r#"[{"introduced":"1"},{"fixed":"2"},{"introduced":"3"},{"last_affected":"4"}]"#,
                &["1 < 2", "3 <= 4"],
            ),
            (r#"[{"introduced":"0.0.0-0"}]"#, &["* .."]),
            (r#"[{"introduced":"1"},{"introduced":"2"},{"fixed":"3"}]"#, &["1 < 3"]),
            (r#"[{"introduced":"1"},{"fixed":"2"},{"fixed":"5"}]"#, &["1 < 2"]),
            (r#"[{"introduced":"1"},{"limit":"*"}]"#, &["1 .."]),
            (r#"[{"introduced":"0"},{"fixed":"0"}]"#, &[]),
            ("[]", &[]),
        ];
        for (events, expect) in cases {
            let affected = format!(r#"{{"ranges":[{{"type":"ECOSYSTEM","events":{events}}}]}}"#);
            assert_eq!(spans(&affected), expect, "{events}");
        }
    }

    #[test]
    fn ends_an_open_span_where_github_knows_the_last_version() {
        let with = |range: &str| {
            spans(&format!(
                r#"{{"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}}]}}],
                    "database_specific":{{"last_known_affected_version_range":"{range}"}}}}"#
            ))
        };
        assert_eq!(with("<= 1.2.3"), ["* <= 1.2.3"]);
        assert_eq!(with("< 2.0"), ["* < 2.0"]);
        assert_eq!(with("nonsense"), ["* .."]);
    }

    #[test]
    fn leaves_out_ranges_of_commits() {
        assert!(spans(r#"{"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}"#).is_empty());
    }
}
