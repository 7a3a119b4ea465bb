//! Who runs now, by the kernel's own walk over its tasks.

use std::io::Read as _;
use std::sync::PoisonError;

use libbpf_rs::Iter;
use model::Event;

use crate::limits::MAX_RUNNING;
use crate::{Sensor, SensorError, decode};

/// Bytes of one read; more than the largest event.
const READ_BYTES: usize = 64 * 1024;

impl Sensor {
    /// Every process that runs now, with program, arguments, credentials and cgroup, as events of
    /// the kind [`model::EventKind::Running`]; `None` where the kernel (before 5.18) has no such
    /// walk. At most 65,536.
    pub fn running(&self) -> Result<Option<Vec<Event>>, SensorError> {
        let walk = self.walk().lock().unwrap_or_else(PoisonError::into_inner);
        let Some(link) = walk.as_ref() else { return Ok(None) };
        let refused = |why: String| SensorError::Ring { why };
        let mut iter = Iter::new(link).map_err(|why| refused(why.to_string()))?;
        let (mut held, mut chunk) = (Vec::new(), vec![0; READ_BYTES]);
        let mut found = Vec::new();
        while found.len() < MAX_RUNNING {
            let length = match iter.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => length,
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(why) => return Err(refused(why.to_string())),
            };
            held.extend_from_slice(chunk.get(..length).unwrap_or_default());
            let whole = take_whole(&held, &mut found);
            held.drain(..whole);
        }
        Ok(Some(found))
    }
}

/// Decodes the events that are whole; how many bytes they had.
fn take_whole(bytes: &[u8], found: &mut Vec<Event>) -> usize {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..)
        && let Some(size) = rest.first_chunk().map(|size| u32::from_ne_bytes(*size) as usize)
        && (1..=rest.len()).contains(&size)
    {
        found.extend(decode(rest));
        at += size;
    }
    at
}
