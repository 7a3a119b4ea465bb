//! What is said of a condition: the numbers, and what to do.

use super::conditions::Condition;
use super::view::View;

/// What is said, in one line, and the numbers by name.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub what: String,
    pub advice: &'static str,
    pub fields: Vec<(&'static str, String)>,
}

/// Bytes as people read them.
pub(super) fn bytes(value: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = value.max(0.0);
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A time as people read it.
pub(super) fn lasting(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

fn percent(value: f64) -> String {
    format!("{value:.0}")
}

/// What is said of a condition that begins.
pub(super) fn begun(condition: Condition, view: &View<'_>, value: f64) -> Words {
    match condition {
        Condition::MemoryAtLimit
        | Condition::PidsAtLimit
        | Condition::CpuAtLimit
        | Condition::CpuThrottled => at_limit(condition, view, value),
        Condition::ForkRate | Condition::IoSaturated => counted(condition, view, value),
        Condition::DiskFilling | Condition::DiskShare => disk(condition, view, value),
        Condition::HostCpu | Condition::HostMemory | Condition::HostIo => {
            host(condition, view, value)
        }
        Condition::Mining => mining(view, value),
        _ => above_normal(condition, view),
    }
}

/// What is said of a workload that is killed again and again.
pub(super) fn oom_loop(kills: u64, within_ns: u64) -> Words {
    let within = lasting(within_ns);
    Words {
        what: format!("{kills} processes killed within {within} for want of memory"),
        advice: "stop it or raise its memory limit: it is started and killed in turn",
        fields: vec![("oom_kills", kills.to_string())],
    }
}

fn at_limit(condition: Condition, view: &View<'_>, value: f64) -> Words {
    let (sample, limits) = (view.sample, view.limits);
    let mut fields = vec![("percent", percent(value))];
    let (what, advice) = match condition {
        Condition::MemoryAtLimit => {
            let limit = limits.memory_bytes.unwrap_or_default() as f64;
            let held = limit * value / 100.0;
            fields.push(("used_bytes", format!("{held:.0}")));
            fields.push(("limit_bytes", format!("{limit:.0}")));
            (
                format!("{} of {} of memory are in use ({value:.0} %)", bytes(held), bytes(limit)),
                "raise the limit or find the leak: the kernel kills a process of it next",
            )
        }
        Condition::PidsAtLimit => {
            let (pids, limit) = (sample.pids.unwrap_or_default(), limits.pids.unwrap_or_default());
            fields.push(("used", pids.to_string()));
            fields.push(("limit", limit.to_string()));
            (
                format!("{pids} of {limit} processes and threads, or forks are refused already"),
                "look at its processes: a fork bomb if they are alike, else raise the limit",
            )
        }
        Condition::CpuAtLimit => {
            let usable = limits.usable_millicores(view.host.processors);
            fields.push(("limit_millicores", usable.to_string()));
            (
                format!("{value:.0} % of the {} processors it may use", cores(usable as f64)),
                "raise the limit if the work is wanted, else look at its busiest program",
            )
        }
        _ => {
            let usable = limits.usable_millicores(view.host.processors);
            fields.push(("limit_millicores", usable.to_string()));
            (
                format!(
                    "throttled in {value:.0} % of the last periods; it may use {} processors",
                    cores(usable as f64)
                ),
                "raise the processor limit if the work is wanted, else look at its busiest program",
            )
        }
    };
    Words { what, advice, fields }
}

fn cores(millicores: f64) -> String {
    format!("{:.2}", millicores / 1000.0)
}

fn counted(condition: Condition, view: &View<'_>, value: f64) -> Words {
    let config = view.config;
    let (what, advice, fields) = match condition {
        Condition::ForkRate => (
            format!(
                "{value:.0} processes and threads begin a second (told from {:.0} on)",
                config.forks_per_s
            ),
            "look for a fork bomb; set a limit of processes (--pids-limit)",
            vec![("forks_per_s", percent(value))],
        ),
        _ => {
            let moved = |s: &super::gauges::Sample| Some(s.read_bytes? + s.written_bytes?);
            let rate = view.span.and_then(|span| span.rate(moved));
            let rate =
                rate.map(|rate| format!(", at {} a second", bytes(rate))).unwrap_or_default();
            (
                format!("it waits for disks in {value:.0} % of the time{rate}"),
                "give it a faster disk or less to do; limit its rate when others suffer",
                vec![("stalled_percent", percent(value))],
            )
        }
    };
    Words { what, advice, fields }
}

fn disk(condition: Condition, view: &View<'_>, value: f64) -> Words {
    let Some(layer) = view.layer else { return Words::default() };
    let size = layer.bytes.unwrap_or_default() as f64;
    let (total, free) = (layer.room.total_bytes as f64, layer.room.free_bytes as f64);
    let least = if layer.at_least { "at least " } else { "" };
    let mut fields = vec![
        ("layer_bytes", format!("{size:.0}")),
        ("filesystem_bytes", format!("{total:.0}")),
        ("free_bytes", format!("{free:.0}")),
        ("layer", layer.overlay.upper.display().to_string()),
    ];
    if condition == Condition::DiskShare {
        fields.push(("percent", percent(value)));
        let what = format!(
            "its writable layer has {least}{}, {value:.0} % of its filesystem, which has {} left",
            bytes(size),
            bytes(free)
        );
        let advice = "write to a volume, or clean up inside it; the layer goes with the container";
        return Words { what, advice, fields };
    }
    let grown = layer.growth(view.now_ns, view.growth_within_ns()).unwrap_or((0, 1.0));
    let rate = grown.0 as f64 / grown.1.max(0.001);
    let minutes = view.minutes_to_full().unwrap_or_default();
    fields.push(("bytes_per_s", format!("{rate:.0}")));
    fields.push(("minutes_to_full", format!("{minutes:.1}")));
    let what = format!(
        "its writable layer grew by {} in {:.0} s to {least}{}; the filesystem ({} left) is full in {minutes:.0} min",
        bytes(grown.0 as f64),
        grown.1,
        bytes(size),
        bytes(free)
    );
    Words { what, advice: "find what it writes, or stop it before every container suffers", fields }
}

fn host(condition: Condition, view: &View<'_>, value: f64) -> Words {
    let share = view.share(condition).unwrap_or_default();
    let (what, who, advice) = match condition {
        Condition::HostCpu => {
            ("for a processor", "of the processor time in use", "limit its processors (--cpus)")
        }
        Condition::HostMemory => {
            ("for memory", "of it or of the memory in use", "limit its memory (--memory)")
        }
        _ => ("for disks", "of the bytes or of the waiting", "limit its rate of reads and writes"),
    };
    let mut fields = vec![("host_stalled_percent", percent(value))];
    fields.push(("share_percent", percent(share)));
    let what =
        format!("somebody waits {what} {value:.0} % of the time, and it has {share:.0} % {who}");
    Words { what, advice, fields }
}

fn above_normal(condition: Condition, view: &View<'_>) -> Words {
    let (value, normal, _) = view.against_normal(condition).unwrap_or_default();
    let (what, value, normal) = match condition {
        Condition::CpuAboveNormal => ("processors", cores(value), cores(normal)),
        Condition::MemoryAboveNormal => ("of memory", bytes(value), bytes(normal)),
        Condition::PidsAboveNormal => ("processes and threads", percent(value), percent(normal)),
        _ => ("written a second", bytes(value), bytes(normal)),
    };
    let fields = vec![("used", value.clone()), ("normal", normal.clone())];
    let what = format!("{value} {what}; 99.9 % of the time this workload has at most {normal}");
    Words {
        what,
        advice: "see what changed: a new version, more work, or a program that is not its own",
        fields,
    }
}

fn mining(view: &View<'_>, value: f64) -> Words {
    let Some(suspect) = view.suspect else { return Words::default() };
    let initiator = &suspect.initiator;
    let (pid, exe) = (initiator.process.pid, &initiator.exe);
    let fields = vec![
        ("percent", percent(value)),
        ("proc.pid", pid.to_string()),
        ("proc.name", suspect.comm.clone()),
        ("proc.exepath", exe.clone()),
        ("proc.cmdline", initiator.command.clone()),
        ("why", suspect.why.to_owned()),
    ];
    let minutes = view.config.mining.minutes;
    let what = format!(
        "{value:.0} % of the processor time it may use for {minutes:.0} min, most of it by {exe} (pid {pid}): {}",
        suspect.why
    );
    Words {
        what,
        advice: "pause the container, keep the program's file, look for how it came in",
        fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        for (value, expected) in [
            (0.0, "0 B"),
            (1023.0, "1023 B"),
            (1536.0, "1.5 KiB"),
            (268_435_456.0, "256 MiB"),
            (5.5e12, "5.0 TiB"),
        ] {
            assert_eq!(bytes(value), expected);
        }
        assert_eq!(lasting(119_000_000_000), "119 s");
        assert_eq!(lasting(125_000_000_000), "2 min");
        assert_eq!(lasting(7_300_000_000_000), "2 h");
    }
}
