//! Snapshots of every kind, whole and damaged.

use std::io::Write;

use super::*;

fn names(path: &Path) -> Result<Vec<String>, AdvisoryError> {
    let mut names = Vec::new();
    Snapshot::open(path)?.read(&mut |batch| {
        for member in batch.members {
            let name = member.name.clone();
            let content = member.into_bytes().unwrap_or_else(|why| why.into_bytes());
            names.push(format!("{name}={}", String::from_utf8_lossy(&content)));
        }
        true
    })?;
    Ok(names)
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
    std::fs::write(&path, bytes).expect("written");
    path
}

fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_bytes()).expect("appended");
    }
    builder.into_inner().expect("finished")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).expect("started");
        writer.write_all(content.as_bytes()).expect("written");
    }
    writer.finish().expect("finished").into_inner()
}

#[test]
fn every_kind_of_snapshot_gives_the_same_files() {
    let root = tempfile::tempdir().expect("a directory");
    let long = format!("{}b.yaml", "longer-than-a-tar-header-takes/".repeat(20));
    let files =
        [("a/x.json", "1"), ("a/README", "no"), (".git/y.json", "no"), (long.as_str(), "2")];
    let tar = tar_of(&files);
    let directory = root.path().join("plain");
    for (name, content) in files {
        write(&directory, name, content.as_bytes());
    }
    let expect = vec!["a/x.json=1".to_owned(), format!("{long}=2")];
    let paths = [
        directory,
        write(root.path(), "a.tar", &tar),
        write(root.path(), "a.tar.gz", &gzip(&tar)),
        write(root.path(), "a.tar.zst", &zstd::encode_all(tar.as_slice(), 1).expect("encoded")),
        write(root.path(), "a.zip", &zip_of(&files)),
    ];
    for path in paths {
        assert_eq!(names(&path).expect("readable"), expect, "{}", path.display());
    }
}

#[test]
fn single_files_are_read_whatever_they_are_called() {
    let root = tempfile::tempdir().expect("a directory");
    let plain = write(root.path(), "odd.name", b"{}");
    assert_eq!(names(&plain).expect("readable"), ["odd.name={}"]);
    let packed = write(root.path(), "x.csv.gz", &gzip(b"a,b"));
    assert_eq!(names(&packed).expect("readable"), ["x.csv.gz=a,b"]);
    let inside = root.path().join("folder");
    write(&inside, "y.json.gz", &gzip(b"[]"));
    assert_eq!(names(&inside).expect("readable"), ["y.json.gz=[]"]);
}

#[test]
fn damage_is_told_with_the_place() {
    let root = tempfile::tempdir().expect("a directory");
    let tar = tar_of(&[("a.json", &"x".repeat(5000))]);
    let cut = write(root.path(), "cut.tar", &tar[..3000]);
    let packed = gzip(&tar);
    let cut_gzip = write(root.path(), "cut.tar.gz", &packed[..packed.len() / 2]);
    let zip = zip_of(&[("a.json", "x")]);
    let cut_zip = write(root.path(), "cut.zip", &zip[..zip.len() - 10]);
    for path in [cut, cut_gzip, cut_zip] {
        let error = names(&path).expect_err("damaged").to_string();
        assert!(error.contains("is damaged"), "{error}");
        assert!(error.contains("cut."), "{error}");
    }
    let missing = names(&root.path().join("nothing")).expect_err("missing").to_string();
    assert!(missing.starts_with("cannot access "), "{missing}");
}

#[test]
fn symbolic_links_are_not_followed() {
    let root = tempfile::tempdir().expect("a directory");
    let inside = root.path().join("set");
    write(&inside, "a.json", b"1");
    write(root.path(), "secret.json", b"2");
    std::os::unix::fs::symlink(root.path().join("secret.json"), inside.join("b.json"))
        .expect("linked");
    std::os::unix::fs::symlink(root.path(), inside.join("loop")).expect("linked");
    assert_eq!(names(&inside).expect("readable"), ["a.json=1"]);
}

#[test]
fn batches_are_bounded_and_a_sample_is_spread() {
    let root = tempfile::tempdir().expect("a directory");
    for at in 0..(BATCH_MAX_MEMBERS + 5) {
        write(root.path(), &format!("{at:05}.json"), b"{}");
    }
    let snapshot = Snapshot::open(root.path()).expect("readable");
    let sample = snapshot.sample().expect("readable").expect("a directory can be sampled");
    assert_eq!(sample.len(), SAMPLE_MEMBERS);
    assert_eq!(sample.last().map(|member| member.name.as_str()), Some("01028.json"));
    let mut sizes = Vec::new();
    snapshot
        .read(&mut |batch| {
            sizes.push(batch.members.len());
            true
        })
        .expect("readable");
    assert_eq!(sizes, [BATCH_MAX_MEMBERS, 5]);
}
