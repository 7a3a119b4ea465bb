//! What user space writes into the kernel's maps before the programs run: which calls are wanted, and
//! what the numbers of other interfaces mean.

use std::collections::BTreeMap;

use libbpf_rs::{MapCore as _, MapFlags, Object};

use crate::limits::MAX_SYSCALLS;
use crate::load::{at, map};
use crate::{Interest, SensorError, SensorOptions, syscalls};

/// `X32_CALLS` and `SOCKET_CALLS` of `bpf/maps.h`.
const MAX_X32_CALLS: u32 = 64;
const MAX_SOCKET_CALLS: u32 = 32;
/// `RING_OPERATIONS` of `bpf/maps.h`.
const MAX_RING_OPERATIONS: u32 = 64;
/// The kernel's name of a program, in bytes.
pub(crate) const COMM_BYTES: usize = 16;

/// Fills them all.
pub(crate) fn fill(object: &Object, options: &SensorOptions) -> Result<(), SensorError> {
    want(object, &options.interests)?;
    let editors = map(object, "line_editors")?;
    for name in &options.line_editors {
        let one = 1u32.to_ne_bytes();
        editors.update(&comm(name), &one, MapFlags::ANY).map_err(at("line_editors"))?;
    }
    numbers(object, "compat_numbers", MAX_SYSCALLS, |number| {
        let own = syscalls::every().find(|call| call.compat == Some(number));
        own.map(|call| call.number)
            .or_else(|| syscalls::translated(syscalls::COMPAT_ALIASES, number))
    })?;
    numbers(object, "socket_numbers", MAX_SOCKET_CALLS, |number| {
        syscalls::translated(syscalls::SOCKET_CALLS, number)
    })?;
    numbers(object, "ring_numbers", MAX_RING_OPERATIONS, |operation| {
        syscalls::translated(syscalls::RING_CALLS, operation)
    })?;
    numbers(object, "x32_numbers", MAX_X32_CALLS, |number| {
        syscalls::translated(syscalls::X32_CALLS, number + syscalls::X32_FIRST)
    })
}

/// Says which calls are wanted, and that no other is.
pub(crate) fn want(object: &Object, interests: &[Interest]) -> Result<(), SensorError> {
    let mut entries: BTreeMap<u32, [u8; 4]> = BTreeMap::new();
    for interest in interests {
        let (call, entry) = interest.entry()?;
        entries.insert(call.number, entry);
    }
    let wanted = map(object, "interests")?;
    for number in 0..MAX_SYSCALLS {
        let entry = entries.get(&number).copied().unwrap_or_default();
        wanted.update(&number.to_ne_bytes(), &entry, MapFlags::ANY).map_err(at("interests"))?;
    }
    Ok(())
}

/// A program's name as the kernel keeps it: cut, with zeros behind it.
pub(crate) fn comm(name: &str) -> [u8; COMM_BYTES] {
    let mut comm = [0; COMM_BYTES];
    for (cell, byte) in comm.iter_mut().take(COMM_BYTES - 1).zip(name.bytes()) {
        *cell = byte;
    }
    comm
}

fn numbers(
    object: &Object,
    name: &'static str,
    length: u32,
    own: impl Fn(u32) -> Option<u32>,
) -> Result<(), SensorError> {
    let table = map(object, name)?;
    for number in 0..length {
        let own = own(number).unwrap_or(u32::MAX).to_ne_bytes();
        table.update(&number.to_ne_bytes(), &own, MapFlags::ANY).map_err(at(name))?;
    }
    Ok(())
}
