//! Archives and layouts in every form, opened from files and read as streams.

use std::io::Write;
use std::path::Path;

use model::{Digest, NoProgress, Platform, SourceKind};

use super::{Wanted, read_stream};
use crate::testing::{
    Collector, Dribble, Image, Tape, archive, blob, descriptor, docker_members, gzip, in_file,
    lines, oci_members, sha256, skips, xz, zstd,
};
use crate::{Description, ImageError, Limits, Options, Target, open};

pub(super) fn options() -> Options {
    Options { platform: Some("linux/amd64".parse().unwrap()), ..Options::default() }
}

/// Opens a target and reads all of it.
pub(super) fn read(
    target: &Target,
    options: &Options,
) -> Result<(Description, Collector), ImageError> {
    let collector = Collector::default();
    let description = open(target, options)?.read_layers(&collector, 2, &NoProgress)?;
    Ok((description, collector))
}

/// Reads an archive as a stream.
pub(super) fn stream(
    bytes: &[u8],
    reference: Option<&str>,
) -> Result<(Description, Collector), ImageError> {
    let wanted = Wanted {
        kind: Some(SourceKind::Docker),
        prefers_oci: false,
        name: "stream".into(),
        reference: reference.map(str::to_owned),
        platform: options().platform,
        limits: Limits::default(),
    };
    let collector = Collector::default();
    let reader = Box::new(Dribble(bytes, 5));
    let description = read_stream(reader, &wanted, &collector, &NoProgress)?;
    Ok((description, collector))
}

/// What the layers of an image hold, in the image's order.
fn content(description: &Description, collector: &Collector) -> Vec<String> {
    let layers = collector.layers.lock().unwrap();
    let mut content = Vec::new();
    for layer in &description.layers {
        let diff_id = layer.diff_id.as_ref().unwrap().as_str();
        let (seen, outcome) = layers.get(diff_id).expect("every layer is visited");
        assert_eq!(outcome.diff_id.as_ref().map(Digest::as_str), Some(diff_id));
        assert_eq!(skips(outcome), [""; 0]);
        content.extend(lines(seen));
    }
    content
}

const SMALL: [&str; 4] =
    ["etc Directory", "etc/os-release = ID=test\n", "etc/os-release Whiteout", "app = team/app:1"];

#[track_caller]
fn check_small(read: &(Description, Collector), image: &Image, kind: SourceKind) {
    let (description, collector) = read;
    assert_eq!(content(description, collector), SMALL);
    assert_eq!(description.kind, kind);
    assert_eq!(description.image_id, Some(sha256(&image.config())));
    assert_eq!(description.platform, Some("linux/amd64".parse().unwrap()));
    assert_eq!(description.config.env, ["A=1"]);
    let lines: Vec<_> =
        description.layers.iter().map(|layer| layer.created_by.as_deref()).collect();
    assert_eq!(lines, [Some("ADD base"), Some("RUN top")]);
}

#[test]
fn every_form_of_one_image_reads_the_same() {
    for compress in [<[u8]>::to_vec as fn(&[u8]) -> Vec<u8>, gzip, zstd] {
        let image = Image { compress, ..Image::small("team/app:1") };
        let docker = archive(&docker_members(std::slice::from_ref(&image)));
        let oci = archive(&oci_members(std::slice::from_ref(&image)));
        for (bytes, kind) in [(&docker, SourceKind::DockerArchive), (&oci, SourceKind::OciArchive)]
        {
            for outer in [<[u8]>::to_vec as fn(&[u8]) -> Vec<u8>, gzip, zstd, xz] {
                let (_directory, path) = in_file("image", &outer(bytes));
                let target = Target::parse(path.to_str().unwrap()).unwrap();
                let read = read(&target, &options()).unwrap();
                check_small(&read, &image, kind);
                assert_eq!(read.0.name, path.display().to_string());
                let is_oci = kind == SourceKind::OciArchive;
                assert_eq!(read.0.manifest_digest.is_some(), is_oci);
                assert_eq!(read.0.layer_digests.len(), if is_oci { 2 } else { 0 });
            }
            check_small(&stream(bytes, None).unwrap(), &image, SourceKind::Docker);
        }
    }
}

