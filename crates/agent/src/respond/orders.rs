//! `Orders`: the orders to kill that the kernel's side holds, and who gave each. They end with the
//! agent: the programs in the kernel do.
//!
//! Two may give the same order. The kernel holds it once, with the number of one that is meant where
//! there is one, until the last has taken it back.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sensor::{KillOrder, Sensor};

/// Orders that were taken back and are remembered: their kills may still be on the way here.
const ENDED: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// What the sensor takes as a number is below this.
const NUMBERS: u32 = 1 << 31;

/// Who gave an order, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Giver {
    /// The id of the response in force; empty for a standing order.
    pub(super) id: String,
    /// The response rule.
    pub(super) rule: String,
    /// The alert's rule; empty for a standing order.
    pub(super) alert: String,
    /// Nothing is killed, only told.
    pub(super) is_trial: bool,
}

/// The orders that are given.
pub(super) struct Orders {
    sensor: Option<Arc<Sensor>>,
    book: Mutex<Book>,
}

struct Book {
    last: u32,
    given: BTreeMap<u32, (KillOrder, Arc<Giver>)>,
    by_order: HashMap<KillOrder, Vec<u32>>,
    ended: LruCache<u32, Arc<Giver>>,
}

impl Orders {
    /// No order is given yet. Without a sensor none can be.
    pub(super) fn new(sensor: Option<Arc<Sensor>>) -> Self {
        let ended = LruCache::new(ENDED);
        let book = Book { last: 0, given: BTreeMap::new(), by_order: HashMap::new(), ended };
        Orders { sensor, book: Mutex::new(book) }
    }

    /// Gives an order; its number.
    pub(super) fn give(&self, order: KillOrder, giver: Giver) -> Result<u32, String> {
        let sensor = self.sensor.as_deref();
        let sensor = sensor.ok_or("there are no programs in the kernel that could kill it")?;
        let mut book = self.book();
        let number = book.next_number();
        book.given.insert(number, (order.clone(), Arc::new(giver)));
        book.by_order.entry(order.clone()).or_default().push(number);
        if let Err(why) = book.apply(&order, sensor) {
            book.take_out(number);
            return Err(why);
        }
        Ok(number)
    }

    /// Takes an order back.
    pub(super) fn end(&self, number: u32) {
        let mut book = self.book();
        if let (Some(order), Some(sensor)) = (book.take_out(number), &self.sensor) {
            // One that the kernel does not give up is tried again with the next change of it.
            let _ = book.apply(&order, sensor);
        }
    }

    /// Takes back what a response ordered.
    pub(super) fn end_of(&self, id: &str) {
        let book = self.book();
        let of_it = book.given.iter().filter(|(_, (_, giver))| giver.id == id);
        let numbers: Vec<u32> = of_it.map(|(number, _)| *number).collect();
        drop(book);
        numbers.into_iter().for_each(|number| self.end(number));
    }

    /// The responses whose orders are given.
    pub(super) fn responses(&self) -> Vec<String> {
        let book = self.book();
        let ids = book.given.values().map(|(_, giver)| giver.id.clone());
        ids.filter(|id| !id.is_empty()).collect()
    }

    /// Who gave an order, also a moment after it was taken back.
    pub(super) fn giver(&self, number: u32) -> Option<Arc<Giver>> {
        let mut book = self.book();
        let given = book.given.get(&number).map(|(_, giver)| Arc::clone(giver));
        given.or_else(|| book.ended.get(&number).cloned())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn next_number(&mut self) -> u32 {
        loop {
            self.last = (self.last + 1) % NUMBERS;
            if self.last != 0 && !self.given.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    fn take_out(&mut self, number: u32) -> Option<KillOrder> {
        let (order, giver) = self.given.remove(&number)?;
        if let Some(numbers) = self.by_order.get_mut(&order) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_order.remove(&order);
            }
        }
        self.ended.put(number, giver);
        Some(order)
    }

    /// Makes the kernel hold what the book says of an order.
    fn apply(&self, order: &KillOrder, sensor: &Sensor) -> Result<(), String> {
        let numbers = self.by_order.get(order).map(Vec::as_slice).unwrap_or_default();
        let is_trial =
            |number: &&u32| self.given.get(number).is_some_and(|(_, giver)| giver.is_trial);
        let meant = numbers.iter().find(|number| !is_trial(number));
        let number = |number: &u32| NonZeroU32::new(*number).unwrap_or(NonZeroU32::MIN);
        let done = match (meant, numbers.first()) {
            (Some(meant), _) => sensor.kill_on_exec(order, number(meant)),
            (None, Some(trial)) => sensor.tell_on_exec(order, number(trial)),
            (None, None) => sensor.spare(order).map(|_| ()),
        };
        done.map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use sensor::{Program, SensorOptions};

    use super::*;

    #[test]
    fn the_same_order_of_two_stands_until_both_took_it_back() {
        let order = || KillOrder {
            program: Program::Name("lz-nobody".to_owned()),
            cgroup_id: Some(u64::MAX),
        };
        let giver = |id: &str, is_trial| Giver { id: id.into(), is_trial, ..Giver::default() };
        assert!(Orders::new(None).give(order(), giver("a", false)).is_err());
        let options = SensorOptions { interests: Vec::new(), ..SensorOptions::default() };
        let sensor = match Sensor::load(&options) {
            Ok(sensor) => Arc::new(sensor),
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let orders = Orders::new(Some(Arc::clone(&sensor)));
        let first = orders.give(order(), giver("a", true)).unwrap();
        let second = orders.give(order(), giver("b", false)).unwrap();
        assert_eq!(orders.responses(), ["a", "b"]);
        orders.end(second);
        assert_eq!(orders.giver(second).unwrap().id, "b");
        orders.end_of("a");
        assert!(!sensor.spare(&order()).unwrap(), "both took it back");
        assert!(orders.responses().is_empty() && orders.giver(first).is_some());
        let third = orders.give(order(), giver("", false)).unwrap();
        assert!(sensor.spare(&order()).unwrap() && third > second);
        assert!(orders.giver(99).is_none());
    }
}
