//! A server of a test's own, over real HTTPS with its own authority; and the images it knows.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

#[path = "../../src/samples.rs"]
mod samples;

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use lazaret_server::{Admission, AdmissionSettings, Certificates, ServedCertificate, Server};
use model::{Digest, Finding, FindingId, FindingKind, Package, Report, Severity, Timestamp};
use policy::Policy;
use serde_json::{Value, json};
use store::Store;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub(crate) use samples::{digest, report};

/// The policy of the seven kinds.
pub const SEVEN: &str = include_str!("../../testdata/seven.yaml");

/// A running server, ended when dropped.
pub struct Running {
    /// `https://127.0.0.1:port`.
    pub url: String,
    /// The authorities to trust, PEM.
    pub bundle: String,
    pub certificates: Certificates,
    pub served: Arc<ServedCertificate>,
    pub admission: Arc<Admission>,
    pub directory: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    agent: Agent,
}

/// Answer of a request: status and body.
pub type Answer = (u16, Value);

impl Running {
    /// A server with this policy, over these reports.
    pub fn start(policy: &str, reports: &[Report]) -> Running {
        Running::with(policy, reports, settings())
    }

    /// One with other settings.
    pub fn with(policy: &str, reports: &[Report], settings: AdmissionSettings) -> Running {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("lazaret.sqlite");
        {
            let store = Store::open(&store).unwrap();
            for report in reports {
                store.save_report(report).unwrap();
            }
        }
        let policy = Policy::parse("policy.yaml", policy).unwrap();
        let admission = Arc::new(Admission::new(&store, policy, settings).unwrap());
        let names = ["127.0.0.1".to_owned()];
        let certificates = Certificates::made(&names, Timestamp::now()).unwrap();
        let served =
            ServedCertificate::new(certificates.serving_certificate(), certificates.serving_key())
                .unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime
            .block_on(Server::bind("127.0.0.1:0", served.clone(), admission.clone()))
            .unwrap();
        let url = format!("https://{}", server.address());
        runtime.spawn(server.run(std::future::pending()));
        let bundle = certificates.bundle();
        let agent = agent(&bundle);
        Running { url, bundle, certificates, served, admission, directory, runtime, agent }
    }

    /// Posts a document.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    /// Posts bytes.
    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.url));
        let mut response = request.header("Content-Type", "application/json").send(body).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::from(text)))
    }

    /// The status that bytes get; `None` when the server hangs up instead of reading on.
    pub fn status_of(&self, path: &str, body: &[u8]) -> Option<u16> {
        let sent = self.agent.post(format!("{}{path}", self.url)).send(body);
        sent.ok().map(|response| response.status().as_u16())
    }

    /// Gets a page.
    pub fn page(&self, path: &str) -> (u16, String) {
        let mut response = self.agent.get(format!("{}{path}", self.url)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Has a question judged: the `response` of the answer.
    pub fn ask(&self, request: &Value) -> Value {
        let (status, answer) = self.post("/admission", &review(request));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["kind"], "AdmissionReview");
        assert_eq!(answer["response"]["uid"], request["uid"]);
        answer["response"].clone()
    }

    /// The steps of the patch that a question is answered with.
    pub fn patch(&self, request: &Value) -> Vec<Value> {
        let (_, answer) = self.post("/mutate", &review(request));
        let response = &answer["response"];
        assert_eq!(response["allowed"], true, "{answer}");
        let Some(patch) = response["patch"].as_str() else { return Vec::new() };
        assert_eq!(response["patchType"], "JSONPatch");
        let bytes = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Decisions written down so far.
    pub fn decisions(&self) -> Vec<model::DecisionRecord> {
        let store = Store::open(&self.store()).unwrap();
        assert_eq!(store.verify_decisions().unwrap().broken, None);
        let mut found = store.latest_decisions(1_000).unwrap();
        found.reverse();
        found.into_iter().map(|stored| stored.record).collect()
    }

    /// The store's file.
    pub fn store(&self) -> PathBuf {
        self.directory.path().join("lazaret.sqlite")
    }
}

/// The settings that most tests use.
pub fn settings() -> AdmissionSettings {
    AdmissionSettings {
        exempt_namespaces: vec!["kube-system".to_owned(), "lazaret".to_owned()],
        break_glass_groups: vec!["lazaret:break-glass".to_owned()],
        judge_tags: false,
    }
}

/// A client that trusts nobody but these authorities.
pub fn agent(bundle: &str) -> Agent {
    let authorities: Vec<Certificate<'static>> = bundle
        .split_inclusive("-----END CERTIFICATE-----\n")
        .filter_map(|pem| Certificate::from_pem(pem.as_bytes()).ok())
        .collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&authorities)).build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).proxy(None);
    config.build().new_agent()
}

/// The review around a question.
pub fn review(request: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// A question about a new pod.
pub fn create_pod(spec: &Value) -> Value {
    create(
        "",
        "pods",
        "Pod",
        &json!({"metadata": {"name": "app", "namespace": "shop"}, "spec": spec}),
    )
}

/// A question about a new object.
pub fn create(group: &str, resource: &str, kind: &str, object: &Value) -> Value {
    json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": group, "version": "v1", "kind": kind},
        "resource": {"group": group, "version": "v1", "resource": resource},
        "name": "app", "namespace": "shop", "operation": "CREATE",
        "userInfo": {"username": "ann", "groups": ["developers", "system:authenticated"]},
        "object": object, "oldObject": null, "dryRun": false, "options": {"kind": "CreateOptions"},
    })
}

