//! `RefusedLayer`: a layer that is named and cannot be read, so that the report says so.

use super::failed;
use crate::LayerOutcome;
use crate::source::{EntryVisitor, LayerStream};
use crate::stop::Stop;

/// A layer without entries and with one skip.
pub(crate) struct RefusedLayer {
    stop: Stop,
}

impl RefusedLayer {
    pub(crate) fn new(stop: Stop) -> Self {
        RefusedLayer { stop }
    }
}

impl LayerStream for RefusedLayer {
    fn walk(&mut self, _visit: EntryVisitor<'_>) -> LayerOutcome {
        failed(self.stop.clone().into_skip(""))
    }
}
