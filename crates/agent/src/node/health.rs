//! Whether the node is seen whole: what was lost anywhere becomes an alert of its own.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use model::{Alert, AlertSource, Priority, Timestamp};

use super::Node;
use super::desk::Desk;
use crate::AgentError;
use crate::trail::Trail;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(250);
/// How often losses are told.
const TELL: Duration = Duration::from_secs(1);
/// The name under which losses are told.
const RULE: &str = "Sensor lost sight";

/// Looks until the node ends.
pub(super) fn watch_over(node: &Node, desk: &Desk) -> Result<(), AgentError> {
    let trail = desk.trail();
    let mut known = lost(node, trail);
    let mut told = Instant::now();
    while !node.stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        desk.look();
        if told.elapsed() < TELL {
            continue;
        }
        told = Instant::now();
        let now = lost(node, trail);
        let more: BTreeMap<&str, u64> = now
            .iter()
            .map(|(what, count)| (*what, count - known.get(what).copied().unwrap_or_default()))
            .filter(|(_, more)| *more > 0)
            .collect();
        if !more.is_empty() {
            trail.alert(alert(&more));
        }
        known = now;
    }
    Ok(())
}

/// Everything that was lost so far, by what and why.
fn lost(node: &Node, trail: &Trail) -> BTreeMap<&'static str, u64> {
    let mut all = lost_events(node);
    all.insert("records.queue_full", trail.lost().records.load(Ordering::Relaxed));
    all.insert("alerts.queue_full", trail.lost().alerts.load(Ordering::Relaxed));
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

fn alert(more: &BTreeMap<&str, u64>) -> Alert {
    let told: Vec<String> = more.iter().map(|(what, count)| format!("{count} {what}")).collect();
    Alert {
        time_ns: i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default(),
        rule: RULE.to_owned(),
        source: AlertSource::Sensor,
        priority: Priority::Error,
        tags: vec!["lazaret.blind".to_owned()],
        text: format!("What happened on this node was not seen whole: lost {}", told.join(", ")),
        fields: more
            .iter()
            .map(|(what, count)| (format!("lost.{what}"), Some(count.to_string())))
            .collect(),
        initiator: None,
        container: None,
        image: None,
        node: crate::watch::node_name(),
        times: 1,
    }
}
