//! What the page shows, every text cleaned.

use model::{Finding, IgnoredBy, Reason, Severity, SourceKind};
use serde::Serialize;

use super::content::{self, Content};
use super::layers::{self, LayerRow};
use crate::report::fix_plan::{Repair, plan};
use crate::report::junit::decision_word;
use crate::report::tally::Tally;
use crate::report::text::{self, clean};
use crate::report::view::{View, advisory_url};
use crate::report::{coverage, table, wording};

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    images: Vec<Image>,
}

#[derive(Serialize)]
struct Image {
    /// Makes ids on the page unique.
    key: usize,
    name: String,
    facts: Vec<String>,
    decision: &'static str,
    decided: &'static str,
    reasons: Vec<ReasonRow>,
    total: usize,
    fixable: usize,
    split: bool,
    tiles: Vec<Tile>,
    silence: Option<Silence>,
    hidden: usize,
    filter: String,
    content: Content,
    /// How many of all findings are vulnerabilities.
    vulnerabilities: usize,
    removals: Vec<RepairRow>,
    upgrades: Vec<RepairRow>,
    findings: Vec<FindingRow>,
    layers: Vec<LayerRow>,
    coverage: Vec<CoverageRow>,
    database: Option<String>,
    skipped: Vec<SkipRow>,
    ignored: Vec<IgnoredRow>,
    stale: Vec<String>,
    made: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct ReasonRow {
    decision: &'static str,
    rule: String,
    message: String,
}

/// The count of one severity; how much of it is the base image's.
#[derive(Serialize)]
struct Tile {
    severity: &'static str,
    count: usize,
    base: usize,
    /// Share of all findings, in percent.
    share: f64,
}

#[derive(Serialize)]
struct Silence {
    clean: bool,
    text: String,
}

/// How many of one severity.
#[derive(Serialize)]
pub(super) struct Pill {
    severity: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct RepairRow {
    name: String,
    kind: &'static str,
    packages: String,
    from: String,
    to: String,
    place: String,
    base: bool,
    exploited: bool,
    pills: Vec<Pill>,
    ids: Vec<Link>,
    more: usize,
}

#[derive(Serialize)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) url: Option<String>,
}

#[derive(Serialize)]
pub(super) struct FindingRow {
    id: String,
    severity: &'static str,
    vulnerability: Link,
    aliases: String,
    package: String,
    version: String,
    fixed: Option<String>,
    state: &'static str,
    path: String,
    layer: u32,
    base: bool,
    score: Option<String>,
    epss: Option<String>,
    exploited: Option<String>,
    malicious: bool,
    summary: String,
}

#[derive(Serialize)]
struct CoverageRow {
    covered: bool,
    ecosystem: String,
    packages: u32,
    state: String,
    note: String,
}

#[derive(Serialize)]
struct SkipRow {
    reason: &'static str,
    place: String,
    detail: String,
}

#[derive(Serialize)]
struct IgnoredRow {
    severity: &'static str,
    finding: Link,
    place: String,
    by: String,
    why: String,
}

/// Ids named beside one repair.
const NAMED_IDS: usize = 6;

pub(super) fn page(views: &[View<'_>]) -> Page {
    let title = match views {
        [one] => format!("{} — Lazaret", one.name()),
        several => format!("{} images — Lazaret", several.len()),
    };
    Page { title, images: views.iter().enumerate().map(|(key, view)| image(key, view)).collect() }
}

fn image(key: usize, view: &View<'_>) -> Image {
    let report = view.report;
    let plan = plan(view, false);
    let all = Tally::of(view.findings.iter().copied());
    Image {
        key,
        name: view.name().into_owned(),
        facts: facts(view),
        decision: decision_word(report.verdict.decision),
        decided: table::decided(report.verdict.decision),
        reasons: report.verdict.reasons.iter().map(reason).collect(),
        total: all.total(),
        fixable: all.fixable,
        split: view.has_base(),
        tiles: tiles(view, &all),
        silence: silence(view),
        hidden: view.hidden,
        filter: view.filter.clone(),
        content: content::content(view),
        vulnerabilities: view.vulnerabilities().count(),
        removals: plan.remove.iter().map(|repair| repair_row(view, repair)).collect(),
        upgrades: plan.upgrade.iter().map(|repair| repair_row(view, repair)).collect(),
        findings: view.findings.iter().filter_map(|finding| finding_row(finding)).collect(),
        layers: layers::rows(view),
        coverage: coverage_rows(view),
        database: report.tool.database.as_ref().map(|d| d.built.strftime("%Y-%m-%d").to_string()),
        skipped: skip_rows(view),
        ignored: ignored_rows(view),
        stale: report.stale_exceptions.iter().map(|text| clean(text).into_owned()).collect(),
        made: made(view),
    }
}

fn facts(view: &View<'_>) -> Vec<String> {
    let report = view.report;
    let mut facts: Vec<String> = Vec::new();
    if report.source.kind == SourceKind::Template {
        facts.push(text::count(report.inventory.templates.len(), "template", "templates"));
        return facts;
    }
    facts.push(view.distro().unwrap_or_else(|| "no distribution recognised".into()));
    facts.extend(report.image.platform.as_ref().map(|p| clean(&p.to_string()).into_owned()));
    facts.push(text::count(report.inventory.packages.len(), "package", "packages"));
    if !report.image.layers.is_empty() {
        facts.push(text::count(report.image.layers.len(), "layer", "layers"));
        let size: u64 = report.image.layers.iter().map(|layer| layer.size_bytes).sum();
        facts.push(text::bytes(size));
    }
    facts.push(report.source.kind.as_str().to_owned());
    facts
}

fn made(view: &View<'_>) -> Vec<(&'static str, String)> {
    let report = view.report;
    let mut rows = vec![
        ("scanned", report.source.scanned_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("lazaret", clean(&report.tool.lazaret).into_owned()),
        ("policy", clean(&report.tool.policy).into_owned()),
    ];
    if let Some(database) = &report.tool.database {
        rows.push(("advisories", format!("{} ({})", database.built, database.digest)));
    }
    rows.extend(report.source.manifest_digest.as_ref().map(|d| ("manifest", d.to_string())));
    rows.extend(report.source.image_id.as_ref().map(|d| ("image id", d.to_string())));
    rows
}

fn reason(reason: &Reason) -> ReasonRow {
    ReasonRow {
        decision: decision_word(reason.decision),
        rule: clean(&reason.rule).into_owned(),
        message: clean(&reason.message).into_owned(),
    }
}

fn tiles(view: &View<'_>, all: &Tally) -> Vec<Tile> {
    let base = Tally::of(view.findings.iter().copied().filter(|finding| finding.base));
    let total = all.total().max(1) as f64;
    let worst_first = Severity::ALL.into_iter().rev();
    worst_first
        .map(|severity| Tile {
            severity: severity.as_str(),
            count: all.count(severity),
            base: base.count(severity),
            share: all.count(severity) as f64 * 100.0 / total,
        })
        .collect()
}

fn silence(view: &View<'_>) -> Option<Silence> {
    let findings = &view.report.findings;
    if view.report.source.kind == SourceKind::Template {
        let templates = view.report.inventory.templates.len();
        let templates = text::count(templates, "template", "templates");
        let text = format!("No weakness in {templates}.");
        return findings.is_empty().then_some(Silence { clean: true, text });
    }
    if findings.iter().any(|finding| finding.vulnerability().is_some()) {
        return None;
    }
    let what = if findings.is_empty() { "findings" } else { "known vulnerability" };
    let packages = text::count(view.report.inventory.packages.len(), "package", "packages");
    Some(match coverage::doubt(view.report) {
        None => Silence { clean: true, text: format!("No known vulnerability in {packages}.") },
        Some(doubt) => Silence {
            clean: false,
            text: format!("No {what}, but that does not mean clean: {}.", clean(&doubt)),
        },
    })
}

pub(super) fn pills(tally: &Tally) -> Vec<Pill> {
    let counted = tally.worst_first();
    counted.map(|(severity, count)| Pill { severity: severity.as_str(), count }).collect()
}

fn repair_row(view: &View<'_>, repair: &Repair<'_>) -> RepairRow {
    let more = repair.packages.len().saturating_sub(NAMED_IDS);
    let mut packages =
        repair.packages.iter().take(NAMED_IDS).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        packages.push_str(&format!(" + {more} more"));
    }
    let ids = repair.findings.iter().filter_map(|finding| finding.vulnerability());
    let exploited = ids.clone().any(|v| v.kev.is_some());
    RepairRow {
        name: clean(repair.name).into_owned(),
        kind: table::kind_name(repair.kind),
        packages: if repair.packages == [repair.name] {
            String::new()
        } else {
            clean(&packages).into_owned()
        },
        from: clean(&repair.from.join(", ")).into_owned(),
        to: clean(repair.to.unwrap_or_default()).into_owned(),
        place: place(view, repair),
        base: repair.base,
        exploited,
        pills: pills(&repair.tally()),
        ids: ids.take(NAMED_IDS).map(|v| link(&v.id.0)).collect(),
        more: repair.findings.len().saturating_sub(NAMED_IDS),
    }
}

fn place(view: &View<'_>, repair: &Repair<'_>) -> String {
    let Some((layer, path)) = repair.places.first() else { return String::new() };
    let more = repair.places.len() - 1;
    let more = match more {
        0 => String::new(),
        more => format!(" + {}", text::count(more, "more place", "more places")),
    };
    if !repair.kind.is_os() {
        return format!("{}{more}", clean(path));
    }
    match view.layer(*layer).and_then(|layer| layer.created_by.as_deref()) {
        Some(created_by) => clean(&text::instruction(created_by)).into_owned(),
        None => String::new(),
    }
}

fn link(id: &str) -> Link {
    Link { text: clean(id).into_owned(), url: advisory_url(id) }
}

pub(super) fn finding_row(finding: &Finding) -> Option<FindingRow> {
    let v = finding.vulnerability()?;
    let aliases: Vec<&str> = v.aliases.iter().map(|alias| alias.0.as_str()).collect();
    let exploited = v.kev.as_ref().map(|kev| {
        let ransomware = if kev.ransomware { ", used by ransomware" } else { "" };
        format!("known exploited since {}{ransomware}", clean(&kev.added))
    });
    Some(FindingRow {
        id: finding.id.to_string(),
        severity: finding.severity.as_str(),
        vulnerability: link(&v.id.0),
        aliases: clean(&aliases.join(", ")).into_owned(),
        package: clean(&v.package).into_owned(),
        version: clean(&v.version).into_owned(),
        fixed: v.fixed_version.as_deref().map(|version| clean(version).into_owned()),
        state: v.fix_state.as_str(),
        path: clean(&v.path).into_owned(),
        layer: v.layer.0,
        base: finding.base,
        score: v.cvss.first().map(|cvss| format!("{:.1}", cvss.score)),
        epss: v.epss.map(|epss| text::percent(epss.score)),
        exploited,
        malicious: v.kind == model::AdvisoryKind::Malicious,
        summary: clean(&v.summary).into_owned(),
    })
}

fn coverage_rows(view: &View<'_>) -> Vec<CoverageRow> {
    let rows = view.report.coverage.iter().map(|coverage| CoverageRow {
        covered: coverage.status == model::CoverageStatus::Covered,
        ecosystem: clean(&coverage.ecosystem).into_owned(),
        packages: coverage.packages,
        state: clean(&coverage::state(&coverage.status)).into_owned(),
        note: clean(&coverage.note).into_owned(),
    });
    let mut rows: Vec<CoverageRow> = rows.collect();
    rows.sort_by_key(|row| row.covered);
    rows
}

fn skip_rows(view: &View<'_>) -> Vec<SkipRow> {
    let skipped = view.report.skipped.iter();
    skipped
        .map(|skip| SkipRow {
            reason: coverage::reason(skip.reason),
            place: match (&skip.layer, skip.path.as_str()) {
                (_, path) if !path.is_empty() => clean(path).into_owned(),
                (Some(layer), _) => format!("layer {}", layer.0),
                (None, _) => "the image".to_owned(),
            },
            detail: clean(&skip.detail).into_owned(),
        })
        .collect()
}

fn ignored_rows(view: &View<'_>) -> Vec<IgnoredRow> {
    let ignored = view.report.ignored.iter();
    ignored
        .map(|ignored| {
            let (by, why) = match &ignored.by {
                IgnoredBy::Exception(exception) => {
                    let until = exception.expires.as_deref().unwrap_or("no end");
                    (format!("{}, until {until}", exception.owner), exception.reason.clone())
                }
                IgnoredBy::Vex { document, status, justification } => {
                    let status = status.replace('_', " ");
                    (format!("{document}: {status}"), justification.replace('_', " "))
                }
            };
            let finding = &ignored.finding;
            let url = finding.vulnerability().and_then(|v| advisory_url(&v.id.0));
            IgnoredRow {
                severity: finding.severity.as_str(),
                finding: Link { text: clean(wording::name(finding)).into_owned(), url },
                place: clean(&wording::place(finding)).into_owned(),
                by: clean(&by).into_owned(),
                why: clean(&why).into_owned(),
            }
        })
        .collect()
}
