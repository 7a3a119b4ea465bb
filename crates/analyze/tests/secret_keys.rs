//! Keys made by openssl, ssh-keygen, gpg and keytool, where they are installed, are read as these
//! tools tell them.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lazaret_analyze::{SecretScanner, match_keys};
use model::{Confidence, FileEntry, FileKind, KeyFacts, Secret, SecretCategory};

fn scan(path: &str, bytes: &[u8]) -> Vec<Secret> {
    let entry = FileEntry {
        path: path.to_owned(),
        kind: FileKind::Regular,
        size_bytes: bytes.len() as u64,
        mode: 0o600,
        uid: 0,
        gid: 0,
    };
    SecretScanner::built_in().unwrap().scan_file(&entry, &bytes).secrets
}

/// SHA-256 in hex.
fn sha256_hex(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A directory that is gone after the test.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lazaret-keys-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Room(path)
    }

    /// Runs a command line there; false (said on standard output) when its program is missing.
    fn run(&self, line: &str) -> bool {
        let words: Vec<_> =
            line.split(' ').map(|word| if word == "''" { "" } else { word }).collect();
        let command = Command::new(words[0])
            .args(&words[1..])
            .current_dir(&self.0)
            .env("GNUPGHOME", &self.0)
            .stdin(Stdio::null())
            .output();
        match command {
            Ok(output) => {
                assert!(
                    output.status.success(),
                    "{line}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
                true
            }
            Err(_) => {
                println!("skipped: {} is not installed", words[0]);
                false
            }
        }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    /// What is found in one of its files.
    fn scan(&self, name: &str) -> Vec<Secret> {
        scan(&format!("etc/{name}"), &self.read(name))
    }

    /// The facts of the one private key in a file.
    fn key(&self, name: &str) -> KeyFacts {
        let found = self.scan(name);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(found[0].confidence, Confidence::Certain, "{name}");
        found[0].key.clone().unwrap()
    }

    /// The digest of the public key, as openssl writes it.
    fn digest(&self, key: &str) -> String {
        assert!(self.run(&format!("openssl pkey -in {key} -pubout -outform DER -out {key}.pub")));
        sha256_hex(&self.read(&format!("{key}.pub")))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}

fn check(key: &KeyFacts, algorithm: &str, bits: u32, form: (&str, bool)) {
    let found = (key.algorithm.as_str(), key.bits, (key.format.as_str(), key.encrypted));
    assert_eq!(found, (algorithm, bits, form));
}

#[test]
fn openssl_keys_are_read_in_every_form() {
    let room = Room::new("openssl");
    if !room.run("openssl genrsa -traditional -out rsa.pem 2048") {
        return;
    }
    check(&room.key("rsa.pem"), "rsa", 2048, ("pkcs1", false));
    let digest = room.digest("rsa.pem");
    assert_eq!(room.key("rsa.pem").public_key, digest);
    for (line, file, form) in [
        ("openssl pkcs8 -topk8 -nocrypt -in rsa.pem -out p8.pem", "p8.pem", "pkcs8"),
        ("openssl pkcs8 -topk8 -nocrypt -in rsa.pem -outform DER -out p8.der", "p8.der", "pkcs8"),
        ("openssl rsa -traditional -in rsa.pem -outform DER -out rsa.key", "rsa.key", "pkcs1"),
    ] {
        assert!(room.run(line));
        check(&room.key(file), "rsa", 2048, (form, false));
        assert_eq!(room.key(file).public_key, digest, "{file}");
    }
    for (line, file, form) in [
        ("openssl pkcs8 -topk8 -in rsa.pem -passout pass:x -out enc.pem", "enc.pem", ("", "pkcs8")),
        (
            "openssl pkcs8 -topk8 -in rsa.pem -passout pass:x -outform DER -out enc.der",
            "enc.der",
            ("", "pkcs8"),
        ),
        (
            "openssl rsa -traditional -aes128 -in rsa.pem -passout pass:xxxx -out old.pem",
            "old.pem",
            ("rsa", "pkcs1"),
        ),
    ] {
        assert!(room.run(line));
        check(&room.key(file), form.0, 0, (form.1, true));
    }
}

#[test]
fn openssl_curves_are_read() {
    let room = Room::new("curves");
    for (curve, bits) in
        [("prime256v1", 256), ("secp384r1", 384), ("secp521r1", 521), ("secp256k1", 256)]
    {
        let made =
            room.run(&format!("openssl ecparam -name {curve} -genkey -noout -out {curve}.pem"));
        if !made {
            return;
        }
        let key = room.key(&format!("{curve}.pem"));
        check(&key, "ec", bits, ("sec1", false));
        assert_eq!(key.public_key, room.digest(&format!("{curve}.pem")), "{curve}");
        assert!(
            room.run(&format!("openssl pkcs8 -topk8 -nocrypt -in {curve}.pem -out {curve}.p8"))
        );
        let key8 = room.key(&format!("{curve}.p8"));
        check(&key8, "ec", bits, ("pkcs8", false));
        assert_eq!(key8.public_key, key.public_key);
    }
    assert!(room.run("openssl genpkey -algorithm ed25519 -out ed.pem"));
    let key = room.key("ed.pem");
    check(&key, "ed25519", 256, ("pkcs8", false));
    assert_eq!(key.public_key, room.digest("ed.pem"));
    assert!(room.run("openssl genpkey -algorithm x25519 -out x.pem"));
    check(&room.key("x.pem"), "x25519", 256, ("pkcs8", false));
}

#[test]
fn ssh_keys_are_read() {
    let room = Room::new("ssh");
    for (kind, size, algorithm, bits) in
        [("rsa", 2048, "rsa", 2048), ("ed25519", 256, "ed25519", 256), ("ecdsa", 384, "ec", 384)]
    {
        let line = |name: &str, password: &str| {
            format!("ssh-keygen -q -t {kind} -b {size} -C c -N {password} -f {name}")
        };
        let (clear, closed) = (format!("id_{kind}"), format!("id_{kind}_enc"));
        if !room.run(&line(&clear, "''")) {
            return;
        }
        assert!(room.run(&line(&closed, "geheim")));
        check(&room.key(&clear), algorithm, bits, ("openssh", false));
        check(&room.key(&closed), algorithm, bits, ("openssh", true));
        assert!(room.run(&format!("cp {clear} {clear}.pkcs8")));
        if kind == "rsa" {
            assert!(room.run(&format!("ssh-keygen -q -p -m PKCS8 -N '' -f {clear}.pkcs8")));
            assert_eq!(room.key(&clear).public_key, room.key("id_rsa.pkcs8").public_key);
        }
        let public = String::from_utf8(room.read(&format!("{clear}.pub"))).unwrap();
        let blob = public.split(' ').nth(1).unwrap();
        let file = putty(blob);
        let found = scan("home/key.ppk", file.as_bytes());
        let key = found[0].key.clone().unwrap();
        check(&key, algorithm, bits, ("putty", false));
        assert_eq!(key.public_key, room.key(&clear).public_key);
    }
}

/// A PuTTY file with this public part.
fn putty(blob: &str) -> String {
    let lines: Vec<_> =
        blob.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "PuTTY-User-Key-File-3: x\nEncryption: none\nComment: c\nPublic-Lines: {}\n{}\n\
         Private-Lines: 1\nAAAA\nPrivate-MAC: 00\n",
        lines.len(),
        lines.join("\n")
    )
}

#[test]
fn keys_are_matched_with_certificates() {
    let room = Room::new("match");
    let line = "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 9 -subj /CN=shop.corp.io";
    if !room.run(line) {
        return;
    }
    let mut secrets = room.scan("k.pem");
    secrets.extend(room.scan("c.pem"));
    match_keys(&mut secrets);
    let key = secrets[0].key.as_ref().unwrap();
    assert_eq!(key.certificate.as_deref(), Some("etc/c.pem"));
    let certificate = secrets[1].certificate.as_ref().unwrap();
    assert_eq!(secrets[1].category, SecretCategory::Certificate);
    assert_eq!((certificate.subject.as_str(), certificate.self_signed), ("CN=shop.corp.io", true));
    assert_eq!(certificate.public_key, key.public_key);
    assert!(certificate.not_after > certificate.not_before);
    assert!(secrets[1].excerpt.contains("shop.corp.io"));
    // The same in base64 of the whole, as in a Kubernetes secret.
    assert!(room.run("openssl base64 -A -in k.pem -out k.b64"));
    let encoded = String::from_utf8(room.read("k.b64")).unwrap();
    let manifest = format!("data:\n  tls.key: {}\n", encoded.trim());
    let found = scan("k8s/secret.yaml", manifest.as_bytes());
    assert_eq!(found[0].fingerprint, secrets[0].fingerprint);
    // A bundle of many authorities, and one in the system's directory, are no findings.
    assert!(scan("app/ca.pem", &room.read("c.pem").repeat(10)).is_empty());
    let kept = scan("etc/ssl/certs/x.pem", &room.read("c.pem"));
    assert!(kept.is_empty() || !kept[0].certificate.as_ref().unwrap().is_ca);
}

#[test]
fn key_stores_open_with_well_known_passwords() {
    let room = Room::new("stores");
    let line = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -days 9 -subj /CN=x";
    if !room.run(line) {
        return;
    }
    let digest = room.digest("k.pem");
    for (options, password, told) in [
        ("", "changeit", "well-known password changeit"),
        ("-legacy -certpbe NONE", "changeme", "well-known password changeme"),
        ("-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512", "", "the empty password"),
        ("", "Zu9mKq2x", "not a well-known one"),
    ] {
        let line = format!(
            "openssl pkcs12 -export -inkey k.pem -in c.pem -out s.p12 -passout pass:{password} {options}"
        );
        assert!(room.run(line.trim_end()));
        let found = room.scan("s.p12");
        assert_eq!(found[0].category, SecretCategory::KeyStore, "{found:?}");
        assert!(
            found[0].excerpt.contains(told) && found[0].excerpt.contains("1 private keys"),
            "{}",
            found[0].excerpt
        );
        let key = found[0].key.as_ref().unwrap();
        let open = !told.starts_with("not");
        assert_eq!((key.encrypted, key.public_key == digest), (!open, open), "{told}");
    }
    // A store of certificates alone is no finding.
    assert!(room.run("openssl pkcs12 -export -nokeys -in c.pem -out t.p12 -passout pass:changeit"));
    assert!(room.scan("t.p12").is_empty());
}

#[test]
fn java_key_stores_are_read() {
    let room = Room::new("java");
    let make = |file: &str, kind: &str, password: &str| {
        room.run(&format!(
            "keytool -genkeypair -keyalg RSA -keysize 2048 -alias a -dname CN=x -validity 9 -storetype {kind} \
             -keystore {file} -storepass {password} -keypass {password}"
        ))
    };
    if !make("s.jks", "JKS", "changeit") {
        return;
    }
    assert!(make("closed.jks", "JKS", "Zu9mKq2x") && make("s.p12", "PKCS12", "changeit"));
    for (file, told, encrypted) in [
        (
            "s.jks",
            "jks: 1 private keys, 1 certificates; opens with the well-known password changeit",
            false,
        ),
        ("closed.jks", "jks: 1 private keys, 1 certificates", true),
        (
            "s.p12",
            "pkcs12: 1 private keys, 1 certificates; opens with the well-known password changeit",
            false,
        ),
    ] {
        let found = room.scan(file);
        let key = found[0].key.clone().unwrap();
        assert_eq!((found[0].excerpt.as_str(), key.encrypted), (told, encrypted));
        let certificate = found[0].certificate.clone().unwrap();
        assert_eq!((key.public_key.len(), certificate.subject.as_str()), (64, "CN=x"));
    }
}

#[test]
fn pgp_keys_are_read() {
    let room = Room::new("pgp");
    let options = "gpg --batch --pinentry-mode loopback --quiet --passphrase";
    if !room.run(&format!("{options} '' --quick-gen-key a@corp.io rsa2048")) {
        return;
    }
    let export = "gpg --batch --quiet --pinentry-mode loopback --export-secret-keys --output";
    assert!(room.run(&format!("{export} secret.gpg")));
    assert!(room.run("gpg --batch --quiet --armor --export-secret-keys --output secret.asc"));
    check(&room.key("secret.gpg"), "rsa", 2048, ("pgp", false));
    check(&room.key("secret.asc"), "rsa", 2048, ("pgp", false));
    assert_eq!(room.key("secret.gpg").public_key, room.key("secret.asc").public_key);
    let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", &room.0).output();
}

/// Cut and changed keys neither panic nor cost much.
#[test]
fn damaged_keys_are_survived() {
    let room = Room::new("damage");
    if !room.run("openssl genrsa -traditional -out rsa.pem 1024") {
        return;
    }
    assert!(room.run("openssl rsa -traditional -in rsa.pem -outform DER -out rsa.der"));
    assert!(room.run("openssl req -x509 -key rsa.pem -out c.pem -days 9 -subj /CN=x"));
    assert!(
        room.run(
            "openssl pkcs12 -export -inkey rsa.pem -in c.pem -out s.p12 -passout pass:changeit"
        )
    );
    for file in ["rsa.der", "s.p12", "rsa.pem"] {
        let bytes = room.read(file);
        for cut in (0..bytes.len()).step_by(7) {
            scan("k", &bytes[..cut]);
        }
        for at in (0..bytes.len()).step_by(11) {
            for bit in [0x80, 0x01] {
                let mut changed = bytes.clone();
                changed[at] ^= bit;
                scan("k", &changed);
            }
        }
    }
}
