//! `Lines`: an endless HTTP answer as lines, each within a size.

use std::collections::VecDeque;

use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::limits::EVENT_MAX_BYTES;

/// What stands for a line that is too long: nobody can read it, and so it is counted.
const TOO_LONG: &[u8] = b"?";

/// The lines of an answer that goes on and on.
pub(super) struct Lines {
    body: Incoming,
    split: Split,
}

/// Bytes on their way to lines.
#[derive(Default)]
struct Split {
    ready: VecDeque<Vec<u8>>,
    line: Vec<u8>,
    /// Whether a line is being left out because it is too long.
    too_long: bool,
}

impl Lines {
    pub(super) fn new(body: Incoming) -> Self {
        Lines { body, split: Split::default() }
    }

    /// The next line; `None` when the other side has ended it.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(line) = self.split.ready.pop_front() {
                return Some(line);
            }
            let frame = self.body.frame().await?.ok()?;
            let Ok(bytes) = frame.into_data() else { continue };
            self.split.take(&bytes);
        }
    }
}

impl Split {
    fn take(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.extend(part);
            self.too_long = false;
            let line = std::mem::take(&mut self.line);
            if !line.iter().all(u8::is_ascii_whitespace) {
                self.ready.push_back(line);
            }
        }
        self.extend(last);
    }

    fn extend(&mut self, part: &[u8]) {
        if self.too_long {
            return;
        }
        self.line.extend_from_slice(part);
        if self.line.len() > EVENT_MAX_BYTES {
            self.line = TOO_LONG.to_vec();
            self.too_long = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut split = Split::default();
        split.take(b"{\"a\":");
        split.take(b"1}\n\r\n");
        for _ in 0..3 {
            split.take(&vec![b' '; EVENT_MAX_BYTES]);
            assert!(split.line.len() <= EVENT_MAX_BYTES);
        }
        split.take(b"end\nnext\nrest");
        let lines: Vec<Vec<u8>> = split.ready.into_iter().collect();
        assert_eq!(lines, [b"{\"a\":1}".to_vec(), TOO_LONG.to_vec(), b"next".to_vec()]);
        assert_eq!(split.line, b"rest");
    }
}
