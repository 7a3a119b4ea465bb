//! YARA rules on the command line: listed, tested, added, fetched, removed.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use walks::{Run, command, run, scratch};

const RULE: &str = r#"rule lazaret_walk {
    meta:
        description = "A word of this walk"
        author = "walks"
        license = "CC0-1.0"
        score = 80
    strings:
        $word = "grapefruit-walk"
    condition:
        $word
}
"#;

fn rules(data: &Path, words: &[&str]) -> Run {
    let cache = scratch();
    run(command(data, cache.path()).arg("rules").args(words))
}

fn written(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn the_shipped_rules_are_listed_and_compile() {
    let data = scratch();
    let list = rules(data.path(), &["list"]).expect(0);
    assert!(list.out.contains("built-in") && list.out.contains("Apache-2.0"), "{}", list.out);
    let all = rules(data.path(), &["list", "--all"]).expect(0);
    assert!(all.out.contains("php_input_eval"), "{}", all.out);
    let test = rules(data.path(), &["test"]).expect(0);
    assert!(test.out.contains(" 0 problems"), "{}", test.out);
}

#[test]
fn a_broken_rule_is_told_with_its_place_and_the_others_are_used() {
    let data = scratch();
    let text = format!("rule broken {{ condition: nobody_knows }}\n{RULE}");
    let broken = written(data.path(), "mixed.yar", &text);
    let target = written(data.path(), "notes.txt", "here is a grapefruit-walk");
    let test = rules(data.path(), &["test", &broken, "--on", &target]).expect(2);
    assert!(test.err.contains("mixed.yar:1:26") && test.err.contains('^'), "{}", test.err);
    assert!(test.out.contains("1 rules in 1 files compile; 1 problems"), "{}", test.out);
    assert!(test.out.contains("lazaret_walk 0.80 at 10: grapefruit-walk"), "{}", test.out);
}

#[test]
fn rules_are_added_on_accepted_terms_and_removed() {
    let data = scratch();
    let file = written(data.path(), "mine.yar", RULE);
    let asked = rules(data.path(), &["add", &file]).expect(2);
    assert!(asked.out.contains("1 rules: CC0-1.0"), "{}", asked.out);
    assert!(asked.err.contains("--accept-licence"), "{}", asked.err);
    rules(data.path(), &["add", &file, "--accept-licence"]).expect(0);
    let list = rules(data.path(), &["list", "--json"]).expect(0).json();
    assert_eq!(list[1]["name"], "mine");
    assert_eq!(list[1]["licence"], "CC0-1.0");
    let target = written(data.path(), "notes.txt", "here is a grapefruit-walk");
    let found = rules(data.path(), &["test", "--on", &target]).expect(0);
    assert!(found.out.contains("lazaret_walk"), "{}", found.out);
    rules(data.path(), &["remove", "mine"]).expect(0);
    let again = rules(data.path(), &["remove", "mine"]).expect(2);
    assert!(again.err.contains("no set `mine`"), "{}", again.err);
    let named = rules(data.path(), &["add", &file, "--name", "../x", "--accept-licence"]).expect(2);
    assert!(named.err.contains("cannot name a set"), "{}", named.err);
}

#[test]
fn public_sets_are_fetched_on_their_terms() {
    let data = scratch();
    let known = rules(data.path(), &["fetch"]).expect(0);
    assert!(known.out.contains("reversinglabs") && known.out.contains("MIT"), "{}", known.out);
    let refused = rules(data.path(), &["fetch", "elastic"]).expect(2);
    assert!(refused.err.contains("Elastic-2.0"), "{}", refused.err);
    let mirror = mirror("/reversinglabs.tar.gz", archive());
    rules(data.path(), &["fetch", "reversinglabs", "--mirror", &mirror]).expect(0);
    let list = rules(data.path(), &["list", "--json"]).expect(0).json();
    assert_eq!(list[1]["name"], "reversinglabs");
    assert_eq!(list[1]["rules"], 1);
    let unknown = rules(data.path(), &["fetch", "nobody"]).expect(2);
    assert!(unknown.err.contains("signature-base"), "{}", unknown.err);
}

/// A published set: one rule file and a licence text in one folder.
fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in [("set-HEAD/yara/a.yar", RULE), ("set-HEAD/LICENSE", "words")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A server on the loopback address that answers one request for one path.
fn mirror(path: &'static str, body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        let asked = String::from_utf8_lossy(&request[..read]).into_owned();
        assert!(asked.starts_with(&format!("GET {path} ")), "{asked}");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).unwrap();
    });
    format!("http://{address}")
}
