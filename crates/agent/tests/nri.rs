//! The NRI plugin at a real containerd, asked as a kubelet asks: for each of the seven kinds one
//! image that is refused with the reason and a near twin that starts; what happens while the plugin
//! is away, and after.

#![allow(clippy::unwrap_used, clippy::type_complexity, unreachable_pub)]

mod nri_lab;
#[path = "lab/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "lab/reports.rs"]
#[allow(dead_code)]
mod reports;

use model::{Band, Decision, Engine, Gate};
use nri_lab::{
    Capabilities, Container, Device, Lab, Mount, NODE, Namespaces, Number, Release, Security, full,
};
use process::{signal, wait_until};
use reports::{KINDS, malware};

/// The process that the lab starts; no test.
#[test]
fn agent_process() {
    nri_lab::serve_agent();
}

fn with(mut container: Container, change: impl FnOnce(&mut Security)) -> Container {
    if let Some(security) = container.linux.as_mut().and_then(|linux| linux.security.as_mut()) {
        change(security);
    }
    container
}

fn as_user(container: Container, uid: i64) -> Container {
    with(container, |security| security.run_as_user = Some(Number { value: uid }))
}

fn seven_kinds(release: Release) {
    let Some(lab) = Lab::start(release) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("root-bad:1", "", |_| {});
    lab.reported("root-good:1", "app", |_| {});
    let image = |name: &str| lab.container(name);
    let why = lab.refuses(&pod, image("root-bad:1"), "no-root");
    assert!(why.contains("docker.io/lab/root-bad:1"), "{why}");
    lab.starts(&pod, as_user(image("root-bad:1"), 1001));
    lab.starts(&pod, image("root-good:1"));
    lab.refuses(&pod, as_user(image("root-good:1"), 0), "no-root");
    for (rule, flaw, twin) in KINDS {
        let (bad, good) = (format!("{rule}-bad:1"), format!("{rule}-good:1"));
        lab.reported(&bad, "1000", flaw);
        lab.reported(&good, "1000", twin);
        // What the image alone decides is never made.
        let why = lab.create(&pod, image(&bad)).expect_err(&bad);
        assert!(why.contains("lazaret") && why.contains(rule), "{why}");
        assert!(why.contains("ask the harbour master"), "{why}");
        lab.starts(&pod, image(&good));
    }
    lab.image("unknown:1", "1000", &[]);
    lab.refuses(&pod, image("unknown:1"), "on_missing");
    host_access(&lab, &pod);
    // Another name does not make another image.
    assert!(lab.ctr(&["images", "tag", &full("malware-bad:1"), &full("trusted:1")]).0);
    lab.in_time_refuses(&pod, "trusted:1", "malware");
    recorded(&lab);
    // What does not come over CRI is not asked about.
    let bad = full("malware-bad:1");
    let (ran, said) = lab.ctr(&[
        "run",
        "--rm",
        "--runc-binary",
        "/usr/sbin/runc",
        &bad,
        "aside",
        "/bin/busybox",
        "true",
    ]);
    assert!(ran, "{said}");
}

fn host_access(lab: &Lab, pod: &str) {
    let good = || lab.container("root-good:1");
    let mount = Mount { container_path: "/host".into(), host_path: "/etc".into() };
    let mounted = Container { mounts: vec![mount], ..good() };
    lab.refuses(pod, mounted, "host-access");
    let device = Device {
        container_path: "/dev/x".into(),
        host_path: "/dev/zero".into(),
        permissions: "r".into(),
    };
    lab.refuses(pod, Container { devices: vec![device], ..good() }, "host-access");
    let capable = Capabilities { add: vec!["SYS_ADMIN".to_owned()] };
    lab.refuses(pod, with(good(), |s| s.capabilities = Some(capable)), "host-access");
    let hosts = Namespaces { network: NODE, ..Namespaces::default() };
    let on_host = lab.pod(hosts.clone());
    lab.refuses(&on_host, with(good(), |s| s.namespaces = Some(hosts)), "host-access");
    let powerful = lab.pod_with(Namespaces::default(), true);
    lab.refuses(&powerful, with(good(), |s| s.privileged = true), "host-access");
}

