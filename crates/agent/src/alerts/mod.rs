//! `Alerts`: alerts that are alike are told once at once, then folded and told again with their
//! number. Nothing is dropped in silence.
//!
//! ```text
//! Alert ─take→ the same rule, place, program and kind of target as before?
//!        no → told at once, as long as its rule has not told too many different ones of late
//!        yes → folded ─due→ told with `times` at the end of an interval that grows
//! ```
//!
//! Pure: the moment comes with each call, as a span since any moment that never goes back. What is
//! held is bounded: where a new one finds no room, the one that was quiet longest is told and let go.

mod fold;
mod identity;
mod limits;

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use model::Alert;

use fold::Fold;
pub use identity::{Identity, Place};
pub use limits::AlertLimits;

/// Alerts on their way out.
pub struct Alerts {
    limits: AlertLimits,
    /// What was told, each with its own interval.
    told: LruCache<Identity, Window>,
    /// What a rule told of one container, or the host, in the present interval.
    places: LruCache<Place, Window>,
    /// What a rule told of all of them.
    rules: LruCache<String, Window>,
    counts: AlertCounts,
}

/// What came of alerts so far. In the end `taken` is `told_at_once` and `told_folded` together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertCounts {
    /// Happenings that were taken in: alerts by their `times`.
    pub taken: u64,
    /// Happenings told at once.
    pub told_at_once: u64,
    /// Happenings told later, many in one alert.
    pub told_folded: u64,
    /// Alerts that `told_folded` was told with.
    pub folded_alerts: u64,
    /// Groups that were let go before their interval ended, because others needed the room.
    pub let_go: u64,
}

/// An interval in which what is alike is folded.
struct Window {
    ends: Duration,
    length: Duration,
    /// How many different ones were told at once in it.
    told: u32,
    fold: Fold,
}

impl Window {
    fn begin(now: Duration, length: Duration) -> Self {
        Window { ends: now + length, length, told: 0, fold: Fold::default() }
    }

    fn is_over(&self, now: Duration) -> bool {
        now >= self.ends
    }
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts::new(AlertLimits::default())
    }
}

impl Alerts {
    /// Nothing was told yet.
    pub fn new(limits: AlertLimits) -> Self {
        let size = |entries: usize| NonZeroUsize::new(entries).unwrap_or(NonZeroUsize::MIN);
        Alerts {
            told: LruCache::new(size(limits.identities)),
            places: LruCache::new(size(limits.places)),
            rules: LruCache::new(size(limits.rules)),
            limits,
            counts: AlertCounts::default(),
        }
    }

    /// Takes an alert in and gives what is to be told now: the alert itself, or nothing because it
    /// is folded; and what had to be let go to make room.
    pub fn take(&mut self, alert: Alert, now: Duration) -> Vec<Alert> {
        let mut out = Vec::new();
        self.counts.taken += alert.times.max(1);
        let identity = Identity::of(&alert);
        self.close(&identity, now, &mut out);
        if let Some(window) = self.told.get_mut(&identity) {
            window.fold.add(alert);
            return self.count_folded(out);
        }
        let place = identity.place();
        let first_of_place = self.open(&place, now, &mut out);
        if let Some(full) = self.full(&place, first_of_place) {
            full.fold.add(alert);
            return self.count_folded(out);
        }
        let window = Window::begin(now, self.limits.first_interval);
        if let Some((_, old)) = self.told.push(identity, window) {
            self.let_go(old, &mut out);
        }
        let mut out = self.count_folded(out);
        self.counts.told_at_once += alert.times.max(1);
        out.push(alert);
        out
    }

    /// What is to be told because its interval has ended. To be asked about once a second.
    pub fn due(&mut self, now: Duration) -> Vec<Alert> {
        let mut out = Vec::new();
        let ended = |window: &Window| window.is_over(now);
        for identity in keys(&self.told, ended) {
            self.close(&identity, now, &mut out);
        }
        for place in keys(&self.places, ended) {
            let window = self.places.pop(&place);
            out.extend(window.and_then(|window| window.fold.tell()));
        }
        for rule in keys(&self.rules, ended) {
            let window = self.rules.pop(&rule);
            out.extend(window.and_then(|window| window.fold.tell()));
        }
        self.count_folded(out)
    }

