//! `Judge`: an inventory to a report. The second half of a scan: match, excuse, decide.
//!
//! Pure apart from the database's reads: the same inspection, database, policy and time always
//! give the same report.

use advisory::Database;
use model::{
    Digest, Exception, Finding, Layer, Look, Report, Skip, Timestamp, ToolVersions, TrustResult,
    Verdict,
};
use policy::Policy;
use policy::trust::TrustPolicy;
use sha2::{Digest as _, Sha256};

use crate::error::ScanError;
use crate::inspect::Inspection;
use crate::vex::{Vex, VexSubject};

/// All that judges an image.
pub struct Judge<'a> {
    /// The known vulnerabilities; `None` when they are not looked for.
    pub database: Option<&'a Database>,
    /// What is allowed.
    pub policy: &'a Policy,
    /// Whom to trust for which images; the policy's own section, or another in its place.
    pub trust: Option<&'a TrustPolicy>,
    /// Findings to live with.
    pub exceptions: &'a [Exception],
    /// Statements that findings do not apply.
    pub vex: &'a Vex,
    /// This program's version, for the report.
    pub tool_version: &'a str,
    /// The time at which the judgement holds: for expiry and age.
    pub now: Timestamp,
}

impl Judge<'_> {
    /// Matches, excuses and judges what was found in an image. Errors only when the database
    /// cannot be read.
    pub fn report(&self, inspection: Inspection) -> Result<Report, ScanError> {
        let (trust, mut findings) = self.trust(&inspection);
        findings.extend(crate::findings::findings(&inspection, &self.policy.fusion));
        let mut coverage = Vec::new();
        if let Some(database) = self.database {
            let matched = advisory::match_inventory(&inspection.inventory, database, self.now)?;
            findings.extend(matched.findings);
            coverage = matched.coverage;
        }
        mark_inherited(&mut findings, &inspection.image.layers);
        let mut report = inspection.into_unjudged(self.tool_version);
        if self.database.is_some() {
            report.tool.looked_for.insert(0, Look::Vulnerabilities);
        }
        report.coverage = coverage;
        report.trust = trust;
        report.tool.database = self.database.map(|database| database.version().clone());
        Ok(self.judged(report, findings))
    }

    /// Puts findings into a report, what is excused aside, and judges it.
    pub(crate) fn judged(&self, mut report: Report, findings: Vec<Finding>) -> Report {
        report.tool.policy = digest_of(&self.policy.text);
        self.excuse(&mut report, findings);
        report.verdict = policy::judge(&report, self.policy, &self.today());
        report
    }

    /// What came of the trust policy's demands, and a finding for each that is not met.
    fn trust(&self, inspection: &Inspection) -> (Option<TrustResult>, Vec<Finding>) {
        let (Some(policy), Some(facts)) = (self.trust, &inspection.trust) else {
            return (None, Vec::new());
        };
        let Some(scope) = policy.requirements(facts.reference.as_ref()) else {
            return (None, Vec::new());
        };
        let result = policy::trust::judge_trust(scope, facts);
        let unmet = policy::trust::distrust(scope, &result);
        (Some(result), unmet)
    }

    /// Takes out what a VEX statement or an exception answers for.
    fn excuse(&self, report: &mut Report, findings: Vec<Finding>) {
        let subject = VexSubject { source: &report.source, inventory: &report.inventory };
        let (findings, ignored) = self.vex.apply(findings, &subject);
        report.ignored = ignored;
        let exceptions = self.exceptions.iter().chain(&self.policy.exceptions);
        let exceptions: Vec<Exception> = exceptions.cloned().collect();
        let excused = policy::apply_exceptions(findings, &exceptions, &self.today());
        report.ignored.extend(excused.ignored);
        report.stale_exceptions = excused.stale;
        report.findings = excused.kept;
    }

    fn today(&self) -> String {
        self.now.strftime("%Y-%m-%d").to_string()
    }
}

impl Inspection {
    /// The report without judgement: no findings, no coverage, no verdict. For a bill of materials.
    pub fn into_unjudged(self, tool_version: &str) -> Report {
        Report {
            schema: Report::SCHEMA.to_owned(),
            source: self.source,
            image: self.image,
            inventory: self.inventory,
            coverage: Vec::new(),
            trust: None,
            findings: Vec::new(),
            ignored: Vec::new(),
            stale_exceptions: Vec::new(),
            verdict: Verdict::default(),
            skipped: sorted(self.skipped),
            tool: ToolVersions {
                lazaret: tool_version.to_owned(),
                database: None,
                looked_for: self.looked_for,
                malware: self.malware_versions,
                policy: String::new(),
            },
        }
    }
}

fn digest_of(text: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    Digest::sha256(&hash).to_string()
}

fn sorted(mut skipped: Vec<Skip>) -> Vec<Skip> {
    skipped.sort();
    skipped.dedup();
    skipped
}

/// A finding in a layer of the base image came with it.
fn mark_inherited(findings: &mut [Finding], layers: &[Layer]) {
    for finding in findings {
        let layer = layers.get(finding.layer().0 as usize);
        finding.base = layer.is_some_and(|layer| layer.base);
    }
}
