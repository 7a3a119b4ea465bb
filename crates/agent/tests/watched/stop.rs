//! What ends the threads of a test, also when it fails.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets it when dropped.
pub struct Stop<'a>(pub &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
