//! `Lines`: an endless HTTP answer as lines, each within a size.

use std::collections::VecDeque;

use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::limits::EVENT_MAX_BYTES;

/// The lines of an answer that goes on and on.
pub(super) struct Lines {
    body: Incoming,
    ready: VecDeque<Vec<u8>>,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn new(body: Incoming) -> Self {
        Lines { body, ready: VecDeque::new(), line: Vec::new() }
    }

    /// The next line; `None` when the other side has ended it, or a line is too long.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let frame = self.body.frame().await?.ok()?;
            let Ok(bytes) = frame.into_data() else { continue };
            self.split(&bytes);
            if self.line.len() > EVENT_MAX_BYTES {
                return None;
            }
        }
    }

    fn split(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.line.extend_from_slice(part);
            let line = std::mem::take(&mut self.line);
            if !line.iter().all(u8::is_ascii_whitespace) {
                self.ready.push_back(line);
            }
        }
        self.line.extend_from_slice(last);
    }
}