/// A pod with one container of an image.
pub fn pod_of(image: &str) -> Value {
    json!({"containers": [{"name": "c", "image": image}]})
}

/// The reference of an image by its number.
pub fn pinned(name: &str, number: u8) -> String {
    format!("registry.example/{name}@{}", digest(number))
}

/// An image with a flaw, and its near twin without: reports with manifests `number`, `number + 50`.
pub struct Kind {
    /// The rule that must refuse.
    pub rule: &'static str,
    /// The flawed image, and its twin.
    pub reports: [Report; 2],
    /// The references by which they are asked for.
    pub references: [String; 2],
    /// A word of the evidence that the message must hold.
    pub evidence: &'static str,
}

/// The seven kinds, each with one image refused and its near twin.
pub fn seven_kinds() -> Vec<Kind> {
    let vulnerable = |id: &'static str, severity: Severity| {
        move |report: &mut Report| report.findings.push(vulnerability(id, severity))
    };
    let kind =
        |rule, number: u8, evidence, flaw: &dyn Fn(&mut Report), twin: &dyn Fn(&mut Report)| {
            let name = format!("team/{rule}");
            let mut reports = [
                report(&format!("registry.example/{name}:1"), number, 0),
                report(&format!("registry.example/{name}:2"), number + 50, 0),
            ];
            flaw(&mut reports[0]);
            twin(&mut reports[1]);
            let references = [pinned(&name, number), pinned(&name, number + 50)];
            Kind { rule, reports, references, evidence }
        };
    let user =
        |user: &'static str| move |report: &mut Report| report.image.config.user = user.to_owned();
    let library = |version: &'static str| {
        move |report: &mut Report| report.inventory.packages.push(package(version))
    };
    let nothing = |_: &mut Report| {};
    let mut kinds = vec![
        kind("no-root", 1, "root", &user(""), &user("1000:1000")),
        kind(
            "no-critical",
            2,
            "CVE-2026-2222",
            &vulnerable("CVE-2026-2222", Severity::Critical),
            &vulnerable("CVE-2026-2222", Severity::High),
        ),
        kind(
            "no-heartache",
            3,
            "CVE-2026-1111",
            &vulnerable("CVE-2026-1111", Severity::Low),
            &vulnerable("CVE-2026-1112", Severity::Low),
        ),
        kind(
            "no-malware",
            4,
            "evil.php",
            &|report| report.findings.push(malware("malicious")),
            &|report| report.findings.push(malware("suspicious")),
        ),
        kind("no-old-library", 5, "oldlib@1.0", &library("1.0"), &library("1.1")),
        kind("only-ours", 6, "registry", &nothing, &nothing),
        kind(
            "no-keys",
            7,
            "id_rsa",
            &|report| report.findings.push(secret("private_key")),
            &|report| report.findings.push(secret("public_key")),
        ),
    ];
    kinds[5].reports[0].source.name = "elsewhere.example/team/only-ours:1".to_owned();
    kinds[5].references[0] = format!("elsewhere.example/team/only-ours@{}", digest(6));
    kinds[6].reports[1].findings.clear();
    kinds
}

/// A known vulnerability of `libfoo`.
pub fn vulnerability(id: &str, severity: Severity) -> Finding {
    let kind = json!({"vulnerability": {
        "id": id, "aliases": [], "kind": "vulnerability", "package": "libfoo", "version": "1.0",
        "purl": "pkg:deb/debian/libfoo@1.0", "layer": 0, "path": "var/lib/dpkg/status",
        "fixed_version": "1.1", "fix_state": "fixed", "summary": "", "sources": [], "cvss": [], "cwes": [], "risk": 0.0, "references": [],
    }});
    finding(id, severity, kind)
}

fn malware(band: &str) -> Finding {
    let kind = json!({"malware": {
        "layer": 0, "path": "srv/evil.php", "file_kind": "php", "digest": digest(9), "size_bytes": 1,
        "name": "lab.test", "band": band, "score": 0.9,
        "methods": [{"method": "yara", "score": 0.9, "evidence": []}],
    }});
    finding("evil", Severity::Critical, kind)
}

/// A secret of a category in a file.
pub fn secret(category: &str) -> Finding {
    let category = if category == "public_key" { "certificate" } else { category };
    let kind = json!({"secret": {
        "layer": 0, "place": {"file": "root/.ssh/id_rsa"}, "rule": "lab", "title": "lab",
        "category": category, "confidence": "certain", "excerpt": "***", "fingerprint": "0",
    }});
    finding("secret", Severity::High, kind)
}

fn finding(id: &str, severity: Severity, kind: Value) -> Finding {
    let kind: FindingKind = serde_json::from_value(kind).unwrap();
    Finding { id: FindingId::of(&[id]), severity, base: false, kind }
}

fn package(version: &str) -> Package {
    serde_json::from_value(json!({
        "name": "oldlib", "version": version, "kind": "deb", "purl": format!("pkg:deb/debian/oldlib@{version}"),
        "layer": 0, "path": "var/lib/dpkg/status", "licenses": [], "found_by": "dpkg",
    }))
    .unwrap()
}

/// The digest in a reference.
pub fn digest_of(reference: &str) -> Digest {
    reference.split_once('@').unwrap().1.parse().unwrap()
}
