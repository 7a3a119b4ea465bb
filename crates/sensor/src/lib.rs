//! EYES in the kernel: programs on its trace points tell what processes do.
//!
//! `bpf/` holds the kernel's side in C, one file a family; this side loads it, says which system
//! calls are wanted and reads the rings. It knows no rules and no containers: raw numbers, cgroup
//! ids, bytes. The only room that may hold `unsafe`.

mod block;
mod config;
mod error;
mod interest;
mod kernel;
mod kill;
mod limits;
mod load;
mod losses;
mod options;
mod ring;
mod running;
mod said;
mod syscalls;
mod tables;
mod wire;

pub use block::NetworkBlock;
pub use error::SensorError;
pub use interest::{Detail, Interest};
pub use kill::{KillOrder, Program};
pub use load::Sensor;
pub use losses::{CgroupLoss, EventClass, LossReason, Losses};
pub use options::{Reading, SensorOptions};
pub use ring::Ring;
pub use wire::{Malformed, decode};
