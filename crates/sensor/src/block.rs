//! `NetworkBlock`: cuts the network of a cgroup of the unified hierarchy, and gives it back.
//!
//! The programs stay attached when the process ends: whoever opens the same cgroup later can see
//! them and take them away. With the cgroup they go by themselves. They hold for sockets of the
//! internet families; packet sockets pass them by.

#![expect(unsafe_code, reason = "libbpf gives programs of cgroups by its C interface only")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use libbpf_rs::ObjectBuilder;
use libbpf_sys::{
    BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET4_CONNECT,
    BPF_CGROUP_INET6_CONNECT, bpf_attach_type, bpf_prog_info,
};

use crate::SensorError;

static OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/network_block.bpf.o"));

/// Each program of `bpf/network_block.bpf.c` and where it belongs, in the order in which they are
/// attached: what refuses connections first, so that no connection is made that then hangs.
const PROGRAMS: [(&str, bpf_attach_type); 4] = [
    ("lz_block_conn4", BPF_CGROUP_INET4_CONNECT),
    ("lz_block_conn6", BPF_CGROUP_INET6_CONNECT),
    ("lz_block_out", BPF_CGROUP_INET_EGRESS),
    ("lz_block_in", BPF_CGROUP_INET_INGRESS),
];
/// `BPF_F_ALLOW_MULTI`: beside the programs of others, which keep working.
const BESIDE_OTHERS: u32 = 2;
/// Programs of one kind that one cgroup can have.
const MAX_ATTACHED: usize = 64;

/// The network of one cgroup.
#[derive(Debug)]
pub struct NetworkBlock {
    path: PathBuf,
    cgroup: File,
}

impl NetworkBlock {
    /// Opens a cgroup by its folder in the unified hierarchy.
    pub fn of(cgroup: &Path) -> Result<Self, SensorError> {
        let path = cgroup.to_path_buf();
        match File::open(cgroup) {
            Ok(cgroup) => Ok(NetworkBlock { path, cgroup }),
            Err(why) => {
                Err(SensorError::Block { cgroup: path, done: "opened", why: why.to_string() })
            }
        }
    }

    /// Cuts it: for sockets that exist and for those to come, loopback too. What is cut already
    /// stays so.
    pub fn cut(&self) -> Result<(), SensorError> {
        self.cut_all().map_err(|why| {
            // All or nothing: half of it would be taken for the whole.
            let _ = self.give_back();
            self.fault("cut", why)
        })
    }

    /// Gives it back. Gives whether it was cut.
    pub fn give_back(&self) -> Result<bool, SensorError> {
        let mut was_cut = false;
        for (name, kind) in PROGRAMS {
            let attached = self.attached(name, kind);
            for program in attached.map_err(|why| self.fault("given back", why))? {
                // SAFETY: both descriptors are open; the call reads no memory of ours.
                let result =
                    unsafe { libbpf_sys::bpf_prog_detach2(program.as_raw_fd(), self.fd(), kind) };
                checked(result).map_err(|why| self.fault("given back", why))?;
                was_cut = true;
            }
        }
        Ok(was_cut)
    }

    /// Whether it is cut: every program is there.
    pub fn is_cut(&self) -> Result<bool, SensorError> {
        for (name, kind) in PROGRAMS {
            let attached = self.attached(name, kind);
            if attached.map_err(|why| self.fault("looked at", why))?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn cut_all(&self) -> io::Result<()> {
        let printer = libbpf_rs::set_print(None);
        let object = ObjectBuilder::default().open_memory(OBJECT).and_then(|open| open.load());
        libbpf_rs::set_print(printer);
        let object = object.map_err(|why| io::Error::other(format!("{why:#}")))?;
        for (name, kind) in PROGRAMS {
            if !self.attached(name, kind)?.is_empty() {
                continue;
            }
            let program = object.progs_mut().find(|program| program.name() == name);
            let Some(program) = program else {
                return Err(io::Error::other(format!("{name} is not in the object")));
            };
            let program = program.as_fd().as_raw_fd();
            // SAFETY: both descriptors are open; the call reads no memory of ours.
            let result =
                unsafe { libbpf_sys::bpf_prog_attach(program, self.fd(), kind, BESIDE_OTHERS) };
            checked(result)?;
        }
        Ok(())
    }

    /// Our programs of one kind at this cgroup itself, not at those above.
    fn attached(&self, name: &str, kind: bpf_attach_type) -> io::Result<Vec<OwnedFd>> {
        let mut ids = [0u32; MAX_ATTACHED];
        let mut count = MAX_ATTACHED as u32;
        // SAFETY: `ids` has room for `count` numbers, and the kernel writes no more than that.
        let result = unsafe {
            let flags = std::ptr::null_mut();
            libbpf_sys::bpf_prog_query(self.fd(), kind, 0, flags, ids.as_mut_ptr(), &mut count)
        };
        checked(result)?;
        let ids = ids.iter().take(count as usize);
        let programs = ids.filter_map(|id| program_of(*id));
        Ok(programs.filter(|program| name_of(program.as_fd()) == name.as_bytes()).collect())
    }

    fn fd(&self) -> i32 {
        self.cgroup.as_raw_fd()
    }

    fn fault(&self, done: &'static str, why: impl ToString) -> SensorError {
        SensorError::Block { cgroup: self.path.clone(), done, why: why.to_string() }
    }
}

/// libbpf gives an error's number, negated.
fn checked(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(()) }
}

/// A program of the kernel by its id; `None` when it has gone meanwhile.
fn program_of(id: u32) -> Option<OwnedFd> {
    // SAFETY: the call takes a number only.
    let fd = unsafe { libbpf_sys::bpf_prog_get_fd_by_id(id) };
    // SAFETY: the descriptor is new and nobody else's.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What a program is called; empty when the kernel does not say.
fn name_of(program: BorrowedFd<'_>) -> Vec<u8> {
    let mut told = bpf_prog_info::default();
    let mut size = size_of::<bpf_prog_info>() as u32;
    // SAFETY: `told` has `size` bytes, all zero: the kernel writes there and nowhere else.
    let result =
        unsafe { libbpf_sys::bpf_prog_get_info_by_fd(program.as_raw_fd(), &mut told, &mut size) };
    if result < 0 {
        return Vec::new();
    }
    told.name
        .iter()
        .take_while(|letter| **letter != 0)
        .flat_map(|letter| letter.to_ne_bytes())
        .collect()
}
