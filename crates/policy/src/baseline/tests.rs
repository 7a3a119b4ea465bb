//! The judge of baselines: each outcome, decisions, the score, and what changed.

mod docker;
mod kubernetes;

use model::{BaselineReport, BaselineResult, Observation, Outcome, Subject, Timestamp};

use super::*;

const RULES: &str = r#"
benchmark: test-1
title: A test
fields:
  door.locked: {type: bool, doc: Whether it is locked}
  door.kind: {type: text, doc: front or back}
  door.keys: {type: texts, doc: Who has a key}
lists:
  family: [ann, ben, none]
macros:
  is_front: door.kind = front
groups:
  - section: 1 Doors
    subject: door
    severity: high
    absent: there is no door
    rules:
      - {id: "1.1", aliases: ["0.9:7"], title: Doors are locked, pass: door.locked = true, evidence: "locked: %door.locked", remediation: Lock it., look_at: the lock}
      - {id: "1.2", title: Keys are in the family, where: is_front, pass: "door.keys in (family)", evidence: "keys: %door.keys"}
      - {id: "1.3", title: Back doors have a bolt, severity: low, applies: door.kind = back, look_at: the bolt}
      - {id: "1.4", title: Garages are closed, subject: garage, pass: door.locked = true, absent: there is no garage}
"#;

fn door(name: &str, kind: &str) -> Subject {
    let mut door = Subject::new("door", name);
    door.say("door.kind", kind);
    door.say("door.locked", true);
    door.say("door.keys", vec!["ann".to_owned()]);
    door
}

fn judge(subjects: Vec<Subject>) -> Vec<BaselineResult> {
    let baseline = Baseline::parse(&[("test.yaml", RULES)]).unwrap();
    baseline.judge(&Observation { subjects, ..Observation::default() })
}

fn outcomes(results: &[BaselineResult]) -> Vec<(&str, &str, Outcome)> {
    results.iter().map(|r| (r.id.as_str(), r.object.as_str(), r.outcome)).collect()
}

#[test]
fn every_outcome() {
    use Outcome::{Error, Fail, NeedsHuman, NotApplicable, Pass};
    let mut open = door("b", "back");
    open.say("door.locked", false);
    open.say("door.keys", vec!["eve".to_owned()]);
    let results = judge(vec![door("f", "front"), open]);
    let expected = [
        ("1.1", "f", Pass),
        ("1.1", "b", Fail),
        ("1.2", "f", Pass),
        ("1.3", "f", NotApplicable),
        ("1.3", "b", NeedsHuman),
        ("1.4", "", NotApplicable),
    ];
    assert_eq!(outcomes(&results), expected);
    assert_eq!(results[1].evidence, "locked: false");
    assert_eq!(results[1].remediation, "Lock it.");
    assert_eq!(results[0].remediation, "");

    let mut dark = door("f", "front");
    dark.miss("door.locked", "it is dark");
    dark.say("door.keys", Vec::new());
    let results = judge(vec![dark]);
    assert_eq!(outcomes(&results)[..2], [("1.1", "f", Error), ("1.2", "f", Pass)]);
    assert_eq!(results[0].evidence, "door.locked: it is dark");

    let mut blank = door("f", "front");
    blank.facts.remove("door.locked");
    let results = judge(vec![blank]);
    assert_eq!(results[0].outcome, NeedsHuman, "nothing passes or fails without evidence");
    assert_eq!(results[0].evidence, "door.locked was not seen. Look at: the lock");

    let mut observation = Observation::default();
    observation.miss("door", "the house does not answer");
    let results = Baseline::parse(&[("test.yaml", RULES)]).unwrap().judge(&observation);
    assert_eq!(results[0].outcome, Error);
    assert_eq!(results[0].evidence, "the house does not answer");
}

#[test]
fn hostile_names_stay_one_line() {
    let mut hostile = door("a\u{1b}[31m\nb", "front");
    hostile.say("door.locked", false);
    let results = judge(vec![hostile]);
    assert_eq!(results[0].object, "a [31m b");
    let long = door(&"é".repeat(5000), "front");
    assert!(judge(vec![long])[0].object.chars().count() <= 1001);
}

