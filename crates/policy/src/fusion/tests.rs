//! The laws of weighing.

use proptest::prelude::*;

use super::*;

fn said(method: Method, score: f32) -> MethodScore {
    MethodScore { method, score, decisive: false, evidence: Vec::new() }
}

#[test]
fn one_strong_method_convicts_alone_and_weak_ones_only_together() {
    let fusion = Fusion::built_in().unwrap();
    let band = |scores: &[(Method, f32)]| {
        let mut scores: Vec<_> = scores.iter().map(|(m, s)| said(*m, *s)).collect();
        fusion.fuse(&mut scores).1
    };
    assert_eq!(band(&[]), Band::Clean);
    assert_eq!(band(&[(Method::VirusEngine, 1.0)]), Band::Malicious);
    assert_eq!(band(&[(Method::HashList, 1.0)]), Band::Malicious);
    assert_eq!(band(&[(Method::Yara, 0.95)]), Band::Malicious);
    assert_eq!(band(&[(Method::Yara, 0.3)]), Band::Clean);
    assert_eq!(band(&[(Method::Linear, 0.6)]), Band::Clean);
    let together = [(Method::Yara, 0.6), (Method::Linear, 0.95), (Method::Textcnn, 0.95)];
    assert_eq!(band(&together), Band::Malicious);
}

#[test]
fn decisive_scores_are_marked() {
    let mut scores = [said(Method::Yara, 0.9), said(Method::Linear, 0.2)];
    let (score, band) = Fusion::built_in().unwrap().fuse(&mut scores);
    assert!(scores[0].decisive && !scores[1].decisive);
    assert_eq!(band, Band::Malicious);
    assert!(score >= 0.9);
}

#[test]
fn mistakes_are_pointed_at() {
    let text = include_str!("../../../../rules/malware/fusion.yaml");
    for (old, new, expect) in [
        ("bias: -4.6", "bias: .inf", "expected a number"),
        ("weight: 0.9", "weight: -1", "no weight"),
        ("decisive: 0.5}", "decisive: 2}", "no probability"),
        ("  heuristic:", "  intuition:", "no method"),
        ("suspicious: 0.5", "suspicious: 0.9", "begins above"),
    ] {
        assert!(text.contains(old), "{old}");
        let error = Fusion::parse("f.yaml", &text.replace(old, new)).unwrap_err().to_string();
        assert!(error.contains(expect) && error.contains("f.yaml"), "{error}");
    }
}

#[test]
fn weights_are_written_as_they_are_read() {
    let fusion = Fusion::built_in().unwrap();
    assert_eq!(Fusion::parse("f.yaml", &fusion.to_yaml()).unwrap(), fusion);
}

#[test]
fn learns_which_method_to_believe() {
    let file = |malicious: bool, yara: f32, linear: f32| Labelled {
        malicious,
        scores: vec![said(Method::Yara, yara), said(Method::Linear, linear)],
    };
    let mut files = Vec::new();
    for step in 0..50 {
        let noise = (step % 10) as f32 / 10.0;
        files.push(file(true, 0.9, noise));
        files.push(file(false, 0.05, noise));
    }
    let fitted = Fusion::built_in().unwrap().fit(&files);
    assert_eq!(fitted, Fusion::built_in().unwrap().fit(&files));
    assert!(fitted.weight(Method::Yara).weight > 3.0 * fitted.weight(Method::Linear).weight);
    let mut bad = file(true, 0.9, 0.0).scores;
    assert_eq!(fitted.fuse(&mut bad).1, Band::Malicious);
}

fn any_scores() -> impl Strategy<Value = Vec<MethodScore>> {
    let one = (0..Method::ALL.len(), 0.0_f32..=1.0);
    let one = one.prop_map(|(method, score)| said(Method::ALL[method], score));
    proptest::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn more_evidence_never_makes_it_better(
        scores in any_scores(), more in any_scores(), raised in 0.0_f32..=1.0, at in 0..6_usize,
    ) {
        let fusion = Fusion::built_in().unwrap();
        let before = fusion.fuse(&mut scores.clone());
        let mut after: Vec<MethodScore> = scores.into_iter().chain(more).collect();
        if let Some(said) = after.get_mut(at) {
            said.score = said.score.max(raised);
        }
        let after = fusion.fuse(&mut after);
        prop_assert!(after.0 >= before.0 && after.1 >= before.1);
        prop_assert!((0.0..=1.0).contains(&after.0));
    }
}
