//! The docker authorization plugin in front of real daemons: what is refused, what starts, and
//! what goes around a plugin that trusts the request's words.

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

mod lab;

use lab::{
    APP, BUSYBOX, Engine, KINDS, Lab, POLICY, malware, raw, send, send_chunked, signal, wait_until,
};
use model::{Band, Decision, Gate};
use store::Store;

/// The agent's process: the supervisor runs this very program with a directory to work in.
#[test]
fn agent_process() {
    lab::serve_agent();
}

/// Runs an image that may start, and sees what it prints.
fn starts(lab: &Lab, options: &[&str], image: &str) {
    let mut arguments = vec!["run", "--rm"];
    arguments.extend(options);
    arguments.extend([image, BUSYBOX, "echo", "started"]);
    assert_eq!(lab.does(&arguments), "started", "{options:?} {image}");
}

fn does_not_start(lab: &Lab, options: &[&str], image: &str, word: &str) -> String {
    let mut arguments = vec!["run", "--rm"];
    arguments.extend(options);
    arguments.extend([image, BUSYBOX, "echo", "started"]);
    lab.refused(&arguments, word)
}

fn seven_kinds(engine: Engine) {
    let Some(lab) = Lab::start(engine, POLICY) else { return };
    lab.reported("root-bad:1", &[], |_| {});
    lab.reported("root-good:1", APP, |_| {});
    let told = does_not_start(&lab, &[], "root-bad:1", "no-root");
    assert!(told.contains("exceptions:") && told.contains("ask the harbour master"), "{told}");
    starts(&lab, &[], "root-good:1");
    does_not_start(&lab, &["--user", "0"], "root-good:1", "no-root");
    does_not_start(&lab, &["--user", "root"], "root-good:1", "no-root");
    starts(&lab, &["--user", "1001"], "root-bad:1");
    for (rule, flaw, twin) in KINDS {
        let (bad, good) = (format!("{rule}-bad:1"), format!("{rule}-good:1"));
        lab.reported(&bad, APP, flaw);
        lab.reported(&good, APP, twin);
        does_not_start(&lab, &[], &bad, rule);
        starts(&lab, &[], &good);
    }
    lab.image("unscanned:1", APP);
    does_not_start(&lab, &[], "unscanned:1", "on_missing");
    let denied = lab.decisions();
    let denied: Vec<_> = denied.iter().filter(|d| d.enforced == Decision::Deny).collect();
    assert!(denied.len() >= 10, "{}", denied.len());
    assert!(denied.iter().all(|d| d.gate == Gate::DockerAuthz && !d.verdict.reasons.is_empty()));
    assert!(lab.store().verify_decisions().unwrap().broken.is_none());
}

#[test]
fn seven_kinds_at_the_installed_engine() {
    seven_kinds(Engine::Installed);
}

#[test]
fn seven_kinds_at_the_newer_engine() {
    seven_kinds(Engine::Newer);
}

fn create(lab: &Lab, target: &str, body: &str) -> lab::Response {
    send(&lab.socket(), "POST", target, body)
}

/// What is refused is refused by us, and no container came of it.
fn is_refused(lab: &Lab, case: &str, answer: &lab::Response, word: &str) {
    assert_eq!(answer.status, 403, "{case}: {answer:?}");
    let ours = answer.body.contains("lazaret") && answer.body.contains(word);
    assert!(ours, "{case}: {answer:?}");
    assert_eq!(lab.does(&["ps", "-aq"]), "", "{case}");
}

/// No container comes of it, whoever refuses: newer daemons do some of this themselves.
fn comes_to_nothing(lab: &Lab, case: &str, answer: &lab::Response) {
    assert!(answer.status != 201 && answer.status != 204, "{case}: {answer:?}");
    assert_eq!(lab.does(&["ps", "-aq"]), "", "{case}");
}

