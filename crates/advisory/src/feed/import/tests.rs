//! `import`: order, rejections, folders and archives of several sources.

use std::path::PathBuf;

use model::NoProgress;

use super::*;

#[derive(Default)]
struct Log(Vec<String>);

impl RecordSink for Log {
    fn begin_source(&mut self, source: &str) -> Result<(), AdvisoryError> {
        self.0.push(format!("begin {source}"));
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        self.0.push(match record {
            Record::Advisory(advisory) => format!("{} {}", advisory.id, advisory.affected.len()),
            Record::Kev(record) => record.cve,
            Record::Epss(record) => record.cve,
            other => format!("{other:?}"),
        });
        Ok(())
    }

    fn abandon_source(&mut self) {
        self.0.push("abandon".to_owned());
    }

    fn end_source(&mut self, summary: &SourceSummary) -> Result<(), AdvisoryError> {
        self.0.push(format!("end {} {}", summary.source, summary.records));
        Ok(())
    }
}

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    for (name, content) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, content).expect("written");
    }
    root
}

fn osv(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2024-05-01T00:00:00Z","affected":[{{"package":
            {{"ecosystem":"npm","name":"a"}},"versions":["1"]}}]}}"#
    )
}

const KEV: &str = r#"{"vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-01-01"}]}"#;
const EPSS: &str = "cve,epss,percentile\nCVE-2024-2,0.5,0.5\n";

fn run(path: &Path) -> (Vec<SourceSummary>, Vec<String>) {
    let mut log = Log::default();
    let summaries = import(path, &mut log, &NoProgress).expect("advisories");
    (summaries, log.0)
}

#[test]
fn gives_records_in_the_order_of_the_files() {
    let (one, two) = (osv("GHSA-1"), osv("GHSA-2"));
    let root = directory(&[
        ("2.json", one.as_str()),
        ("1.json", &two),
        ("3.json", "{\"id\": broken"),
        ("4.json", "{\"other\": \"shape\"}"),
        ("5.json", KEV),
        ("README.md", "# Read me"),
        ("package.json", "{}"),
    ]);
    let (summaries, log) = run(root.path());
    // Loose files of two kinds are two snapshots.
    let expect = [
        "begin ghsa-npm",
        "GHSA-2 1",
        "GHSA-1 1",
        "end ghsa-npm 2",
        "begin kev",
        "CVE-2024-1",
        "end kev 1",
    ];
    assert_eq!(log, expect);
    let ghsa = summaries.iter().find(|summary| summary.source == "ghsa-npm").expect("read");
    assert_eq!(ghsa.newest.map(|t| t.to_string()).as_deref(), Some("2024-05-01T00:00:00Z"));
}

#[test]
fn rejections_name_the_file_and_the_reason() {
    let one = osv("GHSA-1");
    let root = directory(&[
        ("a/1.json", one.as_str()),
        ("a/2.json", "{\"id\": broken"),
        ("a/3.json", "{\"other\": \"shape\"}"),
        ("a/4.json", "{\"id\":\"GHSA-4\",\"modified\":5}"),
        ("a/5.json", ""),
    ]);
    let (summaries, log) = run(root.path());
    assert_eq!(log, ["begin ghsa-npm", "GHSA-1 1", "end ghsa-npm 1"]);
    assert_eq!((summaries[0].files, summaries[0].rejected_count), (5, 4));
    let expect = [
        "a/2.json: expected value at line 1 column 8",
        "a/3.json: it is no advisory of a known format",
        "a/4.json: invalid type: integer `5`, expected a string at line 1 column 27",
        "a/5.json: it is empty",
    ];
    assert_eq!(summaries[0].rejected, expect);
}

