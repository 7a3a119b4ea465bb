//! `open`: what the user's words mean, and the source that serves them.

use std::fs::File;
use std::path::{Path, PathBuf};

use model::{ImageRef, Platform, SourceKind};

use crate::archive::{Layout, StoredImage, StreamedImage, TarFile, Wanted};
use crate::recognise::{Shape, head, is_layout, not_an_image, recognise, shape};
use crate::rootfs::Rootfs;
use crate::{ImageError, Limits, Source};

/// What the user asked to look at, told from one word.
///
/// `PREFIX:REST` with a prefix of [`model::SourceKind`] (`registry:`, `docker:`, `podman:`,
/// `containerd:`, `docker-archive:`, `oci-layout:`, `oci-archive:`, `rootfs:`, `sbom:`) is explicit.
/// Without one: an existing file or directory is recognised by its content, else it is an image
/// reference, looked for in docker, podman, containerd and the registry in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A reference in the registry it names.
    Registry(ImageRef),
    /// A reference or image id in a Docker daemon.
    Docker(String),
    /// A reference or image id in a Podman service.
    Podman(String),
    /// A reference in containerd.
    Containerd(String),
    /// `docker save` output, plain or compressed.
    DockerArchive(PathBuf),
    /// An OCI image layout directory.
    OciLayout(PathBuf),
    /// An OCI image layout in a tar, plain or compressed.
    OciArchive(PathBuf),
    /// A directory that is a root filesystem.
    Rootfs(PathBuf),
    /// A bill of materials; read by `scan`, not by this room.
    Sbom(PathBuf),
    /// A reference without a prefix: the daemons first, then the registry.
    Any(String),
}

/// How to open an image.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which build of a multi-architecture image; `None` for this machine's.
    pub platform: Option<Platform>,
    /// Within which limits.
    pub limits: Limits,
    /// Registries to speak plain HTTP with, `host[:port]`; loopback addresses always may.
    pub insecure_registries: Vec<String>,
    /// User name and password for the registry; overrides the docker configuration.
    pub credentials: Option<(String, String)>,
}

impl Target {
    /// Tells what a word means; looks at the file system for words without a prefix.
    ///
    /// A local path wins over a reference. An archive or layout with several images is narrowed
    /// down by a name, tag or digest behind the path: `images.tar:alpine:3.19`. Errors when the
    /// word is neither a path nor a reference, or the path holds no image.
    pub fn parse(word: &str) -> Result<Self, ImageError> {
        if let Some((prefix, rest)) = word.split_once(':')
            && let Some(target) = Self::prefixed(prefix, rest)
        {
            return target;
        }
        let path = Path::new(word);
        if path.exists() {
            return recognise(path);
        }
        if let (path, Some(name)) = split_name(path)
            && (path.is_file() || is_layout(&path))
        {
            return Ok(recognise(&path)?.named(&name));
        }
        if looks_like_path(word) {
            return Err(ImageError::NotFound { path: path.to_owned() });
        }
        match word.parse::<ImageRef>() {
            Ok(_) => Ok(Target::Any(word.to_owned())),
            Err(error) => Err(not_a_target(word, error.why)),
        }
    }

    /// What a word with an explicit prefix means; `None` when the prefix is none.
    fn prefixed(prefix: &str, rest: &str) -> Option<Result<Self, ImageError>> {
        let of_path: fn(PathBuf) -> Target = match prefix {
            "docker-archive" => Target::DockerArchive,
            "oci-layout" => Target::OciLayout,
            "oci-archive" => Target::OciArchive,
            "rootfs" => Target::Rootfs,
            "sbom" => Target::Sbom,
            "registry" => {
                let parsed = rest.parse().map(Target::Registry);
                return Some(parsed.map_err(|error| not_a_target(rest, error.why)));
            }
            "docker" | "podman" | "containerd" => {
                let of_name = match prefix {
                    "docker" => Target::Docker,
                    "podman" => Target::Podman,
                    _ => Target::Containerd,
                };
                return Some(named(prefix, rest).map(of_name));
            }
            _ => return None,
        };
        Some(named(prefix, rest).map(|rest| of_path(rest.into())))
    }