fn recorded(lab: &Lab) {
    // Records are written behind the decisions. containerd tells another of the image's names.
    let about = |rule: &str| {
        let decisions = lab.decisions().into_iter();
        let refused = decisions.filter(|one| one.verdict.reasons.iter().any(|r| r.rule == rule));
        refused.count()
    };
    wait_until("the last record", || about("malware") == 2);
    let decisions = lab.decisions();
    assert!(decisions.iter().all(|one| one.gate == Gate::Nri));
    assert!(decisions.iter().all(|one| one.workload.engine == Engine::Containerd));
    let started = decisions.iter().find(|one| one.action == "StartContainer").unwrap();
    assert_eq!(started.workload.namespace, "shop");
    assert_eq!(started.workload.labels.get("team").map(String::as_str), Some("blue"));
    let denied = |action: &str| {
        let denied = decisions.iter().filter(|one| one.enforced == Decision::Deny);
        denied.filter(|one| one.action == action).count()
    };
    assert_eq!(denied("CreateContainer"), 13, "also the lab's own image");
    assert_eq!(denied("StartContainer"), 3, "root twice, a capability");
}

#[test]
fn seven_kinds_at_containerd_1_7() {
    seven_kinds(Release::Seventeen);
}

#[test]
fn seven_kinds_at_containerd_2_1() {
    seven_kinds(Release::TwentyOne);
}

/// While the plugin is away containerd starts everything. At its return that is found, told, and
/// stopped where the configuration says so.
fn away_and_back(release: Release) {
    let Some(mut lab) = Lab::start(release) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("bad:1", "1000", |r| malware(r, Band::Malicious));
    lab.reported("good:1", "1000", |_| {});
    let bad = || lab.container("bad:1");
    lab.refuses(&pod, bad(), "malware");
    let good = lab.run(&pod, lab.container("good:1")).unwrap();
    let bad = bad();
    lab.kill_agent();
    let slipped = lab.run(&pod, bad.clone()).unwrap();
    lab.start_agent();
    wait_until("what slipped through to be found", || {
        lab.agent_log().contains(&format!("({slipped}), found running, is against: malware"))
    });
    assert!(lab.is_running(&slipped) && lab.is_running(&good), "what runs goes on to run");
    let decisions = lab.decisions();
    let found = decisions.iter().filter(|one| one.gate == Gate::Reconcile);
    let found: Vec<_> = found.filter(|one| one.verdict.decision == Decision::Deny).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].enforced, found[0].because.as_str()),
        (Decision::Allow, "it runs already")
    );
    lab.refuses(&pod, bad, "malware");
    lab.configure(", stop_refused: true");
    signal("HUP", lab.agent_pid());
    wait_until("the container to be stopped", || !lab.is_running(&slipped));
    assert!(lab.is_running(&good));
}

#[test]
fn away_and_back_at_containerd_1_7() {
    away_and_back(Release::Seventeen);
}

#[test]
fn away_and_back_at_containerd_2_1() {
    away_and_back(Release::TwentyOne);
}

/// A plugin that does not answer in time is dropped, and what was asked about starts. It notices,
/// is back, and finds it.
#[test]
fn a_plugin_that_hangs_is_back() {
    let Some(lab) = Lab::start(Release::TwentyOne) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("bad:1", "1000", |r| malware(r, Band::Malicious));
    let before = lab.agent_log().matches("plugin is ready").count();
    signal("STOP", lab.agent_pid());
    let slipped = lab.run(&pod, lab.container("bad:1"));
    signal("CONT", lab.agent_pid());
    let slipped = slipped.unwrap();
    lab.wait_ready(before);
    wait_until("what slipped through to be found", || {
        lab.agent_log().contains(&format!("({slipped}), found running, is against: malware"))
    });
    lab.remove_container(&slipped);
    lab.refuses(&pod, lab.container("bad:1"), "malware");
}

