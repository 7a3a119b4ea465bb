//! Downloads against a server of our own on the loopback interface.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use model::NoProgress;

use super::*;
use crate::Record;

const MEBIBYTE: u64 = 1 << 20;

/// A server that gives these answers, one a connection, and notes what it was asked.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let head = head(&stream);
                noted.lock().expect("not poisoned").push(head);
                let _ = stream.write_all(&answer);
            }
        });
        Server { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self, at: usize) -> String {
        self.asked.lock().expect("not poisoned")[at].clone()
    }
}

/// The request line and headers, lower case.
fn head(stream: &TcpStream) -> String {
    let mut head = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap_or_default();
        if line.is_empty() {
            break;
        }
        head.push_str(&line.to_ascii_lowercase());
        head.push('\n');
    }
    head
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let mut head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n");
    for header in headers.split(';').filter(|header| !header.is_empty()) {
        head += &format!("{header}\r\n");
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// An answer that promises more than it sends.
fn broken(headers: &str, promised: usize, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\nConnection: close\r\n");
    format!("{head}{headers}\r\n\r\n{body}").into_bytes()
}

struct Place {
    _directory: tempfile::TempDir,
    file: PathBuf,
}

fn place() -> Place {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file.json");
    Place { _directory: directory, file }
}

fn fetch_from(server: &Server, place: &Place) -> Result<Fetch, AdvisoryError> {
    let url = server.url("/file.json");
    Downloader::impatient(MEBIBYTE).fetch("test", &url, &place.file, &NoProgress)
}

fn content(place: &Place) -> String {
    std::fs::read_to_string(&place.file).expect("fetched")
}

#[test]
fn asks_whether_a_file_has_changed() {
    let tag = "ETag: \"one\";Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT";
    let server = Server::start(vec![
        answer("200 OK", tag, "first"),
        answer("304 Not Modified", "", ""),
        answer("200 OK", "ETag: \"two\"", "second"),
    ]);
    let place = place();
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert_eq!(content(&place), "first");
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Unchanged));
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert_eq!(content(&place), "second");
    assert!(!server.asked(0).contains("if-none-match"));
    assert!(server.asked(1).contains("if-none-match: \"one\""));
    assert!(server.asked(1).contains("if-modified-since: wed, 21 oct 2015"));
}

#[test]
fn resumes_what_broke_off() {
    let server = Server::start(vec![
        broken("ETag: \"one\"", 10, "01234"),
        answer("206 Partial Content", "ETag: \"one\";Content-Range: bytes 5-9/10", "56789"),
    ]);
    let place = place();
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert_eq!(content(&place), "0123456789");
    assert!(server.asked(1).contains("range: bytes=5-"));
    assert!(server.asked(1).contains("if-range: \"one\""));
    assert!(!part_of(&place).exists());
}

fn part_of(place: &Place) -> PathBuf {
    state::part_path(&place.file)
}

#[test]
fn begins_anew_when_the_file_has_changed_meanwhile() {
    let server = Server::start(vec![
        broken("ETag: \"one\"", 10, "01234"),
        answer("200 OK", "ETag: \"two\"", "other"),
    ]);
    let place = place();
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert_eq!(content(&place), "other");
}

#[test]
fn begins_anew_when_the_part_is_not_the_one_asked_for() {
    let server = Server::start(vec![
        broken("ETag: \"one\"", 10, "01234"),
        answer("206 Partial Content", "Content-Range: bytes 2-9/10", "23456789"),
        answer("200 OK", "", "whole"),
    ]);
    let place = place();
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert_eq!(content(&place), "whole");
    assert!(!server.asked(2).contains("range:"));
}

#[test]
fn does_not_resume_without_a_validator() {
    let server = Server::start(vec![broken("X: y", 10, "01234"), answer("200 OK", "", "whole")]);
    let place = place();
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert!(!server.asked(1).contains("range:"));
    assert_eq!(content(&place), "whole");
}

