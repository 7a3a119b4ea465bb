//! The programs into the kernel.

use std::path::Path;
use std::sync::Mutex;

use libbpf_rs::{
    Link, MapCore as _, MapFlags, MapHandle, MapType, Object, ObjectBuilder, OpenObject,
};

use crate::config::{Config, NO_SUBSYSTEM};
use crate::kernel::Kernel;
use crate::kill::KINDS;
use crate::limits::{BULK_RING_BYTES, MAX_SHARDS};
use crate::{Interest, Reading, Ring, SensorError, SensorOptions, said, tables};

/// The kernel's side, built by `build.rs`: the fast one first, then the one for older kernels.
static OBJECTS: [(Reading, &[u8]); 2] = [
    (Reading::Direct, include_bytes!(concat!(env!("OUT_DIR"), "/direct.bpf.o"))),
    (Reading::Probed, include_bytes!(concat!(env!("OUT_DIR"), "/probed.bpf.o"))),
];
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";
/// Programs reached by tail calls: loaded, never attached.
const TAILS: [&str; 11] = [
    "plain",
    "opened",
    "with_fd",
    "result_fd",
    "sent_to",
    "at_directory",
    "typed",
    "message",
    "first_sent",
    "traced",
    "mounted",
];
/// The walk over all tasks: runs when it is asked.
const WALK: &str = "on_each_task";
/// Programs that not every kernel has the place or the helpers for.
const OPTIONAL: [&str; 5] = [IO_URING, IO_URING_OLDER, IO_URING_END, "on_oom_victim", WALK];
/// The same trace point, under the name it has since 6.3 and the one before.
const IO_URING: &str = "on_io_uring";
const IO_URING_OLDER: &str = "on_io_uring_sqe";
/// The end of a request; told with the request since 5.18.
const IO_URING_END: &str = "on_io_uring_complete";

/// The programs in the kernel. They are gone when this is dropped.
pub struct Sensor {
    object: Object,
    reading: Reading,
    bulk: Vec<MapHandle>,
    missing: Vec<String>,
    walk: Mutex<Option<Link>>,
    kills: Mutex<[u32; KINDS]>,
    _links: Vec<Link>,
}

impl Sensor {
    /// Loads and attaches the programs.
    pub fn load(options: &SensorOptions) -> Result<Sensor, SensorError> {
        if !Path::new(KERNEL_TYPES).exists() {
            return Err(SensorError::NoTypes);
        }
        let loaded = said::while_listening(|| load_any(options), explained)?;
        let Loaded { reading, object, left_out } = loaded;
        tables::fill(&object, options)?;
        let bulk = make_rings(&object, shards(options))?;
        let Attached { links, walk, missing } = attach(&object, left_out)?;
        let (walk, kills) = (Mutex::new(walk), Mutex::default());
        Ok(Sensor { object, reading, bulk, missing, walk, kills, _links: links })
    }

    /// From now on these calls are wanted, and no others.
    pub fn want(&self, interests: &[Interest]) -> Result<(), SensorError> {
        tables::want(&self.object, interests)
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

    /// Programs that this kernel has no place for: what the sensor does not see here.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// How many orders to kill there are, of each kind.
    pub(crate) fn kills(&self) -> &Mutex<[u32; KINDS]> {
        &self.kills
    }

    /// The walk over all tasks, where the kernel has one; one walker at a time.
    pub(crate) fn walk(&self) -> &Mutex<Option<Link>> {
        &self.walk
    }
}

fn refused(why: libbpf_rs::Error) -> SensorError {
    SensorError::Refused { why: format!("{why:#}") }
}

/// A refusal with what the verifier says of it.
fn explained(error: SensorError, said: &str) -> SensorError {
    match (error, said::reason(said)) {
        (SensorError::Refused { why }, Some(reason)) => {
            SensorError::Refused { why: format!("{why} ({reason})") }
        }
        (error, _) => error,
    }
}

pub(crate) fn at(map: &'static str) -> impl Fn(libbpf_rs::Error) -> SensorError {
    move |why| SensorError::Map { map, why: why.to_string() }
}

pub(crate) fn map<'a>(
    object: &'a Object,
    name: &'static str,
) -> Result<libbpf_rs::Map<'a>, SensorError> {
    let found = object.maps().find(|map| map.name() == name);
    found.ok_or_else(|| SensorError::Map { map: name, why: "it is not in the object".to_owned() })
}

