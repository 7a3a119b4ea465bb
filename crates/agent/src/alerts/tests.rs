//! Alerts that are alike, over a made clock.

use std::collections::BTreeMap;

use model::{AlertSource, ContainerRef, Initiator, Priority};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An alert of a rule in a container (empty for the host) by a program on a file.
fn alert(rule: &str, container: &str, exe: &str, target: &str) -> Alert {
    let named = || ContainerRef { id: container.to_owned(), ..ContainerRef::default() };
    Alert {
        time_ns: 1,
        rule: rule.to_owned(),
        source: AlertSource::Syscall,
        priority: Priority::Error,
        tags: Vec::new(),
        text: format!("{rule} {target}"),
        fields: BTreeMap::from([("fd.name".to_owned(), Some(target.to_owned()))]),
        initiator: Some(Initiator { exe: exe.to_owned(), ..Initiator::default() }),
        container: (!container.is_empty()).then(named),
        image: None,
        node: "node".to_owned(),
        times: 1,
    }
}

fn times(alerts: &[Alert]) -> Vec<u64> {
    alerts.iter().map(|alert| alert.times).collect()
}

#[test]
fn what_goes_on_is_told_at_once_then_seldom_and_with_its_number() {
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    // One a second for two hours.
    for second in 0..7200 {
        let now = seconds(second);
        for one in alerts.due(now) {
            told.push((second, one.times));
        }
        for one in alerts.take(alert("r", "c", "/bin/cat", &format!("/tmp/f{second}")), now) {
            told.push((second, one.times));
        }
    }
    // At once, after 1, 4, 16 and 60 minutes more.
    assert_eq!(told, [(0, 1), (60, 59), (300, 240), (1260, 960), (4860, 3600)]);
    assert_eq!(times(&alerts.finish()), [2340]);
    assert_eq!((alerts.waiting(), alerts.counts().taken), (0, 7200));
}

#[test]
fn what_was_quiet_for_an_interval_is_told_at_once_again() {
    let mut alerts = Alerts::default();
    let one = || alert("r", "c", "/bin/cat", "/etc/shadow");
    assert_eq!(times(&alerts.take(one(), seconds(0))), [1]);
    assert!(alerts.take(one(), seconds(1)).is_empty());
    assert_eq!(times(&alerts.due(MINUTE)), [1]);
    // The next interval has four minutes; nothing comes in it.
    assert!(alerts.due(MINUTE * 5).is_empty());
    assert_eq!(times(&alerts.take(one(), MINUTE * 5)), [1]);
}

#[test]
fn what_differs_in_rule_place_program_or_target_is_told_for_itself() {
    let mut alerts = Alerts::default();
    let all = [
        alert("r", "c", "/bin/cat", "/etc/shadow"),
        alert("s", "c", "/bin/cat", "/etc/shadow"),
        alert("r", "d", "/bin/cat", "/etc/shadow"),
        alert("r", "", "/bin/cat", "/etc/shadow"),
        alert("r", "c", "/bin/cp", "/etc/shadow"),
        alert("r", "c", "/bin/cat", "/etc/gshadow"),
    ];
    for one in all {
        assert_eq!(times(&alerts.take(one.clone(), seconds(1))), [1], "{one:?}");
        assert!(alerts.take(one, seconds(2)).is_empty());
    }
}

#[test]
fn a_flood_of_different_ones_hides_no_other_container_and_no_other_rule() {
    let mut alerts = Alerts::default();
    let mut told = 0;
    for number in 0..10_000u32 {
        let name: String = number.to_string().bytes().map(|c| char::from(c + 49)).collect();
        let one = alert("r", "loud", &format!("/tmp/{name}"), "/etc/shadow");
        told += alerts.take(one, seconds(1)).len();
    }
    assert_eq!(told, 10);
    assert_eq!(alerts.take(alert("r", "quiet", "/bin/sh", "/x"), seconds(2)).len(), 1);
    assert_eq!(alerts.take(alert("s", "loud", "/bin/sh", "/x"), seconds(2)).len(), 1);
    let due = alerts.due(seconds(62));
    assert_eq!(times(&due), [9990]);
    assert!(due[0].fields["folded.programs"].as_ref().unwrap().ends_with(" …"));
    assert_eq!(alerts.waiting(), 0);
}

#[test]
fn a_flood_of_containers_is_folded_by_its_rule() {
    let mut alerts = Alerts::default();
    let mut told = 0;
    for number in 0..1000 {
        let one = alert("r", &format!("c{number}"), "/bin/sh", "/x");
        told += alerts.take(one, seconds(1)).len();
    }
    assert_eq!(told, 200);
    let due = alerts.due(seconds(61));
    assert_eq!(times(&due), [800]);
    assert!(due[0].fields["folded.containers"].as_ref().unwrap().starts_with("c200 c201 "));
}

/// A loop of kills is one thing, though each is of a container that was started anew.
#[test]
fn kills_of_a_workload_are_folded_over_its_containers() {
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    for second in 0..300u64 {
        let mut one = alert("Process killed for want of memory", &format!("c{second}"), "", "");
        one.source = AlertSource::Isolation;
        one.fields = [("workload", "image:web"), ("oom_kills", "2")]
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
            .into();
        one.times = 2;
        told.extend(alerts.due(seconds(second)));
        told.extend(alerts.take(one, seconds(second)));
    }
    assert_eq!(times(&told), [2, 118]);
    assert!(told[1].fields["folded.containers"].as_ref().unwrap().ends_with(" …"));
    assert_eq!(times(&alerts.finish()), [480]);
}

#[test]
fn where_there_is_no_room_the_quietest_is_told_and_let_go() {
    let limits = AlertLimits { identities: 2, ..AlertLimits::default() };
    let mut alerts = Alerts::new(limits);
    for target in ["/a", "/a", "/b", "/c"] {
        alerts.take(alert("r", "c", "/bin/cat", target), seconds(1));
    }
    assert_eq!(alerts.counts().let_go, 1);
    assert_eq!((alerts.waiting(), alerts.counts().told_folded), (0, 1));
}

/// Whatever comes and whenever: all that was taken is told, and what is held stays bounded.
#[test]
fn nothing_is_lost() {
    let limits = AlertLimits { identities: 16, places: 8, rules: 4, ..AlertLimits::default() };
    let mut alerts = Alerts::new(limits);
    let mut random = 12345u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % below
    };
    let (mut now, mut told, mut taken) = (Duration::ZERO, 0, 0);
    for _ in 0..20_000 {
        now += Duration::from_millis(next(3000));
        let letter = |n: u64| char::from(b'a' + n as u8);
        let mut one = alert(
            &letter(next(6)).to_string(),
            &letter(next(12)).to_string(),
            &letter(next(20)).to_string(),
            "/x",
        );
        one.times = 1 + next(3);
        taken += one.times;
        told += times(&alerts.take(one, now)).iter().sum::<u64>();
        if next(10) == 0 {
            told += times(&alerts.due(now)).iter().sum::<u64>();
        }
        assert_eq!(told + alerts.waiting(), taken);
        assert!(alerts.told.len() <= 16 && alerts.places.len() <= 8 && alerts.rules.len() <= 4);
    }
    told += times(&alerts.finish()).iter().sum::<u64>();
    let counts = alerts.counts();
    assert_eq!((told, alerts.waiting()), (taken, 0));
    assert_eq!(counts.told_at_once + counts.told_folded, taken);
    assert!(counts.let_go > 0);
}
