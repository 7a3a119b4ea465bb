//! `Hands`: the rules asked for each alert, and the thread that acts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use model::{Alert, AuditRecord, CgroupName, ContainerRef};
use sensor::Sensor;

use super::config::ResponseConfig;
use super::deed::Deed;
use super::engine::EngineHand;
use super::killed::Killed;
use super::ledger::{InForce, Ledger};
use super::orders::Orders;
use super::standing::Standing;
use super::teller::Teller;
use super::worker::{Asked, Kernel, Order, Worker};
use crate::AgentError;
use crate::attribute::Directory;
use crate::trail::Trail;
use crate::watch::{CgroupWitness, Seen};

/// Alerts that wait to be answered.
const ORDERS: usize = 1024;

/// What the hands reach on a node.
pub struct Reach {
    /// The containers, as far as they are known.
    pub containers: Directory,
    /// Where what is done is told.
    pub trail: Trail,
    /// The socket of Docker Engine, which may not be there.
    pub engine: PathBuf,
    /// containerd's socket, for containers that Docker did not make.
    pub containerd: Option<PathBuf>,
    /// The folder for what is in force.
    pub state: PathBuf,
    /// The programs in the kernel; without them no program can be forbidden.
    pub sensor: Option<Arc<Sensor>>,
}

/// What the agent does about alerts. Dropped, it ends what waits; what is in force stays so.
pub struct Hands {
    config: RwLock<Arc<ResponseConfig>>,
    containers: Directory,
    ledger: Ledger,
    kernel: Kernel,
    orders: Option<SyncSender<Order>>,
    lost: Arc<AtomicU64>,
    worker: Option<JoinHandle<()>>,
}

impl Hands {
    /// The hands of a node. What was in force goes on to be.
    pub fn new(config: ResponseConfig, reach: Reach) -> Result<Self, AgentError> {
        checked(&config)?;
        let Reach { containers, trail, engine, containerd, state, sensor } = reach;
        let (config, lost) = (Arc::new(config), Arc::default());
        let ledger = Ledger::open(&state)?;
        // A damaged one is put aside now or never.
        ledger.check()?;
        let engine = EngineHand::new(&engine, containerd.as_deref())?;
        let given = Arc::new(Orders::new(sensor));
        let teller = Teller::new(trail.clone());
        let standing = Standing::new(
            Arc::clone(&config),
            Arc::clone(&given),
            containers.clone(),
            teller.clone(),
        );
        let killed = Arc::new(Killed::new(Arc::clone(&given), teller.clone()));
        let kernel = Kernel { orders: given, standing: Arc::new(standing), killed, teller };
        let (orders, waiting) = sync_channel(ORDERS);
        let worker = Worker::new(trail, engine, ledger.clone(), kernel.clone());
        let heard = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("hands".to_owned());
        let thread = thread.spawn(move || worker.run(&waiting, &heard));
        let what = "the thread of the hands";
        let worker = Some(thread.map_err(|why| AgentError::System { what, why: why.to_string() })?);
        let (config, orders) = (RwLock::new(config), Some(orders));
        Ok(Hands { config, containers, ledger, kernel, orders, lost, worker })
    }

    /// From now on these rules answer. What is in force stays so; cool-downs and the actions of the
    /// last hour are remembered. With a mistake in them nothing changes.
    pub fn replace(&self, config: ResponseConfig) -> Result<(), AgentError> {
        checked(&config)?;
        let config = Arc::new(config);
        let mut current = self.config.write().unwrap_or_else(PoisonError::into_inner);
        current.clone_from(&config);
        drop(current);
        self.kernel.standing.replace(config);
        Ok(())
    }

    /// Takes in the cgroups that are there already. Those to come are told by the watch, to
    /// [`Hands::witness`].
    pub fn begin(&self, cgroups: &[CgroupName]) {
        for cgroup in cgroups {
            self.kernel.standing.made(cgroup, None);
        }
    }

    /// Who is to hear of cgroups at once.
    pub fn witness(&self) -> Arc<dyn CgroupWitness> {
        Arc::clone(&self.kernel.standing) as Arc<dyn CgroupWitness>
    }

    /// Takes in an event: a program that was killed as it began becomes a record.
    pub fn observe(&self, seen: &Seen<'_>) {
        self.kernel.killed.observe(seen);
    }

    /// Answers an alert, where a rule says so. Returns at once; what is done is told to the trail.
    pub fn answer(&self, alert: &Alert) {
        self.answer_deed(alert, Deed::default());
    }

    /// The same of an alert about what an event tells.
    pub fn answer_deed(&self, alert: &Alert, deed: Deed) {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        if config.rules.is_empty() {
            return;
        }
        let id = alert.container.as_ref().map(|container| container.id.as_str());
        let known = id.filter(|id| !id.is_empty()).and_then(|id| self.containers.find(id));
        let mut alert = alert.clone();
        if let Some(known) = &known {
            // Its name and image may be known better by now.
            alert.container = Some(ContainerRef::from(&**known));
        }
        let rules = config.rules.iter().enumerate();
        let rules = rules.filter(|(_, rule)| rule.answers(&alert, known.as_deref()));
        let rules: Vec<usize> = rules.map(|(at, _)| at).collect();
        if rules.is_empty() {
            return;
        }
        let order = Order::Answer(Box::new(Asked { alert, deed, config, rules }));
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

    /// How many standing orders could not be given so far.
    pub fn refused_orders(&self) -> u64 {
        self.kernel.standing.refused()
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

fn checked(config: &ResponseConfig) -> Result<(), AgentError> {
    let what = "the section `response`";
    config.mistake().map_or(Ok(()), |why| Err(AgentError::System { what, why }))
}

fn ended() -> AgentError {
    AgentError::System { what: "the hands", why: "they have ended".to_owned() }
}
