//! What the sensor costs: nanoseconds of processor time a call, with nothing loaded, with the
//! programs loaded and the call not wanted, and with a full event for each call; what typing costs
//! those who have no terminal, and the first words of connections those who write elsewhere; and
//! whether 100,000 opens a second are all told.
//!
//! `cargo run --release -p lazaret-sensor --example cost`

#![allow(unsafe_code, reason = "bare system calls are what is measured")]

use std::net::UdpSocket;
use std::os::fd::IntoRawFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lazaret_sensor::{Detail, Interest, Sensor, SensorOptions, decode};
use model::EventKind;

/// The flood: opens a second, in slices, for so many seconds.
const OPENS_A_SECOND: u64 = 100_000;
const SLICE: u64 = 500;
const FLOOD_S: u64 = 5;
const ROUNDS: usize = 7;
const CALLS: u32 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<34}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "ns a call (median of 7)", "getppid", "open+close", "read", "write", "to socket"
    );
    row("nothing loaded");
    let none = SensorOptions { interests: Vec::new(), ..SensorOptions::default() };
    measure("loaded, neither wanted", &none)?;
    let detail = Detail { writes_only: true, ..Detail::default() };
    let writes = SensorOptions { interests: vec![Interest::new("openat", detail)], ..none.clone() };
    measure("opens for writing wanted", &writes)?;
    let wanted = vec![Interest::new("openat", Detail::default())];
    let opens = SensorOptions { interests: wanted, bulk_rate: 0, ..none };
    measure("every open wanted", &opens)?;
    let typing = SensorOptions { interests: vec![Interest::terminal_input()], ..opens.clone() };
    measure("typing wanted, no terminal", &typing)?;
    let sending = ["connect", "write"].map(|name| Interest::new(name, Detail::default()));
    let sending = SensorOptions { interests: sending.to_vec(), ..opens.clone() };
    measure("first words wanted", &sending)?;
    // The rings are measured, not what one cgroup may send.
    flood(&SensorOptions { interests: opens.interests, bulk_rate: 0, ..SensorOptions::default() })
}

/// A child opens a file so many times a second; each open is decoded here.
fn flood(options: &SensorOptions) -> Result<(), Box<dyn std::error::Error>> {
    let sensor = Sensor::load(options)?;
    let rings = sensor.rings()?;
    let (done, told) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut took = Duration::ZERO;
    std::thread::scope(|scope| {
        for ring in &rings {
            let (done, told) = (&done, &told);
            scope.spawn(move || {
                ring.read(Duration::from_millis(5), |bytes| {
                    told.fetch_add(u64::from(bytes.is_some_and(is_open)), Ordering::Relaxed);
                    bytes.is_some() || !done.load(Ordering::Relaxed)
                })
            });
        }
        took = opens_in_child();
        done.store(true, Ordering::Relaxed);
    });
    let (opened, told) = (OPENS_A_SECOND * FLOOD_S, told.into_inner());
    println!("{opened} opens in {took:?}: {told} told, {} missing", opened.saturating_sub(told));
    println!("    {:?}", sensor.losses()?);
    Ok(())
}

fn is_open(bytes: &[u8]) -> bool {
    let Ok(event) = decode(bytes) else { return false };
    matches!(event.kind, EventKind::Call(call) if call.claimed == "/etc/hostname")
}

fn opens_in_child() -> Duration {
    let begun = Instant::now();
    // SAFETY: the child only opens, sleeps and exits.
    unsafe {
        if libc::fork() == 0 {
            for slice in 0..OPENS_A_SECOND * FLOOD_S / SLICE {
                for _ in 0..SLICE {
                    let path = c"/etc/hostname".as_ptr();
                    libc::close(libc::open(path, libc::O_RDONLY));
                }
                let due = Duration::from_micros((slice + 1) * SLICE * 1_000_000 / OPENS_A_SECOND);
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
            }
            libc::_exit(0);
        }
        libc::wait(std::ptr::null_mut());
    }
    begun.elapsed()
}

/// A child process makes the calls: the sensor leaves its own process out.
fn row(name: &str) {
    let mut found = [const { Vec::new() }; 5];
    // SAFETY: the path is ended by a NUL.
    let (zeros, null) = unsafe {
        (
            libc::open(c"/dev/zero".as_ptr(), libc::O_RDONLY),
            libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY),
        )
    };
    // Sends to itself, where nobody reads: once the queue is full each datagram is let go.
    let itself = UdpSocket::bind("127.0.0.1:0").expect("a port of loopback");
    let connected = itself.local_addr().and_then(|own| itself.connect(own));
    connected.expect("a socket that is its own peer");
    let socket = itself.into_raw_fd();
    for _ in 0..ROUNDS {
        found[0].push(in_child(|| {
            // SAFETY: the call has no arguments and changes nothing.
            unsafe { libc::syscall(libc::SYS_getppid) };
        }));
        found[1].push(in_child(|| {
            let path = c"/etc/hostname";
            // SAFETY: the path is ended by a NUL, the descriptor is the one just opened.
            unsafe {
                let fd =
                    libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY);
                libc::syscall(libc::SYS_close, fd);
            }
        }));
        found[2].push(in_child(|| {
            let mut byte = 0u8;
            // SAFETY: the buffer has its one byte.
            unsafe { libc::syscall(libc::SYS_read, zeros, &raw mut byte, 1) };
        }));
        for (place, fd) in [(3, null), (4, socket)] {
            found[place].push(in_child(|| {
                let byte = 0u8;
                // SAFETY: the buffer has its one byte.
                unsafe { libc::syscall(libc::SYS_write, fd, &raw const byte, 1) };
            }));
        }
    }
    for fd in [zeros, null, socket] {
        // SAFETY: it was opened here.
        unsafe { libc::close(fd) };
    }
    let median = |mut values: Vec<u64>| {
        values.sort_unstable();
        values[values.len() / 2]
    };
    let [calls, opens, reads, writes, sends] = found.map(median);
    println!("{name:<34}{calls:>12}{opens:>12}{reads:>12}{writes:>12}{sends:>12}");
}

fn measure(name: &str, options: &SensorOptions) -> Result<(), Box<dyn std::error::Error>> {
    let sensor = Sensor::load(options)?;
    let rings = sensor.rings()?;
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for ring in &rings {
            let done = &done;
            scope.spawn(move || {
                ring.read(Duration::from_millis(20), |bytes| {
                    bytes.is_some() || !done.load(std::sync::atomic::Ordering::Relaxed)
                })
            });
        }
        row(name);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    println!("    {:?}", sensor.losses()?);
    Ok(())
}

/// Nanoseconds of processor time that a call takes a child process.
fn in_child(call: impl Fn()) -> u64 {
    let mut pipe = [0; 2];
    // SAFETY: the array has room for both ends; the child only calls, writes and exits.
    unsafe {
        libc::pipe(pipe.as_mut_ptr());
        if libc::fork() == 0 {
            let begun = processor_ns();
            for _ in 0..CALLS {
                call();
            }
            let each = ((processor_ns() - begun) / u64::from(CALLS)).to_ne_bytes();
            libc::write(pipe[1], each.as_ptr().cast(), 8);
            libc::_exit(0);
        }
        let mut each = [0u8; 8];
        libc::close(pipe[1]);
        libc::read(pipe[0], each.as_mut_ptr().cast(), 8);
        libc::close(pipe[0]);
        libc::wait(std::ptr::null_mut());
        u64::from_ne_bytes(each)
    }
}

fn processor_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