/// A containerd that was started again has the plugin again, and what ran goes on to run.
#[test]
fn containerd_is_started_again() {
    let Some(mut lab) = Lab::start(Release::TwentyOne) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("bad:1", "1000", |r| malware(r, Band::Malicious));
    lab.reported("good:1", "1000", |_| {});
    let good = lab.run(&pod, lab.container("good:1")).unwrap();
    let before = lab.agent_log().matches("plugin is ready").count();
    lab.start_containerd();
    lab.wait_ready(before);
    assert!(lab.is_running(&good));
    lab.refuses(&pod, lab.container("bad:1"), "malware");
    lab.starts(&pod, lab.container("good:1"));
}

/// The files of a container are of the image that it was made of, whatever its name is by now.
#[test]
fn a_name_that_moves_does_not_change_what_is_judged() {
    let Some(lab) = Lab::start(Release::TwentyOne) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("app:1", "1000", |_| {});
    lab.reported("bad:1", "1000", |r| malware(r, Band::Malicious));
    let made = lab.create(&pod, lab.container("app:1")).unwrap();
    let (moved, said) = lab.ctr(&["images", "tag", "--force", &full("bad:1"), &full("app:1")]);
    assert!(moved, "{said}");
    lab.start_container(&made).unwrap();
    lab.in_time_refuses(&pod, "app:1", "malware");
}

/// What cannot be judged is not started.
#[test]
fn without_policy_or_image_nothing_starts() {
    let Some(mut lab) = Lab::start(Release::TwentyOne) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("good:1", "1000", |_| {});
    lab.starts(&pod, lab.container("good:1"));
    lab.kill_agent();
    lab.configure(", containerd: /nowhere.sock");
    let configured = std::fs::read_to_string(lab.at("agent.yaml")).unwrap();
    let sock = format!("containerd: {}, ", lab.at("c.sock").display());
    std::fs::write(lab.at("agent.yaml"), configured.replace(&sock, "")).unwrap();
    lab.start_agent();
    lab.refuses(&pod, lab.container("good:1"), "/nowhere.sock");
    lab.kill_agent();
    lab.configure("");
    std::fs::write(lab.at("policy.yaml"), "rules: [").unwrap();
    lab.start_agent();
    lab.refuses(&pod, lab.container("good:1"), "policy.yaml");
}

/// Figures for docs/run-blocking-nri.md: how long a container takes to be made and started, with the
/// plugin and without.
#[test]
#[ignore = "measures"]
fn figures() {
    let Some(mut lab) = Lab::start(Release::TwentyOne) else { return };
    let pod = lab.pod(Namespaces::default());
    lab.reported("good:1", "1000", |_| {});
    let run = |lab: &Lab, runs: usize| {
        let mut took: Vec<u128> = (0..runs)
            .map(|_| {
                let began = std::time::Instant::now();
                let id = lab.run(&pod, lab.container("good:1")).unwrap();
                let took = began.elapsed().as_micros();
                lab.remove_container(&id);
                took
            })
            .collect();
        took.sort_unstable();
        (took[runs / 2], took[runs * 99 / 100])
    };
    run(&lab, 5);
    println!("with the plugin, µs (median, p99): {:?}", run(&lab, 100));
    let mut spent: Vec<u64> = lab.decisions().iter().map(|one| one.duration_us).collect();
    spent.sort_unstable();
    let at = |share: usize| spent[spent.len() * share / 100];
    println!("{} decisions, µs (median, p99): {}, {}", spent.len(), at(50), at(99));
    let status = std::fs::read_to_string(format!("/proc/{}/status", lab.agent_pid())).unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    lab.kill_agent();
    println!("without, µs (median, p99): {:?}", run(&lab, 100));
    let began = std::time::Instant::now();
    lab.start_agent();
    println!("from the start of the agent to its first refusal: {:?}", began.elapsed());
}
