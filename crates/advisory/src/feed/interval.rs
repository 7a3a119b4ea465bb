//! Sets of versions as intervals: what is left when the patched and the unaffected ones are taken
//! away (RustSec and RubySec publish those, not the affected ones).

use std::cmp::Ordering;

use model::{RangeEnd, VersionRange};

/// One end of an interval. Exclusive below means just after, exclusive above just before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound<V> {
    /// No end.
    Unbounded,
    /// The version belongs to it.
    Including(V),
    /// The version does not.
    Excluding(V),
}

/// Versions between two bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval<V> {
    /// Where it begins.
    pub(super) low: Bound<V>,
    /// Where it ends.
    pub(super) high: Bound<V>,
}

impl<V: Clone> Interval<V> {
    /// Every version.
    pub(super) fn all() -> Self {
        Interval { low: Bound::Unbounded, high: Bound::Unbounded }
    }

    /// The versions in both; `None` when there are none.
    pub(super) fn intersect(&self, other: &Self, order: &Order<'_, V>) -> Option<Self> {
        let low =
            if low_order(&self.low, &other.low, order).is_ge() { &self.low } else { &other.low };
        let high = if high_order(&self.high, &other.high, order).is_le() {
            &self.high
        } else {
            &other.high
        };
        let both = Interval { low: low.clone(), high: high.clone() };
        (!both.is_empty(order)).then_some(both)
    }

    fn is_empty(&self, order: &Order<'_, V>) -> bool {
        match (&self.low, &self.high) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Including(low), Bound::Including(high)) => order(low, high).is_gt(),
            (
                Bound::Including(low) | Bound::Excluding(low),
                Bound::Including(high) | Bound::Excluding(high),
            ) => order(low, high).is_ge(),
        }
    }
}

/// An order of versions.
pub(super) type Order<'a, V> = dyn Fn(&V, &V) -> Ordering + 'a;

/// The versions in none of the intervals, in order.
pub(super) fn complement<V: Clone>(
    mut taken: Vec<Interval<V>>,
    order: &Order<'_, V>,
) -> Vec<Interval<V>> {
    taken.retain(|interval| !interval.is_empty(order));
    taken.sort_by(|a, b| low_order(&a.low, &b.low, order));
    let mut left = Vec::new();
    // Where the part begins that nothing has been said of yet; `None` when nothing is left.
    let mut from = Some(Bound::Unbounded);
    for interval in taken {
        let Some(begun) = from.take() else {
            break;
        };
        if let Some(high) = before(&interval.low) {
            let gap = Interval { low: begun.clone(), high };
            if !gap.is_empty(order) {
                left.push(gap);
            }
        }
        from = match after(&interval.high) {
            None => None,
            Some(next) if low_order(&next, &begun, order).is_gt() => Some(next),
            Some(_) => Some(begun),
        };
    }
    left.extend(from.map(|low| Interval { low, high: Bound::Unbounded }));
    left
}

/// The end of what lies before a beginning; `None` when nothing does.
fn before<V: Clone>(low: &Bound<V>) -> Option<Bound<V>> {
    match low {
        Bound::Unbounded => None,
        Bound::Including(version) => Some(Bound::Excluding(version.clone())),
        Bound::Excluding(version) => Some(Bound::Including(version.clone())),
    }
}

/// The beginning of what lies after an end; `None` when nothing does.
fn after<V: Clone>(high: &Bound<V>) -> Option<Bound<V>> {
    before(high)
}

fn low_order<V>(a: &Bound<V>, b: &Bound<V>, order: &Order<'_, V>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Including(x), Bound::Excluding(y)) => order(x, y).then(Ordering::Less),
        (Bound::Excluding(x), Bound::Including(y)) => order(x, y).then(Ordering::Greater),
        (Bound::Including(x), Bound::Including(y)) | (Bound::Excluding(x), Bound::Excluding(y)) => {
            order(x, y)
        }
    }
}

fn high_order<V>(a: &Bound<V>, b: &Bound<V>, order: &Order<'_, V>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Including(x), Bound::Excluding(y)) => order(x, y).then(Ordering::Greater),
        (Bound::Excluding(x), Bound::Including(y)) => order(x, y).then(Ordering::Less),
        (Bound::Including(x), Bound::Including(y)) | (Bound::Excluding(x), Bound::Excluding(y)) => {
            order(x, y)
        }
    }
}

/// Affected intervals as spans. `after` gives the least version above one, for a span that begins
/// just after it.
pub(super) fn spans<V>(
    intervals: Vec<Interval<V>>,
    text: impl Fn(&V) -> String,
    after: impl Fn(&V) -> String,
) -> Vec<VersionRange> {
    let span = |interval: Interval<V>| VersionRange {
        introduced: match &interval.low {
            Bound::Unbounded => None,
            Bound::Including(version) => Some(text(version)),
            Bound::Excluding(version) => Some(after(version)),
        },
        end: match &interval.high {
            Bound::Unbounded => RangeEnd::Open,
            Bound::Including(version) => RangeEnd::LastAffected(text(version)),
            Bound::Excluding(version) => RangeEnd::Fixed(text(version)),
        },
    };
    intervals.into_iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contains(interval: &Interval<i32>, version: i32) -> bool {
        let above = match interval.low {
            Bound::Unbounded => true,
            Bound::Including(low) => version >= low,
            Bound::Excluding(low) => version > low,
        };
        let below = match interval.high {
            Bound::Unbounded => true,
            Bound::Including(high) => version <= high,
            Bound::Excluding(high) => version < high,
        };
        above && below
    }

    fn bound() -> impl Strategy<Value = Bound<i32>> {
        // Even numbers only, so that odd ones test what lies between.
        let version = (0..10).prop_map(|n| n * 2);
        prop_oneof![
            Just(Bound::Unbounded),
            version.clone().prop_map(Bound::Including),
            version.prop_map(Bound::Excluding),
        ]
    }

    fn interval() -> impl Strategy<Value = Interval<i32>> {
        (bound(), bound()).prop_map(|(low, high)| Interval { low, high })
    }

    proptest! {
        #[test]
        fn a_version_is_in_exactly_one_of_set_and_complement(
            taken in prop::collection::vec(interval(), 0..6), version in -1..22,
        ) {
            let inside = taken.iter().any(|interval| contains(interval, version));
            let left = complement(taken, &|a: &i32, b: &i32| a.cmp(b));
            let outside = left.iter().filter(|interval| contains(interval, version)).count();
            prop_assert_eq!(outside, usize::from(!inside));
        }

        #[test]
        fn an_intersection_holds_what_both_hold(
            a in interval(), b in interval(), version in -1..22,
        ) {
            let both = a.intersect(&b, &|x: &i32, y: &i32| x.cmp(y));
            let inside = both.is_some_and(|both| contains(&both, version));
            prop_assert_eq!(inside, contains(&a, version) && contains(&b, version));
        }
    }
}