#[test]
fn tries_again_what_fails_for_the_moment() {
    let server = Server::start(vec![
        answer("500 Internal Server Error", "", "oops"),
        answer("503 Service Unavailable", "Retry-After: 0", ""),
        answer("200 OK", "", "fine"),
    ]);
    let place = place();
    assert_eq!(fetch_from(&server, &place).ok(), Some(Fetch::Fresh));
    assert_eq!(content(&place), "fine");
}

#[test]
fn gives_up_in_one_line() {
    let cases = [
        (vec![answer("404 Not Found", "", "")], "does not have it (404 Not Found)"),
        (vec![answer("403 Forbidden", "", "")], "answered 403 Forbidden"),
        (vec![answer("502 Bad Gateway", "", ""); 4], "answered 502 Bad Gateway (4 tries)"),
        (vec![broken("X: y", 10, "01234"); 4], "(4 tries)"),
        (vec![answer("200 OK", "", &"x".repeat(2 << 20))], "larger than 1 MiB"),
    ];
    for (answers, expect) in cases {
        let server = Server::start(answers);
        let place = place();
        let error = fetch_from(&server, &place).expect_err(expect).to_string();
        assert!(error.contains(expect), "{error}");
        assert!(error.contains("cannot fetch test from http://127.0.0.1"), "{error}");
        assert!(!error.contains('\n'), "{error}");
        assert!(!place.file.exists());
    }
}

#[test]
fn a_failed_update_leaves_the_old_file() {
    let server = Server::start(vec![answer("200 OK", "", "old"), answer("404 Not Found", "", "")]);
    let place = place();
    assert!(fetch_from(&server, &place).is_ok());
    assert!(fetch_from(&server, &place).is_err());
    assert_eq!(content(&place), "old");
}

#[test]
fn an_unreachable_host_is_named_and_not_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let place = place();
    let mut downloader = Downloader::impatient(MEBIBYTE);
    for _ in 0..2 {
        let url = format!("http://{address}/x");
        let error = downloader.fetch("test", &url, &place.file, &NoProgress);
        let error = error.expect_err("nobody listens").to_string();
        assert!(error.starts_with(&format!("cannot reach {address} (")), "{error}");
        assert!(error.contains("lazaret advisories import"), "{error}");
    }
}

#[derive(Default)]
struct Names(Vec<String>);

impl RecordSink for Names {
    fn begin_source(&mut self, source: &str) -> Result<(), AdvisoryError> {
        self.0.push(source.to_owned());
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        if let Record::Kev(record) = record {
            self.0.push(record.cve);
        }
        Ok(())
    }
}

fn run(options: &UpdateOptions) -> (Vec<SourceUpdate>, Vec<String>) {
    let mut sink = Names::default();
    let updates =
        update(options, &mut |fetched| fetched.import(&mut sink, &NoProgress), &NoProgress);
    (updates.expect("the names are known"), sink.0)
}

#[test]
fn reads_what_it_fetched_and_goes_on_past_failures() {
    let kev =
        r#"{"title":"x","vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-01-01"}]}"#;
    let server = Server::start(vec![
        answer("404 Not Found", "", ""),
        answer("200 OK", "ETag: \"a\"", kev),
        answer("404 Not Found", "", ""),
        answer("304 Not Modified", "", ""),
    ]);
    let cache = tempfile::tempdir().expect("a directory");
    let options = UpdateOptions {
        sources: vec!["arch".to_owned(), "kev".to_owned()],
        cache_dir: cache.path().to_owned(),
        mirror: Some(server.url("/mirror/")),
        urls: BTreeMap::new(),
    };
    for changed in [true, false] {
        let (updates, seen) = run(&options);
        assert!(updates[0].outcome.is_err());
        let (fetched, summaries) = updates[1].outcome.as_ref().expect("fetched");
        assert_eq!(fetched.changed, changed);
        assert_eq!(summaries[0].records, 1);
        assert_eq!(seen, ["kev", "CVE-2024-1"]);
    }
    assert!(server.asked(1).starts_with("get /mirror/www.cisa.gov/sites/default/files/feeds/"));
}

