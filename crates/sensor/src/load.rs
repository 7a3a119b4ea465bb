//! The programs into the kernel, and what they tell of themselves.

use std::path::Path;

use libbpf_rs::{Link, MapCore, MapFlags, MapHandle, MapType, Object, ObjectBuilder, OpenObject};

use crate::config::{Config, NO_SUBSYSTEM};
use crate::limits::{
    BULK_RING_BYTES, DEFAULT_BULK_BURST, DEFAULT_BULK_RATE, DEFAULT_SHARDS, MAX_SHARDS,
    MAX_SYSCALLS,
};
use crate::{Interest, Ring, SensorError, syscalls};

/// The kernel's side, built by `build.rs`: the fast one first, then the one for older kernels.
static OBJECTS: [(Reading, &[u8]); 2] = [
    (Reading::Direct, include_bytes!(concat!(env!("OUT_DIR"), "/direct.bpf.o"))),
    (Reading::Probed, include_bytes!(concat!(env!("OUT_DIR"), "/probed.bpf.o"))),
];
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";
/// Programs reached by tail calls: loaded, never attached.
const TAILS: [&str; 6] = ["plain", "opened", "with_fd", "result_fd", "sent_to", "at_directory"];
/// Programs whose trace point not every kernel has.
const OPTIONAL: [&str; 2] = ["on_io_uring", "on_oom_victim"];
/// `enum event_class` × `enum loss` of `bpf/event.h`.
const CLASSES: usize = 2;
const LOSSES: usize = 3;

/// How the sensor looks.
#[derive(Debug, Clone)]
pub struct SensorOptions {
    /// The system calls that are wanted. Fork, exec, exit and cgroups always are.
    pub interests: Vec<Interest>,
    /// Rings for bulk events; the events of one process stay in one.
    pub shards: usize,
    /// Bulk events a second that one cgroup may send; 0 for no limit.
    pub bulk_rate: u32,
    /// Bulk events that one cgroup may send at once.
    pub bulk_burst: u32,
    /// The controller whose cgroups tell containers, by its index in the kernel; `None` for the
    /// unified hierarchy.
    pub cgroup_subsystem: Option<u32>,
    /// That controller's hierarchy; 0 for the unified one.
    pub cgroup_hierarchy: u32,
    /// How the kernel's memory is read; `None` for the fastest that it allows.
    pub reading: Option<Reading>,
}

impl Default for SensorOptions {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        SensorOptions {
            interests: Interest::all(),
            shards: processors.min(DEFAULT_SHARDS),
            bulk_rate: DEFAULT_BULK_RATE,
            bulk_burst: DEFAULT_BULK_BURST,
            cgroup_subsystem: None,
            cgroup_hierarchy: 0,
            reading: None,
        }
    }
}

/// The programs in the kernel. They are gone when this is dropped.
pub struct Sensor {
    object: Object,
    reading: Reading,
    bulk: Vec<MapHandle>,
    missing: Vec<String>,
    _links: Vec<Link>,
}

/// How the programs read the kernel's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Through typed pointers; kernels 6.2 and newer.
    Direct,
    /// Word by word; kernels 5.8 and newer.
    Probed,
}

/// What was sent and what was lost since the start, in events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Sent through the ring that bulk cannot fill.
    pub sent_alerts: u64,
    /// Sent through the bulk rings.
    pub sent_bulk: u64,
    /// Alerts lost because their ring was full.
    pub alerts_full: u64,
    /// Bulk lost because its ring was full.
    pub bulk_full: u64,
    /// Bulk held back because a cgroup sent too much.
    pub throttled: u64,
}

impl Sensor {
    /// Loads and attaches the programs.
    pub fn load(options: &SensorOptions) -> Result<Sensor, SensorError> {
        if !Path::new(KERNEL_TYPES).exists() {
            return Err(SensorError::NoTypes);
        }
        // What libbpf prints of a refusal is for its authors; the error says what matters.
        let printer = libbpf_rs::set_print(None);
        let loaded = load_any(options);
        libbpf_rs::set_print(printer);
        let (reading, object) = loaded?;
        let shards = shards(options);
        fill_tables(&object, &options.interests)?;
        let bulk = make_rings(&object, shards)?;
        let (links, missing) = attach(&object)?;
        Ok(Sensor { object, reading, bulk, missing, _links: links })
    }

