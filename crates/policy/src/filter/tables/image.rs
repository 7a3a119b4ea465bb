//! Table: `image.*` and `package.*`, an image and what is installed in it.

use crate::filter::Argument::OptionalKey;
use crate::filter::Field;
use crate::filter::FieldType::{Bool, Duration, Integer, Path, Port, Text, Time};

/// The words of [`model::SourceKind`].
const SOURCES: &[&str] = &[
    "registry",
    "docker",
    "podman",
    "containerd",
    "docker-archive",
    "oci-layout",
    "oci-archive",
    "rootfs",
    "sbom",
];
/// The words of [`model::CoverageStatus`].
const STATES: &[&str] = &["covered", "stale", "end_of_life", "unknown_distribution", "no_feed"];

/// The fields.
pub(super) static FIELDS: &[Field] = &[
    Field::new("image.reference", Text, "The reference as it was asked for."),
    Field::new("image.registry", Text, "The registry's host and port: `docker.io`."),
    Field::new("image.repository", Text, "The repository without the registry: `library/nginx`."),
    Field::new("image.tag", Text, "The tag, when it was asked for by one."),
    Field::new("image.digest", Text, "Digest of the manifest: `sha256:…`."),
    Field::new("image.id", Text, "Digest of the configuration: docker's image id."),
    Field::new(
        "image.source",
        Text,
        "What it was read from: `registry`, `docker`, `oci-layout` ….",
    )
    .one_of(SOURCES),
    Field::new("image.scanned", Bool, "Whether a report of the image is known."),
    Field::new("image.os", Text, "The operating system it was built for: `linux`."),
    Field::new("image.arch", Text, "The architecture it was built for: `amd64`."),
    Field::new("image.distro", Text, "The distribution inside: `debian:12`."),
    Field::new("image.created", Time, "When it says it was made."),
    Field::new("image.age", Duration, "How long ago that was."),
    Field::new("image.user", Text, "The user it wants to run as, as written; empty for root."),
    Field::new("image.runs_as_root", Bool, "Whether that user is root, by its own passwd file."),
    Field::new("image.env", Text, "Names of its environment variables; with a name, the value.")
        .with(OptionalKey)
        .set(),
    Field::new("image.label", Text, "Keys of its labels; with a key, the value.")
        .with(OptionalKey)
        .set(),
    Field::new("image.entrypoint", Text, "Its entry point, words joined by blanks."),
    Field::new("image.command", Text, "Its default arguments, words joined by blanks."),
    Field::new("image.workdir", Path, "Where its command starts."),
    Field::new("image.exposed_ports", Port, "Ports it says it listens on.").set(),
    Field::new("image.volumes", Path, "Its mount points.").set(),
    Field::new("image.layers", Integer, "How many layers it has."),
    Field::new("image.packages", Integer, "How many packages are installed."),
    Field::new(
        "image.findings",
        Integer,
        "How many findings it has; with a severity, of that one.",
    )
    .with(OptionalKey),
    Field::new("image.skipped", Text, "Reasons for which something was not looked at.").set(),
    Field::new(
        "image.coverage",
        Text,
        "How far advisories reach: `covered`, `stale` …, each once.",
    )
    .set()
    .one_of(STATES),
    Field::new("package.name", Text, "The name, as its manager writes it."),
    Field::new("package.version", Text, "The whole version, as its manager writes it."),
    Field::new("package.kind", Text, "The manager: `deb`, `rpm`, `apk`, `npm` …."),
    Field::new("package.purl", Text, "The package URL."),
    Field::new("package.source.name", Text, "The source package it was built from."),
    Field::new("package.source.version", Text, "Version of the source package."),
    Field::new("package.arch", Text, "The architecture, in its manager's words."),
    Field::new("package.vendor", Text, "Who built it."),
    Field::new("package.licenses", Text, "Its licences, as declared.").set(),
    Field::new("package.dev", Bool, "Whether it is declared for development only."),
    Field::new("package.path", Path, "The file that proves it."),
    Field::new("package.layer", Integer, "The layer that brought it, from 0."),
    Field::new("package.owned_by", Text, "The system package whose file it is."),
];
