//! Questions of a Kubernetes API server: parsed, judged, pinned and answered.
#![no_main]

use std::sync::OnceLock;

use policy::Policy;
use server::{Admission, AdmissionResponse, AdmissionReview, AdmissionSettings, ImageReview};

/// Refuses a few things that the seeds do, so that there is something to say.
const POLICY: &str = "version: 1\non_missing: warn\nrules:\n  - {name: p, decision: deny, workload: \
                      {privileged: true, host_namespaces: [pid], mounts: {sensitive: true}}}\n";

fn admission() -> &'static Admission {
    static ADMISSION: OnceLock<(Admission, tempfile::TempDir)> = OnceLock::new();
    let (admission, _) = ADMISSION.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let settings = AdmissionSettings {
            exempt_namespaces: vec!["kube-system".into()],
            break_glass_groups: vec!["g".into()],
            judge_tags: true,
        };
        let policy = Policy::parse("input", POLICY).expect("a policy");
        let store = directory.path().join("s");
        (Admission::new(&store, policy, settings).expect("a store"), directory)
    });
    admission
}

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    match ImageReview::parse(body) {
        Ok(review) => drop(review.workload()),
        Err(why) => assert!(!why.is_empty()),
    }
    match AdmissionReview::parse(body) {
        Ok(review) => answer(review),
        Err(why) => assert!(!why.is_empty()),
    }
});

/// Laws: what is refused says why; what ends something is let in; a patch is a list of steps, each
/// guarded; the answer is for this question.
fn answer(mut review: AdmissionReview) {
    // Nothing is to be written down here.
    review.request.dry_run = Some(true);
    let validated = admission().validate(&review);
    check(&review, &validated);
    if review.request.operation == "DELETE" {
        assert!(validated.allowed, "{validated:?}");
    }
    let mutated = admission().mutate(&review);
    check(&review, &mutated);
    assert_eq!(mutated.patch.is_some(), mutated.patch_type.is_some());
}

fn check(review: &AdmissionReview, response: &AdmissionResponse) {
    let status = response.status.as_ref();
    assert_eq!(response.allowed, status.is_none(), "{response:?}");
    assert!(status.is_none_or(|status| !status.message.is_empty()), "{response:?}");
    let answer = review.answered(response.clone());
    assert_eq!(answer.response.uid, review.request.uid);
    assert!(serde_json::to_string(&answer).is_ok());
}
