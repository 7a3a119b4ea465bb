//! The node's guard, by the real binary: alerts as they happen, folded, in files and numbers; what
//! was seen is looked at again. Only the tests' own containers are looked at.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use serde_json::Value;
use walks::{Dockerd, Guard, root, run, which};

/// An engine with an image of busybox alone; says so where there is none.
fn engine() -> Option<Dockerd> {
    let busybox = std::fs::read(root().join("target/lab/busybox")).ok();
    if busybox.is_none() {
        eprintln!(
            "skipped: target/lab/busybox is not there (tests/lab/docker-tools.sh target/lab)"
        );
    }
    let busybox = busybox?;
    let daemon = Dockerd::start()?;
    let scratch = walks::scratch();
    let tar = scratch.path().join("shop.tar");
    let mut archive = tar::Builder::new(std::fs::File::create(&tar).unwrap());
    for (path, bytes) in [("bin/busybox", &busybox[..]), ("etc/shadow", b"root:*:1::::::\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        archive.append_data(&mut header, path, bytes).unwrap();
    }
    archive.into_inner().unwrap();
    run(daemon.command().arg("import").arg(&tar).arg("shop:1.2")).expect(0);
    Some(daemon)
}

fn in_container(daemon: &Dockerd, name: &str, command: &[&str]) {
    let start = ["run", "--rm", "--network", "none", "--name", name, "shop:1.2", "/bin/busybox"];
    let mut docker = daemon.command();
    run(docker.stdin(Stdio::null()).args(start).args(command)).expect(0);
}

fn has_rule(alerts: &[Value], rule: &str) -> bool {
    alerts.iter().any(|alert| alert["rule"] == rule)
}

fn page(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_a_container_does_is_told_with_who_did_it_and_looked_at_again() {
    let Some(daemon) = engine() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = walks::scratch();
    let recording = folder.path().join("node.rec");
    let metrics = format!("metrics: {{listen: '127.0.0.1:{port}'}}\n");
    let record = ["--record", recording.to_str().unwrap()];
    let Some(guard) = Guard::start(&metrics, &record) else { return };
    in_container(&daemon, "quiet", &["true"]);
    in_container(&daemon, "curious", &["cat", "/etc/shadow"]);

    const READ: &str = "Password file read in a container";
    let alerts = guard.alerts("curious", |alerts| has_rule(alerts, READ));
    let alert = alerts.iter().find(|alert| alert["rule"] == READ).unwrap();
    assert_eq!(alert["container"]["image"], "shop:1.2", "{alert}");
    assert_eq!(alert["initiator"]["command"], "/bin/busybox cat /etc/shadow", "{alert}");
    assert_eq!(alert["source"], "syscall");
    assert!(guard.alerts("quiet", |_| true).is_empty());
    let numbers = page(port);
    let counted = format!("lazaret_alerts_total{{rule=\"{READ}\"");
    assert!(numbers.contains(&counted), "{numbers}");
    let said = guard.end();
    assert!(said.contains("events recorded"), "{said}");

    let replay = |rules: &[&str]| {
        let first = ["agent", "replay", recording.to_str().unwrap()];
        let mut command = walks::command(folder.path(), &folder.path().join("cache"));
        run(command.args(first).args(rules))
    };
    let again = replay(&[]).expect(1);
    let of_container = |line: &&str| {
        let told: Value = serde_json::from_str(line).unwrap();
        told["container"]["name"] == "curious" && told["rule"] == READ
    };
    assert_eq!(again.out.lines().filter(of_container).count(), 1, "{}", again.out);
    let other = folder.path().join("other.yaml");
    let rule = "- rule: Other\n  desc: d\n  condition: evt.type = execve and container.name = quiet and proc.args contains true\n  output: \"%proc.exe\"\n  priority: INFO\n";
    std::fs::write(&other, rule).unwrap();
    let other = replay(&["--rules", other.to_str().unwrap()]).expect(1);
    assert_eq!(other.out.lines().count(), 1, "{}", other.out);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    if !which("dockerd") {
        return;
    }
    let folder = walks::scratch();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let lazaret = |arguments: &[&str]| {
        run(walks::command(folder.path(), &folder.path().join("cache"))
            .arg("agent")
            .args(arguments))
    };
    std::fs::write(at("agent.yaml"), "outputs: [{to: {fax: {}}}]\n").unwrap();
    std::fs::write(at("wrong.yaml"), "- rule: X\n  condition: evt.tpye = x\n").unwrap();
    let cases = [
        (vec!["--config", "agent.yaml"], "agent.yaml"),
        (vec!["--rules", "wrong.yaml"], "wrong.yaml"),
        (vec!["replay", "nowhere.rec"], "nowhere.rec"),
        (vec!["replay", "wrong.yaml"], "wrong.yaml"),
    ];
    for (arguments, told) in cases {
        let is_file = |word: &&str| word.contains('.');
        let arguments: Vec<String> = arguments
            .iter()
            .map(|word| if is_file(word) { at(word) } else { (*word).to_owned() })
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = lazaret(&arguments).expect(2);
        assert!(ended.err.contains(told) && ended.out.is_empty(), "{}", ended.err);
    }
}
