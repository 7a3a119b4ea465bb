//! What a report may claim: whether silence means clean.

use model::{Coverage, CoverageStatus, Report, SkipReason};

/// The state in words, with its figure: `end of life since 2024-06-30`.
pub(crate) fn state(status: &CoverageStatus) -> String {
    match status {
        CoverageStatus::Covered => "covered".to_owned(),
        CoverageStatus::Stale { days } => format!("stale: {days} days old"),
        CoverageStatus::EndOfLife { since } => format!("end of life since {since}"),
        CoverageStatus::UnknownDistribution => "unknown distribution".to_owned(),
        CoverageStatus::NoFeed => "no feed".to_owned(),
    }
}

/// What is not covered.
pub(crate) fn gaps(report: &Report) -> impl Iterator<Item = &Coverage> {
    report.coverage.iter().filter(|coverage| coverage.status != CoverageStatus::Covered)
}

/// Why an empty list of findings does not mean that the image is clean; `None` when it does.
pub(crate) fn doubt(report: &Report) -> Option<String> {
    if report.tool.database.is_none() {
        return Some(
            "vulnerabilities were not looked for, no advisory database was used".to_owned(),
        );
    }
    if report.inventory.packages.is_empty() {
        return Some("no package was found, so there was nothing to match".to_owned());
    }
    let gaps: Vec<&str> = gaps(report).map(|coverage| coverage.ecosystem.as_str()).collect();
    if !gaps.is_empty() {
        return Some(format!("the advisories do not fully cover {}", gaps.join(", ")));
    }
    if report.coverage.is_empty() {
        return Some("it is not known how far the advisories reach".to_owned());
    }
    let unread = report.skipped.iter().filter(|skip| loses_packages(skip.reason)).count();
    (unread > 0).then(|| format!("{unread} parts of the image could not be read"))
}

/// Whether a skip may have hidden packages. An unsafe path never becomes a file.
fn loses_packages(reason: SkipReason) -> bool {
    !matches!(reason, SkipReason::UnsafePath | SkipReason::DigestMismatch)
}

/// A skip's reason in words.
pub(crate) fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::UnsafePath => "unsafe path",
        SkipReason::TooLarge => "too large",
        SkipReason::TooMany => "too many",
        SkipReason::TooDeep => "too deep",
        SkipReason::Ratio => "expands too much",
        SkipReason::Truncated => "truncated",
        SkipReason::Malformed => "malformed",
        SkipReason::Unsupported => "unsupported",
        SkipReason::Timeout => "took too long",
        SkipReason::DigestMismatch => "digest mismatch",
        SkipReason::Unreadable => "unreadable",
    }
}
