//! Reports made of foreign texts, and what no writer may let through.

use model::{
    AdvisoryId, AdvisoryKind, Coverage, CoverageStatus, CvssScore, DatabaseVersion, Decision,
    Digest, Distro, Epss, Exception, Finding, FindingId, FindingKind, FixState, HistoryStep,
    Ignored, IgnoredBy, ImageConfig, ImageFacts, Inventory, KnownExploited, Layer, LayerIndex,
    Package, PackageKind, Platform, Purl, Reason, Report, ScanSource, Severity, Skip, SkipReason,
    SourceClaim, SourceKind, SourcePackage, Timestamp, ToolVersions, Verdict, Vulnerability,
};
use scan::report::{Format, GroupBy, Options, write};

use crate::texts::Texts;

/// Ends every text of a report made by [`report`]. Escaped for HTML it loses its first character.
pub const MARK: &str = "<\"'&lzr";

/// Findings and packages of a report.
const MANY: usize = 6;

/// A moment for all that needs one.
pub fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// A report whose every text is foreign and ends with [`MARK`].
pub fn report(texts: &mut Texts) -> Report {
    let mut foreign = Foreign(texts);
    let inventory = foreign.inventory();
    let findings: Vec<Finding> =
        inventory.packages.iter().filter_map(|package| foreign.finding(package)).collect();
    let ignored = findings.iter().take(2).map(|finding| foreign.ignored(finding)).collect();
    Report {
        schema: Report::SCHEMA.to_owned(),
        source: ScanSource {
            kind: SourceKind::Registry,
            name: foreign.text(),
            image_id: Some(digest(1)),
            manifest_digest: Some(digest(2)),
            layer_digests: vec![digest(3)],
            scanned_at: now(),
        },
        image: foreign.image(),
        coverage: foreign.coverage(),
        verdict: foreign.verdict(&findings),
        skipped: foreign.skipped(),
        stale_exceptions: vec![foreign.text()],
        inventory,
        findings,
        ignored,
        tool: ToolVersions {
            lazaret: "0.0.0".into(),
            database: Some(DatabaseVersion { digest: digest(4), built: now() }),
            policy: foreign.text(),
        },
    }
}

/// A report of an inventory, with nothing said of it.
pub fn of_inventory(inventory: Inventory) -> Report {
    let mut report = report(&mut Texts::new(b"x"));
    report.findings.clear();
    report.ignored.clear();
    report.verdict = Verdict::default();
    report.inventory = inventory;
    report
}

/// Writes a report, which must work.
pub fn written(format: Format, report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    let reports = std::slice::from_ref(report);
    write(format, reports, options, &mut out).unwrap_or_else(|error| panic!("{format}: {error}"));
    String::from_utf8(out).unwrap_or_else(|error| panic!("{format}: {error}"))
}

/// The table, at a width and in a colour that the texts choose. Laws: no control character but
/// line ends and the table's own colours; nothing that hides or reorders text.
pub fn check_table(report: &Report, texts: &mut Texts) {
    let width = [None, Some(0), Some(20), Some(80), Some(200)][texts.below(5)];
    let group = [GroupBy::Risk, GroupBy::Layer][texts.below(2)];
    let flags: [bool; 3] = std::array::from_fn(|_| texts.below(2) == 1);
    let [color, ascii, all] = flags;
    let options = Options { width, group, color, ascii, all, ..Options::default() };
    let table = written(Format::Table, report, &options);
    let plain = if color { without_colors(&table) } else { table };
    let unsafe_at = plain.chars().find(|&c| c != '\n' && is_unsafe(c));
    assert_eq!(unsafe_at, None, "{plain:?}");
}

/// The page. Laws: no text of the report opens a tag or leaves an attribute; no control character.
pub fn check_page(report: &Report) {
    let page = written(Format::Html, report, &Options::default());
    for raw in [MARK, "<\"", "\"'&lzr", "&lzr"] {
        assert!(!page.contains(raw), "{raw} passed: {page}");
    }
    let control = page.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(control, None, "{page:?}");
}

fn digest(byte: u8) -> Digest {
    Digest::sha256(&[byte; 32])
}

/// The text without `ESC [ numbers m`.
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (color, rest) = part.split_once('m').unwrap_or(("?", part));
        let is_color = color.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
        assert!(is_color, "an escape that is no colour: {text:?}");
        plain.push_str(rest);
    }
    plain
}

/// Control characters, and those that hide or reorder text.
fn is_unsafe(c: char) -> bool {
    let hides = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}');
    c.is_control() || hides || matches!(c, '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// Makes the parts of a report.
struct Foreign<'a>(&'a mut Texts);

