//! The same image from every source gives the same report but for its `source`.

use std::path::Path;
use std::process::Command;

use walks::{Containerd, Dockerd, Podman, Registry, advisories, command, lab, run, scratch};

const NAME: &str = "demo.lazaret.example/shop:1.0";

/// The report without its source, as text.
fn report(word: &str, environment: &[(&str, &str)]) -> String {
    let cache = scratch();
    let mut scan = command(advisories(), cache.path());
    scan.args(["scan", "--exit-zero", "--format", "json", word]).envs(environment.iter().copied());
    let mut report = run(&mut scan).expect(0).json();
    let source = report.as_object_mut().and_then(|report| report.remove("source"));
    assert!(source.is_some(), "a report names its source");
    assert!(report["findings"].as_array().is_some_and(|findings| findings.len() > 10));
    serde_json::to_string_pretty(&report).unwrap()
}

fn archive() -> String {
    report(&lab("shop.tar").display().to_string(), &[])
}

fn same(left: &str, right: &str, what: &str) {
    let differing = left.lines().zip(right.lines()).find(|(left, right)| left != right);
    assert!(left == right, "{what} differs, first at {differing:?}");
}

fn skopeo(from: &str, to: &str) {
    let mut copy = Command::new("skopeo");
    run(copy.args(["copy", "--quiet", "--insecure-policy", from, to])).expect(0);
}

#[test]
fn archives_and_layouts() {
    let expect = archive();
    let directory = scratch();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let original = format!("oci-archive:{}", lab("shop.tar").display());
    skopeo(&original, &format!("oci:{}:1.0", at("layout")));
    same(&report(&at("layout"), &[]), &expect, "the OCI layout");
    skopeo(&original, &format!("docker-archive:{}:{NAME}", at("docker.tar")));
    same(&report(&at("docker.tar"), &[]), &expect, "the docker-archive");
    for (tool, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        let packed = at(&format!("docker.tar.{ending}"));
        let out = std::fs::File::create(&packed).unwrap();
        let mut pack = Command::new(tool);
        let status = pack.args(["-1", "-c", &at("docker.tar")]).stdout(out).status().unwrap();
        assert!(status.success());
        same(&report(&packed, &[]), &expect, &packed);
    }
}

#[test]
fn a_registry() {
    let Some(registry) = Registry::start(None) else { return };
    registry.push(&lab("shop.tar"), "shop:1.0", None);
    let word = format!("registry:{}/shop:1.0", registry.address);
    same(&report(&word, &[]), &archive(), "the registry's image");
}

#[test]
fn a_docker_daemon_and_what_it_saves() {
    let Some(docker) = Dockerd::start() else { return };
    docker.load(&lab("shop.tar"));
    let environment = [("DOCKER_HOST", docker.host.as_str())];
    let expect = archive();
    same(&report(&format!("docker:{NAME}"), &environment), &expect, "docker's image");
    same(&report(NAME, &environment), &expect, "the image without a prefix");
    let directory = scratch();
    let saved = directory.path().join("saved.tar");
    docker.save(NAME, &saved);
    same(&report(&saved.display().to_string(), &[]), &expect, "what docker saves");
}

#[test]
fn a_podman_service() {
    let directory = scratch();
    let archive_for_podman = directory.path().join("docker.tar");
    docker_archive(&archive_for_podman);
    let Some(podman) = Podman::start(&archive_for_podman) else { return };
    let environment = [("CONTAINER_HOST", podman.host.as_str())];
    same(&report(&format!("podman:{NAME}"), &environment), &archive(), "podman's image");
}

#[test]
fn a_containerd() {
    let Some(containerd) = Containerd::start(&lab("shop.tar")) else { return };
    let environment = [("CONTAINERD_ADDRESS", containerd.address.as_str())];
    same(&report(&format!("containerd:{NAME}"), &environment), &archive(), "containerd's image");
}

#[test]
fn a_second_scan_reads_nothing_and_says_the_same() {
    let Some(docker) = Dockerd::start() else { return };
    docker.load(&lab("shop.tar"));
    let cache = scratch();
    let scan = || {
        let mut scan = command(advisories(), cache.path());
        scan.env("DOCKER_HOST", &docker.host);
        scan.args(["scan", "--exit-zero", "--format", "json", &format!("docker:{NAME}")]);
        let mut report = run(&mut scan).expect(0).json();
        report["source"]["scanned_at"] = serde_json::Value::Null;
        report
    };
    assert_eq!(scan(), scan());
}

fn docker_archive(path: &Path) {
    let original = format!("oci-archive:{}", lab("shop.tar").display());
    skopeo(&original, &format!("docker-archive:{}:{NAME}", path.display()));
}
