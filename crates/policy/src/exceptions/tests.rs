//! What exceptions take out, and what they leave.

use model::{AdvisoryId, Band, Confidence, SecretCategory, Severity};
use proptest::prelude::*;

use super::*;
use crate::samples::{TODAY, any_finding, distrust, finding, malware, secret, step, with};

fn exception(id: &str) -> Exception {
    Exception {
        id: id.into(),
        owner: "ann".into(),
        reason: "not reachable".into(),
        ..Exception::default()
    }
}

#[test]
fn names_findings() {
    let subject = with(finding("CVE-2026-0001", Severity::High, None), |v| {
        v.aliases = vec![AdvisoryId("GHSA-aaaa-bbbb-cccc".into())];
        v.path = "app/lib/foo.jar!/META-INF/x".into();
    });
    let own_id = subject.id.0.clone();
    let package = |purl: &str| Exception { package: purl.into(), ..exception("CVE-2026-0001") };
    let path = |glob: &str| Exception { paths: vec![glob.into()], ..exception("CVE-2026-0001") };
    let until = |day: &str| Exception { expires: Some(day.into()), ..exception("CVE-2026-0001") };
    for (exception, expected) in [
        (exception("CVE-2026-0001"), true),
        (exception(" cve-2026-0001 "), true),
        (exception("GHSA-aaaa-bbbb-cccc"), true),
        (exception(&own_id), true),
        (exception("CVE-2026-0002"), false),
        (package("pkg:deb/debian/libfoo"), true),
        (package("pkg:deb/debian/libfoo@1.0"), true),
        (package("pkg:deb/debian/libfoo@1.0?arch=amd64"), true),
        (package("pkg:deb/debian/libfoo@1.0?arch=arm64"), false),
        (package("pkg:deb/debian/libfoo@2.0"), false),
        (package("pkg:deb/debian/libbar"), false),
        (package("no purl"), false),
        (path("app/**"), true),
        (path("app/lib/foo.jar"), true),
        (path("srv/**"), false),
        (until(TODAY), true),
        (until("2026-07-30"), false),
        (until("some day"), false),
    ] {
        let applied =
            apply_exceptions(vec![subject.clone()], std::slice::from_ref(&exception), TODAY);
        assert_eq!(applied.kept.is_empty(), expected, "{exception:?}");
        assert_eq!(applied.ignored.len(), usize::from(expected), "{exception:?}");
        assert_eq!(applied.stale.is_empty(), expected, "{exception:?}");
    }
}

#[test]
fn names_files_secrets_and_steps() {
    let bad = malware("srv/a.php", Band::Malicious, None);
    let key = secret("root/k.pem", SecretCategory::PrivateKey, Confidence::Certain);
    let below = |id: &str, glob: &str| Exception { paths: vec![glob.into()], ..exception(id) };
    let of_package = Exception { package: "pkg:npm/a".into(), ..exception("private-key") };
    for (subject, exception, expected) in [
        (&bad, exception("php_eval_of_request"), true),
        (&bad, exception(&"07".repeat(32)), true),
        (&bad, below("php_eval_of_request", "srv"), true),
        (&bad, below("php_eval_of_request", "opt"), false),
        (&bad, exception("php"), false),
        (&key, exception("private-key"), true),
        (&key, exception("0123456789abcdef"), true),
        (&key, below("private-key", "root/*.pem"), true),
        (&key, of_package, false),
        (&step("curl-to-shell", Severity::High), exception("curl-to-shell"), true),
        (&step("curl-to-shell", Severity::High), below("curl-to-shell", "**"), false),
        (&distrust(), exception("signature"), true),
    ] {
        let applied =
            apply_exceptions(vec![subject.clone()], std::slice::from_ref(&exception), TODAY);
        assert_eq!(applied.kept.is_empty(), expected, "{exception:?}");
    }
}

#[test]
fn tells_what_is_stale() {
    let expired = Exception { expires: Some("2026-01-01".into()), ..exception("CVE-1") };
    let broken = Exception { package: "no purl".into(), ..exception("CVE-1") };
    let twice = [exception("CVE-1"), exception("CVE-1")];
    let exceptions = [expired, broken, exception("CVE-9"), twice[0].clone(), twice[1].clone()];
    let applied = apply_exceptions(vec![finding("CVE-1", Severity::Low, None)], &exceptions, TODAY);
    assert_eq!(
        applied.stale,
        [
            "CVE-1 (owner ann): expired on 2026-01-01",
            "CVE-1 (owner ann): its package or a path cannot be read",
            "CVE-9 (owner ann): matched nothing",
        ]
    );
    assert_eq!(applied.ignored.len(), 1);
}

proptest! {
    /// Every finding is either kept or ignored, and order stays.
    #[test]
    fn loses_nothing(
        findings in prop::collection::vec(any_finding(), 0..8),
        ids in prop::collection::vec(1u32..30, 0..4),
    ) {
        let exceptions: Vec<Exception> =
            ids.iter().map(|n| exception(&format!("CVE-2026-{n:04}"))).collect();
        let applied = apply_exceptions(findings.clone(), &exceptions, TODAY);
        let ignored: Vec<Finding> = applied.ignored.iter().map(|i| i.finding.clone()).collect();
        let part = |of: &[Finding]| findings.iter().filter(|f| of.contains(f)).count();
        prop_assert_eq!(applied.kept.len() + ignored.len(), findings.len());
        prop_assert_eq!(part(&applied.kept) + part(&ignored), findings.len());
        let none = apply_exceptions(findings.clone(), &[], TODAY);
        prop_assert_eq!(none.kept, findings);
    }
}
