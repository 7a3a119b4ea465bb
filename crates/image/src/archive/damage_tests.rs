//! Archives and layouts that are damaged, forged, over a limit or no images at all.

use std::path::Path;

use model::{NoProgress, SkipReason};

use super::tests::{layout, options, read, stream};
use super::{Wanted, read_stream};
use crate::testing::{
    Collector, Dribble, Image, Tape, archive, blob, descriptor, docker_members, gzip, in_file,
    oci_members, sha256, skips,
};
use crate::{ImageError, Limits, Options, Target};

#[test]
fn a_layer_passed_by_must_still_be_the_one_the_configuration_names() {
    let image = Image::small("team/app:1");
    let other = blob(Tape::default().file("known", b"").end());
    let unwanted = vec![sha256(&other.1), sha256(&image.layers[0])];
    let try_with = |path: &str, tar: &[u8]| {
        let name = format!("{}.json", sha256(&image.config()).hex());
        let manifest = format!(
            r#"[{{"Config":"{name}","RepoTags":null,"Layers":["{path}","top/layer.tar"]}}]"#
        );
        let bytes = Tape::default()
            .file(path, tar)
            .file("top/layer.tar", &image.layers[1])
            .file(&name, &image.config())
            .file("manifest.json", manifest.as_bytes())
            .end();
        let wanted = Wanted {
            kind: None,
            prefers_oci: false,
            name: "stream".into(),
            reference: None,
            platform: None,
            limits: Limits::default(),
        };
        let collector = Collector { unwanted: unwanted.clone(), ..Collector::default() };
        let read = read_stream(Box::new(Dribble(&bytes, 1)), &wanted, &collector, &NoProgress);
        (read, collector.layers.into_inner().unwrap().len())
    };
    // Named by its diff id, as podman does: passed by.
    let base = format!("{}.tar", sha256(&image.layers[0]).hex());
    let (read, visited) = try_with(&base, &image.layers[0]);
    assert!(read.is_ok() && visited == 1, "{read:?}");
    // Named as another layer that is known: refused.
    let (read, _) = try_with(&other.0, &other.1);
    assert!(matches!(read, Err(ImageError::DigestMismatch { .. })), "{read:?}");
}

/// An image whose first layer has other bytes than its digests say.
fn forged(members: &[(String, Vec<u8>)], image: &Image) -> Vec<(String, Vec<u8>)> {
    let other = Tape::default().file("forged", b"").end();
    let swap = |(name, bytes): &(String, Vec<u8>)| {
        (name.clone(), if *bytes == image.layers[0] { other.clone() } else { bytes.clone() })
    };
    members.iter().map(swap).collect()
}

#[test]
fn forged_layers_are_said_and_forged_documents_refused() {
    let image = Image::small("team/app:1");
    let oci = oci_members(std::slice::from_ref(&image));
    let docker = docker_members(std::slice::from_ref(&image));
    for members in [&oci, &docker] {
        let bytes = archive(&forged(members, &image));
        let (_directory, path) = in_file("forged.tar", &bytes);
        let target = Target::parse(path.to_str().unwrap()).unwrap();
        let (_, collector) = read(&target, &options()).unwrap();
        let layers = collector.layers.into_inner().unwrap();
        let skipped = layers.values().flat_map(|(_, outcome)| outcome.skipped.iter());
        assert!(skipped.clone().all(|skip| skip.reason == SkipReason::DigestMismatch));
        assert!(skipped.count() >= 1);
        let error = stream(&bytes, None).err().unwrap();
        assert!(matches!(error, ImageError::DigestMismatch { .. }), "{error}");
    }
    for document in [image.config(), image.manifest()] {
        let mut members = [oci.clone(), docker.clone()].concat();
        let count = members.iter().filter(|(_, bytes)| *bytes == document).count();
        assert!(count > 0);
        for (_, bytes) in members.iter_mut().filter(|(_, bytes)| *bytes == document) {
            bytes.push(b' ');
        }
        let (_directory, path) = in_file("forged.tar", &archive(&members));
        let error = read(&Target::OciArchive(path), &options()).err().unwrap();
        assert!(matches!(error, ImageError::DigestMismatch { .. }), "{error}");
    }
}

