//! The suite on SQLite, several writers at once, and files that are not ours to use.

use std::process::Command;

use rusqlite::Connection;

use super::*;
use crate::conformance;
use crate::samples::{decision, digest, moment, report};

/// Names the file for the test that runs as another process.
const CHILD_STORE: &str = "LAZARET_TEST_CHILD_STORE";
/// Reports that each writer saves.
const REPORTS_EACH: u8 = 25;

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/lazaret.db");
    (directory, path)
}

#[test]
fn passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    conformance::run(|name| Store::open(&directory.path().join(format!("{name}.db"))).unwrap());
}

#[test]
fn state_outlives_the_run() {
    let (_directory, path) = scratch();
    let id = Store::open(&path).unwrap().save_report(&report("a", 1, 1)).unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.report(id).unwrap(), Some(report("a", 1, 1)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn threads_share_a_file() {
    let (_directory, path) = scratch();
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || save_many(path, writer));
        }
    });
    assert_eq!(Store::open(&path).unwrap().latest_reports(1_000).unwrap().len(), 100);
}

#[test]
fn threads_share_a_store() {
    let (_directory, path) = scratch();
    let store = Store::open(&path).unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || store.save_report(&report("a", writer, 1)).unwrap());
        }
    });
    assert_eq!(store.latest_reports(10).unwrap().len(), 4);
}

#[test]
fn processes_share_a_file() {
    let (_directory, path) = scratch();
    let child = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::child_process", "--ignored", "--quiet"])
            .env(CHILD_STORE, &path)
            .spawn()
            .unwrap()
    };
    let mut children = [child(), child(), child()];
    save_many(&path, 0);
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = Store::open(&path).unwrap();
    assert_eq!(store.latest_reports(1_000).unwrap().len(), 4 * usize::from(REPORTS_EACH));
}

#[test]
#[ignore = "runs as the other process of processes_share_a_file"]
fn child_process() {
    if let Some(path) = std::env::var_os(CHILD_STORE) {
        save_many(Path::new(&path), 1);
    }
}

fn save_many(path: &Path, writer: u8) {
    let store = Store::open(path).unwrap();
    for number in 0..REPORTS_EACH {
        store.save_report(&report("a", writer, i64::from(number))).unwrap();
        store.latest_reports(5).unwrap();
    }
}

/// The error of opening a file with this content.
fn refusal(content: &[u8]) -> StoreError {
    let (_directory, path) = scratch();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    Store::open(&path).unwrap_err()
}

#[test]
fn says_what_to_do_with_a_damaged_file() {
    let error = refusal(&b"this is no database, it is a long line of text ".repeat(40));
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("move it away"), "{error}");

    let (_directory, path) = scratch();
    let store = Store::open(&path).unwrap();
    for number in 0..50 {
        store.save_report(&report("a", number, 1)).unwrap();
    }
    store.read(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))).unwrap();
    drop(store);
    let mut content = fs::read(&path).unwrap();
    for byte in content.iter_mut().skip(4096) {
        *byte = 0xa5;
    }
    fs::write(&path, &content).unwrap();
    let error = Store::open(&path).and_then(|store| store.latest_reports(100)).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn an_empty_file_is_a_new_store() {
    let (_directory, path) = scratch();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"").unwrap();
    assert!(Store::open(&path).unwrap().latest_reports(1).unwrap().is_empty());
}

