//! Whether the node is seen whole: what was lost anywhere becomes an alert of its own.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use model::{Alert, AlertSource, ContainerRef, Priority, Timestamp};
use sensor::{EventClass, LossReason};

use super::Node;
use super::desk::Desk;
use crate::AgentError;
use crate::trail::Trail;

/// How often is looked whether folded alerts are due.
const LOOK: Duration = Duration::from_millis(250);
/// How often losses are told.
const TELL: Duration = Duration::from_secs(1);
/// The name under which losses are told.
const RULE: &str = "Sensor lost sight";

/// What was lost, by whom: a container's name and id, or nothing for the node as a whole.
type Counts = BTreeMap<(Option<u64>, &'static str), u64>;

/// Looks until the node ends.
pub(super) fn watch_over(node: &Node, desk: &Desk) -> Result<(), AgentError> {
    let mut known = lost(node, desk.trail());
    let mut told = Instant::now();
    while !node.stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        desk.look();
        if told.elapsed() < TELL {
            continue;
        }
        told = Instant::now();
        let now = lost(node, desk.trail());
        for alert in alerts(node, &known, &now) {
            desk.tell(alert);
        }
        known = now;
    }
    Ok(())
}

/// Everything that was lost so far, by whom, what and why.
fn lost(node: &Node, trail: &Trail) -> Counts {
    let whole = lost_events(node).into_iter().map(|(what, count)| ((None, what), count));
    let mut all: Counts = whole.collect();
    all.insert((None, "records.queue_full"), trail.lost().records.load(Ordering::Relaxed));
    all.insert((None, "alerts.queue_full"), trail.lost().alerts.load(Ordering::Relaxed));
    for loss in node.watch.losses_by_cgroup().unwrap_or_default() {
        let what = match (loss.class, loss.reason) {
            (EventClass::Alert, _) => "events.alert_ring_full",
            (EventClass::Bulk, LossReason::RingFull) => "events.ring_full",
            (EventClass::Bulk, LossReason::Throttled) => "events.throttled",
        };
        *all.entry((Some(loss.cgroup_id), what)).or_default() += loss.count;
    }
    all
}

/// The events that were lost so far, by why.
pub(super) fn lost_events(node: &Node) -> BTreeMap<&'static str, u64> {
    let lost = node.watch.lost();
    let mut all = BTreeMap::from([
        ("events.queue_full", lost.queue_full.load(Ordering::Relaxed)),
        ("events.malformed", lost.malformed.load(Ordering::Relaxed)),
    ]);
    if let Ok(losses) = node.watch.losses() {
        all.insert("events.ring_full", losses.bulk_full);
        all.insert("events.alert_ring_full", losses.alerts_full);
        all.insert("events.throttled", losses.throttled);
    }
    all
}

/// An alert for the node, and one for each container, that lost something since the last look.
fn alerts(node: &Node, known: &Counts, now: &Counts) -> Vec<Alert> {
    let mut more: BTreeMap<Option<u64>, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for ((whose, what), count) in now {
        let before = known.get(&(*whose, what)).copied().unwrap_or_default();
        if *count > before {
            more.entry(*whose).or_default().insert(what, count - before);
        }
    }
    let of_container = |(whose, counts): (Option<u64>, BTreeMap<&'static str, u64>)| match whose {
        None => Some(alert(&counts, None)),
        Some(cgroup) => {
            let container = node.watch.containers().of_cgroup(cgroup)?;
            Some(alert(&counts, Some(ContainerRef::from(&*container))))
        }
    };
    more.into_iter().filter_map(of_container).collect()
}

fn alert(counts: &BTreeMap<&'static str, u64>, container: Option<ContainerRef>) -> Alert {
    let told: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let place = container.as_ref().map_or("this node", |container| &container.name);
    let field = |(what, count): (&&str, &u64)| (format!("lost.{what}"), Some(count.to_string()));
    Alert {
        time_ns: i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default(),
        rule: RULE.to_owned(),
        source: AlertSource::Sensor,
        priority: Priority::Error,
        tags: vec!["lazaret.blind".to_owned()],
        text: format!("What happens on {place} is not seen whole: lost {}", told.join(", ")),
        fields: counts.iter().map(field).collect(),
        initiator: None,
        container,
        image: None,
        node: crate::watch::node_name(),
        times: 1,
    }
}
