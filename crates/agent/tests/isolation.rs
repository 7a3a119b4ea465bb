//! Every condition of isolation failure over recorded files of cgroup v1, hybrid and v2, with its
//! end and with a twin that stays below the mark.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod isolated;

use isolated::{Host, LAYOUTS, Layout, S, Used, rules};
use lazaret_agent::isolation::{
    DiskConfig, IsolationConfig, LimitKind, MiningConfig, NormalConfig,
};
use model::{Alert, AlertSource, Priority};

fn config() -> IsolationConfig {
    IsolationConfig {
        window_s: 10,
        at_limit_s: 5,
        limits_wanted: vec![LimitKind::Memory, LimitKind::Pids],
        state: "".into(),
        disk: DiskConfig { look_s: 2, growth_mib: 4, ..DiskConfig::default() },
        mining: MiningConfig { minutes: 0.5, ..MiningConfig::default() },
        ..IsolationConfig::default()
    }
}

/// A condition's name, what makes it, and what makes its quiet twin.
struct Case {
    rule: &'static str,
    layouts: &'static [Layout],
    bad: fn(&mut Used),
    good: fn(&mut Used),
    /// What the text must say.
    says: &'static [&'static str],
}

const STALLS: &[Layout] = &[Layout::Hybrid, Layout::V2];

const CASES: [Case; 9] = [
    Case {
        rule: "Memory at its limit",
        layouts: &LAYOUTS,
        bad: |used| (used.memory, used.reclaimable) = (255 << 20, 0),
        // As full, but with files that the kernel takes back.
        good: |used| (used.memory, used.reclaimable) = (255 << 20, 200 << 20),
        says: &["web (shop:1.2)", "255 MiB of 256 MiB", "raise the limit"],
    },
    Case {
        rule: "Processes at their limit",
        layouts: &LAYOUTS,
        bad: |used| used.pids = 100,
        good: |used| used.pids = 90,
        says: &["100 of 100 processes"],
    },
    Case {
        rule: "Processor throttled",
        layouts: &LAYOUTS,
        bad: |used| {
            used.cpu_ns += S / 2;
            used.periods += 10;
            used.throttled += 9;
        },
        good: |used| {
            used.cpu_ns += S / 5;
            used.periods += 10;
            used.throttled += 3;
        },
        says: &["90 % of the last periods", "0.50 processors"],
    },
    Case {
        rule: "Processor at its limit",
        layouts: &LAYOUTS,
        bad: |used| used.cpu_ns += S / 2,
        good: |used| used.cpu_ns += S / 3,
        says: &["100 % of the 0.50 processors"],
    },
    Case {
        rule: "Processes begun too fast",
        layouts: &LAYOUTS,
        bad: |used| {
            used.last_pid += 900;
            used.host_forks += 900;
        },
        // As many, but somebody else's.
        good: |used| {
            used.last_pid += 90;
            used.host_forks += 900;
        },
        says: &["900 processes and threads begin a second", "fork bomb"],
    },
    Case {
        rule: "Disk input and output saturated",
        layouts: STALLS,
        bad: |used| {
            used.stalls_us[2] += 800_000;
            used.read += 1 << 20;
        },
        good: |used| used.stalls_us[2] += 200_000,
        says: &["80 % of the time, at 1.0 MiB a second"],
    },
    Case {
        rule: "Host's processors pressed by a container",
        layouts: &LAYOUTS,
        bad: |used| {
            used.quota_us = None;
            used.host_stalls_us[0] += 400_000;
            used.cpu_ns += S * 17 / 10;
            used.host_cpu_ticks += 200;
        },
        // As much pressure, but somebody else's.
        good: |used| {
            used.quota_us = None;
            used.host_stalls_us[0] += 400_000;
            used.cpu_ns += S / 2;
            used.host_cpu_ticks += 200;
        },
        says: &["40 % of the time, and it has 85 %"],
    },
    Case {
        rule: "Host's memory pressed by a container",
        layouts: STALLS,
        bad: |used| {
            used.host_stalls_us[1] += 300_000;
            used.stalls_us[1] += 290_000;
        },
        good: |used| {
            used.host_stalls_us[1] += 300_000;
            used.stalls_us[1] += 30_000;
        },
        says: &["30 % of the time, and it has 97 %"],
    },
    Case {
        rule: "Host's disks pressed by a container",
        layouts: &LAYOUTS,
        bad: |used| {
            used.host_stalls_us[2] += 500_000;
            used.written += 9 << 20;
            used.disk_bytes += 10 << 20;
        },
        good: |used| {
            used.host_stalls_us[2] += 500_000;
            used.written += 1 << 20;
            used.disk_bytes += 10 << 20;
        },
        says: &["50 % of the time, and it has 90 %"],
    },
];

