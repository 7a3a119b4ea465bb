//! Weights of the methods: read, and weighed with.
#![no_main]

use model::{Band, Method, MethodScore};
use policy::Fusion;

/// Scores of a method, each higher than the one before.
const SCORES: [f32; 7] = [0.0, 0.04, 0.3, 0.6, 0.9, 0.99, 1.0];

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(fusion) = Fusion::parse("input", text) else { return };
    for method in Method::ALL {
        for others in [0.0, 0.5, 1.0] {
            let weighed = SCORES.map(|score| weigh(&fusion, method, score, others));
            let rises = weighed.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1);
            assert!(rises, "more evidence makes a file better: {method} {weighed:?} {fusion:?}");
        }
    }
    let (score, _) = weigh(&fusion, Method::Yara, f32::NAN, f32::NAN);
    assert!((0.0..=1.0).contains(&score), "{score}");
});

fn weigh(fusion: &Fusion, method: Method, score: f32, others: f32) -> (f32, Band) {
    let mut scores = Method::ALL.map(|one| MethodScore {
        method: one,
        score: if one == method { score } else { others },
        decisive: false,
        evidence: Vec::new(),
    });
    let (score, band) = fusion.fuse(&mut scores);
    assert!((0.0..=1.0).contains(&score), "{score}");
    (score, band)
}
