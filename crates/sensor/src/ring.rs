//! One ring to read. Each may be read by a thread of its own.

use std::time::Duration;

use libbpf_rs::{MapHandle, RingBufferBuilder};

use crate::SensorError;

/// A ring of events. The bytes of each go to [`crate::decode`], or into a recording as they are.
pub struct Ring {
    map: MapHandle,
    alerts: bool,
}

impl Ring {
    pub(crate) fn new(map: MapHandle, alerts: bool) -> Self {
        Ring { map, alerts }
    }

    /// Whether it is the ring that bulk cannot fill.
    pub fn is_alerts(&self) -> bool {
        self.alerts
    }

    /// Reads until `sink` says that it is enough. Waits at most `patience` for an event before it
    /// asks `sink` with `None`.
    pub fn read(
        &self,
        patience: Duration,
        mut sink: impl FnMut(Option<&[u8]>) -> bool,
    ) -> Result<(), SensorError> {
        let refused = |why: libbpf_rs::Error| SensorError::Ring { why: why.to_string() };
        let going = std::cell::Cell::new(true);
        let sink = std::cell::RefCell::new(&mut sink);
        let mut builder = RingBufferBuilder::new();
        let each = |bytes: &[u8]| {
            going.set(going.get() && (sink.borrow_mut())(Some(bytes)));
            0
        };
        builder.add(&self.map, each).map_err(refused)?;
        let ring = builder.build().map_err(refused)?;
        while going.get() {
            ring.poll(patience).map_err(refused)?;
            // Whatever came without a wake-up.
            ring.consume().map_err(refused)?;
            going.set(going.get() && (sink.borrow_mut())(None));
        }
        Ok(())
    }
}