    /// Everything that is folded, told now: the agent ends.
    pub fn finish(&mut self) -> Vec<Alert> {
        let mut out = Vec::new();
        while let Some((_, window)) = self.told.pop_lru() {
            out.extend(window.fold.tell());
        }
        while let Some((_, window)) = self.places.pop_lru() {
            out.extend(window.fold.tell());
        }
        while let Some((_, window)) = self.rules.pop_lru() {
            out.extend(window.fold.tell());
        }
        self.count_folded(out)
    }

    /// What came of alerts so far.
    pub fn counts(&self) -> AlertCounts {
        self.counts
    }

    /// Happenings that are folded and not told yet.
    pub fn waiting(&self) -> u64 {
        self.counts.taken - self.counts.told_at_once - self.counts.told_folded
    }

    /// Ends an identity's interval when its time has come: what was folded is told and a longer
    /// interval begins; where nothing was, it is forgotten, so that the next is told at once.
    fn close(&mut self, identity: &Identity, now: Duration, out: &mut Vec<Alert>) {
        if !self.told.peek(identity).is_some_and(|window| window.is_over(now)) {
            return;
        }
        let Some(window) = self.told.pop(identity) else { return };
        let length = window.length;
        let Some(alert) = window.fold.tell() else { return };
        out.push(alert);
        let longer = (length * self.limits.growth).min(self.limits.longest_interval);
        self.told.put(identity.clone(), Window::begin(now, longer));
    }

    /// Has an interval for a rule and for a rule in a place; whether the place's is new.
    fn open(&mut self, place: &Place, now: Duration, out: &mut Vec<Alert>) -> bool {
        let length = self.limits.first_interval;
        let place_old = renew(&mut self.places, place, now, length);
        let rule_old = renew(&mut self.rules, &place.rule, now, length);
        let is_new = place_old.is_new;
        for (window, is_over) in [place_old.gone, rule_old.gone].into_iter().flatten() {
            if is_over {
                out.extend(window.fold.tell());
            } else {
                self.let_go(window, out);
            }
        }
        is_new
    }

    /// The interval that an alert has to be folded into because too many different ones were told in
    /// it; `None` when there is room, which is then taken. The first of a place within an interval
    /// is told even when others have used up the rule's room, up to a number of places.
    fn full(&mut self, place: &Place, first_of_place: bool) -> Option<&mut Window> {
        let limits = &self.limits;
        let of_rule = self.rules.get_mut(&place.rule)?;
        let of_place = self.places.get_mut(place)?;
        if of_place.told >= limits.told_per_place {
            return Some(of_place);
        }
        let room = if first_of_place { limits.places_per_rule } else { limits.told_per_rule };
        if of_rule.told >= room {
            return Some(of_rule);
        }
        of_place.told += 1;
        of_rule.told += 1;
        None
    }

    fn let_go(&mut self, window: Window, out: &mut Vec<Alert>) {
        self.counts.let_go += 1;
        out.extend(window.fold.tell());
    }

    fn count_folded(&mut self, out: Vec<Alert>) -> Vec<Alert> {
        self.counts.folded_alerts += out.len() as u64;
        self.counts.told_folded += out.iter().map(|alert| alert.times).sum::<u64>();
        out
    }
}

/// What came of asking for an interval.
struct Renewed {
    is_new: bool,
    /// The interval that ended or had to go, and whether it had ended.
    gone: Option<(Window, bool)>,
}

/// Has an interval that is not over under a key.
fn renew<K: Hash + Eq + Clone>(
    windows: &mut LruCache<K, Window>,
    key: &K,
    now: Duration,
    length: Duration,
) -> Renewed {
    if windows.get(key).is_some_and(|window| !window.is_over(now)) {
        return Renewed { is_new: false, gone: None };
    }
    let ended = windows.pop(key).map(|window| (window, true));
    let pushed = windows.push(key.clone(), Window::begin(now, length));
    Renewed { is_new: true, gone: ended.or(pushed.map(|(_, window)| (window, false))) }
}

fn keys<K: Hash + Eq + Clone>(
    windows: &LruCache<K, Window>,
    wanted: impl Fn(&Window) -> bool,
) -> Vec<K> {
    windows.iter().filter(|(_, window)| wanted(window)).map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests;
