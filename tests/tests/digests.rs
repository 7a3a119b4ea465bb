//! Digest lists on the command line: imported, listed, exported, removed.

use std::path::Path;

use walks::{Run, command, run, scratch};

const DIGEST: &str = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";

fn digests(data: &Path, words: &[&str]) -> Run {
    let cache = scratch();
    run(command(data, cache.path()).arg("digests").args(words))
}

fn written(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn the_shipped_list_is_listed_and_exported() {
    let data = scratch();
    let list = digests(data.path(), &["list"]).expect(0);
    assert!(list.out.contains("built-in") && list.out.contains("text-tlsh"), "{}", list.out);
    let text = digests(data.path(), &["export"]).expect(0);
    assert!(text.out.contains(&format!("sha256\t{DIGEST}\tEICAR-Test-File\t68\n")));
}

#[test]
fn a_list_is_imported_with_its_bad_lines_told_and_is_exported_again() {
    let data = scratch();
    let text = format!("{DIGEST}  one\nno digest\n6:ABC:DEF,\"two\"\n");
    let file = written(data.path(), "known.txt", &text);
    let import = digests(data.path(), &["import", &file]).expect(0);
    assert!(import.out.contains("2 digests new in `known`"), "{}", import.out);
    assert!(import.err.contains("line 2: "), "{}", import.err);
    let again = digests(data.path(), &["import", &file]).expect(0);
    assert!(again.out.contains("0 digests new"), "{}", again.out);
    let export = digests(data.path(), &["export", "known"]).expect(0);
    let expect = format!("# method\tdigest\tname\nsha256\t{DIGEST}\tone\nctph\t6:ABC:DEF\ttwo\n");
    assert_eq!(export.out, expect);
    digests(data.path(), &["remove", "known"]).expect(0);
    let gone = digests(data.path(), &["export", "known"]).expect(2);
    assert!(gone.err.contains("no list is called `known`"), "{}", gone.err);
}

#[test]
fn what_cannot_be_a_list_is_refused() {
    let data = scratch();
    let empty = written(data.path(), "empty.txt", "nothing here\n");
    let refused = digests(data.path(), &["import", &empty]).expect(2);
    assert!(refused.err.contains("no line of it is a digest"), "{}", refused.err);
    let file = written(data.path(), "known.txt", &format!("{DIGEST}  one\n"));
    for name in ["../up", "built-in", ".hidden", "a/b"] {
        let refused = digests(data.path(), &["import", &file, "--name", name]).expect(2);
        assert!(refused.err.contains(name), "{}", refused.err);
    }
    digests(data.path(), &["remove", "nothing"]).expect(2);
    digests(data.path(), &["import", "/no/such/file"]).expect(2);
}
