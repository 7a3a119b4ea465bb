//! Kubernetes tells: pods over the API, requests in the audit log. The API is a small server of the
//! test's own that speaks lists and watches, breaks off, and forgets versions.

#![allow(clippy::unwrap_used, clippy::too_many_lines, unreachable_pub)]

mod gathered;
mod watched;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::attribute::Directory;
use lazaret_agent::lifecycle::{KubernetesConfig, LifeCycle, LifeCycleConfig, Surroundings};
use lazaret_agent::trail::Trail;
use model::{AuditKind, AuditOutcome, AuditRecord, CgroupName};

fn pod(name: &str, version: u32, phase: &str, state: &str) -> String {
    let id = "ab".repeat(32);
    format!(
        r#"{{"metadata":{{"uid":"u-{name}","name":"{name}","namespace":"shop","resourceVersion":"{version}"}},"spec":{{"nodeName":"n1"}},"status":{{"phase":"{phase}","containerStatuses":[{{"name":"app","image":"shop:1","containerID":"containerd://{id}","restartCount":0,"state":{{{state}}}}}]}}}}"#
    )
}

/// Answers one request after the other.
fn serve(listener: &TcpListener, answers: &[(&str, String)]) {
    for (wanted, body) in answers {
        let (stream, _) = listener.accept().unwrap();
        let asked = request(&stream);
        assert!(asked.contains(wanted), "{asked} instead of {wanted}");
        let status = if body.is_empty() { "410 Gone" } else { "200 OK" };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        (&stream).write_all(head.as_bytes()).unwrap();
        (&stream).write_all(body.as_bytes()).unwrap();
    }
}

fn request(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap().unwrap();
    let _ = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
    first
}

fn kubeconfig(folder: &Path, port: u16) -> std::path::PathBuf {
    let text = format!(
        "current-context: c\nclusters: [{{name: k, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n"
    );
    let path = folder.join("kubeconfig");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn pods_and_requests_become_records() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let running = r#""running":{"startedAt":"x"}"#;
    let list = |items: &str, version: u32| {
        format!(r#"{{"metadata":{{"resourceVersion":"{version}"}},"items":[{items}]}}"#)
    };
    let change = |kind: &str, pod: &str| format!("{{\"type\":\"{kind}\",\"object\":{pod}}}\n");
    let old = pod("old", 1, "Running", running);
    let answers = [
        ("/api/v1/pods?limit=500&continue=&fieldSelector=spec.nodeName%3Dn1", list(&old, 5)),
        (
            "resourceVersion=5",
            change("ADDED", &pod("web", 6, "Pending", ""))
                + &change("MODIFIED", &pod("web", 7, "Running", running)),
        ),
        // Too old: listed anew, and the difference told.
        ("resourceVersion=7", String::new()),
        (
            "limit=500",
            list(&pod("web", 9, "Failed", r#""terminated":{"reason":"Error","exitCode":1}"#), 9),
        ),
        ("resourceVersion=9", change("DELETED", &pod("web", 10, "Failed", ""))),
    ];
    let log = folder.path().join("audit.log");
    std::fs::write(&log, "").unwrap();
    let kubernetes = KubernetesConfig {
        audit_log: Some(log.clone()),
        kubeconfig: Some(kubeconfig(folder.path(), listener.local_addr().unwrap().port())),
        node: "n1".to_owned(),
        ..KubernetesConfig::default()
    };
    let config = LifeCycleConfig {
        docker: None,
        containerd: None,
        kubernetes,
        ..LifeCycleConfig::default()
    };
    let directory = Directory::default();
    let id = "ab".repeat(32);
    let cgroup = CgroupName { id: 7, path: format!("/kubepods/{id}"), ..CgroupName::default() };
    directory.write(|containers| containers.cgroup_made(&cgroup, 1));
    let (trail, entries) = Trail::open();
    let place = Surroundings {
        trail,
        directory: directory.clone(),
        node: "node-1".to_owned(),
        data: folder.path().to_path_buf(),
    };
    let life = LifeCycle::new(config, place);
    let stop = AtomicBool::new(false);
    let mut told: Vec<AuditRecord> = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| life.run(&stop).unwrap());
        serve(&listener, &answers);
        let line = r#"{"kind":"Event","auditID":"a","stage":"ResponseComplete","requestURI":"/x","verb":"delete","user":{"username":"anna"},"objectRef":{"resource":"secrets","namespace":"shop","name":"key"},"responseStatus":{"code":403},"stageTimestamp":"2026-11-25T10:00:00.5Z"}"#;
        std::fs::write(&log, format!("not json\n{line}\n")).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20)
            && !told.iter().any(|one| one.action == "deleted" && one.target.ends_with("web"))
            || !told.iter().any(|one| one.kind == AuditKind::Platform)
        {
            let some = entries.next(Duration::from_millis(100)).unwrap();
            told.extend(some.iter().map(lazaret_agent::trail::Entry::to_record));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let pods: Vec<String> = told
        .iter()
        .filter(|one| one.kind == AuditKind::Pod)
        .map(|one| format!("{} {}", one.action, one.target.rsplit('/').next().unwrap()))
        .collect();
    assert_eq!(
        pods,
        [
            "create web",
            "container_start web",
            "running web",
            "deleted old",
            "container_end web",
            "failed web",
            "deleted web",
        ]
    );
    let refused = told.iter().find(|one| one.kind == AuditKind::Platform).unwrap();
    assert_eq!((refused.outcome, refused.initiator.user.as_str()), (AuditOutcome::Denied, "anna"));
    assert_eq!(life.malformed(), 1);
    let known = directory.find(&id).unwrap();
    assert_eq!((known.name.as_str(), known.pod.as_ref().unwrap().name.as_str()), ("app", "web"));
}
