//! Ordinary work under the watch raises no alert of priority error or above. Takes a minute, so:
//!
//! ```text
//! LAZARET_QUIET_SECONDS=600 cargo test -p lazaret-agent --test quiet -- --ignored --nocapture
//! ```
//!
//! Looked at is what this test's own engine's containers do and what its own processes do on the
//! host. All work goes on side by side, again and again, until the time is over.

#![allow(clippy::excessive_nesting, clippy::unwrap_used, clippy::type_complexity, unreachable_pub)]

mod watched;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::detect::{BUILT_IN, Engine};
use lazaret_agent::watch::{Seen, Snapshot, Watch};
use model::Priority;
use sensor::SensorOptions;
use watched::{Lab, with_libraries};

/// How long the work goes on when nobody says, in seconds.
const SECONDS: u64 = 60;
/// How long a container may take, in seconds.
const PATIENCE_S: u32 = 60;

/// What a container of the test's image does, again and again.
const IN_CONTAINERS: &[(&str, &[&str], &str)] = &[
    // A package: its files below /usr and /etc, a script of its own that runs at the end.
    ("package", &[], "mkdir -p /var/lib/dpkg/info; dpkg -i /work/tool.deb; /usr/bin/packaged"),
    // A web server and a thousand requests.
    (
        "web",
        &[],
        "mkdir -p /tmp/www; echo hello >/tmp/www/index.html; httpd -p 127.0.0.1:8080 -h /tmp/www; \
         i=0; while [ $i -lt 200 ]; do wget -qO /tmp/page http://127.0.0.1:8080/; i=$((i+1)); done",
    ),
    (
        "database",
        &["--volume", "$LAB/work:/data"],
        "i=0; while [ $i -lt 20 ]; do sqlite3 /data/shop.db 'create table if not exists goods (name, price); \
         insert into goods values (1, 2); select count(*) from goods;' >/tmp/count; i=$((i+1)); done",
    ),
    ("cron", &[], "busybox crond -b -c /crontabs; sleep 20; ls /tmp"),
    (
        "batch",
        &["--user", "1000"],
        "for i in 1 2 3 4 5 6 7 8; do seq 1 999 | sort -r | gzip >/tmp/$i.gz; done; tar cf /tmp/all.tar /tmp/*.gz; \
         perl -e 'for (1..50) { open my $f,q(>),qq(/tmp/n$_) or die; print {$f} $_ } print `ls /tmp`'",
    ),
    (
        "logs",
        &[],
        "mkdir -p /var/log/shop; for i in 1 2 3; do echo $i >>/var/log/shop/a.log; date >>/var/log/shop/b.log; done",
    ),
];

#[test]
#[ignore = "takes a minute and more; see the head of the file"]
fn ordinary_work_raises_no_alert() {
    let Some(lab) = Lab::start() else { return };
    prepare(&lab);
    let engine = Engine::load(&[BUILT_IN]);
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let (stop, rounds, events) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let mut told: BTreeMap<(Priority, String), Vec<String>> = BTreeMap::new();
    let own = lab.folder.path().to_string_lossy().into_owned();
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch.run(&engine, Snapshot::of_host(), &stop, |seen| {
                if !is_own(seen, &own) {
                    return;
                }
                events.fetch_add(1, Ordering::Relaxed);
                for one in &seen.detections {
                    let lines = told.entry((one.priority, one.rule.clone())).or_default();
                    if lines.is_empty() {
                        println!("{}: {}", one.priority, one.output);
                    }
                    lines.push(one.output.clone());
                }
            })
        });
        work(&lab, &rounds);
        std::thread::sleep(Duration::from_secs(1));
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
    });
    println!("{} rounds of work, {} events", rounds.into_inner(), events.into_inner());
    for ((priority, rule), lines) in &told {
        println!("{priority}: {rule}: {} times, first: {}", lines.len(), lines[0]);
    }
    let loud: Vec<_> =
        told.iter().filter(|((priority, _), _)| *priority >= Priority::Error).collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

/// Of a container of the test's engine, or of a process that the test began.
fn is_own(seen: &Seen<'_>, folder: &str) -> bool {
    let observed = &seen.observed;
    match observed.container {
        Some(container) => container.root.starts_with(folder),
        None => {
            let own = std::process::id();
            observed.processes.ancestors(observed.process.id).any(|process| process.id.pid == own)
        }
    }
}

/// All kinds of work side by side until the time is over.
fn work(lab: &Lab, rounds: &AtomicU64) {
    let seconds = std::env::var("LAZARET_QUIET_SECONDS").ok().and_then(|text| text.parse().ok());
    let ends = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let goes_on = || Instant::now() < ends;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while goes_on() {
                for (name, options, script) in IN_CONTAINERS {
                    run(lab, name, options, script);
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        scope.spawn(|| {
            while goes_on() {
                build(lab);
                on_host(lab.folder.path());
                rounds.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_secs(1));
            }
        });
    });
}

