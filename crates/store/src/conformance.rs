//! What every engine of the store must do. Each check gets an empty store; an engine runs them all
//! with [`run`]. Nothing here knows which engine it is.

use crate::samples::{decision, digest, moment, report};
use crate::{ReportHead, ReportId, Store};

type Check = (&'static str, fn(&Store));

const CHECKS: [Check; 10] = [
    ("gives back what was saved", gives_back_what_was_saved),
    ("finds the newest report of an image", finds_the_newest_of_an_image),
    ("lists the newest first", lists_the_newest_first),
    ("lists by name", lists_by_name),
    ("prunes by count", prunes_by_count),
    ("prunes by age", prunes_by_age),
    ("keeps what has no image id", keeps_what_has_no_image_id),
    ("finds by manifest and by digest", finds_by_manifest_and_by_digest),
    ("keeps decisions in order", keeps_decisions_in_order),
    ("decisions follow one another", decisions_follow_one_another),
];

/// Runs every check on a store of its own.
pub(crate) fn run(open: impl Fn(&str) -> Store) {
    for (name, check) in CHECKS {
        println!("{name}");
        check(&open(name));
    }
}

fn names(heads: &[ReportHead]) -> Vec<&str> {
    heads.iter().map(|head| head.name.as_str()).collect()
}

fn gives_back_what_was_saved(store: &Store) {
    let saved = report("debian:12", 1, 5);
    let id = store.save_report(&saved).unwrap();
    assert_eq!(store.report(id).unwrap(), Some(saved.clone()));
    assert_eq!(store.report_by_image(&digest(1)).unwrap(), Some(saved.clone()));
    assert_eq!(store.report_by_image(&digest(2)).unwrap(), None);
    assert_eq!(store.report(ReportId(id.0 + 1)).unwrap(), None);
    let head = ReportHead {
        id,
        image_id: Some(digest(1)),
        name: "debian:12".into(),
        source_kind: "oci-layout".into(),
        scanned_at: moment(5),
        decision: saved.verdict.decision,
        findings: 1,
    };
    assert_eq!(store.latest_reports(10).unwrap(), [head]);
}

fn finds_the_newest_of_an_image(store: &Store) {
    store.save_report(&report("newest", 1, 20)).unwrap();
    store.save_report(&report("oldest", 1, 10)).unwrap();
    store.save_report(&report("other", 2, 30)).unwrap();
    let found = store.report_by_image(&digest(1)).unwrap().unwrap();
    assert_eq!(found.source.name, "newest");
    store.save_report(&report("same moment, later", 1, 20)).unwrap();
    let found = store.report_by_image(&digest(1)).unwrap().unwrap();
    assert_eq!(found.source.name, "same moment, later");
}

fn lists_the_newest_first(store: &Store) {
    assert!(store.latest_reports(10).unwrap().is_empty());
    for (name, second) in [("b", 20), ("a", 10), ("c", 30)] {
        store.save_report(&report(name, 1, second)).unwrap();
    }
    assert_eq!(names(&store.latest_reports(10).unwrap()), ["c", "b", "a"]);
    assert_eq!(names(&store.latest_reports(2).unwrap()), ["c", "b"]);
    assert!(store.latest_reports(0).unwrap().is_empty());
}

fn lists_by_name(store: &Store) {
    for (name, second) in [("a", 10), ("b", 20), ("a", 30), ("a' OR 1 --", 40), ("ä", 50)] {
        store.save_report(&report(name, 1, second)).unwrap();
    }
    let moments = |name: &str| {
        let heads = store.reports_by_name(name, 10).unwrap();
        heads.iter().map(|head| head.scanned_at).collect::<Vec<_>>()
    };
    assert_eq!(moments("a"), [moment(30), moment(10)]);
    assert_eq!(moments("a' OR 1 --"), [moment(40)]);
    assert_eq!(moments("ä"), [moment(50)]);
    assert!(moments("A").is_empty());
    assert_eq!(store.reports_by_name("a", 1).unwrap().len(), 1);
}

fn prunes_by_count(store: &Store) {
    for (name, second) in [("b", 20), ("a", 10), ("c", 30)] {
        store.save_report(&report(name, 1, second)).unwrap();
    }
    assert_eq!(store.prune_to_count(5).unwrap(), 0);
    assert_eq!(store.prune_to_count(2).unwrap(), 1);
    assert_eq!(names(&store.latest_reports(10).unwrap()), ["c", "b"]);
    let before = store.latest_reports(1).unwrap()[0].id;
    assert_eq!(store.prune_to_count(0).unwrap(), 2);
    assert!(store.save_report(&report("d", 1, 5)).unwrap() > before);
}

fn prunes_by_age(store: &Store) {
    for (name, second) in [("a", 10), ("b", 20), ("c", 30)] {
        store.save_report(&report(name, 1, second)).unwrap();
    }
    assert_eq!(store.prune_before(moment(20)).unwrap(), 1);
    assert_eq!(names(&store.latest_reports(10).unwrap()), ["c", "b"]);
    assert_eq!(store.prune_before(moment(0)).unwrap(), 0);
}

fn keeps_what_has_no_image_id(store: &Store) {
    let mut rootfs = report("/mnt", 1, 10);
    rootfs.source.image_id = None;
    let id = store.save_report(&rootfs).unwrap();
    assert_eq!(store.report(id).unwrap(), Some(rootfs));
    assert_eq!(store.latest_reports(1).unwrap()[0].image_id, None);
    assert_eq!(store.report_by_image(&digest(1)).unwrap(), None);
}

fn finds_by_manifest_and_by_digest(store: &Store) {
    let mut saved = report("newest", 1, 20);
    saved.source.manifest_digest = Some(digest(9));
    let id = store.save_report(&saved).unwrap();
    let mut older = report("older", 2, 10);
    older.source.manifest_digest = Some(digest(9));
    store.save_report(&older).unwrap();
    assert_eq!(store.report_by_manifest(&digest(9)).unwrap(), Some(saved.clone()));
    assert_eq!(store.report_by_manifest(&digest(1)).unwrap(), None);
    assert_eq!(store.newest_of_manifest(&digest(9)).unwrap(), Some(id));
    let stored = store.stored_report(id).unwrap().unwrap();
    assert_eq!(store.report_by_digest(&stored.digest).unwrap(), Some(stored));
    assert_eq!(store.report_by_digest(&digest(9)).unwrap(), None);
}

fn keeps_decisions_in_order(store: &Store) {
    assert!(store.decisions(moment(0), 10).unwrap().is_empty());
    for second in [10, 30, 20] {
        store.append_decision(&decision(second)).unwrap();
    }
    let moments = |found: Vec<crate::StoredDecision>| {
        found.iter().map(|stored| (stored.number, stored.record.at)).collect::<Vec<_>>()
    };
    let found = store.decisions(moment(15), 10).unwrap();
    assert_eq!(found[0].record, decision(30));
    assert_eq!(moments(found), [(2, moment(30)), (3, moment(20))]);
    assert_eq!(moments(store.decisions(moment(0), 1).unwrap()), [(1, moment(10))]);
    assert_eq!(moments(store.latest_decisions(2).unwrap()), [(3, moment(20)), (2, moment(30))]);
}

fn decisions_follow_one_another(store: &Store) {
    let empty = store.verify_decisions().unwrap();
    assert_eq!((empty.decisions, empty.broken), (0, None));
    for second in 0..5 {
        assert_eq!(store.append_decision(&decision(second)).unwrap(), second + 1);
    }
    let chain = store.verify_decisions().unwrap();
    assert_eq!((chain.decisions, &chain.broken), (5, &None));
    assert_eq!(chain.head, store.latest_decisions(1).unwrap()[0].hash);
}
