//! What was sent and what was lost, in all and by cgroup.

use libbpf_rs::{MapCore as _, MapFlags};

use crate::load::{at, map};
use crate::{Sensor, SensorError};

/// `enum event_class` × `enum loss` of `bpf/event.h`.
const CLASSES: usize = 2;
const LOSSES: usize = 3;

/// What was sent and what was lost since the start, in events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Sent through the ring that bulk cannot fill.
    pub sent_alerts: u64,
    /// Sent through the bulk rings.
    pub sent_bulk: u64,
    /// Alerts lost because their ring was full.
    pub alerts_full: u64,
    /// Bulk lost because its ring was full.
    pub bulk_full: u64,
    /// Bulk held back because a cgroup sent too much.
    pub throttled: u64,
}

/// Which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventClass {
    /// Those that must not be lost to noise: life cycle, privileges, escapes.
    Alert,
    /// Opens, connections.
    Bulk,
}

/// Why events were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossReason {
    /// Their ring was full.
    RingFull,
    /// The cgroup sent too much.
    Throttled,
}

/// What a cgroup lost since the start. The cgroups that lost nothing for long are forgotten first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CgroupLoss {
    /// The cgroup.
    pub cgroup_id: u64,
    /// Which events.
    pub class: EventClass,
    /// Why.
    pub reason: LossReason,
    /// How many.
    pub count: u64,
}

impl Sensor {
    /// What was sent and lost so far, over all processors.
    pub fn losses(&self) -> Result<Losses, SensorError> {
        let sum = |name: &'static str, key: usize| -> Result<u64, SensorError> {
            let key = (key as u32).to_ne_bytes();
            let cells = map(self.object(), name)?.lookup_percpu(&key, MapFlags::ANY);
            let cells = cells.map_err(at(name))?.unwrap_or_default();
            let number = |cell: &Vec<u8>| cell.first_chunk().map_or(0, |c| u64::from_ne_bytes(*c));
            Ok(cells.iter().map(number).sum())
        };
        Ok(Losses {
            sent_alerts: sum("sent", 0)?,
            sent_bulk: sum("sent", 1)?,
            alerts_full: sum("losses", 0)?,
            bulk_full: sum("losses", LOSSES)?,
            throttled: sum("losses", LOSSES + 1)?,
        })
    }

    /// What each cgroup lost since the start, by class and reason.
    pub fn losses_by_cgroup(&self) -> Result<Vec<CgroupLoss>, SensorError> {
        let losses = map(self.object(), "cgroup_losses")?;
        let mut found = Vec::new();
        for key in losses.keys() {
            let cell = losses.lookup(&key, MapFlags::ANY).map_err(at("cgroup_losses"))?;
            found.extend(cell.and_then(|cell| cgroup_loss(&key, &cell)));
        }
        Ok(found)
    }
}

/// `struct loss_key` of `bpf/event.h`, and the count.
fn cgroup_loss(key: &[u8], cell: &[u8]) -> Option<CgroupLoss> {
    let (cgroup, rest) = key.split_first_chunk::<8>()?;
    let (class, rest) = rest.split_first_chunk::<4>()?;
    let reason = rest.first_chunk::<4>()?;
    Some(CgroupLoss {
        cgroup_id: u64::from_ne_bytes(*cgroup),
        class: match u32::from_ne_bytes(*class) {
            0 => EventClass::Alert,
            _ => EventClass::Bulk,
        },
        reason: match u32::from_ne_bytes(*reason) {
            0 => LossReason::RingFull,
            _ => LossReason::Throttled,
        },
        count: u64::from_ne_bytes(*cell.first_chunk()?),
    })
}

const _: () = assert!(CLASSES * LOSSES == 6, "the map `losses` has a cell for each");