    /// The rings to read: the alerts' first, then those of the bulk.
    pub fn rings(&self) -> Result<Vec<Ring>, SensorError> {
        let alerts = MapHandle::try_from(&map(&self.object, "alerts")?).map_err(at("alerts"))?;
        let bulk = self.bulk.iter().map(|ring| MapHandle::try_from(ring).map_err(at("bulk")));
        let mut rings = vec![Ring::new(alerts, true)];
        for ring in bulk {
            rings.push(Ring::new(ring?, false));
        }
        Ok(rings)
    }

    /// How the programs read the kernel's memory here.
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// Programs that this kernel has no trace point for: what the sensor does not see here.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// What was sent and lost so far, over all processors.
    pub fn losses(&self) -> Result<Losses, SensorError> {
        let sum = |name: &'static str, key: usize| -> Result<u64, SensorError> {
            let key = (key as u32).to_ne_bytes();
            let cells = map(&self.object, name)?.lookup_percpu(&key, MapFlags::ANY);
            let cells = cells.map_err(at(name))?.unwrap_or_default();
            let number = |cell: &Vec<u8>| cell.first_chunk().map_or(0, |c| u64::from_ne_bytes(*c));
            Ok(cells.iter().map(number).sum())
        };
        Ok(Losses {
            sent_alerts: sum("sent", 0)?,
            sent_bulk: sum("sent", 1)?,
            alerts_full: sum("losses", 0)?,
            bulk_full: sum("losses", LOSSES)?,
            throttled: sum("losses", LOSSES + 1)?,
        })
    }

    /// The cgroups that lost bulk events since the start, with how many were held back and how
    /// many found the ring full.
    pub fn losses_by_cgroup(&self) -> Result<Vec<(u64, u64, u64)>, SensorError> {
        let buckets = map(&self.object, "buckets")?;
        let mut found = Vec::new();
        for key in buckets.keys() {
            let Some(cell) = buckets.lookup(&key, MapFlags::ANY).map_err(at("buckets"))? else {
                continue;
            };
            let number = |bytes: &[u8], index: usize| -> u64 {
                let cell = bytes.get(index * 8..).and_then(<[u8]>::first_chunk);
                cell.map_or(0, |cell| u64::from_ne_bytes(*cell))
            };
            let (suppressed, lost) = (number(&cell, 2), number(&cell, 3));
            if suppressed + lost > 0 {
                found.push((number(&key, 0), suppressed, lost));
            }
        }
        Ok(found)
    }
}

const _: () = assert!(CLASSES * LOSSES == 6, "the map `losses` has a cell for each");

fn refused(why: libbpf_rs::Error) -> SensorError {
    SensorError::Refused { why: format!("{why:#}") }
}

fn at(map: &'static str) -> impl Fn(libbpf_rs::Error) -> SensorError {
    move |why| SensorError::Map { map, why: why.to_string() }
}

fn map<'a>(object: &'a Object, name: &'static str) -> Result<libbpf_rs::Map<'a>, SensorError> {
    let found = object.maps().find(|map| map.name() == name);
    found.ok_or_else(|| SensorError::Map { map: name, why: "it is not in the object".to_owned() })
}

fn shards(options: &SensorOptions) -> usize {
    options.shards.clamp(1, MAX_SHARDS)
}

/// The first object that this kernel takes: with every program, or without those whose trace point
/// it has not.
fn load_any(options: &SensorOptions) -> Result<(Reading, Object), SensorError> {
    let mut refusal = None;
    for (reading, bytes) in OBJECTS {
        if options.reading.is_some_and(|wanted| wanted != reading) {
            continue;
        }
        for with_optional in [true, false] {
            let mut open = ObjectBuilder::default().open_memory(bytes).map_err(refused)?;
            configure(&mut open, options, with_optional)?;
            match open.load() {
                Ok(object) => return Ok((reading, object)),
                Err(why) => refusal = Some(refused(why)),
            }
        }
    }
    Err(refusal.unwrap_or(SensorError::NoTypes))
}

