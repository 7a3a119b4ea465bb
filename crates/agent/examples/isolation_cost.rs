//! What a look at so many containers costs: control groups without processes below the machine's
//! own, removed at the end. `isolation_cost [containers] [looks]`.

use std::fs;
use std::path::{Path, PathBuf};

use lazaret_agent::attribute::Directory;
use lazaret_agent::isolation::{IsolationConfig, Monitor, Now};
use rustix::time::{ClockId, clock_gettime};

const ROOT: &str = "/sys/fs/cgroup";
const PARENT: &str = "lazaret-isolation-cost";

/// Control groups that are removed when this is.
struct Groups(Vec<PathBuf>);

impl Groups {
    fn make(count: usize) -> Self {
        let mut made = Vec::new();
        let mut make = |path: PathBuf| {
            if fs::create_dir(&path).is_ok() {
                made.push(path);
            }
        };
        let old = fs::read_dir(ROOT).into_iter().flatten().flatten().map(|entry| entry.path());
        let v2 = Path::new(ROOT).join("cgroup.controllers").exists();
        let roots: Vec<PathBuf> = if v2 { vec![ROOT.into()] } else { old.collect() };
        for root in roots {
            make(root.join(PARENT));
            for number in 0..count {
                make(root.join(PARENT).join(format!("{number:064x}")));
            }
        }
        Groups(made)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

fn cpu_us() -> f64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    used.tv_sec as f64 * 1e6 + used.tv_nsec as f64 / 1e3
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (count, looks) = (numbers.next().unwrap_or(100), numbers.next().unwrap_or(50));
    let _groups = Groups::make(count);
    let config = IsolationConfig { state: PathBuf::new(), ..IsolationConfig::default() };
    let mut monitor = Monitor::new(config, Directory::default(), "node".to_owned())?;
    let mut costs = Vec::new();
    for _ in 0..looks {
        let before = cpu_us();
        monitor.look(Now::read());
        costs.push(cpu_us() - before);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    costs.sort_by(f64::total_cmp);
    let at =
        |part: f64| costs.get((costs.len() as f64 * part) as usize).copied().unwrap_or_default();
    println!(
        "{} containers: {:.0} µs of processor time a look (median of {looks}; highest {:.0})",
        monitor.containers(),
        at(0.5),
        at(0.99)
    );
    Ok(())
}
