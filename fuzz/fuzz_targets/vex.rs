//! VEX documents: OpenVEX and CSAF; applied to findings, none is lost or made.
#![no_main]

use lazaret_fuzz::reports::report;
use lazaret_fuzz::texts::Texts;
use model::FindingKind;
use scan::{Vex, VexSubject};

/// The names that the seeds speak of.
const NAMES: &[u8] = b"CVE-2024-0001\xffcurl\xff7.88.1";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(vex) = Vex::parse(bytes, "input") else { return };
    let mut report = report(&mut Texts::new(NAMES));
    for finding in &mut report.findings {
        if let FindingKind::Vulnerability(vulnerability) = &mut finding.kind {
            vulnerability.id.0 = "CVE-2024-0001".into();
        }
    }
    let subject = VexSubject { source: &report.source, inventory: &report.inventory };
    let (kept, ignored) = vex.apply(report.findings.clone(), &subject);
    assert_eq!(kept.len() + ignored.len(), report.findings.len());
    let mut twice = vex.clone();
    twice.extend(vex);
    assert_eq!(twice.apply(report.findings.clone(), &subject), (kept, ignored), "said twice");
});