#[test]
fn a_docker_archive_that_is_an_oci_layout_too_has_a_manifest_digest() {
    let image = Image::small("team/app:1");
    let mut members = oci_members(std::slice::from_ref(&image));
    let layers: Vec<String> =
        image.layers.iter().map(|tar| format!("\"{}\"", blob(tar.clone()).0)).collect();
    let config = blob(image.config()).0;
    let manifest = format!(
        r#"[{{"Config":"{config}","RepoTags":["team/app:1"],"Layers":[{}]}}]"#,
        layers.join(",")
    );
    members.push(("manifest.json".into(), manifest.into_bytes()));
    let bytes = archive(&members);
    let (_directory, path) = in_file("both.tar", &bytes);
    let target = Target::parse(path.to_str().unwrap()).unwrap();
    assert_eq!(target, Target::DockerArchive(path.clone()));
    for opened in [read(&target, &options()).unwrap(), stream(&gzip(&bytes), None).unwrap()] {
        assert_eq!(opened.0.manifest_digest, Some(sha256(&image.manifest())));
        assert_eq!(opened.0.layer_digests.len(), 2);
    }
    let oci = read(&Target::OciArchive(path), &options()).unwrap();
    check_small(&oci, &image, SourceKind::OciArchive);
}

#[test]
fn links_between_layers_are_followed() {
    let image = Image::small("team/app:1");
    let [base, top] = image.layers.as_slice() else { panic!() };
    let config = image.config();
    let name = format!("{}.json", sha256(&config).hex());
    let manifest = format!(
        r#"[{{"Config":"./{name}","RepoTags":null,"Layers":["a/layer.tar","b/layer.tar"]}}]"#
    );
    let bytes = Tape::default()
        .directory("a/")
        .link(b'2', "a/layer.tar", "../c/layer.tar")
        .link(b'1', "b/layer.tar", "d/layer.tar")
        .link(b'2', "loop", "loop")
        .link(b'2', "out", "../../../etc/passwd")
        .file("c/layer.tar", base)
        .file("d/layer.tar", top)
        .file(&name, &config)
        .file("manifest.json", manifest.as_bytes())
        .end();
    let (_directory, path) = in_file("links.tar", &bytes);
    check_small(
        &read(&Target::DockerArchive(path), &options()).unwrap(),
        &image,
        SourceKind::DockerArchive,
    );
    check_small(&stream(&bytes, None).unwrap(), &image, SourceKind::Docker);
}