#[test]
fn what_is_missing_or_cut_is_an_error_that_says_so() {
    let image = Image::small("team/app:1");
    for members in
        [oci_members(std::slice::from_ref(&image)), docker_members(std::slice::from_ref(&image))]
    {
        let whole = archive(&members);
        for (index, (name, bytes)) in members.iter().enumerate() {
            let needed = *bytes == image.config()
                || *bytes == image.manifest()
                || image.layers.contains(bytes);
            if !needed {
                continue;
            }
            let mut fewer = members.clone();
            fewer.remove(index);
            let fewer = archive(&fewer);
            let (_directory, path) = in_file("fewer.tar", &fewer);
            let target = Target::parse(path.to_str().unwrap()).unwrap();
            for error in [read(&target, &options()).err(), stream(&fewer, None).err()] {
                let error = error.unwrap();
                assert!(matches!(error, ImageError::MissingBlob { .. }), "{error}");
                assert!(error.to_string().contains(name), "{error}");
            }
        }
        let cut = &whole[..whole.len() - 2_000];
        let (_directory, path) = in_file("cut.tar", cut);
        for error in [
            Target::parse(path.to_str().unwrap()).err(),
            read(&Target::DockerArchive(path), &options()).err(),
            stream(cut, None).err(),
            stream(&gzip(&whole)[..600], None).err(),
        ] {
            let error = error.unwrap();
            assert!(matches!(error, ImageError::Truncated { .. }), "{error}");
        }
    }
}

#[test]
fn archives_that_are_no_images_say_what_they_are() {
    let other = Tape::default().file("README", b"hello").end();
    let dockerless = Tape::default().file("manifest.json", b"[]").end();
    let broken = Tape::default().file("manifest.json", b"[{").end();
    let escaping = Tape::default()
        .file("manifest.json", br#"[{"Config":"../../etc/passwd","Layers":[]}]"#)
        .end();
    let uneven = Tape::default()
        .file("c", br#"{"rootfs":{"diff_ids":[]}}"#)
        .file("a", &Tape::default().end())
        .file("manifest.json", br#"[{"Config":"c","Layers":["a"]}]"#)
        .end();
    let cases: [(&[u8], &str); 6] = [
        (&other, "neither manifest.json nor index.json"),
        (&dockerless, "lists no image"),
        (&broken, "manifest.json cannot be read"),
        (&escaping, "leaves the root"),
        (&uneven, "manifest has 1 layers, its configuration 0"),
        (b"notes", "looks like text"),
    ];
    for (bytes, expect) in cases {
        let (_directory, path) = in_file("x.tar.gz", &gzip(bytes));
        for error in
            [read(&Target::DockerArchive(path), &options()).err(), stream(bytes, None).err()]
        {
            let error = error.unwrap().to_string();
            assert!(error.contains(expect), "{error}");
            assert!(!error.contains('\n'));
        }
    }
}

#[test]
fn limits_of_the_archive_around_the_layers() {
    let image = Image::small("team/app:1");
    let bytes = archive(&oci_members(std::slice::from_ref(&image)));
    let (_d1, path) = in_file("image.tar", &bytes);
    let (_d2, packed) = in_file("image.tgz", &gzip(&bytes));
    let try_with = |path: &Path, limits: Limits| {
        let options = Options { limits, ..options() };
        let error = read(&Target::OciArchive(path.to_owned()), &options).err().unwrap();
        assert!(matches!(error, ImageError::OverLimit { .. }), "{error}");
        error.to_string()
    };
    for path in [&path, &packed] {
        let error = try_with(path, Limits { layers: 1, ..Limits::default() });
        assert!(error.contains("2 layers; the limit is 1"), "{error}");
        let error = try_with(path, Limits { document_bytes: 100, ..Limits::default() });
        assert!(error.contains("the limit is 100"), "{error}");
    }
    let bomb = Limits { expansion_ratio: 2, ratio_floor_bytes: 512, ..Limits::default() };
    let error = try_with(&packed, bomb);
    assert!(error.contains("the limit is 2 times"), "{error}");
}

#[test]
fn layers_that_cannot_be_read_are_skipped_with_the_reason() {
    let image = Image::small("team/app:1");
    let plain = "application/vnd.oci.image.layer.v1.tar";
    for (media_type, word) in [
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "licence"),
    ] {
        let manifest = String::from_utf8(image.manifest()).unwrap();
        let manifest = manifest.replacen(plain, media_type, 1).into_bytes();
        let entry = descriptor(&manifest, "", "");
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#);
        let mut members = image.blobs();
        members.remove(0); // Foreign layers are not in the image.
        members.extend([blob(manifest), ("index.json".into(), index.into_bytes())]);
        let directory = layout(&members);
        let target = Target::OciLayout(directory.path().to_owned());
        let (_, collector) = read(&target, &options()).unwrap();
        let layers = collector.layers.into_inner().unwrap();
        let skipped: Vec<_> = layers.values().flat_map(|(_, outcome)| skips(outcome)).collect();
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].contains(word) && skipped[0].starts_with("Unsupported"), "{skipped:?}");
    }
}