    /// The same with the name of an image behind the path.
    fn named(self, name: &str) -> Self {
        let join = |path: PathBuf| {
            let mut word = path.into_os_string();
            word.push(":");
            word.push(name);
            PathBuf::from(word)
        };
        match self {
            Target::DockerArchive(path) => Target::DockerArchive(join(path)),
            Target::OciArchive(path) => Target::OciArchive(join(path)),
            Target::OciLayout(path) => Target::OciLayout(join(path)),
            other => other,
        }
    }
}

/// Opens an image for reading. The paths of archives and layouts may have `:NAME` behind them,
/// the name, tag or digest of one of their images; a path that exists as it stands is taken so.
///
/// Errors when the image cannot be found, is not there for the platform, or is damaged; what is
/// wrong with a single layer is in its [`crate::LayerOutcome`].
pub fn open(target: &Target, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    match target {
        Target::DockerArchive(path) => open_archive(path, options, false),
        Target::OciArchive(path) => open_archive(path, options, true),
        Target::OciLayout(path) => {
            let (path, wanted) = wanted(path, options, Some(SourceKind::OciLayout));
            if !is_layout(&path) {
                std::fs::metadata(&path).map_err(|error| ImageError::reading(&path, error))?;
                return Err(not_an_image(&path, "something without index.json and blobs".into()));
            }
            let store = Layout::new(&path, &options.limits);
            Ok(Box::new(StoredImage::open(store, &wanted)?))
        }
        Target::Rootfs(path) => Ok(Box::new(Rootfs::open(path, &options.limits)?)),
        Target::Sbom(path) => {
            Err(not_an_image(path, "a bill of materials, which has no layers".into()))
        }
        _ => crate::remote::open(target, options),
    }
}

/// Opens an archive: in place when it is a plain tar, else as a stream.
fn open_archive(
    path: &Path,
    options: &Options,
    prefers_oci: bool,
) -> Result<Box<dyn Source>, ImageError> {
    let (path, mut wanted) = wanted(path, options, None);
    wanted.prefers_oci = prefers_oci;
    let failed = |error| ImageError::reading(&path, error);
    let metadata = std::fs::metadata(&path).map_err(failed)?;
    if metadata.is_dir() {
        let looks_like = "a directory: say rootfs: or oci-layout: for it";
        return Err(not_an_image(&path, looks_like.into()));
    }
    if !metadata.is_file() {
        return Ok(Box::new(StreamedImage::new(path, wanted)));
    }
    let file = File::open(&path).map_err(failed)?;
    match shape(&head(&file, &path)?) {
        Shape::Compressed => Ok(Box::new(StreamedImage::new(path, wanted))),
        Shape::Tar => {
            let store = TarFile::open(file, &path, &options.limits)?;
            Ok(Box::new(StoredImage::open(store, &wanted)?))
        }
        Shape::Sbom => Err(not_an_image(&path, "a bill of materials: say sbom: for it".into())),
        Shape::Other(looks_like) => Err(not_an_image(&path, looks_like)),
    }
}

/// The path without the image's name, and what is wanted of it.
fn wanted(path: &Path, options: &Options, kind: Option<SourceKind>) -> (PathBuf, Wanted) {
    let (path, reference) = if path.exists() { (path.to_owned(), None) } else { split_name(path) };
    let wanted = Wanted {
        kind,
        prefers_oci: kind == Some(SourceKind::OciLayout),
        name: path.display().to_string(),
        reference,
        platform: options.platform.clone(),
        limits: options.limits.clone(),
    };
    (path, wanted)
}

/// Splits `PATH:NAME` at the last colon before which there is a path that exists; the whole as
/// the path when there is none.
pub(crate) fn split_name(path: &Path) -> (PathBuf, Option<String>) {
    let Some(text) = path.to_str() else { return (path.to_owned(), None) };
    let mut splits = text.rmatch_indices(':').filter_map(|(at, _)| text.split_at_checked(at));
    let found = splits.find(|(left, _)| !left.is_empty() && Path::new(left).exists());
    match found.and_then(|(left, right)| Some((left, right.strip_prefix(':')?))) {
        Some((left, name)) if !name.is_empty() => (left.into(), Some(name.to_owned())),
        _ => (path.to_owned(), None),
    }
}

