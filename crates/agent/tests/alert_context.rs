//! What alerts say of an image: from its stored report, and from the layers that the container
//! stands on.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

#[path = "lab/reports.rs"]
mod reports;

use std::path::Path;
use std::sync::Arc;

use lazaret_agent::attribute::Directory;
use lazaret_agent::drift::{Drift, Images};
use model::{Container, ContainerRef, Decision, Digest};
use store::Store;

/// A container as Docker's overlay2 lays it out: one layer of the image, one to write into.
fn container(home: &Path, image: &Digest) -> Container {
    let at = |path: &str| home.join(path);
    for folder in ["image/diff/bin", "own/diff/tmp", "own/merged", "l"] {
        std::fs::create_dir_all(at(folder)).unwrap();
    }
    std::fs::write(at("image/diff/bin/shop"), "the image's").unwrap();
    std::fs::write(at("own/diff/tmp/dropped"), "written later").unwrap();
    std::os::unix::fs::symlink("../image/diff", at("l/ONE")).unwrap();
    std::fs::write(at("own/lower"), "l/ONE").unwrap();
    let root = at("own/merged").to_string_lossy().into_owned();
    let mut container = Container { id: "ab".repeat(32), root, ..Container::default() };
    container.spec.image.image_id = Some(image.clone());
    container
}

#[test]
fn an_alert_says_what_the_report_knows_and_whether_the_program_is_the_images() {
    let folder = tempfile::tempdir().unwrap();
    let image: Digest = format!("sha256:{}", "cd".repeat(32)).parse().unwrap();
    let container = container(folder.path(), &image);
    let directory = Directory::default();
    directory.write(|containers| containers.put(container.clone()));
    let store = Arc::new(Store::open(&folder.path().join("lazaret.sqlite")).unwrap());
    let images = Images::new(Arc::clone(&store), directory, Arc::new(Drift::default()));
    let named = ContainerRef::from(&container);
    assert_eq!(images.context(&named, "/bin/shop"), None, "there is no report yet");

    let mut report = reports::report("shop:1", image, "");
    reports::critical(&mut report, None);
    report.verdict.decision = Decision::Deny;
    store.save_report(&report).unwrap();
    let context = images.context(&named, "/bin/shop").unwrap();
    assert_eq!((context.verdict.as_str(), context.severe_vulnerabilities), ("deny", 1));
    assert_eq!((context.malicious_files, context.program_in_image), (0, Some(true)));
    let program = |exe: &str| images.context(&named, exe).unwrap().program_in_image;
    assert_eq!(program("/tmp/dropped"), Some(false));
    assert_eq!(program("memfd:x"), None);

    // A newer report speaks at once; of an image without one nothing is said.
    report.verdict.decision = Decision::Warn;
    report.source.scanned_at = "2026-11-25T01:00:00Z".parse().unwrap();
    store.save_report(&report).unwrap();
    assert_eq!(images.context(&named, "/bin/shop").unwrap().verdict, "warn");
    let other = ContainerRef { image_digest: String::new(), ..named };
    assert_eq!(images.context(&other, "/bin/shop"), None);
}