#[test]
fn every_condition_begins_ends_and_has_a_quiet_twin() {
    for case in &CASES {
        for layout in case.layouts {
            let mut host = Host::new(*layout);
            let mut monitor = host.monitor(config());
            assert_eq!(host.seconds(&mut monitor, 15, |_| {}), [], "{layout:?}");
            let twin = host.seconds(&mut monitor, 30, case.good);
            assert_eq!(rules(&twin).0, [""; 0], "{} {layout:?}", case.rule);

            let begun = host.seconds(&mut monitor, 30, case.bad);
            assert_eq!(rules(&begun), (vec![case.rule], vec![]), "{layout:?} {begun:?}");

            let quiet = host.seconds(&mut monitor, 40, |used| {
                (used.memory, used.reclaimable, used.pids) = (10 << 20, 0, 5);
            });
            assert_eq!(rules(&quiet), (vec![], vec![case.rule]), "{layout:?}");
            assert_eq!(quiet[0].priority, Priority::Informational);
            assert!(quiet[0].text.contains("ended after"), "{}", quiet[0].text);
        }
    }
}

#[test]
fn alerts_tell_the_numbers_and_what_to_do() {
    for case in &CASES {
        for layout in case.layouts {
            let mut host = Host::new(*layout);
            let mut monitor = host.monitor(config());
            // From the first second on, so that no average is on its way.
            let told = host.seconds(&mut monitor, 30, case.bad);
            check_alert(told.iter().find(|alert| alert.rule == case.rule).unwrap(), case);
        }
    }
}

fn check_alert(alert: &Alert, case: &Case) {
    assert_eq!((alert.source, alert.node.as_str()), (AlertSource::Isolation, "node"));
    assert!(alert.priority >= Priority::Warning, "{alert:?}");
    let container = alert.container.as_ref().unwrap();
    assert_eq!((container.name.as_str(), container.image.as_str()), ("web", "shop:1.2"));
    assert_eq!(alert.fields["workload"].as_deref(), Some("image:shop"));
    for part in case.says {
        assert!(alert.text.contains(part), "{part} is not in {}", alert.text);
    }
}

#[test]
fn limits_that_are_missing_are_told_once() {
    for layout in LAYOUTS {
        let mut host = Host::new(layout);
        (host.used.memory_limit, host.used.pids_limit) = (None, None);
        let mut monitor = host.monitor(config());
        let told = host.seconds(&mut monitor, 30, |_| {});
        assert_eq!(rules(&told).0, ["Limit missing"], "{layout:?}");
        assert_eq!(told[0].priority, Priority::Notice);
        assert_eq!(told[0].fields["missing"].as_deref(), Some("memory,processes"));
    }
}

#[test]
fn kills_for_want_of_memory_and_their_loop() {
    for layout in LAYOUTS {
        let mut host = Host::new(layout);
        host.used.oom_kills = 7;
        let mut monitor = host.monitor(config());
        // What was before the monitor is not told.
        assert_eq!(host.seconds(&mut monitor, 15, |_| {}), [], "{layout:?}");
        let kill = |used: &mut Used| {
            used.oom_kills += 1;
            used.host_oom_kills += 1;
        };
        let one = host.second(&mut monitor, kill);
        assert_eq!(rules(&one).0, ["Process killed for want of memory"]);
        assert!(one[0].text.contains("(limit 256 MiB)"), "{}", one[0].text);
        assert_eq!(one[0].priority, Priority::Error);
        let two = host.seconds(&mut monitor, 2, kill);
        let looped = two.iter().find(|one| one.rule.contains("again and again")).unwrap();
        assert_eq!(looped.priority, Priority::Critical);
        assert!(looped.text.contains("3 processes killed within 10 min"), "{}", looped.text);
        let ended = host.seconds(&mut monitor, 700, |_| {});
        assert_eq!(rules(&ended), (vec![], vec!["Killed for want of memory again and again"]));
    }
}

#[test]
fn a_kill_that_took_the_whole_container_is_told_all_the_same() {
    let mut host = Host::new(Layout::V1);
    let mut monitor = host.monitor(config());
    host.seconds(&mut monitor, 15, |_| {});
    host.used.host_oom_kills += 1;
    let told = host.gone_second(&mut monitor);
    assert_eq!(rules(&told).0, ["Process killed for want of memory"]);
    assert!(told[0].text.contains("probably"), "{}", told[0].text);
    assert_eq!(monitor.containers(), 0);
}