/// Padding that JSON readers skip over or keep as a label.
fn long_body(image: &str, bytes: usize) -> String {
    format!(r#"{{"Image":"{image}","Labels":{{"a":"{}"}}}}"#, "x".repeat(bytes))
}

fn bodies_and_addresses(lab: &Lab, evil: &str) {
    let body = format!(r#"{{"Image":"{evil}"}}"#);
    for target in [
        "/containers/create",
        "/v1.24/containers/create",
        "/v1.41.0/containers/create",
        "/v01.41/containers/create",
        "/containers%2Fcreate",
        "/v1.41/%63ontainers/create",
        "/v1.41/containers/create?name=a&name=b",
    ] {
        is_refused(lab, target, &create(lab, target, &body), "");
    }
    for target in [
        "//containers/create",
        "/v1.41/./containers/create",
        "/x/../containers/create",
        "/v1.41/%2e/containers/create",
    ] {
        comes_to_nothing(lab, target, &create(lab, target, &body));
    }
    let absolute = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    let absolute =
        raw(&lab.socket(), "POST http://docker/containers/create HTTP/1.1", &absolute, &body);
    is_refused(lab, "absolute form", &absolute, "address");
    for bytes in [2 << 20, 5 << 20] {
        let long = long_body(evil, bytes);
        comes_to_nothing(lab, "long", &create(lab, "/containers/create", &long));
        let chunked = send_chunked(&lab.socket(), "POST", "/containers/create", &long);
        comes_to_nothing(lab, "long and chunked", &chunked);
    }
    let chunked = send_chunked(&lab.socket(), "POST", "/containers/create", &body);
    is_refused(lab, "chunked", &chunked, "");
    for bodies in [
        format!(r#"{{"image":"{evil}"}}"#),
        format!(r#"{{"Image":"good:1","Image":"{evil}"}}"#),
        format!(r#"{{"Image":"good:1","image":"{evil}"}}"#),
        format!(r#"{{"Image":"{evil}"}} {{"Image":"good:1"}}"#),
        r#"{"Image":"good:1","Privileged":true}"#.to_owned(),
        r#"{"Image":"good:1","HostConfig":{"Binds":["/tmp:/a"]},"HostConfig":{"Privileged":true}}"#
            .to_owned(),
        r#"{"Image":"good:1","hostconfig":{"privileged":true}}"#.to_owned(),
    ] {
        is_refused(lab, &bodies, &create(lab, "/containers/create", &bodies), "");
    }
    let kinds = [
        "Content-Type: application/json; charset=utf-8",
        "Content-Type: APPLICATION/JSON",
        "Content-Type: text/plain",
    ];
    for kind in kinds {
        let headers = format!("{kind}\r\nContent-Length: {}", body.len());
        let answer = raw(&lab.socket(), "POST /containers/create HTTP/1.1", &headers, &body);
        comes_to_nothing(lab, kind, &answer);
    }
}

fn ways_to_the_host(lab: &Lab) {
    let hosts = [
        r#""Binds":["/:/host"]"#,
        r#""Binds":["/tmp/../:/host:ro"]"#,
        r#""Mounts":[{"Type":"bind","Source":"/","Target":"/host"}]"#,
        r#""Mounts":[{"Type":"volume","Source":"v","Target":"/host","VolumeOptions":{"DriverConfig":
           {"Name":"local","Options":{"type":"none","o":"bind","device":"/"}}}}]"#,
        r#""Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/dev/x","CgroupPermissions":"rwm"}]"#,
        r#""Privileged":true"#,
        r#""PidMode":"host""#,
        r#""NetworkMode":"host""#,
        r#""CapAdd":["sys_admin"]"#,
    ];
    for host in hosts {
        let body = format!(r#"{{"Image":"good:1","HostConfig":{{{host}}}}}"#);
        is_refused(lab, host, &create(lab, "/containers/create", &body), "host-access");
    }
    let joins = r#"{"Image":"good:1","NetworkingConfig":{"EndpointsConfig":{"host":{}}}}"#;
    is_refused(
        lab,
        "host by its network",
        &create(lab, "/containers/create", joins),
        "host-access",
    );
    lab.does(&[
        "volume",
        "create",
        "-o",
        "type=none",
        "-o",
        "o=bind",
        "-o",
        "device=/etc",
        "hostile",
    ]);
    does_not_start(lab, &["-v", "hostile:/host"], "good:1", "host-access");
    let link = lab.directory.path().join("link");
    std::os::unix::fs::symlink("/", &link).unwrap();
    let bind = format!("{}:/host", link.display());
    does_not_start(lab, &["-v", &bind], "good:1", "host-access");
    starts(lab, &["--tmpfs", "/run", "-v", "data:/data"], "good:1");
}

fn names(lab: &Lab, evil: &str) {
    lab.does(&["tag", evil, "registry.example/trusted/app:1"]);
    does_not_start(lab, &[], "registry.example/trusted/app:1", "malware");
    does_not_start(lab, &[], evil, "malware");
    let short = &evil.trim_start_matches("sha256:")[..12];
    does_not_start(lab, &[], short, "malware");
    does_not_start(lab, &[], &short[..4], "malware");
}

fn ways_around_the_judge(lab: &Lab) {
    lab.refused(&["swarm", "init", "--advertise-addr", "127.0.0.1"], "swarm");
    let service = r#"{"Name":"a","TaskTemplate":{"ContainerSpec":{"Image":"evil:1"}}}"#;
    let service = send(&lab.socket(), "POST", "/services/create", service);
    is_refused(lab, "a service", &service, "swarm");
    lab.refused(&["plugin", "install", "--grant-all-permissions", "x/y"], "plugins");
    lab.refused(&["plugin", "disable", "lazaret"], "plugins");
    let directory = lab.directory.path().join("context");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("Dockerfile"), "FROM evil:1\nRUN [\"/bin/busybox\", \"id\"]\n")
        .unwrap();
    lab.refused(&["build", directory.to_str().unwrap()], "build");
    let session = send(&lab.socket(), "POST", "/session", "");
    is_refused(lab, "a build session", &session, "build");
    let grpc = send(&lab.socket(), "POST", "/grpc", "");
    is_refused(lab, "BuildKit", &grpc, "build");
    // Reading is never in the way.
    for arguments in [
        &["info"][..],
        &["images"],
        &["volume", "ls"],
        &["network", "ls"],
        &["image", "inspect", "evil:1"],
    ] {
        lab.does(arguments);
    }
}

fn running_ones(lab: &Lab) {
    lab.does(&["run", "-d", "--name", "web", "good:1", BUSYBOX, "sleep", "600"]);
    lab.does(&["exec", "web", BUSYBOX, "true"]);
    lab.refused(&["exec", "--privileged", "web", BUSYBOX, "id"], "exec_privileged");
    lab.refused(&["exec", "--user", "0", "web", BUSYBOX, "id"], "no-root");
    lab.does(&["exec", "--user", "1001", "web", BUSYBOX, "id"]);
    let file = lab.directory.path().join("name.tar");
    std::fs::write(&file, "x").unwrap();
    lab.refused(&["cp", file.to_str().unwrap(), "web:/tmp/x"], "copy_in");
    lab.does(&["cp", "web:/name", lab.directory.path().join("out").to_str().unwrap()]);
    lab.does(&["pause", "web"]);
    lab.does(&["unpause", "web"]);
    lab.does(&["restart", "-t", "0", "web"]);
    lab.does(&["stop", "-t", "0", "web"]);
    lab.does(&["rename", "web", "shop"]);
    lab.does(&["start", "shop"]);
    let old =
        send(&lab.socket(), "POST", "/v1.23/containers/shop/start", r#"{"Binds":["/:/host"]}"#);
    assert_eq!(old.status, if old.body.contains("lazaret") { 403 } else { 400 }, "{old:?}");
    let body = send(&lab.socket(), "POST", "/containers/shop/start", r#"{"Binds":["/:/host"]}"#);
    assert_eq!(body.status, 403, "{body:?}");
    lab.does(&["update", "--memory", "64m", "--memory-swap", "64m", "shop"]);
    lab.does(&["rm", "-f", "shop"]);
}

fn bypasses(engine: Engine) {
    let Some(lab) = Lab::start(engine, POLICY) else { return };
    let evil = lab.reported("evil:1", APP, |r| malware(r, Band::Malicious));
    lab.reported("good:1", APP, |_| {});
    bodies_and_addresses(&lab, "evil:1");
    ways_to_the_host(&lab);
    names(&lab, &evil);
    ways_around_the_judge(&lab);
    running_ones(&lab);
}

#[test]
fn nothing_goes_around_the_installed_engine() {
    bypasses(Engine::Installed);
}

#[test]
fn nothing_goes_around_the_newer_engine() {
    bypasses(Engine::Newer);
}

/// A container that was made before its image became bad is judged again when it is started.
#[test]
fn a_start_is_judged_on_what_is_there() {
    let Some(lab) = Lab::start(Engine::Installed, POLICY) else { return };
    let id = lab.reported("app:1", APP, |_| {});
    lab.does(&["create", "--name", "early", "app:1", BUSYBOX, "sleep", "600"]);
    lab.does(&["run", "-d", "--name", "runs", "app:1", BUSYBOX, "sleep", "600"]);
    let mut report = lab.store().report_by_image(&id.parse().unwrap()).unwrap().unwrap();
    report.source.scanned_at = "2026-11-25T10:00:00Z".parse().unwrap();
    malware(&mut report, Band::Malicious);
    lab.store().save_report(&report).unwrap();
    lab.refused(&["start", "early"], "malware");
    lab.refused(&["restart", "runs"], "malware");
    // What runs is let be, and can be looked into.
    assert_eq!(lab.does(&["ps", "-q", "--filter", "name=runs"]).len(), 12);
    lab.does(&["exec", "runs", BUSYBOX, "true"]);
    let updated = lab.docker(&["start", "no-such-container"]);
    assert!(!updated.ok);
}

/// What a container sees through another one counts as its own.
#[test]
fn what_others_share_is_followed() {
    let observe = POLICY.replace("version: 1", "version: 1\nmode: observe");
    let Some(lab) = Lab::start(Engine::Installed, &observe) else { return };
    lab.reported("good:1", APP, |_| {});
    let early = ["run", "-d", "--pid", "host", "-v", "/:/host", "--name", "early", "good:1"];
    lab.does(&[&early[..], &[BUSYBOX, "sleep", "600"]].concat());
    lab.does(&["create", "--name", "late", "--pid", "container:early", "good:1", BUSYBOX, "true"]);
    lab.reload(POLICY);
    does_not_start(&lab, &["--pid", "container:early"], "good:1", "host-access");
    does_not_start(&lab, &["--volumes-from", "early"], "good:1", "host-access");
    does_not_start(&lab, &["--security-opt", "systempaths=unconfined"], "good:1", "host-access");
    lab.refused(&["start", "late"], "host-access");
    lab.does(&["exec", "early", BUSYBOX, "true"]);
    wait_until("the changed policy to be held against it", || {
        lab.decisions()
            .iter()
            .any(|d| d.gate == Gate::Reconcile && d.verdict.decision == Decision::Deny)
    });
    assert_eq!(lab.does(&["ps", "-q"]).lines().count(), 1, "it is let be");
}

#[test]
fn a_killed_agent_lets_nothing_slip_through() {
    let Some(lab) = Lab::start(Engine::Installed, POLICY) else { return };
    lab.reported("evil:1", APP, |r| malware(r, Band::Malicious));
    lab.reported("good:1", APP, |_| {});
    lab.does(&["run", "-d", "--name", "runs", "good:1", BUSYBOX, "sleep", "600"]);
    let tries = 24;
    let (started, refused) = std::thread::scope(|scope| {
        let evil: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let run = ["run", "--rm", "evil:1", BUSYBOX, "true"];
                    (0..tries / 4).filter(|_| lab.docker(&run).ok).count()
                })
            })
            .collect();
        let good = scope.spawn(|| {
            let run = ["run", "--rm", "good:1", BUSYBOX, "true"];
            (0..6).filter(|_| lab.docker(&run).ok).count()
        });
        for _ in 0..5 {
            let pid = lab.supervisor.pid();
            signal("KILL", pid);
            wait_until("another agent", || lab.supervisor.pid() != pid);
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let started: usize = evil.into_iter().map(|run| run.join().unwrap()).sum();
        let _ = good.join();
        (started, tries - started)
    });
    assert_eq!((started, refused), (0, tries));
    assert_eq!(lab.does(&["ps", "-q"]).lines().count(), 1, "what ran still runs, and nothing else");
    starts(&lab, &[], "good:1");
    does_not_start(&lab, &[], "evil:1", "malware");
}

#[test]
fn reload_break_glass_and_endpoints() {
    let Some(lab) = Lab::start(Engine::Installed, POLICY) else { return };
    lab.reported("evil:1", APP, |r| malware(r, Band::Malicious));
    does_not_start(&lab, &[], "evil:1", "malware");
    lab.reload("version: 1\nrules: [oops\n");
    assert!(lab.agent_log().contains("the old policy goes on to hold"));
    does_not_start(&lab, &[], "evil:1", "malware");
    lab.reload(&POLICY.replace("version: 1", "version: 1\nmode: observe"));
    starts(&lab, &[], "evil:1");
    lab.reload(POLICY);
    does_not_start(&lab, &[], "evil:1", "malware");

    let glass = lab.directory.path().join("break-glass.yaml");
    let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let text = format!("owner: jane\nreason: the harbour burns\nexpires: {ends}\n");
    std::fs::write(&glass, &text).unwrap();
    starts(&lab, &[], "evil:1");
    lab.refused(&["swarm", "leave"], "swarm");
    std::fs::write(&glass, format!("{text}covers: [starts, endpoints]\n")).unwrap();
    assert!(!lab.docker(&["swarm", "leave"]).err.contains("lazaret"));
    std::fs::remove_file(&glass).unwrap();
    does_not_start(&lab, &[], "evil:1", "malware");
    assert!(lab.counter("broken_glass") >= 3);
    wait_until("the record", || {
        lab.decisions().iter().any(|d| {
            d.because.contains("by jane")
                && d.because.contains("the harbour burns")
                && d.verdict.decision == Decision::Deny
        })
    });

    lab.configure("  endpoints:\n    everybody: {pull: deny, swarm: allow}\n");
    lab.refused(&["pull", "evil:1"], "pull");
    assert!(!lab.docker(&["swarm", "leave"]).err.contains("lazaret"));
}

#[test]
fn what_starts_by_itself_is_found() {
    let Some(mut lab) = Lab::start(Engine::Installed, POLICY) else { return };
    let id = lab.reported("app:1", APP, |_| {});
    let watches = |lab: &Lab, times| lab.agent_log().matches("watching").count() >= times;
    wait_until("the watch", || watches(&lab, 1));
    let run = ["run", "-d", "--restart", "always", "--name", "app", "--tmpfs", "/tmp"];
    lab.does(&[&run[..], &["app:1", BUSYBOX, "sleep", "600"]].concat());
    let mut report = lab.store().report_by_image(&id.parse().unwrap()).unwrap().unwrap();
    report.source.scanned_at = "2026-11-25T10:00:00Z".parse().unwrap();
    malware(&mut report, Band::Malicious);
    lab.store().save_report(&report).unwrap();
    let found = |lab: &Lab, how: &str| {
        let decisions = lab.decisions();
        decisions.iter().any(|d| {
            d.gate == Gate::Reconcile && d.action == how && d.verdict.decision == Decision::Deny
        })
    };
    let pid = lab.does(&["inspect", "--format", "{{.State.Pid}}", "app"]);
    signal("KILL", pid.parse().unwrap());
    wait_until("the restart to be found", || found(&lab, "started without a request"));
    assert_eq!(lab.does(&["ps", "-q"]).lines().count(), 1, "it is reported and let be");
    let reported = |lab: &Lab| lab.decisions().iter().filter(|d| d.gate == Gate::Reconcile).count();
    let before = reported(&lab);
    lab.stop_dockerd();
    lab.start_dockerd();
    assert_eq!(lab.does(&["ps", "-q"]).lines().count(), 1, "it outlives the daemon");
    wait_until("the watch", || watches(&lab, 2));
    assert_eq!(reported(&lab), before, "nothing new has started");
    lab.configure("  stop_refused: true\n");
    wait_until("it to be stopped", || lab.docker(&["ps", "-q"]).out.is_empty());
    wait_until("the record", || found(&lab, "found running"));
    assert_eq!(lab.counter("stopped"), 1);
}

#[test]
fn an_image_without_a_report_is_scanned_now() {
    let now = POLICY
        .replace("on_missing: deny", "on_missing: {scan_now: {deadline: 20s, otherwise: deny}}");
    let Some(lab) = Lab::start(Engine::Installed, &now) else { return };
    let id = lab.image("fresh:1", APP);
    let scanner = lab.directory.path().join("scanner");
    let script = |text: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&scanner, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&scanner, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("echo 'the image is unreadable' >&2; exit 2");
    does_not_start(&lab, &[], "fresh:1", "the image is unreadable");
    // Stands for `lazaret scan`: the report that it would save is there when it ends.
    let mut report = lab::report("fresh:1", id.parse().unwrap(), "1000");
    report.source.name = "docker:fresh".into();
    let ready = lab.directory.path().join("ready.sqlite");
    Store::open(&ready).unwrap().save_report(&report).unwrap();
    let copy = "python3 - <<'EOF'\nimport os, sqlite3\nd = os.environ['DIRECTORY']\n\
                c = sqlite3.connect(d + '/lazaret.sqlite')\nc.execute('attach ? as r', (d + '/ready.sqlite',))\n\
                cols = [x[1] for x in c.execute('pragma r.table_info(report)') if x[1] != 'id']\n\
                n = ','.join(cols)\nc.execute(f'insert into report ({n}) select {n} from r.report')\nc.commit()\nEOF";
    script(copy);
    starts(&lab, &[], "fresh:1");
    assert!(lab.counter("scans") >= 2);
}
