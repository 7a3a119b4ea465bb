//! The docker authorization plugin of the real binary: an image that nobody has scanned is scanned
//! when somebody starts it, and the policy decides on what was found.

use std::path::PathBuf;
use std::process::Stdio;

use walks::{Agent, Dockerd, Run, root, run};

const POLICY: &str = "\
version: 1
on_missing: {scan_now: {deadline: 60s, otherwise: deny}}
rules:
  - {name: no-root, decision: deny, root: true}
  - {name: key, decision: deny, private_key: true}
  - {name: host-access, decision: deny, workload: {privileged: true, mounts: {sensitive: true}}}
";

/// busybox, as `tests/lab/docker-tools.sh` unpacks it; says so when it is not there.
fn busybox() -> Option<Vec<u8>> {
    let path = root().join("target/lab/busybox");
    let read = std::fs::read(&path).ok();
    if read.is_none() {
        eprintln!(
            "skipped: {} is not there (tests/lab/docker-tools.sh target/lab)",
            path.display()
        );
    }
    read
}

fn docker(docker: &Dockerd, arguments: &[&str]) -> Run {
    run(docker.command().stdin(Stdio::null()).args(arguments))
}

fn import(daemon: &Dockerd, name: &str, user: &str, more: &[(&str, &[u8])], into: PathBuf) {
    let mut tar = tar::Builder::new(std::fs::File::create(&into).unwrap());
    let busybox = busybox().unwrap();
    let files: [(&str, &[u8]); 2] = [("bin/busybox", &busybox), ("name", name.as_bytes())];
    for (path, bytes) in files.iter().chain(more) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    tar.into_inner().unwrap();
    let user = format!("USER {user}");
    docker(daemon, &["import", "--change", &user, into.to_str().unwrap(), name]).expect(0);
}

#[test]
fn an_image_is_scanned_and_judged_when_it_is_started() {
    if busybox().is_none() || !walks::which("dockerd") {
        return;
    }
    let agent = Agent::start(POLICY);
    let Some(daemon) = Dockerd::start_with(&["--authorization-plugin", &agent.plugin]) else {
        return;
    };
    agent.serve(&daemon);
    let at = |name: &str| agent.directory.path().join(name);
    let start = |options: &[&str], image: &str| {
        let command = [image, "/bin/busybox", "echo", "started"];
        docker(&daemon, &[&["run", "--rm"], options, &command[..]].concat())
    };
    import(&daemon, "app:1", "1000", &[], at("app.tar"));
    import(&daemon, "root:1", "0", &[], at("root.tar"));
    let started = start(&[], "app:1").expect(0);
    assert_eq!(started.out.trim(), "started");
    let refused = start(&[], "root:1");
    assert_ne!(refused.status, 0);
    assert!(
        refused.err.contains("no-root") && refused.err.contains("exceptions:"),
        "{}",
        refused.err
    );
    let privileged = start(&["--privileged"], "app:1");
    assert!(privileged.err.contains("host-access"), "{}", privileged.err);
    let mounted = start(&["-v", "/:/host"], "app:1");
    assert!(mounted.err.contains("host-access"), "{}", mounted.err);
    let swarm = docker(&daemon, &["swarm", "init"]);
    assert!(swarm.err.contains("swarm: allow"), "{}", swarm.err);
    // What was decided can be read and made again.
    let listed =
        run(walks::command(agent.directory.path(), &at("cache")).args(["reports", "list"]));
    assert!(listed.expect(0).out.contains("sha256:"), "the scans were kept");
}