/// Whether a word is meant as a path, though nothing is there.
fn looks_like_path(word: &str) -> bool {
    const ENDINGS: [&str; 9] =
        [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".json", ".spdx", ".xml", ".txt"];
    word.starts_with(['/', '.', '~']) || ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// What stands behind a prefix, which must be something.
fn named(prefix: &str, rest: &str) -> Result<String, ImageError> {
    if rest.is_empty() {
        return Err(not_a_target(prefix, "a name or path must follow the prefix"));
    }
    Ok(rest.to_owned())
}

fn not_a_target(word: &str, why: &str) -> ImageError {
    ImageError::NotATarget { word: word.chars().take(160).collect(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(word: &str) -> Result<Target, String> {
        Target::parse(word).map_err(|error| error.to_string())
    }

    #[test]
    fn prefixes_say_what_is_meant() {
        let cases = [
            ("registry:alpine:3.19", Target::Registry("alpine:3.19".parse().unwrap())),
            ("docker:alpine:3.19", Target::Docker("alpine:3.19".into())),
            ("podman:localhost/x", Target::Podman("localhost/x".into())),
            ("containerd:x", Target::Containerd("x".into())),
            ("docker-archive:a:b.tar", Target::DockerArchive("a:b.tar".into())),
            ("oci-archive:/no/such", Target::OciArchive("/no/such".into())),
            ("oci-layout:dir", Target::OciLayout("dir".into())),
            ("rootfs:/", Target::Rootfs("/".into())),
            ("sbom:x.json", Target::Sbom("x.json".into())),
            ("alpine:3.19", Target::Any("alpine:3.19".into())),
            ("localhost:5000/docker:1", Target::Any("localhost:5000/docker:1".into())),
            ("docker", Target::Any("docker".into())),
        ];
        for (word, expect) in cases {
            assert_eq!(parse(word), Ok(expect), "{word}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_told_apart() {
        let cases = [
            ("registry:a//b", "nor an image reference"),
            ("docker:", "must follow the prefix"),
            ("./nothing", "./nothing does not exist"),
            ("/no/such/image", "does not exist"),
            ("missing.tar.gz", "does not exist"),
            ("Neither Nor", "neither a file or directory here nor an image reference"),
            ("", "neither a file"),
            ("\u{0}", "neither a file"),
        ];
        for (word, expect) in cases {
            let error = parse(word).unwrap_err();
            assert!(error.contains(expect) && !error.contains('\n'), "{word}: {error}");
        }
    }

    #[test]
    fn a_local_path_wins_over_a_reference() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("alpine:3.19");
        std::fs::write(&path, "{\"bomFormat\":\"CycloneDX\"}").unwrap();
        let word = path.to_str().unwrap();
        assert_eq!(parse(word), Ok(Target::Sbom(path.clone())));
        assert!(
            parse(directory.path().to_str().unwrap()).is_ok_and(|t| matches!(t, Target::Rootfs(_)))
        );
        std::fs::remove_file(&path).unwrap();
        assert!(parse(directory.path().to_str().unwrap()).unwrap_err().contains("empty directory"));
        let opened = |target: &Target| open(target, &Options::default()).err().unwrap().to_string();
        assert!(opened(&Target::DockerArchive(path.clone())).contains("does not exist"));
        assert!(opened(&Target::OciLayout(path)).contains("does not exist"));
        assert!(opened(&Target::OciLayout(directory.path().into())).contains("without index.json"));
        assert!(opened(&Target::DockerArchive(directory.path().into())).contains("rootfs:"));
        let text = directory.path().join("notes");
        std::fs::write(&text, "notes").unwrap();
        assert!(opened(&Target::OciArchive(text)).contains("it looks like text"));
    }
}
