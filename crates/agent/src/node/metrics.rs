//! Numbers of the agent for Prometheus (OpenMetrics text), on a loopback address.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use model::{AuditKind, AuditRecord};

use super::Node;
use super::desk::Desk;
use crate::AgentError;
use crate::respond::KILL_PROGRAM;
use crate::trail::Entry;

/// The type of the answer.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How often is looked whether the node ends.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRule {
    rule: String,
    priority: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    action: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    what: String,
}

/// What is counted as it happens.
#[derive(Default)]
pub(super) struct Metrics {
    events: Counter,
    alerts: Family<OfRule, Counter>,
    records: Family<Of, Counter>,
    answers: Family<OfAnswer, Counter>,
}

impl Metrics {
    /// An event was looked at.
    pub(super) fn event(&self) {
        self.events.inc();
    }

    /// An entry was kept.
    pub(super) fn count(&self, entry: &Entry) {
        match entry {
            Entry::Alert(alert) => {
                let rule = alert.rule.clone();
                let priority = alert.priority.as_str().to_owned();
                self.alerts.get_or_create(&OfRule { rule, priority }).inc();
            }
            Entry::Record(record) => {
                let what = record.kind.as_str().to_owned();
                self.records.get_or_create(&Of { what }).inc();
                if record.kind == AuditKind::Response {
                    self.answer(record);
                }
            }
        }
    }
}

impl Metrics {
    /// The hands did something; kills that are told together count one by one.
    fn answer(&self, record: &AuditRecord) {
        let (action, outcome) = (record.action.clone(), record.outcome.as_str().to_owned());
        let times = record.details.get("times").filter(|_| record.action == KILL_PROGRAM);
        let times = times.and_then(|times| times.parse().ok()).unwrap_or(1);
        self.answers.get_or_create(&OfAnswer { action, outcome }).inc_by(times);
    }
}

/// Answers whoever asks, until the node ends.
pub(super) fn serve(node: &Node, desk: &Desk, listen: SocketAddr) -> Result<(), AgentError> {
    if !listen.ip().is_loopback() {
        let why = format!("metrics can be fetched on a loopback address only, not on {listen}");
        return Err(AgentError::System { what: "agent.yaml", why });
    }
    let wrong = |error: std::io::Error| AgentError::Listen {
        path: listen.to_string().into(),
        why: error.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(wrong)?.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(wrong)?;
        let (ask, mut asked) =
            tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<String>>(8);
        let answer = move || {
            let ask = ask.clone();
            async move {
                let (sender, told) = tokio::sync::oneshot::channel();
                let _ = ask.send(sender).await;
                ([(CONTENT_TYPE, OPENMETRICS)], told.await.unwrap_or_default())
            }
        };
        let served = axum::serve(listener, Router::new().route("/metrics", get(answer)));
        let served = std::future::IntoFuture::into_future(served);
        tokio::pin!(served);
        while !node.stop.load(Ordering::Relaxed) {
            tokio::select! {
                end = &mut served => return end.map_err(wrong),
                Some(sender) = asked.recv() => { let _ = sender.send(page(node, desk)); }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(())
    })
}

/// All numbers as a page.
fn page(node: &Node, desk: &Desk) -> String {
    let metrics = &node.metrics;
    let mut registry = Registry::with_prefix("lazaret");
    registry.register("events", "Events of the kernel looked at", metrics.events.clone());
    registry.register("alerts", "Alerts by rule", metrics.alerts.clone());
    registry.register("records", "Audit records by kind", metrics.records.clone());
    registry.register("responses", "What the hands did, by action", metrics.answers.clone());
    let folded: Counter = Counter::default();
    folded.inc_by(desk.counts().told_folded);
    registry.register("alerts_folded", "Happenings told with others in one alert", folded);
    let lost: Family<Of, Counter> = Family::default();
    for (what, count) in super::health::lost(node, desk) {
        lost.get_or_create(&Of { what: what.to_owned() }).inc_by(count);
    }
    registry.register("lost", "Events, records and alerts that were lost, by why", lost);
    waiting(node, desk, &mut registry);
    let (told, failed) = (Family::<Of, Counter>::default(), Family::<Of, Counter>::default());
    let (dropped, waiting) = (Family::<Of, Counter>::default(), Family::<Of, Gauge>::default());
    for (what, counts) in node.outputs.counts() {
        let of = Of { what };
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        told.get_or_create(&of).inc_by(count(&counts.told));
        failed.get_or_create(&of).inc_by(count(&counts.failed));
        dropped.get_or_create(&of).inc_by(count(&counts.lost));
        let waits = i64::try_from(count(&counts.waiting)).unwrap_or(i64::MAX);
        waiting.get_or_create(&of).inc_by(waits);
    }
    registry.register("output_told", "Entries told to a destination", told);
    registry.register("output_failures", "Deliveries that a destination did not take", failed);
    registry.register("output_lost", "Entries lost for want of room", dropped);
    registry.register("output_waiting", "Entries that wait on disk", waiting);
    kept(node, &mut registry);
    let containers: Gauge = Gauge::default();
    let known = node.watch.containers().read(|containers| containers.len());
    containers.set(i64::try_from(known).unwrap_or(i64::MAX));
    registry.register("containers", "Containers that are remembered", containers);
    let mut text = String::new();
    let _ = encode(&mut text, &registry);
    text
}

/// What waits in memory, and what was forgotten for want of room.
fn waiting(node: &Node, desk: &Desk, registry: &mut Registry) {
    let waiting = Family::<Of, Gauge>::default();
    let (alerts, bulk) = node.watch.depth();
    let depths = [
        ("events.alerts", alerts),
        ("events.bulk", bulk),
        ("alerts.desk", desk.waiting().0),
        ("entries.trail", desk.trail().depth()),
    ];
    for (what, count) in depths {
        let of = Of { what: what.to_owned() };
        waiting.get_or_create(&of).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("queue", "What waits in memory, by where", waiting);
    let forgotten: Counter = Counter::default();
    forgotten.inc_by(node.watch.forgotten_processes());
    let help = "Processes that were forgotten for want of room";
    registry.register("processes_forgotten", help, forgotten);
}

/// What the writer of the audit log did.
fn kept(node: &Node, registry: &mut Registry) {
    let kept: Family<Of, Counter> = Family::default();
    for (what, count) in
        [("kept", &node.kept.kept), ("lost", &node.kept.lost), ("failures", &node.kept.failures)]
    {
        let of = Of { what: what.to_owned() };
        kept.get_or_create(&of).inc_by(count.load(Ordering::Relaxed));
    }
    registry.register("audit_log", "Records kept and lost, and what failed", kept);
    let waiting: Gauge = Gauge::default();
    waiting.set(i64::try_from(node.kept.waiting.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
    registry.register("audit_log_waiting", "Records that wait for room on the disk", waiting);
}
