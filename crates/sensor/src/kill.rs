//! Programs that may not run: the kernel kills them as they begin, before their first instruction.

use std::num::NonZeroU32;
use std::sync::PoisonError;

use libbpf_rs::{MapCore as _, MapFlags};

use crate::limits::MAX_KILLS;
use crate::load::{at, map};
use crate::{Sensor, SensorError, tables};

/// `enum kill_by` of `bpf/event.h`.
const BY_FILE: u64 = 0;
const BY_NAME: u64 = 1;
const BY_PATH: u64 = 2;
/// Kinds of order there are; see `enum kill_by`.
pub(crate) const KINDS: usize = 3;
/// `KILL_TRIAL` of `bpf/event.h`.
pub(crate) const TRIAL: u32 = 1 << 31;
/// `HASHED_BYTES` of `bpf/kill.bpf.c`: longer paths are not compared.
const MAX_PATH_BYTES: usize = 512;
/// FNV-1a of 64 bits.
const HASH_BEGIN: u64 = 0xcbf2_9ce4_8422_2325;
const HASH_TIMES: u64 = 0x0100_0000_01b3;

/// Which program may not run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Program {
    /// The file itself, whatever it is called.
    File {
        /// Its filesystem's device, major << 20 | minor, as [`model::FileObject`] has it.
        device: u32,
        /// Its inode.
        inode: u64,
    },
    /// The kernel's name of it: the last part of the path, at most fifteen bytes.
    Name(String),
    /// Its absolute path below the root of the process. Paths of more than 32 parts or 511 bytes are
    /// not compared.
    Path(String),
}

/// An order to kill whatever becomes a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KillOrder {
    /// The program.
    pub program: Program,
    /// In this cgroup and those below it; `None` for every one.
    pub cgroup_id: Option<u64>,
}

impl Sensor {
    /// From now on whatever becomes this program is killed, save process 1 and this one. The event
    /// [`model::EventKind::ExecKilled`] carries `number`, which is below 2³¹. An order that was given
    /// before gets the new number. Where orders of several cgroups hold, the nearest one counts.
    pub fn kill_on_exec(&self, order: &KillOrder, number: NonZeroU32) -> Result<(), SensorError> {
        self.give(order, number, 0)
    }

    /// The same, told only: the process lives on, and the event says that it was a trial.
    pub fn tell_on_exec(&self, order: &KillOrder, number: NonZeroU32) -> Result<(), SensorError> {
        self.give(order, number, TRIAL)
    }

    fn give(&self, order: &KillOrder, number: NonZeroU32, how: u32) -> Result<(), SensorError> {
        let kills = map(self.object(), "kills")?;
        let key = order.key()?;
        if number.get() & TRIAL != 0 {
            return Err(order.refused("its number is not below 2^31"));
        }
        let mut counts = self.kills().lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = kills.lookup(&key, MapFlags::ANY).map_err(at("kills"))?.is_none();
        if is_new && counts.iter().map(|count| *count as usize).sum::<usize>() >= MAX_KILLS {
            return Err(order.refused("there are 4,096 orders already; spare others first"));
        }
        let number = (number.get() | how).to_ne_bytes();
        kills.update(&key, &number, MapFlags::ANY).map_err(at("kills"))?;
        self.count(&mut counts, order, if is_new { 1 } else { 0 })
    }

    /// Takes an order back; whether there was one.
    pub fn spare(&self, order: &KillOrder) -> Result<bool, SensorError> {
        let kills = map(self.object(), "kills")?;
        let key = order.key()?;
        let mut counts = self.kills().lock().unwrap_or_else(PoisonError::into_inner);
        let found = kills.lookup(&key, MapFlags::ANY).map_err(at("kills"))?.is_some();
        if found {
            kills.delete(&key).map_err(at("kills"))?;
            self.count(&mut counts, order, -1)?;
        }
        Ok(found)
    }

    /// Tells the kernel's side how many orders of a kind there are.
    fn count(
        &self,
        counts: &mut [u32; KINDS],
        order: &KillOrder,
        more: i32,
    ) -> Result<(), SensorError> {
        let by = order.program.by();
        let Some(count) = usize::try_from(by).ok().and_then(|by| counts.get_mut(by)) else {
            return Ok(());
        };
        *count = count.saturating_add_signed(more);
        let (armed, cell) = (map(self.object(), "armed")?, count.to_ne_bytes());
        armed.update(&(by as u32).to_ne_bytes(), &cell, MapFlags::ANY).map_err(at("armed"))
    }
}

impl Program {
    /// `enum kill_by` of `bpf/event.h`.
    fn by(&self) -> u64 {
        match self {
            Program::File { .. } => BY_FILE,
            Program::Name(_) => BY_NAME,
            Program::Path(_) => BY_PATH,
        }
    }
}

impl KillOrder {
    /// Says what is wrong with it, where no kernel could take it.
    pub fn check(&self) -> Result<(), SensorError> {
        self.key().map(|_| ())
    }

    /// `struct kill_key` of `bpf/event.h`.
    fn key(&self) -> Result<Vec<u8>, SensorError> {
        let (first, second) = match &self.program {
            Program::File { device, inode } => (*inode, u64::from(*device)),
            Program::Name(name) if name.is_empty() => return Err(self.refused("it has no name")),
            Program::Name(name) => {
                let comm = tables::comm(name);
                let half = |at: usize| -> u64 {
                    let bytes = comm.get(at..).and_then(<[u8]>::first_chunk);
                    bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
                };
                (half(0), half(8))
            }
            Program::Path(path) => self.hashed(path)?,
        };
        let by = self.program.by();
        let fields = [self.cgroup_id.unwrap_or(0), first, second, by];
        Ok(fields.iter().flat_map(|field| field.to_ne_bytes()).collect())
    }

    /// A path as the kernel's side sees it: its names from the leaf up, a NUL behind each.
    fn hashed(&self, path: &str) -> Result<(u64, u64), SensorError> {
        let Some(below) = path.strip_prefix('/').filter(|below| !below.is_empty()) else {
            return Err(self.refused("its path must be absolute"));
        };
        if below.split('/').any(|name| matches!(name, "" | "." | "..")) {
            return Err(self.refused("its path must have no empty names, `.` or `..`"));
        }
        if below.len() + 1 > MAX_PATH_BYTES {
            return Err(self.refused("its path is longer than 511 bytes"));
        }
        let bytes = below.rsplit('/').flat_map(|name| name.bytes().chain([0]));
        let hash =
            bytes.fold(HASH_BEGIN, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(HASH_TIMES));
        Ok((hash, below.len() as u64 + 1))
    }

    fn refused(&self, why: &'static str) -> SensorError {
        SensorError::Order { program: format!("{:?}", self.program), why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_a_program_that_there_can_be() {
        let key = |program| KillOrder { program, cgroup_id: Some(7) }.key();
        assert_eq!(key(Program::Path("/bin/x".into())).unwrap().len(), 32);
        for wrong in ["", "/", "bin/x", "/bin//x", "/bin/../x", "/bin/"] {
            assert!(key(Program::Path(wrong.into())).is_err(), "{wrong}");
        }
        assert!(key(Program::Path(format!("/{}", "x".repeat(511)))).is_ok());
        assert!(key(Program::Path(format!("/{}", "x".repeat(512)))).is_err());
        assert!(key(Program::Name(String::new())).is_err());
        let long = key(Program::Name("a-name-of-many-bytes".into())).unwrap();
        assert_eq!(&long[8..24], b"a-name-of-many-\0");
    }
}
