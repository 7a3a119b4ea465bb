//! The parts of a report, made of foreign texts.

use model::{
    Accounts, AdvisoryId, AdvisoryKind, Coverage, CoverageStatus, CvssScore, Decision, Distro,
    Epss, Exception, Finding, FindingId, FindingKind, FixState, Group, HistoryStep, Ignored,
    IgnoredBy, ImageConfig, ImageFacts, Inventory, KnownExploited, Layer, LayerIndex, Package,
    PackageKind, Platform, Purl, Reason, Scope, Severity, Skip, SkipReason, SourceClaim,
    SourcePackage, User, Verdict, Vulnerability,
};

use crate::reports::{MARK, digest, now};
use crate::texts::Texts;

/// Packages of a report.
const MANY: usize = 6;

/// Makes the parts of a report.
pub(crate) struct Foreign<'a>(pub(crate) &'a mut Texts);

impl Foreign<'_> {
    pub(crate) fn text(&mut self) -> String {
        self.0.take() + MARK
    }

    pub(crate) fn some(&mut self) -> Option<String> {
        (self.0.below(3) > 0).then(|| self.text())
    }

    pub(crate) fn one<T: Copy>(&mut self, table: &[T]) -> T {
        table[self.0.below(table.len())]
    }

    pub(crate) fn severity(&mut self) -> Severity {
        self.one(&Severity::ALL)
    }

    pub(crate) fn inventory(&mut self) -> Inventory {
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

    pub(crate) fn finding(&mut self, package: &Package) -> Option<Finding> {
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

    pub(crate) fn ignored(&mut self, finding: &Finding) -> Ignored {
        let by = match self.0.below(2) {
            0 => IgnoredBy::Exception(Exception {
                id: self.text(),
                rule: self.text(),
                scope: Scope { namespace: vec![self.text()], ..Scope::default() },
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

    pub(crate) fn image(&mut self) -> ImageFacts {
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
            accounts: Some(Accounts {
                users: vec![User { name: self.text(), uid: 1, gid: 1 }],
                groups: vec![Group { name: self.text(), gid: 1, members: vec![self.text()] }],
                cut: false,
            }),
        }
    }

    pub(crate) fn coverage(&mut self) -> Vec<Coverage> {
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

    pub(crate) fn verdict(&mut self, findings: &[Finding]) -> Verdict {
        let decision = self.one(&[Decision::Allow, Decision::Warn, Decision::Deny]);
        let findings = findings.iter().map(|finding| finding.id.clone()).collect();
        let reason = Reason { rule: self.text(), decision, message: self.text(), findings };
        Verdict { decision, reasons: vec![reason] }
    }

    pub(crate) fn skipped(&mut self) -> Vec<Skip> {
        let skip = |layer| Skip {
            layer,
            path: self.text(),
            reason: SkipReason::Malformed,
            detail: self.text(),
        };
        [None, Some(LayerIndex(1))].map(skip).into()
    }
}