fn configure(
    open: &mut OpenObject,
    options: &SensorOptions,
    with_optional: bool,
) -> Result<(), SensorError> {
    let config = Config {
        own_pid: std::process::id(),
        shards: shards(options) as u32,
        cgroup_subsystem: options.cgroup_subsystem.unwrap_or(NO_SUBSYSTEM),
        cgroup_hierarchy: options.cgroup_hierarchy,
        bulk_rate: options.bulk_rate,
        bulk_burst: options.bulk_burst,
    };
    let mut found = open.maps_mut().find(|map| map.name() == ".rodata.config");
    let cell = found.as_mut().and_then(|map| map.initial_value_mut());
    let bytes = config.to_bytes();
    let Some(cell) = cell.and_then(|cell| cell.get_mut(..bytes.len())) else {
        let why = "it is not in the object".to_owned();
        return Err(SensorError::Map { map: "config", why });
    };
    cell.copy_from_slice(&bytes);
    for mut program in open.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        if TAILS.contains(&name.as_str()) {
            program.set_autoattach(false);
        }
        if !with_optional && OPTIONAL.contains(&name.as_str()) {
            program.set_autoload(false);
        }
    }
    Ok(())
}

/// Which calls are wanted, and what the 32-bit interface's numbers mean.
fn fill_tables(object: &Object, interests: &[Interest]) -> Result<(), SensorError> {
    let wanted = map(object, "interests")?;
    for interest in interests {
        let (call, entry) = interest.entry()?;
        let key = call.number.to_ne_bytes();
        wanted.update(&key, &entry, MapFlags::ANY).map_err(at("interests"))?;
    }
    let compat = map(object, "compat_numbers")?;
    for number in 0..MAX_SYSCALLS {
        let own = syscalls::every().find(|call| call.compat == Some(number));
        let own = own.map_or(u32::MAX, |call| call.number).to_ne_bytes();
        compat.update(&number.to_ne_bytes(), &own, MapFlags::ANY).map_err(at("compat_numbers"))?;
    }
    Ok(())
}

fn make_rings(object: &Object, shards: usize) -> Result<Vec<MapHandle>, SensorError> {
    use std::os::fd::AsFd as _;
    use std::os::fd::AsRawFd as _;

    let outer = map(object, "bulk")?;
    let mut rings = Vec::with_capacity(shards);
    for shard in 0..shards {
        let options = libbpf_sys::bpf_map_create_opts {
            sz: size_of::<libbpf_sys::bpf_map_create_opts>() as _,
            ..Default::default()
        };
        let name = Some(format!("bulk_{shard}"));
        let ring = MapHandle::create(MapType::RingBuf, name, 0, 0, BULK_RING_BYTES, &options)
            .map_err(at("bulk"))?;
        let fd = ring.as_fd().as_raw_fd().to_ne_bytes();
        outer.update(&(shard as u32).to_ne_bytes(), &fd, MapFlags::ANY).map_err(at("bulk"))?;
        rings.push(ring);
    }
    Ok(rings)
}

/// Attaches all that is no tail; gives what this kernel does not have.
fn attach(object: &Object) -> Result<(Vec<Link>, Vec<String>), SensorError> {
    let (mut links, mut missing) = (Vec::new(), Vec::new());
    for program in object.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        if TAILS.contains(&name.as_str()) {
            continue;
        }
        match program.attach() {
            Ok(link) => links.push(link),
            Err(_) if OPTIONAL.contains(&name.as_str()) => missing.push(name),
            Err(why) => {
                return Err(SensorError::Attach { program: name, why: format!("{why:#}") });
            }
        }
    }
    Ok((links, missing))
}