/// Writes members below a directory.
pub(super) fn layout(members: &[(String, Vec<u8>)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in members {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    }
    directory
}

#[test]
fn a_layout_directory_is_read_in_place() {
    for compress in [<[u8]>::to_vec as fn(&[u8]) -> Vec<u8>, gzip, zstd] {
        let image = Image { compress, ..Image::small("team/app:1") };
        let directory = layout(&oci_members(std::slice::from_ref(&image)));
        let target = Target::parse(directory.path().to_str().unwrap()).unwrap();
        assert_eq!(target, Target::OciLayout(directory.path().to_owned()));
        let read = read(&target, &options()).unwrap();
        check_small(&read, &image, SourceKind::OciLayout);
        assert_eq!(read.0.manifest_digest, Some(sha256(&image.manifest())));
    }
}

#[test]
fn one_of_several_images_is_named_behind_the_path() {
    let images = [Image::small("team/app:1"), Image::small("team/other:2")];
    let directory = layout(&oci_members(&images));
    let (_d1, docker) = in_file("docker.tar", &archive(&docker_members(&images)));
    let (_d2, oci) = in_file("oci.tar", &archive(&oci_members(&images)));
    let (_d3, packed) = in_file("packed.tgz", &gzip(&archive(&docker_members(&images))));
    let id = sha256(&images[1].manifest()).to_string();
    for path in [directory.path(), &docker, &oci, &packed] {
        let open = |name: &str| {
            let word = format!("{}{name}", path.display());
            read(&Target::parse(&word).unwrap(), &options())
        };
        for name in [":team/other:2", ":docker.io/team/other:2", ":2"] {
            let (description, collector) = open(name).unwrap();
            assert_eq!(description.name, path.display().to_string());
            let last = content(&description, &collector).pop();
            assert_eq!(last.as_deref(), Some("app = team/other:2"), "{name}");
        }
        let several = open("").err().unwrap().to_string();
        assert!(several.contains("2 images") && several.contains("team/other:2"), "{several}");
        let missing = open(":team/other:3").err().unwrap().to_string();
        assert!(missing.contains("`team/other:3`") && missing.contains("team/app:1"), "{missing}");
    }
    let by_digest = Target::parse(&format!("{}:{id}", oci.display())).unwrap();
    assert_eq!(read(&by_digest, &options()).unwrap().0.manifest_digest.unwrap().as_str(), id);
    let explicit =
        Target::parse(&format!("docker-archive:{}:team/app:1", docker.display())).unwrap();
    check_small(&read(&explicit, &options()).unwrap(), &images[0], SourceKind::DockerArchive);
}

/// An index within an index: one image for each of two platforms, and an attestation.
fn multi_platform(depth: usize) -> (Vec<(String, Vec<u8>)>, Image) {
    let arm = Image { platform: "linux/arm64", ..Image::small("team/app:1") };
    let amd = Image::small("team/app:1");
    let attestation = descriptor(
        b"{}",
        "application/vnd.oci.image.manifest.v1+json",
        r#","platform":{"os":"unknown","architecture":"unknown"}"#,
    );
    let entries = [attestation, arm.entry(), amd.entry()].join(",");
    let mut members: Vec<_> = [arm.blobs(), amd.blobs()].concat();
    let mut index = format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#);
    for _ in 0..depth {
        let entry = descriptor(index.as_bytes(), "application/vnd.oci.image.index.v1+json", "");
        members.push(blob(index.into_bytes()));
        index = format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#);
    }
    members.push(("index.json".into(), index.into_bytes()));
    (members, arm)
}

#[test]
fn the_platform_chooses_in_an_index() {
    for depth in [0, 1, 3] {
        let (members, arm) = multi_platform(depth);
        let (_directory, path) = in_file("multi.tar", &archive(&members));
        let open = |platform: &str| {
            let platform: Platform = platform.parse().unwrap();
            let options = Options { platform: Some(platform), ..Options::default() };
            read(&Target::OciArchive(path.clone()), &options)
        };
        let (description, _) = open("linux/arm64/v8").unwrap();
        assert_eq!(description.image_id, Some(sha256(&arm.config())));
        assert!(open("linux/amd64").is_ok());
        let error = open("linux/s390x").err().unwrap().to_string();
        assert!(
            error.contains("linux/s390x") && error.contains("linux/amd64, linux/arm64"),
            "{error}"
        );
    }
    let (members, _) = multi_platform(40);
    let (_directory, path) = in_file("deep.tar", &archive(&members));
    let error = read(&Target::OciArchive(path), &options()).err().unwrap().to_string();
    assert!(error.contains("indexes within each other"), "{error}");
}

#[test]
fn a_single_image_for_another_platform_is_refused_when_one_is_asked_for() {
    let image = Image { platform: "linux/riscv64", ..Image::small("team/app:1") };
    for members in
        [docker_members(std::slice::from_ref(&image)), oci_members(std::slice::from_ref(&image))]
    {
        let (_directory, path) = in_file("riscv.tar", &archive(&members));
        let target = Target::parse(path.to_str().unwrap()).unwrap();
        let error = read(&target, &options()).err().unwrap();
        assert!(matches!(&error, ImageError::NoSuchPlatform { .. }), "{error}");
        assert!(error.to_string().contains("linux/riscv64"), "{error}");
        assert!(read(&target, &Options::default()).is_ok(), "the only image is taken");
    }
}

#[test]
fn the_same_name_for_two_platforms_is_one_image_in_docker_archives() {
    let images = [
        Image { platform: "linux/arm64", ..Image::small("team/app:1") },
        Image::small("team/app:1"),
    ];
    let (_directory, path) = in_file("multi.tar", &archive(&docker_members(&images)));
    let (description, _) = read(&Target::DockerArchive(path), &options()).unwrap();
    assert_eq!(description.image_id, Some(sha256(&images[1].config())));
}

#[test]
fn unwanted_layers_are_not_read() {
    let image = Image::small("team/app:1");
    let base = sha256(&image.layers[0]);
    let oci = archive(&oci_members(std::slice::from_ref(&image)));
    let (_directory, path) = in_file("oci.tar", &oci);
    let collector = || Collector { unwanted: vec![base.clone()], ..Collector::default() };
    let stored = collector();
    let mut source = open(&Target::OciArchive(path.clone()), &options()).unwrap();
    assert_eq!(source.describe().unwrap().unwrap().layers.len(), 2);
    source.read_layers(&stored, 2, &NoProgress).unwrap();
    // A plain layer of a layout tells its diff id by its path, so a stream can pass it by too.
    let (_directory, path) = in_file("oci.tgz", &gzip(&oci));
    let streamed = collector();
    let mut source = open(&Target::OciArchive(path), &options()).unwrap();
    assert!(source.describe().unwrap().is_none());
    source.read_layers(&streamed, 2, &NoProgress).unwrap();
    for collector in [stored, streamed] {
        let claimed = collector.claimed.into_inner().unwrap();
        assert_eq!(claimed, [Some(sha256(&image.layers[1]))]);
    }
}

#[test]
fn a_layer_that_comes_twice_is_read_once() {
    let mut image = Image::small("team/app:1");
    image.layers = vec![image.layers[0].clone(), image.layers[0].clone()];
    let (_directory, path) = in_file("twice.tar", &archive(&docker_members(&[image])));
    let (description, collector) = read(&Target::DockerArchive(path), &options()).unwrap();
    assert_eq!(description.layers.len(), 2);
    assert_eq!(collector.claimed.into_inner().unwrap().len(), 1);
}

#[test]
fn a_real_image() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("LAZARET_SHARED").map_or(root.join("../shared"), Into::into);
    let path = shared.join("fixtures/images/alpine-3.10.docker-archive.tar.gz");
    if !path.exists() {
        eprintln!("skipped: shared/fixtures/images not there");
        return;
    }
    let target = Target::parse(path.to_str().unwrap()).unwrap();
    let (description, collector) = read(&target, &options()).unwrap();
    let content = content(&description, &collector);
    assert!(content.iter().any(|line| line.starts_with("lib/apk/db/installed = ")));
    assert!(content.iter().any(|line| line == "bin/ls -> /bin/busybox"));
    assert!(description.layers[0].created_by.as_ref().unwrap().contains("ADD file:"));
    assert_eq!(description.config.cmd, ["/bin/sh"]);
}

/// Adds up what it is told.
#[derive(Default)]
struct Sum {
    total: std::sync::atomic::AtomicU64,
    done: std::sync::atomic::AtomicU64,
}

impl model::Progress for Sum {
    fn begin(&self, _what: &str, total_bytes: Option<u64>) {
        self.total.fetch_add(total_bytes.unwrap(), std::sync::atomic::Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn progress_reaches_its_end_in_stored_bytes() {
    for compress in [<[u8]>::to_vec as fn(&[u8]) -> Vec<u8>, gzip, zstd] {
        let image = Image { compress, ..Image::small("team/app:1") };
        let bytes = archive(&oci_members(std::slice::from_ref(&image)));
        let packed = gzip(&bytes);
        let layers: usize = image.layers.iter().map(|tar| compress(tar).len()).sum();
        for (file, expect) in [(&bytes, layers), (&packed, packed.len())] {
            let (_directory, path) = in_file("image", file);
            let mut source = open(&Target::OciArchive(path), &options()).unwrap();
            let sum = Sum::default();
            source.read_layers(&Collector::default(), 2, &sum).unwrap();
            assert_eq!(sum.total.into_inner(), expect as u64);
            assert_eq!(sum.done.into_inner(), expect as u64);
        }
    }
}
