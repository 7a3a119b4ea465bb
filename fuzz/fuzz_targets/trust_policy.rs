//! Trust policies, ours and podman's, and where signatures lie; an image is judged by each.
#![no_main]

use model::ImageRef;
use policy::PolicyError;
use policy::trust::{Demand, TrustFacts, TrustPolicy, distrust, judge_trust, registries_d};

/// Images that the seeds speak of.
const IMAGES: [&str; 5] = [
    "alpine",
    "r.example/team/app:1",
    "r.example/team/app",
    "mirror.example/x/app:1",
    "r.example/a@sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
];

libfuzzer_sys::fuzz_target!(|text: &str| {
    told(registries_d("input", text));
    let Some(policy) = told(TrustPolicy::parse("input", text)) else { return };
    let accepts = text.contains("insecureAcceptAnything") || text.contains("accept");
    for scope in &policy.scopes {
        // Words may be spelt with escapes.
        let open = scope.demands.is_empty() && !accepts && !text.contains('\\');
        assert!(!open, "a scope that demands nothing: {scope:?}");
        let known = policy.authorities(scope);
        for demand in &scope.demands {
            let Demand::Signature { authorities, .. } = demand else { continue };
            assert!(!authorities.is_empty(), "{scope:?}");
            assert!(authorities.iter().all(|name| known.iter().any(|one| one.name == *name)));
        }
    }
    for image in IMAGES.map(Some).into_iter().chain([None]) {
        let reference = image.and_then(|image| image.parse::<ImageRef>().ok());
        judge(&policy, reference);
    }
});

/// Laws: every demand is asked; without signatures none is met; what is unmet is a finding.
fn judge(policy: &TrustPolicy, reference: Option<ImageRef>) {
    let Some(scope) = policy.requirements(reference.as_ref()) else { return };
    let facts = TrustFacts { name: "input".into(), reference, ..TrustFacts::default() };
    let result = judge_trust(scope, &facts);
    assert!(result.requirements.len() >= scope.demands.len(), "{result:?}");
    let met = |kind| result.requirements.iter().any(|one| one.kind == kind && one.met);
    assert!(!met("signature") && !met("label"), "{result:?}");
    let unmet = result.requirements.iter().filter(|one| !one.met).count();
    assert_eq!(distrust(scope, &result).len(), unmet, "{result:?}");
}

/// What was read; an error must have words.
fn told<T>(read: Result<T, PolicyError>) -> Option<T> {
    read.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}