#[test]
fn a_folder_of_sources_is_read_source_by_source() {
    let one = osv("GHSA-1");
    let root = directory(&[
        ("ghsa/1.json", one.as_str()),
        ("other/data/kev.json", KEV),
        ("other/data/scores.csv", EPSS),
        ("junk/notes.json", "{\"a\":1}"),
    ]);
    let (summaries, log) = run(root.path());
    assert_eq!(
        log,
        [
            "begin ghsa-npm",
            "GHSA-1 1",
            "end ghsa-npm 1",
            "begin epss",
            "CVE-2024-2",
            "end epss 1",
            "begin kev",
            "CVE-2024-1",
            "end kev 1"
        ]
    );
    let junk = summaries.iter().find(|summary| summary.source == "unrecognised").expect("listed");
    assert!(junk.rejected[0].ends_with("junk: no advisories of a known format"));
}

#[test]
fn sources_mixed_in_an_archive_are_given_one_after_the_other() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("mixed.tar");
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in [("epss.csv", EPSS), ("kev.json", KEV), ("more.json", KEV)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content.as_bytes()).expect("appended");
    }
    std::fs::write(&path, builder.into_inner().expect("finished")).expect("written");
    let (_, log) = run(&path);
    assert_eq!(
        log,
        [
            "begin kev",
            "CVE-2024-1",
            "CVE-2024-1",
            "end kev 2",
            "begin epss",
            "CVE-2024-2",
            "end epss 1"
        ]
    );
}

#[test]
fn a_source_that_breaks_off_is_abandoned() {
    let root = tempfile::tempdir().expect("a directory");
    let mut builder = tar::Builder::new(Vec::new());
    for at in 0..3000 {
        let content = osv(&format!("GHSA-{at}"));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, format!("{at}.json"), content.as_bytes()).expect("added");
    }
    let tar = builder.into_inner().expect("finished");
    let path = root.path().join("cut.tar");
    std::fs::write(&path, &tar[..tar.len() / 2]).expect("written");
    let mut log = Log::default();
    let error = import(&path, &mut log, &NoProgress).expect_err("cut");
    assert!(error.to_string().contains("is damaged"), "{error}");
    assert_eq!(log.0.first().map(String::as_str), Some("begin ghsa-npm"));
    assert_eq!(log.0.last().map(String::as_str), Some("abandon"));
    assert!(!log.0.iter().any(|line| line.starts_with("end ")));
}

#[test]
fn joins_what_several_documents_say_of_one_vulnerability() {
    let secdb = |release: &str| {
        format!(
            r#"{{"apkurl":"x","distroversion":"{release}","urlprefix":"y","packages":
                [{{"pkg":{{"name":"a","secfixes":{{"1-r0":["CVE-2024-0001"]}}}}}}]}}"#
        )
    };
    let (one, two) = (secdb("v3.1"), secdb("v3.2"));
    let root = directory(&[("3.1/main.json", one.as_str()), ("3.2/main.json", &two)]);
    let (summaries, log) = run(root.path());
    assert_eq!(log, ["begin alpine", "CVE-2024-0001 2", "end alpine 1"]);
    assert_eq!((summaries[0].files, summaries[0].records), (2, 1));
}

#[test]
fn nothing_recognised_is_one_clear_error() {
    let root = directory(&[("a.json", "{\"a\":1}"), ("b.txt", "hello")]);
    let paths: [PathBuf; 2] = [root.path().to_owned(), root.path().join("b.txt")];
    for path in paths {
        let error = import(&path, &mut Log::default(), &NoProgress).expect_err("nothing");
        let text = error.to_string();
        assert!(text.starts_with("no advisories of a known format in "), "{text}");
        assert!(!text.contains('\n'));
    }
}

#[test]
fn an_error_of_the_sink_ends_the_import() {
    struct Full;

    impl RecordSink for Full {
        fn record(&mut self, _: Record) -> Result<(), AdvisoryError> {
            Err(AdvisoryError::DatabaseMissing { path: PathBuf::from("full") })
        }
    }

    let documents: Vec<(String, String)> =
        (0..5000).map(|at| (format!("{at}.json"), osv(&format!("GHSA-{at}")))).collect();
    let files: Vec<(&str, &str)> =
        documents.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    let root = directory(&files);
    let error = import(root.path(), &mut Full, &NoProgress).expect_err("the sink is full");
    assert!(matches!(error, AdvisoryError::DatabaseMissing { .. }));
}
