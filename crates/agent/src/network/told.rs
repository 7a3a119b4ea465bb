//! What was told already: the same is told again only after a time.

use std::num::NonZeroUsize;

use lru::LruCache;

const MAX_TOLD: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// What was told, and when.
#[derive(Debug)]
pub(super) struct Told {
    times: LruCache<String, u64>,
    again_ns: u64,
}

impl Told {
    pub(super) fn new(again_hours: f64) -> Self {
        Told { times: LruCache::new(MAX_TOLD), again_ns: (again_hours * 3600e9) as u64 }
    }

    /// Whether something is to be told now; then it counts as told.
    pub(super) fn is_news(&mut self, what: String, now_ns: u64) -> bool {
        let last = self.times.get(&what).copied();
        if last.is_some_and(|last| now_ns.saturating_sub(last) < self.again_ns) {
            return false;
        }
        self.times.put(what, now_ns);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_news_again_after_a_time() {
        let mut told = Told::new(1.0);
        assert!(told.is_news("a".to_owned(), 0));
        assert!(!told.is_news("a".to_owned(), 3_599_000_000_000));
        assert!(told.is_news("a".to_owned(), 3_600_000_000_000));
    }
}