#[test]
fn overlays_replace_and_disable() {
    let own = r#"
lists: {family: [eve]}
disabled: ["1.3"]
groups:
  - section: 1 Doors
    subject: door
    rules:
      - {id: "1.1", title: Doors may be open, pass: door.kind = front}
      - {id: "9.1", title: Ours, subject: door, pass: door.kind = back}
"#;
    let baseline = Baseline::parse(&[("test.yaml", RULES), ("own.yaml", own)]).unwrap();
    let ids: Vec<&str> = baseline.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["1.1", "1.2", "1.4", "9.1"]);
    let subjects = vec![door("f", "front")];
    let results = baseline.judge(&Observation { subjects, ..Observation::default() });
    assert_eq!(results[1].outcome, Outcome::Fail, "ann is no longer in the family");
    let twice = RULES.replace("\"1.2\"", "\"1.1\"");
    let error = Baseline::parse(&[("test.yaml", &twice)]).unwrap_err().to_string();
    assert!(error.contains("`1.1` is given twice"), "{error}");
    let wrong = RULES.replace("door.locked = true, evidence", "door.loked = true, evidence");
    assert!(Baseline::parse(&[("test.yaml", &wrong)]).is_err());
}

#[test]
fn decisions_except_and_attest() {
    let mut open = door("b", "back");
    open.say("door.locked", false);
    let mut results = judge(vec![open]);
    let text = r#"
exceptions:
  - {id: "0.9:7", objects: [b], owner: ann, reason: the lock is ordered, expires: 2026-12-31}
  - {id: "1.1", objects: [c], owner: ann, reason: no such door}
attestations:
  - {id: "1.3", owner: ben, reason: bolt seen on Monday, expires: 2026-12-31}
  - {id: "1.1", owner: ben, reason: it is locked in spirit}
"#;
    let decisions = BaselineDecisions::parse("own.yaml", text).unwrap();
    let ruled_out = decisions.apply(&mut results, "2026-11-25");
    let stale = ["1.1 (owner ben): speaks of nothing", "1.1 (owner ann): speaks of nothing"];
    assert_eq!(ruled_out.stale, stale, "no attestation talks a failure away");
    assert_eq!(results[0].outcome, Outcome::Fail);
    assert_eq!(results[0].excepted, "the lock is ordered (owner ann, until 2026-12-31)");
    assert_eq!(results[1].outcome, Outcome::NotApplicable);
    let bolt = results.iter().find(|result| result.id == "1.3").unwrap();
    assert_eq!(
        (bolt.outcome, bolt.evidence.as_str()),
        (Outcome::Pass, "attested by ben: bolt seen on Monday")
    );

    let mut open = door("b", "back");
    open.say("door.locked", false);
    let mut later = judge(vec![open]);
    let ruled_out = decisions.apply(&mut later, "2027-01-01");
    assert!(later[0].excepted.is_empty());
    assert!(ruled_out.stale.contains(&"0.9:7 (owner ann): expired on 2026-12-31".to_owned()));
    for bad in [
        "exceptions: [{id: x, owner: '', reason: y}]",
        "exceptions: [{id: x, owner: a, reason: y, expires: soon}]",
        "exceptions: [{id: x, owner: a}]",
        "exemptions: []",
    ] {
        assert!(BaselineDecisions::parse("own.yaml", bad).is_err(), "{bad}");
    }
}

#[test]
fn counts_by_recommendation_and_weight() {
    let result = |id: &str, severity, outcome, excepted: &str| BaselineResult {
        id: id.to_owned(),
        severity,
        outcome,
        excepted: excepted.to_owned(),
        ..BaselineResult::default()
    };
    use model::Severity::{Critical, High, Low};
    let results = [
        result("1", Critical, Outcome::Pass, ""),
        result("1", Critical, Outcome::Pass, ""),
        result("2", High, Outcome::Pass, ""),
        result("2", High, Outcome::Fail, ""),
        result("3", Low, Outcome::Fail, "we know"),
        result("3", Low, Outcome::Pass, ""),
        result("4", Low, Outcome::Fail, "we know"),
        result("5", Low, Outcome::NotApplicable, ""),
        result("6", Low, Outcome::NeedsHuman, ""),
        result("7", Low, Outcome::Error, ""),
    ];
    let score = score(&results);
    let counts = [score.passed, score.failed, score.excepted, score.not_applicable];
    assert_eq!(counts, [2, 1, 1, 1]);
    assert_eq!((score.needs_human, score.errors), (1, 1));
    assert!((score.percent - 1100.0 / 16.0).abs() < 0.01, "{}", score.percent);
    assert_eq!(super::score(&[]).percent, 0.0);
}

