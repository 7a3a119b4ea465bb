//! The formats of control group and `/proc` files (kernel `cgroup-v2.rst`, `cgroup-v1/`,
//! `accounting/psi.rst`). Pure.

/// A number alone in its file; `max` and the huge numbers of v1 are `None`: no limit.
pub(super) fn limit(text: &str) -> Option<u64> {
    /// v1 tells no limit as the largest number of whole pages.
    const NO_LIMIT: u64 = 1 << 62;
    number(text).filter(|value| *value < NO_LIMIT)
}

/// A number alone in its file.
pub(super) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The number behind a key, of lines `key number`.
pub(super) fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once([' ', '\t'])?;
        (name.trim_end_matches(':') == key).then(|| first_number(value)).flatten()
    })
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Microseconds of `some` stall of a pressure file, since ever.
pub(super) fn some_stall_us(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

/// Thousandths of a processor of `cpu.max`: `50000 100000`, `max 100000`.
pub(super) fn cpu_max_millicores(text: &str) -> Option<u64> {
    let mut words = text.split_whitespace();
    let quota: u64 = words.next()?.parse().ok()?;
    let period: u64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(100_000);
    quota.checked_mul(1000)?.checked_div(period)
}

/// How many processors a list has: `0-3,8`.
pub(super) fn processors(text: &str) -> Option<u64> {
    let ranges = text.trim().split(',').filter(|range| !range.is_empty());
    let mut counts = ranges.map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
        last.checked_sub(first)?.checked_add(1)
    });
    let sum = |sum: u64, count: Option<u64>| sum.checked_add(count?);
    counts.try_fold(0, sum).filter(|count| *count > 0)
}

/// Bytes read and written, of `io.stat`: `8:0 rbytes=1 wbytes=2 rios=3 …`.
pub(super) fn io_stat(text: &str) -> (u64, u64) {
    let sum = |key: &str| {
        let words = text.split_whitespace().filter_map(|word| word.strip_prefix(key));
        words.filter_map(|value| value.parse::<u64>().ok()).fold(0, u64::saturating_add)
    };
    (sum("rbytes="), sum("wbytes="))
}

/// Bytes read and written, of `blkio.throttle.io_service_bytes`: `8:0 Read 1`.
pub(super) fn blkio(text: &str) -> (u64, u64) {
    let sum = |what: &str| {
        let lines = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (_device, kind, value) = (words.next()?, words.next()?, words.next()?);
            (kind == what).then(|| value.parse::<u64>().ok()).flatten()
        });
        lines.fold(0, u64::saturating_add)
    };
    (sum("Read"), sum("Write"))
}

/// Bytes that the disks of the host have read and written, of `/proc/diskstats`. What lies on
/// another block device (partitions, loops, mapped devices) is not counted twice.
pub(super) fn diskstats_bytes(text: &str) -> u64 {
    const SECTOR_BYTES: u64 = 512;
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
    let names: Vec<&str> = rows.iter().filter_map(|row| row.get(2).copied()).collect();
    let stacked =
        |name: &str| ["loop", "ram", "dm-", "md", "zram"].iter().any(|p| name.starts_with(p));
    let partition = |name: &str| {
        let disk = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let disk_of_p = disk.strip_suffix('p').unwrap_or(disk);
        disk != name && names.iter().any(|one| *one != name && (*one == disk || *one == disk_of_p))
    };
    let sectors = rows.iter().filter_map(|row| {
        let name = row.get(2)?;
        if stacked(name) || partition(name) {
            return None;
        }
        let read: u64 = row.get(5)?.parse().ok()?;
        let written: u64 = row.get(9)?.parse().ok()?;
        Some(read.saturating_add(written))
    });
    sectors.fold(0, u64::saturating_add).saturating_mul(SECTOR_BYTES)
}

/// Reads a file of a control group or of `/proc` in every one of these ways: the processors that it
/// lists, the thousandths of one that it allows. For fuzzing.
pub fn read_cgroup_file(text: &str) -> (Option<u64>, Option<u64>) {
    let _ = (limit(text), number(text), keyed(text, "oom_kill"), some_stall_us(text));
    let _ = (io_stat(text), blkio(text), diskstats_bytes(text));
    (processors(text), cpu_max_millicores(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More processors than can be counted.
    const HUGE: &str = "0-18446744073709551614,0";

    #[test]
    fn limits_and_their_absence() {
        for (text, expected) in [
            ("max\n", None),
            ("9223372036854771712\n", None),
            ("-1\n", None),
            ("268435456\n", Some(268_435_456)),
            ("", None),
        ] {
            assert_eq!(limit(text), expected, "{text}");
        }
        assert_eq!(cpu_max_millicores("50000 100000\n"), Some(500));
        assert_eq!(cpu_max_millicores("max 100000\n"), None);
        assert_eq!(cpu_max_millicores("1 0"), None);
        for (text, expected) in [
            ("0-3,8\n", Some(5)),
            ("0\n", Some(1)),
            ("", None),
            ("3-1", None),
            ("x", None),
            (HUGE, None),
        ] {
            assert_eq!(processors(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_stalls_and_bytes() {
        let stat = "nr_periods 10\nnr_throttled 7\nthrottled_time 5\n";
        assert_eq!(keyed(stat, "nr_throttled"), Some(7));
        assert_eq!(keyed("MemTotal:   24105 kB\n", "MemTotal"), Some(24105));
        assert_eq!(keyed(stat, "nr"), None);
        let psi = "some avg10=1.00 avg60=0.10 avg300=0.00 total=42\nfull avg10=0.00 total=7\n";
        assert_eq!(some_stall_us(psi), Some(42));
        assert_eq!(io_stat("8:0 rbytes=1 wbytes=2 rios=9\n8:16 rbytes=4 wbytes=8\n"), (5, 10));
        assert_eq!(blkio("8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n"), (1, 2));
        let disks = "254 0 vda 1 0 10 0 1 0 20 0\n254 1 vda1 1 0 10 0 1 0 20 0\n7 0 loop0 1 0 99 0 1 0 99 0\n259 0 nvme0n1 1 0 1 0 1 0 1 0\n259 1 nvme0n1p1 1 0 1 0 1 0 1 0\n";
        assert_eq!(diskstats_bytes(disks), 32 * 512);
    }
}