fn shards(options: &SensorOptions) -> usize {
    options.shards.clamp(1, MAX_SHARDS)
}

struct Loaded {
    reading: Reading,
    object: Object,
    left_out: Vec<String>,
}

/// The first object that this kernel takes: with every program that it says it has a place for, or
/// without the optional ones.
fn load_any(options: &SensorOptions) -> Result<Loaded, SensorError> {
    let kernel = Kernel::running()?;
    let mut refusal = None;
    for (reading, bytes) in OBJECTS {
        if options.reading.is_some_and(|wanted| wanted != reading) {
            continue;
        }
        for with_optional in [true, false] {
            let mut open = ObjectBuilder::default().open_memory(bytes).map_err(refused)?;
            configure(&mut open, options, &kernel)?;
            let left_out = choose(&mut open, &kernel, with_optional);
            match open.load() {
                Ok(object) => return Ok(Loaded { reading, object, left_out }),
                Err(why) => refusal = Some(refused(why)),
            }
        }
    }
    Err(refusal.unwrap_or(SensorError::NoTypes))
}

fn configure(
    open: &mut OpenObject,
    options: &SensorOptions,
    kernel: &Kernel,
) -> Result<(), SensorError> {
    let config = Config {
        own_pid: std::process::id(),
        shards: shards(options) as u32,
        cgroup_subsystem: options.cgroup_subsystem.unwrap_or(NO_SUBSYSTEM),
        cgroup_hierarchy: options.cgroup_hierarchy,
        bulk_rate: options.bulk_rate,
        bulk_burst: options.bulk_burst,
        io_uring_opcode: io_uring_opcode(kernel),
        io_uring_joined: u32::from(kernel.joins_requests()),
    };
    let mut found = open.maps_mut().find(|map| map.name() == ".rodata.config");
    let cell = found.as_mut().and_then(|map| map.initial_value_mut());
    let bytes = config.to_bytes();
    let Some(cell) = cell.and_then(|cell| cell.get_mut(..bytes.len())) else {
        let why = "it is not in the object".to_owned();
        return Err(SensorError::Map { map: "config", why });
    };
    cell.copy_from_slice(&bytes);
    Ok(())
}

/// Which argument of `io_uring_submit_sqe` is the operation: `(ring, opcode, user data, …)` until
/// 5.17, `(ring, request, user data, opcode, …)` until 5.19; 0 for `(request, …)`.
fn io_uring_opcode(kernel: &Kernel) -> u32 {
    match kernel.arguments_of("io_uring_submit_sqe") {
        None | Some(..4) => 0,
        Some(..7) => 1,
        Some(_) => 3,
    }
}

/// Which programs are loaded, and which of them attach by themselves. Gives those left out.
fn choose(open: &mut OpenObject, kernel: &Kernel, with_optional: bool) -> Vec<String> {
    let mut left_out = Vec::new();
    for mut program in open.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        let section = program.section().to_string_lossy().into_owned();
        if TAILS.contains(&name.as_str()) || name == WALK {
            program.set_autoattach(false);
        }
        if OPTIONAL.contains(&name.as_str()) && !(with_optional && kernel.offers(&section)) {
            program.set_autoload(false);
            left_out.push(name);
        }
    }
    left_out
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

#[derive(Default)]
struct Attached {
    links: Vec<Link>,
    walk: Option<Link>,
    missing: Vec<String>,
}

/// Attaches all that was loaded and is no tail; tells what this kernel does not have.
fn attach(object: &Object, left_out: Vec<String>) -> Result<Attached, SensorError> {
    let mut attached = Attached { missing: left_out, ..Attached::default() };
    let mut has_io_uring = false;
    for program in object.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        if TAILS.contains(&name.as_str()) || attached.missing.contains(&name) {
            continue;
        }
        match program.attach() {
            Ok(link) if name == WALK => attached.walk = Some(link),
            Ok(link) => {
                has_io_uring |= [IO_URING, IO_URING_OLDER].contains(&name.as_str());
                attached.links.push(link);
            }
            Err(_) if OPTIONAL.contains(&name.as_str()) => attached.missing.push(name),
            Err(why) => {
                return Err(SensorError::Attach { program: name, why: format!("{why:#}") });
            }
        }
    }
    // A kernel has one of the two.
    attached.missing.retain(|name| name != IO_URING_OLDER && !(has_io_uring && name == IO_URING));
    Ok(attached)
}
