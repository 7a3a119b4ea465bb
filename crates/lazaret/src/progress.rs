//! `Bar`: the progress bar on standard error. Silent when that is no terminal.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Progress;

/// How often the bar moves when nothing is reported.
const TICK_MS: u64 = 120;

/// One bar for the current step.
pub(crate) struct Bar {
    shown: bool,
    bar: Mutex<ProgressBar>,
}

impl Bar {
    /// A bar; hidden when asked for, or when standard error is no terminal.
    pub(crate) fn new(hidden: bool) -> Self {
        let shown = !hidden && std::io::stderr().is_terminal();
        Bar { shown, bar: Mutex::new(ProgressBar::hidden()) }
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(&self) {
        self.current().finish_and_clear();
    }

    fn current(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total_bytes: Option<u64>) {
        if !self.shown {
            return;
        }
        let mut current = self.current();
        current.finish_and_clear();
        *current = match total_bytes {
            Some(total) => ProgressBar::new(total)
                .with_style(style("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}")),
            None => ProgressBar::new_spinner()
                .with_style(style("{spinner} {msg} {bytes} {bytes_per_sec} {elapsed}")),
        };
        current.set_draw_target(ProgressDrawTarget::stderr());
        current.set_message(what.to_owned());
        current.enable_steady_tick(Duration::from_millis(TICK_MS));
    }

    fn advance(&self, bytes: u64) {
        if self.shown {
            self.current().inc(bytes);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}