#[test]
fn takes_the_files_that_are_there_and_forgets_the_others() {
    let secdb = |release: &str| {
        format!(
            r#"{{"apkurl":"x","distroversion":"{release}","urlprefix":"y","packages":
                [{{"pkg":{{"name":"a","secfixes":{{"1-r0":["CVE-2024-0001"]}}}}}}]}}"#
        )
    };
    let server = Server::start(vec![
        answer("200 OK", "", &secdb("v3.1")),
        answer("404 Not Found", "", ""),
        answer("200 OK", "", &secdb("edge")),
    ]);
    let cache = tempfile::tempdir().expect("a directory");
    let stale = cache.path().join("alpine/old.json");
    std::fs::create_dir_all(stale.parent().expect("a parent")).expect("created");
    std::fs::write(&stale, "{").expect("written");
    let urls = ["/1.json", "/2.json", "/3.json"].map(|path| server.url(path)).to_vec();
    let options = UpdateOptions {
        sources: vec!["alpine".to_owned()],
        cache_dir: cache.path().to_owned(),
        mirror: None,
        urls: BTreeMap::from([("alpine".to_owned(), urls)]),
    };
    let (updates, _) = run(&options);
    let (fetched, summaries) = updates[0].outcome.as_ref().expect("fetched");
    assert!(fetched.changed);
    assert_eq!((summaries[0].files, summaries[0].records), (2, 1));
    assert!(!stale.exists());
}

#[test]
fn follows_the_file_that_names_the_archive() {
    let osv = r#"{"id":"RHSA-1","modified":"2024-05-01T00:00:00Z","related":["CVE-2024-1"],"affected":
        [{"package":{"ecosystem":"Red Hat:enterprise_linux:8::baseos","name":"a"},"ranges":
        [{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0:1-1.el8"}]}]}]}"#;
    let server = Server::start(vec![
        answer("200 OK", "", "vex_2026.json\n"),
        answer("200 OK", "", osv),
        answer("200 OK", "", "../../etc/passwd"),
    ]);
    let cache = tempfile::tempdir().expect("a directory");
    let options = UpdateOptions {
        sources: vec!["redhat-cve".to_owned()],
        cache_dir: cache.path().to_owned(),
        mirror: Some(server.url("")),
        urls: BTreeMap::new(),
    };
    let (updates, seen) = run(&options);
    let (fetched, _) = updates[0].outcome.as_ref().expect("fetched");
    assert!(fetched.path.to_string_lossy().ends_with("vex_vex_2026.json"), "{fetched:?}");
    assert_eq!(seen, ["redhat-cve"]);
    let asked = server.asked(1);
    assert!(asked.starts_with("get /security.access.redhat.com/data/csaf/v2/vex/vex_2026.json "));
    let (updates, _) = run(&options);
    let error = updates[0].outcome.as_ref().expect_err("a path").to_string();
    assert!(error.contains("does not hold the name of an archive"), "{error}");
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    for name in ["nothing", "amazon"] {
        let options = UpdateOptions { sources: vec![name.to_owned()], ..UpdateOptions::default() };
        let error = update(&options, &mut |_| Ok(Vec::new()), &NoProgress).expect_err("unknown");
        assert!(error.to_string().contains("known are alma, alpine, arch"), "{error}");
    }
    assert_eq!(select(&["ghsa".to_owned()]).expect("a group").len(), 11);
    assert!(select(&[]).expect("the defaults").len() > 20);
}

#[test]
fn files_have_names_that_tell_their_kind() {
    let cases = [
        (
            "https://security-tracker.debian.org/tracker/data/json",
            "security-tracker.debian.org_tracker_data_json.json",
        ),
        ("https://host/npm/all.zip?x=1", "host_npm_all.zip"),
        ("https://host/a/../../b.json", "host_a_.._.._b.json"),
        ("http://127.0.0.1:80/x.json", "127.0.0.1_80_x.json"),
    ];
    for (url, expect) in cases {
        assert_eq!(file_name(url), expect);
    }
}
