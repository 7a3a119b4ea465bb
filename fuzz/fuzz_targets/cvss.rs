//! CVSS vectors of every version.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(score) = advisory::score(text) else { return };
    let scores = [Some(score.base), score.temporal, score.environmental, Some(score.overall)];
    for value in scores.into_iter().flatten() {
        assert!((0.0..=10.0).contains(&value), "{text}: {score:?}");
        assert!((value * 10.0 - (value * 10.0).round()).abs() < 1e-9, "{text}: {score:?}");
    }
    assert_eq!(advisory::score(text), Ok(score));
});
