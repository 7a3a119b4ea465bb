//! Whether the node is seen whole: what was lost anywhere becomes an alert of its own.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use model::{Alert, AlertSource, ContainerRef, Priority};
use sensor::EventClass;

use super::Node;
use super::desk::Desk;
use crate::AgentError;
use crate::clock::now_ns;
use crate::watch::{Blind, BlindReason, Blindness};

/// How often is looked whether folded alerts are due.
const LOOK: Duration = Duration::from_millis(250);
/// How often losses are told.
const TELL: Duration = Duration::from_secs(1);
/// The name under which losses are told.
const RULE: &str = "Sensor lost sight";
/// The name under which it is told that nothing can be kept.
const REFUSAL: &str = "Audit log refuses";

/// Looks until the node ends.
pub(super) fn watch_over(node: &Node, desk: &Desk) -> Result<(), AgentError> {
    let mut blindness = Blindness::default();
    let mut known = lost(node, desk);
    let mut told = Instant::now();
    let mut refused = None;
    while !node.stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        desk.look();
        if told.elapsed() < TELL {
            continue;
        }
        told = Instant::now();
        let why = node.kept.alarm();
        if why != refused {
            if let Some(why) = &why {
                eprintln!("lazaret agent: {why}");
                desk.tell(refusal(why));
            }
            refused = why;
        }
        let now = lost(node, desk);
        let more = now.iter().map(|(what, count)| {
            (*what, count - known.get(what).copied().unwrap_or_default().min(*count))
        });
        let more: Counts = more.filter(|(_, more)| *more > 0).collect();
        if !more.is_empty() {
            desk.tell(alert(&more, None));
        }
        for blind in node.watch.blind(&mut blindness).unwrap_or_default() {
            let Some(container) = &blind.container else { continue };
            let counts = Counts::from([(what(&blind), blind.count)]);
            desk.tell(alert(&counts, Some(ContainerRef::from(&**container))));
        }
        known = now;
    }
    Ok(())
}

/// How many, by what and why.
type Counts = BTreeMap<&'static str, u64>;

/// Everything that was lost so far.
pub(super) fn lost(node: &Node, desk: &Desk) -> Counts {
    let (mut all, trail) = (lost_events(node), desk.trail());
    all.insert("alerts.desk_full", desk.waiting().1);
    all.insert("records.queue_full", trail.lost().records.load(Ordering::Relaxed));
    all.insert("alerts.queue_full", trail.lost().alerts.load(Ordering::Relaxed));
    all.insert("orders.refused", desk.hands().refused_orders());
    all.insert("records.disk_full", node.kept.lost.load(Ordering::Relaxed));
    all
}

fn what(blind: &Blind) -> &'static str {
    match (blind.class, blind.reason) {
        (_, BlindReason::QueueFull) => "events.queue_full",
        (EventClass::Alert, _) => "events.alert_ring_full",
        (EventClass::Bulk, BlindReason::RingFull) => "events.ring_full",
        (EventClass::Bulk, BlindReason::Throttled) => "events.throttled",
    }
}

/// The events that were lost so far, by why.
fn lost_events(node: &Node) -> Counts {
    let lost = node.watch.lost();
    let mut all = BTreeMap::from([
        ("events.queue_full", lost.queue_full.load(Ordering::Relaxed)),
        ("events.malformed", lost.malformed.load(Ordering::Relaxed)),
        ("programs.uncompared", node.watch.drift().uncompared()),
        ("bundles.unread", node.watch.unread_bundles()),
        ("containers.forgotten", node.watch.containers().read(|all| all.counts().forgotten)),
    ]);
    if let Ok(losses) = node.watch.losses() {
        all.insert("events.ring_full", losses.bulk_full);
        all.insert("events.alert_ring_full", losses.alerts_full);
        all.insert("events.throttled", losses.throttled);
    }
    all
}

/// Nothing can be kept: that goes out all the same.
fn refusal(why: &str) -> Alert {
    let mut alert = alert(&Counts::new(), None);
    REFUSAL.clone_into(&mut alert.rule);
    alert.priority = Priority::Critical;
    why.clone_into(&mut alert.text);
    alert
}

fn alert(counts: &Counts, container: Option<ContainerRef>) -> Alert {
    let told: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let place = container.as_ref().map_or("this node", |container| &container.name);
    let field = |(what, count): (&&str, &u64)| (format!("lost.{what}"), Some(count.to_string()));
    Alert {
        time_ns: now_ns(),
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