#[test]
fn leaves_other_files_alone() {
    let (_directory, path) = scratch();
    drop(Store::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", schema::newest() + 1).unwrap();
    drop(connection);
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Newer { .. }), "{error:?}");

    let (_directory, path) = scratch();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE bookmark (url TEXT)").unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn says_where_it_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"x").unwrap();
    for path in [file.join("store.db"), directory.path().to_path_buf()] {
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_report_that_cannot_be_read_is_told() {
    let (_directory, path) = scratch();
    let store = Store::open(&path).unwrap();
    let id = store.save_report(&report("a", 1, 1)).unwrap();
    store.write(|c| c.execute("UPDATE report SET body = x'00'", [])).unwrap();
    let error = store.report(id).unwrap_err();
    assert!(matches!(error, StoreError::Report { .. }), "{error:?}");
    assert_eq!(store.latest_reports(10).unwrap().len(), 1);
}

#[test]
fn decisions_cannot_be_changed_unseen() {
    let (_directory, path) = scratch();
    let store = Store::open(&path).unwrap();
    for second in 0..5 {
        store.append_decision(&decision(second)).unwrap();
    }
    let raw = Connection::open(&path).unwrap();
    for refused in ["DELETE FROM decision", "UPDATE decision SET body = ''"] {
        assert!(raw.execute(refused, []).is_err(), "{refused}");
    }
    raw.execute_batch("DROP TRIGGER decision_holds; DROP TRIGGER decision_stays").unwrap();
    let broken = |change: &str| {
        raw.execute_batch(change).unwrap();
        let chain = store.verify_decisions().unwrap();
        chain.broken.map(|(number, why)| format!("{number}: {why}"))
    };
    let change = "UPDATE decision SET body = replace(body, 'deny', 'warn') WHERE number = 4";
    assert_eq!(broken(change).as_deref(), Some("4: its text was changed"));
    let cut = "DELETE FROM decision WHERE number = 2";
    assert_eq!(broken(cut).as_deref(), Some("3: decision 2 is missing"));
}

#[test]
fn old_decisions_leave_and_the_rest_still_verifies() {
    let (_directory, path) = scratch();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.prune_decisions(moment(100), 0).unwrap(), 0);
    // The third has a clock that went wrong: it hides nothing of what came before it.
    for second in [10, 20, 0, 30, 40, 50] {
        store.append_decision(&decision(second)).unwrap();
    }
    let left = || {
        let chain = store.verify_decisions().unwrap();
        assert_eq!(chain.broken, None);
        (chain.pruned, chain.decisions)
    };
    assert_eq!(store.prune_decisions(moment(20), u64::MAX).unwrap(), 1);
    assert_eq!(store.prune_decisions(moment(20), u64::MAX).unwrap(), 0);
    assert_eq!(left(), (1, 5));
    // By size: what two of them take.
    let bytes = serde_json::to_string(&decision(40)).unwrap().len() as u64 + 300;
    assert_eq!(store.prune_decisions(moment(0), 2 * bytes).unwrap(), 3);
    assert_eq!(left(), (4, 2));
    // The newest stays, and the next goes on from it.
    assert_eq!(store.prune_decisions(moment(1000), 0).unwrap(), 1);
    assert_eq!(store.append_decision(&decision(60)).unwrap(), 7);
    assert_eq!(left(), (5, 2));
    let raw = Connection::open(&path).unwrap();
    for refused in [
        "DELETE FROM decision",
        "DELETE FROM decision_anchor",
        "UPDATE decision_anchor SET number = 4",
    ] {
        assert!(raw.execute(refused, []).is_err(), "{refused}");
    }
    raw.execute_batch("UPDATE decision_anchor SET number = 6").unwrap();
    let broken = store.verify_decisions().unwrap().broken;
    assert_eq!(broken.unwrap(), (6, "decision 7 is missing".to_owned()));
}

#[test]
fn threads_append_to_one_chain() {
    let (_directory, path) = scratch();
    thread::scope(|scope| {
        for _ in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                (0..25).for_each(|second| {
                    store.append_decision(&decision(second)).unwrap();
                });
            });
        }
    });
    let chain = Store::open(&path).unwrap().verify_decisions().unwrap();
    assert_eq!((chain.decisions, chain.broken), (100, None));
}

#[test]
fn an_older_file_gets_its_digests() {
    let (_directory, path) = scratch();
    let mut saved = report("a", 1, 1);
    saved.source.manifest_digest = Some(digest(9));
    Store::open(&path).unwrap().save_report(&saved).unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(
        "DROP TABLE decision; DROP TABLE decision_anchor; DROP INDEX report_by_manifest; DROP INDEX report_by_digest;
         ALTER TABLE report DROP COLUMN manifest_digest; ALTER TABLE report DROP COLUMN digest;
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(raw);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.report_by_manifest(&digest(9)).unwrap(), Some(saved));
    let stored = store.stored_report(crate::ReportId(1)).unwrap().unwrap();
    assert_eq!(store.report_by_digest(&stored.digest).unwrap(), Some(stored));
}
