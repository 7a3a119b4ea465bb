//! `Brake`: how often the hands may act. A cool-down for each rule and target, and an hour's limit
//! over all, so that a rule that is wrong cannot take the node down.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Targets that cool down at once; with more the oldest is forgotten.
const MAX_COOLING: usize = 4096;
const HOUR: Duration = Duration::from_secs(3600);
/// The longest cool-down, for one that no clock can count.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How often the hands may act.
#[derive(Debug)]
pub(super) struct Brake {
    per_hour: usize,
    acted: VecDeque<Instant>,
    cooling: HashMap<String, Cooling>,
}

#[derive(Debug)]
struct Cooling {
    until: Instant,
    held_back: u64,
}

/// What the brake says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Go on. So many were held back since it was last allowed.
    Go(u64),
    /// The target cools down; `first` when this is the first that is held back.
    CoolingDown { first: bool },
    /// The hour's limit is reached.
    TooMany,
}

impl Brake {
    pub(super) fn new(per_hour: u32) -> Self {
        let mut brake = Brake { per_hour: 0, acted: VecDeque::new(), cooling: HashMap::new() };
        brake.limit(per_hour);
        brake
    }

    /// From now on so many actions are allowed within an hour, those done before counted.
    pub(super) fn limit(&mut self, per_hour: u32) {
        self.per_hour = usize::try_from(per_hour).unwrap_or(usize::MAX);
    }

    /// Whether a target cools down.
    pub(super) fn is_cooling(&self, key: &str, now: Instant) -> bool {
        self.cooling.get(key).is_some_and(|cooling| now < cooling.until)
    }

    /// Asks whether a rule may act on a target now; when it may, it is taken to act. What `counts`
    /// not towards the hour's limit touches nothing.
    pub(super) fn ask(
        &mut self,
        key: &str,
        cool_down: Duration,
        counts: bool,
        now: Instant,
    ) -> Says {
        if let Some(cooling) = self.cooling.get_mut(key)
            && now < cooling.until
        {
            cooling.held_back += 1;
            return Says::CoolingDown { first: cooling.held_back == 1 };
        }
        while self.acted.front().is_some_and(|then| now.duration_since(*then) >= HOUR) {
            self.acted.pop_front();
        }
        let held_back = self.cooling.remove(key).map(|cooling| cooling.held_back);
        self.make_room(now);
        let until = now.checked_add(cool_down.min(LONGEST)).unwrap_or(now);
        self.cooling.insert(key.to_owned(), Cooling { until, held_back: 0 });
        if counts && self.acted.len() >= self.per_hour {
            return Says::TooMany;
        }
        if counts {
            self.acted.push_back(now);
        }
        Says::Go(held_back.unwrap_or_default())
    }

    fn make_room(&mut self, now: Instant) {
        if self.cooling.len() < MAX_COOLING {
            return;
        }
        self.cooling.retain(|_, cooling| now < cooling.until);
        while self.cooling.len() >= MAX_COOLING {
            let first = self.cooling.iter().min_by_key(|(_, cooling)| cooling.until);
            let Some(first) = first.map(|(key, _)| key.clone()) else { return };
            self.cooling.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_cools_down_and_the_hour_has_its_limit() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut brake = Brake::new(2);
        for _ in 0..3 {
            assert_eq!(brake.ask("trial", Duration::ZERO, false, start), Says::Go(0));
        }
        let mut ask =
            |key: &str, after: u32| brake.ask(key, 10 * second, true, start + after * second);
        assert_eq!(ask("a", 0), Says::Go(0));
        assert_eq!(ask("a", 1), Says::CoolingDown { first: true });
        assert_eq!(ask("a", 2), Says::CoolingDown { first: false });
        assert_eq!(ask("a", 10), Says::Go(2));
        assert_eq!(ask("b", 11), Says::TooMany);
        assert_eq!(ask("b", 12), Says::CoolingDown { first: true });
        assert_eq!(ask("c", 3601), Says::Go(0));
    }

    #[test]
    fn it_never_grows_beyond_its_size() {
        let now = Instant::now();
        let mut brake = Brake::new(u32::MAX);
        for number in 0..MAX_COOLING + 50 {
            brake.ask(&number.to_string(), HOUR, true, now);
        }
        assert!(brake.cooling.len() <= MAX_COOLING);
        brake.ask("for ever", Duration::MAX, true, now);
        assert!(brake.is_cooling("for ever", now + HOUR) && !brake.is_cooling("other", now));
    }
}
