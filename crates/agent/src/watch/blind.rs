//! What was not seen, by container: the kernel's side counts what each cgroup lost.

use std::collections::HashMap;
use std::sync::Arc;

use model::Container;
use sensor::{CgroupLoss, EventClass, LossReason};

use crate::attribute::Directory;

/// Events of one container, or of one cgroup of the host, that were not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Blind {
    /// The cgroup.
    pub cgroup_id: u64,
    /// Its container; `None` for one of the host's own.
    pub container: Option<Arc<Container>>,
    /// Which events.
    pub class: EventClass,
    /// Why.
    pub reason: BlindReason,
    /// How many more than at the time before.
    pub count: u64,
}

/// Why events were not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlindReason {
    /// Their ring was full.
    RingFull,
    /// The cgroup sent too much.
    Throttled,
    /// The cgroup had its share of the queue behind the rings.
    QueueFull,
}

impl From<LossReason> for BlindReason {
    fn from(reason: LossReason) -> Self {
        match reason {
            LossReason::RingFull => BlindReason::RingFull,
            LossReason::Throttled => BlindReason::Throttled,
        }
    }
}

/// What was told already.
#[derive(Debug, Default)]
pub struct Blindness(HashMap<(u64, EventClass, BlindReason), u64>);

impl Blindness {
    /// What was lost more than at the time before. What the kernel's side has forgotten is forgotten
    /// here too, so that both stay bounded.
    pub(super) fn news(
        &mut self,
        in_kernel: Vec<CgroupLoss>,
        in_queue: Vec<(u64, EventClass, u64)>,
        containers: &Directory,
    ) -> Vec<Blind> {
        let before = std::mem::take(&mut self.0);
        let mut news = Vec::new();
        let of_rings = in_kernel.into_iter().map(|loss| {
            let CgroupLoss { cgroup_id, class, reason, count } = loss;
            ((cgroup_id, class, BlindReason::from(reason)), count)
        });
        let of_queue = in_queue
            .into_iter()
            .map(|(cgroup_id, class, count)| ((cgroup_id, class, BlindReason::QueueFull), count));
        for (key, count) in of_rings.chain(of_queue) {
            let (cgroup_id, class, reason) = key;
            // A cgroup that was forgotten meanwhile counts from nothing again.
            let told = before.get(&key).copied().filter(|told| *told <= count).unwrap_or_default();
            self.0.insert(key, count);
            if count > told {
                let container = containers.of_cgroup(cgroup_id);
                news.push(Blind { cgroup_id, container, class, reason, count: count - told });
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use model::CgroupName;

    use super::*;

    fn loss(cgroup_id: u64, count: u64) -> CgroupLoss {
        CgroupLoss { cgroup_id, class: EventClass::Bulk, reason: LossReason::Throttled, count }
    }

    #[test]
    fn only_what_is_new_is_told_with_its_container() {
        let directory = Directory::default();
        let id = "a".repeat(64);
        let cgroup = CgroupName { id: 5, hierarchy: 0, path: format!("/docker/{id}") };
        directory.write(|containers| containers.cgroup_made(&cgroup, 0));
        let mut blindness = Blindness::default();
        let first = blindness.news(vec![loss(5, 10), loss(6, 1)], Vec::new(), &directory);
        assert_eq!(first.iter().map(|one| one.count).collect::<Vec<_>>(), [10, 1]);
        assert_eq!(first[0].container.as_ref().unwrap().id, id);
        assert!(first[1].container.is_none());
        assert!(blindness.news(vec![loss(5, 10), loss(6, 1)], Vec::new(), &directory).is_empty());
        assert_eq!(blindness.news(vec![loss(5, 13)], Vec::new(), &directory)[0].count, 3);
        // Forgotten by the kernel's side, then lost again.
        let queued = vec![(5, EventClass::Bulk, 7)];
        let news = blindness.news(vec![loss(5, 2), loss(6, 4)], queued, &directory);
        let reasons: Vec<_> = news.iter().map(|one| (one.reason, one.count)).collect();
        let throttled = BlindReason::Throttled;
        assert_eq!(reasons, [(throttled, 2), (throttled, 4), (BlindReason::QueueFull, 7)]);
    }
}
