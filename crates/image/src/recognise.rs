//! What a file or directory is, told from its content.

use std::fs::File;
use std::path::Path;

use crate::archive::{DOCKER_MANIFEST, OCI_INDEX, TarFile};
use crate::compression::Compression;
use crate::input::read_at_most;
use crate::tar::looks_like_tar;
use crate::{ImageError, Limits, Target};

/// Bytes that are read to recognise a file.
const HEAD_BYTES: usize = 64 << 10;

/// What a file's first bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An uncompressed tar.
    Tar,
    /// Compressed; what is inside shows when it is read.
    Compressed,
    /// A bill of materials: CycloneDX, SPDX or a list of package URLs.
    Sbom,
    /// Something else, in words.
    Other(String),
}

/// Tells what the file or directory at `path` is.
pub(crate) fn recognise(path: &Path) -> Result<Target, ImageError> {
    let failed = |error| ImageError::reading(path, error);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return directory(path);
    }
    let file = File::open(path).map_err(failed)?;
    if !metadata.is_file() {
        return Ok(Target::DockerArchive(path.to_owned()));
    }
    match shape(&head(&file, path)?) {
        Shape::Compressed => Ok(Target::DockerArchive(path.to_owned())),
        Shape::Sbom => Ok(Target::Sbom(path.to_owned())),
        Shape::Other(looks_like) => Err(not_an_image(path, looks_like)),
        Shape::Tar => {
            let archive = match TarFile::open(file, path, &Limits::default()) {
                Err(ImageError::OverLimit { detail, .. }) => {
                    return Err(not_an_image(path, format!("a tar of {detail}")));
                }
                opened => opened?,
            };
            if archive.has(DOCKER_MANIFEST) {
                Ok(Target::DockerArchive(path.to_owned()))
            } else if archive.has(OCI_INDEX) {
                Ok(Target::OciArchive(path.to_owned()))
            } else {
                let looks_like =
                    "a tar of other files; to scan a packed root filesystem, unpack it";
                Err(not_an_image(path, looks_like.to_owned()))
            }
        }
    }
}

/// The first bytes of a file.
pub(crate) fn head(file: &File, path: &Path) -> Result<Vec<u8>, ImageError> {
    let mut head = vec![0; HEAD_BYTES];
    let got = read_at_most(file, 0, &mut head).map_err(|error| ImageError::reading(path, error))?;
    head.truncate(got);
    Ok(head)
}

/// The error for a file or directory without an image.
pub(crate) fn not_an_image(path: &Path, looks_like: String) -> ImageError {
    ImageError::NotAnImage { place: path.display().to_string(), looks_like }
}

/// Whether a directory is an OCI layout.
pub(crate) fn is_layout(path: &Path) -> bool {
    path.join(OCI_INDEX).is_file()
        && (path.join("oci-layout").is_file() || path.join("blobs").is_dir())
}

fn directory(path: &Path) -> Result<Target, ImageError> {
    if is_layout(path) {
        return Ok(Target::OciLayout(path.to_owned()));
    }
    let mut names = std::fs::read_dir(path).map_err(|error| ImageError::reading(path, error))?;
    if names.next().is_none() {
        return Err(not_an_image(path, "an empty directory".to_owned()));
    }
    Ok(Target::Rootfs(path.to_owned()))
}

/// Tells what a file is from its first bytes.
pub(crate) fn shape(head: &[u8]) -> Shape {
    match Compression::sniff(head) {
        Compression::Plain => {}
        Compression::Unsupported(name) => {
            return Shape::Other(format!("{name} data, a compression that is not supported"));
        }
        _ => return Shape::Compressed,
    }
    if looks_like_tar(head) {
        return Shape::Tar;
    }
    let text = String::from_utf8_lossy(head);
    if is_sbom(&text) {
        return Shape::Sbom;
    }
    Shape::Other(words(head, &text).to_owned())
}

/// Whether text is a bill of materials that `scan` reads.
fn is_sbom(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let json = text.starts_with('{')
        && ["\"CycloneDX\"", "\"spdxVersion\"", "\"SPDXID\"", "https://spdx.org/rdf/3"]
            .iter()
            .any(|mark| text.contains(mark));
    let xml = text.starts_with('<') && text.contains("cyclonedx.org/schema/bom");
    let first_line =
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    json || xml
        || text.starts_with("SPDXVersion:")
        || first_line.is_some_and(|line| line.starts_with("pkg:"))
}

/// What a file that is no image is, in words.
fn words(head: &[u8], text: &str) -> &'static str {
    match head {
        [] => "an empty file",
        [0x7f, b'E', b'L', b'F', ..] => "an ELF executable",
        [b'P', b'K', 3, 4, ..] => "a zip or jar archive",
        [b'M', b'Z', ..] => "a Windows executable",
        [b'Q', b'F', b'I', 0xfb, ..] => "a qcow2 disk image",
        [b'h', b's', b'q', b's', ..] => "a squashfs filesystem",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', ..] => "a Debian package or static library",
        [0xed, 0xab, 0xee, 0xdb, ..] => "an rpm package",
        _ if head.starts_with(b"SQLite format 3") => "an SQLite database",
        _ if head.contains(&0) => "binary data",
        _ if text.trim_start().starts_with(['{', '[']) => {
            "a JSON document that is no bill of materials"
        }
        _ if text.trim_start().starts_with('<') => "an XML or HTML document",
        _ if text.to_ascii_uppercase().lines().any(|line| line.starts_with("FROM ")) => {
            "a Dockerfile"
        }
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_files_by_their_first_bytes() {
        let cases: [(&[u8], Shape); 12] = [
            (b"\x1f\x8b\x08\0\0\0", Shape::Compressed),
            (b"\x28\xb5\x2f\xfd\0\0", Shape::Compressed),
            (b"\xfd7zXZ\0", Shape::Compressed),
            (b"BZh91AY&SY", Shape::Other("bzip2 data, a compression that is not supported".into())),
            (b" {\"bomFormat\": \"CycloneDX\"}", Shape::Sbom),
            (b"{\"spdxVersion\":\"SPDX-2.3\"}", Shape::Sbom),
            (b"SPDXVersion: SPDX-2.3\n", Shape::Sbom),
            (
                b"<?xml version='1.0'?><bom xmlns='http://cyclonedx.org/schema/bom/1.6'>",
                Shape::Sbom,
            ),
            (b"# list\n\npkg:npm/a@1\n", Shape::Sbom),
            (b"{}", Shape::Other("a JSON document that is no bill of materials".into())),
            (b"FROM scratch\n", Shape::Other("a Dockerfile".into())),
            (b"", Shape::Other("an empty file".into())),
        ];
        for (head, expect) in cases {
            assert_eq!(shape(head), expect, "{}", String::from_utf8_lossy(head));
        }
    }
}
