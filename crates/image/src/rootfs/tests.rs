//! Root filesystems on disk.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use model::{NoProgress, SkipReason};

use super::Rootfs;
use crate::source::Source;
use crate::testing::{Collector, Seen, lines, skips};
use crate::{ImageError, LayerOutcome, Limits};

fn walk(root: &Path, limits: &Limits) -> (Vec<Seen>, LayerOutcome) {
    let collector = Collector::default();
    let mut rootfs = Rootfs::open(root, limits).unwrap();
    let description = rootfs.read_layers(&collector, 2, &NoProgress).unwrap();
    assert_eq!(description.layers.len(), 1);
    let mut layers = collector.layers.into_inner().unwrap();
    let (mut seen, outcome) = layers.remove("").unwrap();
    seen.sort_by(|left, right| left.entry.path.cmp(&right.entry.path));
    (seen, outcome)
}

#[test]
fn everything_below_the_root_and_nothing_else() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "outside").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("etc/deep")).unwrap();
    fs::create_dir_all(root.join("proc")).unwrap();
    fs::write(root.join("etc/os-release"), "ID=x\n").unwrap();
    fs::write(root.join("etc/deep/large"), vec![7; 10_000]).unwrap();
    fs::write(root.join("proc/file"), "in an unpacked image").unwrap();
    fs::write(root.join("etc/.wh.name"), "").unwrap();
    symlink(outside.path(), root.join("escape")).unwrap();
    symlink("/", root.join("etc/root")).unwrap();
    let fifo = root.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::set_permissions(root.join("etc/os-release"), fs::Permissions::from_mode(0o4751)).unwrap();

    let limits = Limits { buffered_file_bytes: 1_000, ..Limits::default() };
    let (seen, outcome) = walk(root, &limits);
    assert_eq!(
        lines(&seen),
        [
            &format!("escape -> {}", outside.path().display()),
            "etc Directory",
            "etc/.wh.name = ",
            "etc/deep Directory",
            "etc/deep/large = 10000 bytes",
            "etc/os-release = ID=x\n",
            "etc/root -> /",
            "fifo Special",
            "proc Directory",
            "proc/file = in an unpacked image",
        ]
    );
    assert_eq!(seen[5].entry.mode, 0o4751);
    assert_eq!((outcome.entries, outcome.diff_id.clone(), skips(&outcome).len()), (10, None, 0));
}

#[test]
fn kernel_file_systems_are_not_entered() {
    let limits = Limits { entries_per_layer: 200_000, path_depth: 2, ..Limits::default() };
    let mut rootfs = Rootfs::open(Path::new("/"), &limits).unwrap();
    struct Names(std::sync::Mutex<Vec<String>>);
    impl crate::LayerVisitor for Names {
        fn wants(&self, _: Option<&model::Digest>) -> bool {
            true
        }
        fn visit(&self, _: Option<&model::Digest>, layer: &mut dyn crate::LayerStream) {
            layer.walk(&mut |entry, _| self.0.lock().unwrap().push(entry.path.clone()));
        }
    }
    let names = Names(std::sync::Mutex::default());
    rootfs.read_layers(&names, 1, &NoProgress).unwrap();
    let names = names.0.into_inner().unwrap();
    assert!(names.iter().any(|name| name == "proc"));
    let inside = names.iter().find(|name| name.starts_with("proc/") || name.starts_with("sys/"));
    assert_eq!(inside, None);
}

#[test]
fn limits_and_what_may_not_be_read_are_said() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("a/b/c/d")).unwrap();
    fs::write(root.join("big"), vec![1; 5_000]).unwrap();
    let limits = Limits { path_depth: 2, file_bytes: 4_000, ..Limits::default() };
    let (seen, outcome) = walk(root, &limits);
    assert_eq!(
        lines(&seen),
        ["a Directory", "a/b Directory", "big ! TooLarge: 5000 bytes; the limit is 4000"]
    );
    assert_eq!(skips(&outcome), ["TooDeep a/b: directories 2 deep, the limit"]);
    let (_, outcome) = walk(root, &Limits { entries_per_layer: 2, ..Limits::default() });
    assert_eq!(outcome.skipped[0].reason, SkipReason::TooMany);
    let (_, outcome) = walk(root, &Limits { path_bytes: 2, ..Limits::default() });
    assert!(outcome.skipped.iter().all(|skip| skip.reason == SkipReason::UnsafePath));

    let locked = root.join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::read_dir(&locked).is_ok(); // Root may read everything.
    let (_, outcome) = walk(root, &Limits::default());
    assert_eq!(outcome.skipped.len(), usize::from(!readable));
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_root_that_is_none_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = |path: &Path| Rootfs::open(path, &Limits::default()).err().unwrap();
    assert!(matches!(error(&file), ImageError::NotAnImage { .. }));
    assert!(matches!(error(&directory.path().join("none")), ImageError::NotFound { .. }));
}