fn run(lab: &Lab, name: &str, options: &[&str], script: &str) {
    let name = format!("quiet-{name}");
    let folder = lab.folder.path().to_string_lossy();
    let mut run: Vec<String> =
        ["run", "--rm", "--network", "none", "--name", &name].map(str::to_owned).to_vec();
    run.extend(options.iter().map(|option| option.replace("$LAB", &folder)));
    run.extend(["shop:quiet", "/bin/sh", "-c", script].map(str::to_owned));
    let words: Vec<&str> = run.iter().map(String::as_str).collect();
    lab.run_within(PATIENCE_S, &name, &words);
}

fn build(lab: &Lab) {
    let context = lab.folder.path().join("context");
    let socket = format!("unix://{}", lab.folder.path().join("docker.sock").display());
    let built = Command::new("docker")
        .args(["--host", &socket, "build", "--no-cache", "--network", "none", "-q", "."])
        .env("DOCKER_BUILDKIT", "0")
        .current_dir(context)
        .stdin(Stdio::null())
        .output();
    let built = built.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

/// What an administrator's host does every day.
fn on_host(folder: &Path) {
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let quietly = |program: &str, arguments: &[&str]| {
        let _ = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    };
    std::fs::write(at("logs/day.log"), "a line\n".repeat(1000)).unwrap();
    quietly("/usr/sbin/logrotate", &["-f", "-s", &at("logs/state"), &at("logs/rotate.conf")]);
    quietly(
        "dpkg",
        &[&format!("--root={}", at("made")), "--force-all", "-i", &at("context/tool.deb")],
    );
    quietly("apt-get", &["-o", &format!("Dir={}", at("made")), "-s", "check"]);
    quietly("sh", &["-c", "ps ax | grep sh | wc -l; df; id; uname -a; date; cat /etc/passwd"]);
    quietly("bash", &["-c", "for i in $(seq 50); do echo $i; done | sort -n | tail -1"]);
}

/// The image, a package, a folder to build, a root to install into.
fn prepare(lab: &Lab) {
    let at = |name: &str| lab.folder.path().join(name);
    for folder in [
        "context/package/DEBIAN",
        "context/package/usr/bin",
        "work",
        "logs",
        "made/var/lib/dpkg/info",
        "made/var/lib/dpkg/updates",
    ] {
        std::fs::create_dir_all(at(folder)).unwrap();
    }
    std::fs::write(at("made/var/lib/dpkg/status"), "").unwrap();
    let control =
        "Package: packaged\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: a\n";
    std::fs::write(at("context/package/DEBIAN/control"), control).unwrap();
    std::fs::write(at("context/package/usr/bin/packaged"), "#!/bin/sh\ntrue\n").unwrap();
    let make = |program: &str, arguments: &[&str]| {
        let made = Command::new(program).args(arguments).current_dir(at("context")).output();
        assert!(made.unwrap().status.success(), "{program} {arguments:?}");
    };
    make("chmod", &["755", "package/usr/bin/packaged"]);
    make("dpkg-deb", &["-b", "package", "tool.deb"]);
    let rotate = format!("{}/*.log {{\n rotate 3\n create\n compress\n}}\n", at("logs").display());
    std::fs::write(at("logs/rotate.conf"), rotate).unwrap();
    with_libraries(Path::new("/usr/bin/sqlite3"), &at("context/root"));
    std::fs::create_dir_all(at("context/root")).unwrap();
    std::fs::write(at("context/crontab"), "* * * * * echo job >>/tmp/cron.out\n").unwrap();
    let dockerfile = "FROM shop:1.2\nCOPY root/ /\nCOPY tool.deb /work/tool.deb\nCOPY crontab /crontabs/root\n\
        RUN mkdir -p /var/log /app && echo 'x:x:1000:1000::/:/bin/sh' >>/etc/group.new && chmod 755 /app\n\
        RUN echo 'set -e' >/app/run.sh && chmod +x /app/run.sh && /app/run.sh && chmod 1777 /tmp\n";
    std::fs::write(at("context/Dockerfile"), dockerfile).unwrap();
    let socket = format!("unix://{}", at("docker.sock").display());
    let mut docker = Command::new("docker");
    docker.env("DOCKER_BUILDKIT", "0").current_dir(at("context")).stdin(Stdio::null());
    let built =
        docker.args(["--host", &socket, "build", "--network", "none", "-t", "shop:quiet", "."]);
    let built = built.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
