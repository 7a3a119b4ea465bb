//! `Hands`: the rules asked for each alert, and the thread that acts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use model::{Alert, AuditRecord, ContainerRef};

use super::config::ResponseConfig;
use super::ledger::{InForce, Ledger};
use super::worker::{Order, Worker};
use crate::AgentError;
use crate::attribute::Directory;
use crate::trail::Trail;

/// Alerts that wait to be answered.
const ORDERS: usize = 1024;

/// What the agent does about alerts. Dropped, it ends what waits; what is in force stays so.
pub struct Hands {
    config: Arc<ResponseConfig>,
    containers: Directory,
    ledger: Ledger,
    orders: Option<SyncSender<Order>>,
    lost: Arc<AtomicU64>,
    worker: Option<JoinHandle<()>>,
}

impl Hands {
    /// The hands of a node. `engine` is the socket of Docker Engine, which may not be there;
    /// `state` the folder for what is in force. What was in force goes on to be.
    pub fn new(
        config: ResponseConfig,
        containers: Directory,
        trail: Trail,
        engine: &Path,
        state: &Path,
    ) -> Result<Self, AgentError> {
        if let Some(why) = config.mistake() {
            return Err(AgentError::System { what: "the section `response`", why });
        }
        let (config, lost) = (Arc::new(config), Arc::default());
        let ledger = Ledger::open(state)?;
        let (orders, waiting) = sync_channel(ORDERS);
        let worker = Worker::new(Arc::clone(&config), trail, engine, ledger.clone())?;
        let heard = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("hands".to_owned());
        let thread = thread.spawn(move || worker.run(&waiting, &heard));
        let what = "the thread of the hands";
        let worker = Some(thread.map_err(|why| AgentError::System { what, why: why.to_string() })?);
        Ok(Hands { config, containers, ledger, orders: Some(orders), lost, worker })
    }

    /// Answers an alert, where a rule says so. Returns at once; what is done is told to the trail.
    pub fn answer(&self, alert: &Alert) {
        if self.config.rules.is_empty() {
            return;
        }
        let id = alert.container.as_ref().map(|container| container.id.as_str());
        let known = id.filter(|id| !id.is_empty()).and_then(|id| self.containers.find(id));
        let mut alert = alert.clone();
        if let Some(known) = &known {
            // Its name and image may be known better by now.
            alert.container = Some(ContainerRef::from(&**known));
        }
        let rules = self.config.rules.iter().enumerate();
        let rules = rules.filter(|(_, rule)| rule.answers(&alert, known.as_deref()));
        let rules: Vec<usize> = rules.map(|(at, _)| at).collect();
        if rules.is_empty() {
            return;
        }
        let order = Order::Answer(Box::new(alert), rules);
        // No room, or nobody there who answers.
        if self.orders.as_ref().is_none_or(|orders| orders.try_send(order).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Undoes what is in force, by its id. Gives the record of it, which the trail has too.
    pub fn undo(&self, id: &str) -> Result<AuditRecord, AgentError> {
        let (say, answer) = sync_channel(1);
        self.order(Order::Undo(id.to_owned(), say))?;
        answer.recv().map_err(|_| ended())?
    }

    /// What is in force.
    pub fn in_force(&self) -> Result<Vec<InForce>, AgentError> {
        self.ledger.in_force()
    }

    /// Waits until everything that was asked for before has been answered.
    pub fn settle(&self) -> Result<(), AgentError> {
        let (say, answer) = sync_channel(1);
        self.order(Order::Settle(say))?;
        answer.recv().map_err(|_| ended())
    }

    fn order(&self, order: Order) -> Result<(), AgentError> {
        let orders = self.orders.as_ref().ok_or_else(ended)?;
        orders.send(order).map_err(|_| ended())
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

fn ended() -> AgentError {
    AgentError::System { what: "the hands", why: "they have ended".to_owned() }
}