#[test]
fn what_a_container_has_begun_ends_with_it() {
    let mut host = Host::new(Layout::V2);
    let mut monitor = host.monitor(config());
    let begun = host.seconds(&mut monitor, 15, |used| used.pids = 100);
    assert_eq!(rules(&begun).0, ["Processes at their limit"]);
    let ended = host.gone_second(&mut monitor);
    assert_eq!(rules(&ended), (vec![], vec!["Processes at their limit"]));
}

#[test]
fn the_layer_that_fills_the_disk_is_told() {
    let mut host = Host::new(Layout::Hybrid);
    let total_mib = 16;
    let mut config = config();
    config.disk.full_minutes = 1e9;
    config.disk.share_percent = 100.0;
    let mut monitor = host.monitor(config);
    assert_eq!(host.seconds(&mut monitor, 6, |_| {}), []);
    let upper = host.upper();
    let mut told = Vec::new();
    for number in 0..total_mib {
        std::fs::write(upper.join(number.to_string()), vec![1; 1 << 20]).unwrap();
        told.extend(host.seconds(&mut monitor, 2, |_| {}));
    }
    assert_eq!(rules(&told).0, ["Disk filling up"], "{told:?}");
    assert!(told[0].text.contains("its writable layer grew by"), "{}", told[0].text);
    let layer = told[0].fields["layer"].clone().unwrap();
    assert_eq!(layer, upper.display().to_string());
    let ended = host.seconds(&mut monitor, 60, |_| {});
    assert_eq!(rules(&ended), (vec![], vec!["Disk filling up"]));
}

#[test]
fn load_by_an_unknown_program_looks_like_mining() {
    for layout in LAYOUTS {
        let mut host = Host::new(layout);
        let mut monitor = host.monitor(IsolationConfig { at_limit_percent: 1000.0, ..config() });
        host.seconds(&mut monitor, 15, |_| {});
        // The image's own program may work as hard as it likes.
        host.program("/bin/sh", 1000);
        assert_eq!(host.seconds(&mut monitor, 60, |used| used.cpu_ns += S / 2), []);
        host.program("/tmp/.cache/x", 5000);
        let told = host.seconds(&mut monitor, 60, |used| used.cpu_ns += S / 2);
        assert_eq!(rules(&told).0, ["Processor load like mining"], "{layout:?}");
        let alert = &told[0];
        assert_eq!(alert.priority, Priority::Critical);
        assert!(alert.tags.iter().any(|tag| tag == "T1496"));
        assert!(
            alert.text.contains("/tmp/.cache/x (pid 700): it is not in the image"),
            "{}",
            alert.text
        );
        assert_eq!(alert.initiator.as_ref().unwrap().process.pid, 700);
        let ended = host.seconds(&mut monitor, 60, |_| {});
        assert_eq!(rules(&ended), (vec![], vec!["Processor load like mining"]));
    }
}

#[test]
fn a_workload_that_takes_more_than_it_ever_did_is_told_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = IsolationConfig {
        state: folder.path().join("isolation.json"),
        at_limit_percent: 1000.0,
        normal: NormalConfig { learn_hours: 0.1, factor: 2.0, sustained_s: 30, enabled: true },
        mining: MiningConfig { enabled: false, ..MiningConfig::default() },
        ..config()
    };
    let ordinary = |used: &mut Used| {
        used.cpu_ns += S / 20;
        used.memory = (30 << 20) + (used.cpu_ns % 7) * 100_000;
    };
    let mut host = Host::new(Layout::V2);
    let mut monitor = host.monitor(config.clone());
    assert_eq!(host.seconds(&mut monitor, 400, ordinary), []);
    monitor.save().unwrap();
    drop(monitor);

    let mut monitor = host.monitor(config);
    assert_eq!(host.seconds(&mut monitor, 120, ordinary), []);
    // Twice the processor time, but little of it.
    assert_eq!(host.seconds(&mut monitor, 120, |used| used.cpu_ns += S / 8), []);
    let told = host.seconds(&mut monitor, 120, |used| {
        used.cpu_ns += S * 4 / 10;
        used.memory = 200 << 20;
    });
    assert_eq!(rules(&told).0.len(), 2, "{told:?}");
    assert!(
        told.iter().any(|one| one.text.contains("0.40 processors; 99.9 % of the time")),
        "{told:?}"
    );
    assert!(told.iter().any(|one| one.text.contains("200 MiB of memory")), "{told:?}");
    let ended = host.seconds(&mut monitor, 60, ordinary);
    assert_eq!(rules(&ended).1.len(), 2);
}

#[test]
fn ignored_workloads_are_let_be() {
    let mut host = Host::new(Layout::V1);
    let ignored = vec!["image:sh*".to_owned()];
    let mut monitor = host.monitor(IsolationConfig { ignored, ..config() });
    assert_eq!(host.seconds(&mut monitor, 30, |used| used.pids = 100), []);
}