#[test]
fn tells_runs_apart() {
    let report = |results| BaselineReport {
        schema: BaselineReport::SCHEMA.to_owned(),
        benchmark: "test-1".to_owned(),
        host: "h".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        results,
        score: model::BaselineScore::default(),
    };
    let mut open = door("b", "back");
    open.say("door.locked", false);
    let before = report(judge(vec![door("f", "front"), open.clone()]));
    let mut front = door("f", "front");
    front.say("door.locked", false);
    let after = report(judge(vec![front]));
    let changes = compare(&before, &after);
    let told: Vec<_> =
        changes.iter().map(|c| (c.id.as_str(), c.object.as_str(), c.before, c.after)).collect();
    use Outcome::{Fail, NeedsHuman, Pass};
    let expected = [
        ("1.1", "f", Some(Pass), Some(Fail)),
        ("1.1", "b", Some(Fail), None),
        ("1.3", "b", Some(NeedsHuman), None),
    ];
    assert_eq!(told, expected);
    assert!(compare(&after, &after).is_empty());
    let mut narrow = after.clone();
    narrow.results.retain(|result| result.id == "1.2");
    assert!(compare(&before, &narrow).is_empty(), "what was not asked is no change");
    assert!(compare(&narrow, &before).is_empty());
}

#[test]
fn demands() {
    let mut open = door("b", "back");
    open.say("door.locked", false);
    let mut report = BaselineReport {
        schema: BaselineReport::SCHEMA.to_owned(),
        benchmark: "test-1".to_owned(),
        host: "h".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        results: judge(vec![open]),
        score: model::BaselineScore { percent: 40.0, ..model::BaselineScore::default() },
    };
    let demand = |nothing_from, score_percent| Demand { nothing_from, score_percent };
    use model::Severity::{Critical, High};
    assert_eq!(demand(None, None).unmet(&report).len(), 0);
    assert_eq!(demand(Some(Critical), Some(40.0)).unmet(&report).len(), 0);
    let unmet = demand(Some(High), Some(41.0)).unmet(&report);
    let expected =
        ["severity high or worse failed: 1.1", "the score is 40.0 %, 41.0 % are demanded"];
    assert_eq!(unmet, expected);
    report.results[0].excepted = "known".to_owned();
    assert!(demand(Some(High), None).unmet(&report).is_empty());
}

#[test]
fn narrows() {
    let ids = |level, only: &[&str]| {
        let mut docker = Baseline::docker().unwrap();
        docker.narrow(level, &only.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        docker.rules.iter().map(|rule| rule.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(2, &["1.2", "5.1"]), ["1.2.1", "1.2.2", "5.1"]);
    assert_eq!(ids(2, &[]).len(), 118);
    assert_eq!(ids(1, &["1.1.8"]).len(), 0);
}

#[test]
fn built_in_rules_read() {
    let docker = Baseline::docker().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(docker.benchmark, "cis-docker-1.8");
    let host = Baseline::host().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((host.benchmark.as_str(), host.rules.len()), ("lazaret-host-1", 61));
    for rule in &host.rules {
        assert!(rule.id.starts_with("LZ-H-"), "{}", rule.id);
        let told = [&rule.title, &rule.section, &rule.remediation, &rule.absent];
        assert!(told.iter().all(|text| !text.is_empty()), "{} says too little", rule.id);
        let asks_people = rule.pass.is_none() || rule.human.is_some();
        assert!(!asks_people || !rule.look_at.is_empty(), "{}: what to look at?", rule.id);
    }
}
