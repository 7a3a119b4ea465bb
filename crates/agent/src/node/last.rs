//! The end comes, whatever a part of the agent waits for: a disk or a mount that does not answer must not
//! keep it. What was told is on disk by then; what is in force stays so and is taken up at the next start.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long the parts of the agent may take to end. Answers and deliveries have ten seconds each.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked whether they have.
const LOOK: Duration = Duration::from_millis(100);
/// How the process ends then.
const STUCK: i32 = 75;

/// What somebody holds as long as the agent runs.
pub(super) type Alive = Arc<()>;

/// From now on the end is awaited: where it does not come in time, the process ends all the same.
pub(super) fn await_end(alive: &Alive) {
    let alive = Arc::downgrade(alive);
    std::thread::spawn(move || {
        if outlasts(&alive, PATIENCE) {
            let seconds = PATIENCE.as_secs();
            eprintln!(
                "lazaret agent: a part of it did not end within {seconds} s; it ends without it"
            );
            std::process::exit(STUCK);
        }
    });
}

/// Whether something is still held after so long.
fn outlasts(alive: &Weak<()>, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while alive.strong_count() > 0 {
        if Instant::now() >= until {
            return true;
        }
        std::thread::sleep(LOOK.min(patience));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_not_waited_for() {
        let alive = Alive::default();
        let held = Arc::downgrade(&alive);
        assert!(outlasts(&held, Duration::from_millis(1)));
        drop(alive);
        assert!(!outlasts(&held, Duration::from_secs(3600)));
    }
}
