//! `ImageError`: the image could not be had. One line: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

use model::SkipReason;

use crate::stop::Stop;

/// The image could not be had at all. (What is wrong inside a layer is a `Skip`.)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operating system forbids it.
    #[error("no permission to read {path}: run as a user who may, or change its mode")]
    PermissionDenied {
        /// Which file.
        path: PathBuf,
    },
    /// There is no such file or directory.
    #[error("{path} does not exist: check the path")]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// Neither a local path nor an image reference.
    #[error("`{word}` is neither a file or directory here nor an image reference ({why})")]
    NotATarget {
        /// The word as given, shortened.
        word: String,
        /// Why it is no reference.
        why: String,
    },
    /// A file or directory that holds no image.
    #[error(
        "{place} is not an image: it looks like {looks_like}; accepted are `docker save` output \
         and OCI archives (plain, .gz, .zst or .xz), OCI layout directories, root filesystem \
         directories and bills of materials"
    )]
    NotAnImage {
        /// Where.
        place: String,
        /// What its content looks like.
        looks_like: String,
    },
    /// An archive ends before it should.
    #[error("{place} is truncated: {detail}; copy or save it again")]
    Truncated {
        /// Where.
        place: String,
        /// What was cut.
        detail: String,
    },
    /// A document is not what its format demands.
    #[error("{place} is damaged: {detail}; copy or save it again")]
    Malformed {
        /// Where.
        place: String,
        /// Which document, and what is wrong with it.
        detail: String,
    },
    /// A blob that the manifest names is not there.
    #[error("{place} is incomplete: {blob} is named but not there; copy or save it again")]
    MissingBlob {
        /// Where.
        place: String,
        /// Its digest or file name.
        blob: String,
    },
    /// A blob has another digest than the one it is named by.
    #[error("{place}: {blob} has the digest {actual}: it is damaged or forged; fetch it again")]
    DigestMismatch {
        /// Where.
        place: String,
        /// What it is named as.
        blob: String,
        /// What its bytes come to.
        actual: String,
    },
    /// The image is not built for the platform that was asked for.
    #[error(
        "{place} has no image for {wanted}; choose with --platform one of: {}",
        listed(available)
    )]
    NoSuchPlatform {
        /// Where.
        place: String,
        /// The platform that was asked for.
        wanted: String,
        /// The platforms there are.
        available: Vec<String>,
    },
    /// No image has the name that was asked for.
    #[error(
        "{place} holds no image named `{wanted}`; append one of its names, as PATH:NAME: {}",
        listed(available)
    )]
    NoSuchTag {
        /// Where.
        place: String,
        /// The name that was asked for.
        wanted: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// Several images and nothing said which.
    #[error(
        "{place} holds {} images; append the name of one, as PATH:NAME: {}",
        available.len(),
        listed(available)
    )]
    SeveralImages {
        /// Where.
        place: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// A format that is known and not read.
    #[error("{place}: {what}")]
    Unsupported {
        /// Where.
        place: String,
        /// What is not supported and what to do instead.
        what: String,
    },
    /// Larger than a limit allows.
    #[error("{place} is over a limit: {detail}")]
    OverLimit {
        /// Where.
        place: String,
        /// Which limit, with numbers.
        detail: String,
    },
    /// A daemon that is not there.
    #[error("no {daemon} daemon was found: start it, or set {variable} to its address")]
    NoDaemon {
        /// Which.
        daemon: &'static str,
        /// The variable that names its address.
        variable: &'static str,
    },
    /// A daemon whose socket is closed to this user.
    #[error(
        "no permission to use the {daemon} socket {socket}: run as root or as a member of the \
         socket's group"
    )]
    SocketDenied {
        /// Which.
        daemon: &'static str,
        /// Its socket.
        socket: PathBuf,
    },
    /// A daemon that does not answer.
    #[error(
        "the {daemon} daemon at {address} does not answer ({detail}): start it, or set {variable}"
    )]
    DaemonUnreachable {
        /// Which.
        daemon: &'static str,
        /// Where.
        address: String,
        /// What went wrong.
        detail: String,
        /// The variable that names its address.
        variable: &'static str,
    },
    /// The name is not known in that place.
    #[error("{place} has no image {image}: check its name and tag")]
    NoSuchImage {
        /// The image.
        image: String,
        /// Where it was looked for.
        place: String,
    },
    /// The registry wants to know who asks, or that one may not.
    #[error(
        "{registry} gives no access to {image}: check the name, log in with `docker login \
         {registry}`, or pass --username and --password-stdin"
    )]
    Unauthorized {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
    },
    /// No connection to the registry.
    #[error(
        "cannot reach the registry {registry} ({detail}): check its name, the network and \
         HTTPS_PROXY"
    )]
    Unreachable {
        /// The registry.
        registry: String,
        /// What went wrong.
        detail: String,
    },
    /// A registry or daemon gave something else than the image.
    #[error("{image} could not be fetched: {detail}")]
    Broken {
        /// The image.
        image: String,
        /// What went wrong.
        detail: String,
    },
    /// A key or certificate of a policy that no signature can be checked with.
    #[error("the authority `{name}` cannot be used: {place}: {why}")]
    UnusableAuthority {
        /// Its name in the policy.
        name: String,
        /// Where its material is.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// Neither a daemon nor the registry has it.
    #[error("{last} (before that: {})", tried.join("; "))]
    Nowhere {
        /// What the registry said.
        last: Box<ImageError>,
        /// What the daemons said.
        tried: Vec<String>,
    },
}

impl ImageError {
    /// The error for a path that could not be read.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => ImageError::NotFound { path },
            io::ErrorKind::PermissionDenied => ImageError::PermissionDenied { path },
            _ => ImageError::Read { path, source },
        }
    }

    /// The error for a container of layers (not a layer) whose reading stopped.
    pub(crate) fn stopped(place: &str, stop: Stop) -> Self {
        let (place, detail) = (place.to_owned(), stop.detail);
        match stop.reason {
            SkipReason::Truncated => ImageError::Truncated { place, detail },
            SkipReason::TooLarge
            | SkipReason::TooMany
            | SkipReason::TooDeep
            | SkipReason::Ratio => ImageError::OverLimit { place, detail },
            SkipReason::Unsupported => ImageError::Unsupported { place, what: detail },
            SkipReason::Unreadable | SkipReason::Timeout => {
                ImageError::Read { path: place.into(), source: io::Error::other(detail) }
            }
            _ => ImageError::Malformed { place, detail },
        }
    }
}

/// The names joined for a message, the first twenty of them.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    if text.is_empty() { "(none)".to_owned() } else { text }
}