impl Foreign<'_> {
    fn text(&mut self) -> String {
        self.0.take() + MARK
    }

    fn some(&mut self) -> Option<String> {
        (self.0.below(3) > 0).then(|| self.text())
    }

    fn one<T: Copy>(&mut self, table: &[T]) -> T {
        table[self.0.below(table.len())]
    }

    fn severity(&mut self) -> Severity {
        self.one(&Severity::ALL)
    }

    fn inventory(&mut self) -> Inventory {
        let distro = Distro {
            id: self.text(),
            version: self.text(),
            codename: self.text(),
            like: vec![self.text()],
            pretty_name: self.text(),
            cpe: self.text(),
        };
        let mut inventory = Inventory { content_sets: vec![self.text()], ..Inventory::default() };
        for _ in 0..MANY {
            let mut package = self.package();
            package.purl = Purl::of(&package, Some(&distro)).ok();
            inventory.packages.push(package);
        }
        inventory.distro = Some(distro);
        inventory.sort();
        inventory
    }

    fn package(&mut self) -> Package {
        let mut package = Package::new(self.one(&PackageKind::ALL), self.text(), self.text());
        let source = self.some();
        package.source = source.map(|name| SourcePackage { name, version: self.text() });
        package.arch = self.some();
        package.module = self.some();
        package.vendor = self.some();
        package.licenses = vec![self.text()];
        package.layer = LayerIndex(self.0.below(3) as u32);
        package.path = self.text();
        package.found_by = self.text();
        package.owned_by = self.some();
        package.dev = self.0.below(2) == 1;
        package
    }

    fn finding(&mut self, package: &Package) -> Option<Finding> {
        let severity = self.severity();
        let vulnerability = self.vulnerability(package)?;
        Some(Finding {
            id: FindingId::of(&[vulnerability.id.0.as_str(), vulnerability.purl.as_str()]),
            severity,
            base: self.0.below(2) == 1,
            kind: FindingKind::Vulnerability(Box::new(vulnerability)),
        })
    }

    fn vulnerability(&mut self, package: &Package) -> Option<Vulnerability> {
        let kinds =
            [AdvisoryKind::Vulnerability, AdvisoryKind::Malicious, AdvisoryKind::Informational];
        let claim = self.claim();
        Some(Vulnerability {
            id: AdvisoryId(self.text()),
            aliases: vec![AdvisoryId(self.text())],
            kind: self.one(&kinds),
            package: package.name.clone(),
            version: package.version.clone(),
            purl: package.purl.clone()?,
            layer: package.layer,
            path: package.path.clone(),
            fixed_version: claim.fixed_version.clone(),
            fix_state: claim.fix_state,
            summary: self.text(),
            published: Some(now()),
            sources: vec![claim],
            cvss: vec![CvssScore { source: self.text(), vector: self.text(), score: 9.8 }],
            epss: Some(Epss { score: 0.5, percentile: None }),
            kev: self.some().map(|added| KnownExploited {
                added,
                due: String::new(),
                ransomware: true,
            }),
            risk: self.0.below(101) as f32,
        })
    }

    fn claim(&mut self) -> SourceClaim {
        let fixed_version = self.some();
        let states = [FixState::Affected, FixState::WillNotFix, FixState::UnderInvestigation];
        let fix_state = match fixed_version {
            Some(_) => FixState::Fixed,
            None => self.one(&states),
        };
        let (source, id) = (self.text(), AdvisoryId(self.text()));
        SourceClaim { source, id, severity: self.severity(), fix_state, fixed_version }
    }

    fn ignored(&mut self, finding: &Finding) -> Ignored {
        let by = match self.0.below(2) {
            0 => IgnoredBy::Exception(Exception {
                id: self.text(),
                package: self.text(),
                paths: vec![self.text()],
                owner: self.text(),
                reason: self.text(),
                expires: self.some(),
            }),
            _ => IgnoredBy::Vex {
                document: self.text(),
                status: self.text(),
                justification: self.text(),
            },
        };
        Ignored { finding: finding.clone(), by }
    }

    fn image(&mut self) -> ImageFacts {
        let layer = |index, created_by| Layer {
            index: LayerIndex(index),
            diff_id: Some(digest(index as u8)),
            size_bytes: 1 << (10 * index),
            created_by,
            base: index == 0,
        };
        ImageFacts {
            platform: Some(Platform {
                os: self.text(),
                architecture: self.text(),
                variant: self.some(),
            }),
            config: ImageConfig {
                user: self.text(),
                env: vec![self.text()],
                entrypoint: vec![self.text()],
                cmd: vec![self.text()],
                working_dir: self.text(),
                labels: [(self.text(), self.text())].into(),
                history: vec![HistoryStep { created_by: self.text(), ..HistoryStep::default() }],
                ..ImageConfig::default()
            },
            layers: (0..3).map(|index| layer(index, self.some())).collect(),
        }
    }

    fn coverage(&mut self) -> Vec<Coverage> {
        let statuses = [
            CoverageStatus::Covered,
            CoverageStatus::Stale { days: 40 },
            CoverageStatus::EndOfLife { since: self.text() },
            CoverageStatus::UnknownDistribution,
            CoverageStatus::NoFeed,
        ];
        let coverage = |status| Coverage {
            ecosystem: self.text(),
            packages: self.0.below(1000) as u32,
            status,
            note: self.text(),
        };
        statuses.into_iter().map(coverage).collect()
    }

    fn verdict(&mut self, findings: &[Finding]) -> Verdict {
        let decision = self.one(&[Decision::Allow, Decision::Warn, Decision::Deny]);
        let findings = findings.iter().map(|finding| finding.id.clone()).collect();
        let reason = Reason { rule: self.text(), decision, message: self.text(), findings };
        Verdict { decision, reasons: vec![reason] }
    }

    fn skipped(&mut self) -> Vec<Skip> {
        let skip = |layer| Skip {
            layer,
            path: self.text(),
            reason: SkipReason::Malformed,
            detail: self.text(),
        };
        [None, Some(LayerIndex(1))].map(skip).into()
    }
}
