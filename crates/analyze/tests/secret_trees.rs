//! Walks over real trees, run by hand, a list of directories with `:` between them:
//! `LAZARET_TREES=/a:/b cargo test --release -p lazaret-analyze --test secret_trees -- --ignored --nocapture`.
//! Prints what is found and the speed; with LAZARET_ALL also placeholders and certificates; with
//! LAZARET_KEYS the lines of `rules/secrets/known-keys.txt` instead.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::path::Path;
use std::time::{Duration, Instant};

use lazaret_analyze::SecretScanner;
use model::{Confidence, FileEntry, FileKind, Secret, SecretCategory};

#[derive(Default)]
struct Totals {
    files: usize,
    bytes: u64,
    time: Duration,
}

fn walk(root: &Path, path: &Path, totals: &mut Totals) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    for item in entries.flatten() {
        let Ok(kind) = item.file_type() else { continue };
        let path = item.path();
        if kind.is_dir() {
            walk(root, &path, totals);
        } else if kind.is_file()
            && let Ok(bytes) = std::fs::read(&path)
        {
            one(&path.strip_prefix(root).unwrap().to_string_lossy(), &bytes, totals);
        }
    }
}

fn one(path: &str, bytes: &[u8], totals: &mut Totals) {
    let scanner = SecretScanner::built_in().unwrap();
    let entry = FileEntry {
        path: path.to_owned(),
        kind: FileKind::Regular,
        size_bytes: bytes.len() as u64,
        mode: 0o644,
        uid: 0,
        gid: 0,
    };
    let start = Instant::now();
    let found = scanner.scan_file(&entry, &bytes);
    totals.time += start.elapsed();
    totals.files += 1;
    totals.bytes += bytes.len() as u64;
    let all = std::env::var_os("LAZARET_ALL").is_some();
    let keys = std::env::var_os("LAZARET_KEYS").is_some();
    for secret in found.secrets {
        if keys {
            list_key(path, &secret);
            continue;
        }
        if secret.confidence < Confidence::Likely && !all {
            continue;
        }
        if secret.category == SecretCategory::Certificate && !all {
            continue;
        }
        let public = secret.key.as_ref().map_or("", |key| key.public_key.as_str());
        println!(
            "{:?}\t{}\t{}:{}\t{}\t{public}",
            secret.confidence, secret.rule, path, secret.line, secret.excerpt
        );
    }
}

/// `KEY`, the digest for `rules/secrets/known-keys.txt`, the path.
fn list_key(path: &str, secret: &Secret) {
    let public = match (&secret.key, &secret.certificate) {
        (Some(key), _) if !key.public_key.is_empty() => key.public_key.get(..32),
        (None, Some(facts)) => facts.public_key.get(..32),
        (Some(_), _) => Some(secret.fingerprint.as_str()),
        (None, None) => None,
    };
    if let Some(public) = public {
        println!("KEY\t{public}\t{path}\t{:?}", secret.category);
    }
}

#[test]
#[ignore = "needs LAZARET_TREES"]
fn walk_trees() {
    let trees = std::env::var("LAZARET_TREES").unwrap();
    for tree in trees.split(':') {
        let mut totals = Totals::default();
        walk(Path::new(tree), Path::new(tree), &mut totals);
        let speed = totals.bytes as f64 / totals.time.as_secs_f64() / 1e6;
        println!(
            "# {tree}: {} files, {:.1} MB, {:.2} s, {speed:.0} MB/s",
            totals.files,
            totals.bytes as f64 / 1e6,
            totals.time.as_secs_f64()
        );
    }
}
