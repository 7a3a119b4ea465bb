//! Bad input: one clear line saying what, where and what to do; status 2; the rest still done.

use std::fs;

use walks::{Registry, advisories, command, lab, lazaret, run, scratch};

/// Runs a scan that must fail with one line that holds every one of `words`.
fn fails(arguments: &[&str], words: &[&str]) {
    let ended = lazaret(arguments).expect(2);
    let line = ended.error_line();
    for word in words {
        assert!(line.contains(word), "{arguments:?}: `{word}` is not in: {line}");
    }
    assert!(ended.out.is_empty(), "nothing is reported of what was not scanned: {}", ended.out);
}

#[test]
fn what_is_not_there() {
    fails(&["scan", "/nonexistent/image.tar"], &["/nonexistent/image.tar", "does not exist"]);
    fails(&["scan", "Not A Reference"], &["Not A Reference"]);
}

#[test]
fn what_is_no_image() {
    let directory = scratch();
    let text = directory.path().join("notes.txt");
    fs::write(&text, "just a text\n").unwrap();
    fails(&["scan", &text.display().to_string()], &["notes.txt", "not an image"]);
    let empty = directory.path().join("empty.tar");
    fs::write(&empty, "").unwrap();
    fails(&["scan", &empty.display().to_string()], &["empty.tar"]);
}

#[test]
fn a_truncated_archive() {
    let directory = scratch();
    let whole = fs::read(lab("shop.tar")).unwrap();
    let cut = directory.path().join("cut.tar");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    fails(&["scan", &cut.display().to_string()], &["cut.tar"]);
}

#[test]
fn a_failing_image_does_not_stop_the_others() {
    let shop = lab("shop.tar").display().to_string();
    let ended = lazaret(&["scan", "--format", "json", "/nonexistent/image.tar", &shop]).expect(2);
    assert!(ended.error_line().contains("/nonexistent/image.tar"));
    assert!(ended.json()["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
}

#[test]
fn registries_that_refuse() {
    // Nobody knows the password: the walk only knocks.
    let users = "harbour:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n";
    let Some(registry) = Registry::start(Some(users)) else { return };
    let word = format!("registry:{}/shop:1.0", registry.address);
    fails(&["scan", &word], &[&registry.address, "docker login"]);
    let Some(open) = Registry::start(None) else { return };
    open.push(&lab("shop.tar"), "shop:1.0", None);
    fails(&["scan", &format!("registry:{}/shop:2.0", open.address)], &["shop:2.0", "tag"]);
    fails(&["scan", &format!("registry:{}/nothing", open.address)], &["nothing"]);
    let platform =
        ["scan", "--platform", "linux/s390x", &format!("registry:{}/shop:1.0", open.address)];
    fails(&platform, &["linux/s390x", "linux/amd64"]);
}

#[test]
fn a_registry_that_is_not_there() {
    fails(&["scan", "registry:127.0.0.1:1/shop:1.0"], &["127.0.0.1:1", "cannot reach"]);
}

#[test]
fn a_daemon_that_is_not_there() {
    let cache = scratch();
    let mut scan = command(advisories(), cache.path());
    scan.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").args(["scan", "docker:shop"]);
    let ended = run(&mut scan).expect(2);
    assert!(ended.error_line().contains("DOCKER_HOST"), "{}", ended.err);
}

#[test]
fn no_database_says_how_to_get_one() {
    let empty = scratch();
    let mut scan = command(empty.path(), empty.path());
    let ended = run(scan.arg("scan").arg(lab("shop.tar"))).expect(2);
    assert!(ended.error_line().contains("lazaret advisories update"), "{}", ended.err);
}

#[test]
fn a_bad_import_leaves_the_database_as_it_was() {
    let data = scratch();
    let import = |what: &std::path::Path| {
        let mut import = command(data.path(), data.path());
        run(import.args(["advisories", "import"]).arg(what))
    };
    import(&walks::root().join("tests/lab/demo-advisories")).expect(0);
    let before =
        run(command(data.path(), data.path()).args(["advisories", "status", "--json"])).out;
    let bad = data.path().join("bad.json");
    fs::write(&bad, "this is no JSON").unwrap();
    let ended = import(&bad).expect(2);
    assert!(ended.error_line().contains("bad.json"), "{}", ended.err);
    let after = run(command(data.path(), data.path()).args(["advisories", "status", "--json"])).out;
    assert_eq!(before, after);
}

#[test]
fn a_corrupt_rpm_database_is_reported_as_skipped() {
    let directory = scratch();
    let rpm = directory.path().join("root/var/lib/rpm");
    fs::create_dir_all(&rpm).unwrap();
    fs::write(rpm.join("rpmdb.sqlite"), b"SQLite format 3\0 and then nonsense").unwrap();
    let word = format!("rootfs:{}", directory.path().join("root").display());
    let report = lazaret(&["scan", "--exit-zero", "--format", "json", &word]).expect(0).json();
    let skipped = report["skipped"].as_array().unwrap();
    assert!(skipped.iter().any(|skip| skip["path"] == "var/lib/rpm/rpmdb.sqlite"), "{skipped:?}");
}

#[test]
fn a_corrupt_database_says_what_to_do() {
    let data = scratch();
    let mut import = command(data.path(), data.path());
    run(import.args(["advisories", "import"]).arg(walks::root().join("tests/lab/demo-advisories")))
        .expect(0);
    for file in fs::read_dir(data.path()).unwrap().flatten() {
        if file.path().extension().is_some_and(|ending| ending == "lzdb") {
            fs::write(file.path(), b"garbage").unwrap();
        }
    }
    let mut scan = command(data.path(), data.path());
    let ended = run(scan.arg("scan").arg(lab("shop.tar"))).expect(2);
    assert!(ended.error_line().contains("advisories"), "{}", ended.err);
}
