//! `AdvisoryError`: a feed or the database could not be read or written.

use std::path::PathBuf;

/// A feed or the database could not be read or written. One line: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvisoryError {
    /// A file could not be read or written.
    #[error("cannot access {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no database yet.
    #[error(
        "no advisory database at {path}: run `lazaret advisories update`, or `lazaret advisories import PATH`"
    )]
    DatabaseMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The database file is not what was written.
    #[error(
        "the advisory database {path} is damaged ({what}): delete it and import the advisories again"
    )]
    DatabaseDamaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The database was written by a later version of this program.
    #[error(
        "the advisory database {path} has format {found}, this program reads up to {known}: use a newer lazaret, or delete the file and import the advisories again"
    )]
    DatabaseNewer {
        /// Which file.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest format version known here.
        known: u32,
    },
    /// Another process is writing the database.
    #[error(
        "the advisory database in {path} is being written by {holder}: wait until it is done, then try again"
    )]
    DatabaseBusy {
        /// The data directory.
        path: PathBuf,
        /// Who holds the lock, as it wrote it down.
        holder: String,
    },
    /// A source has more statements than the database takes.
    #[error("the source {source_name} has more than {limit} {what}: it is not taken")]
    SourceTooLarge {
        /// The source.
        source_name: String,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// Nothing at the path is an advisory.
    #[error(
        "no advisories of a known format in {path}: give a snapshot of one of the sources that `lazaret advisories sources` lists (a directory, a tar, a zip or one file)"
    )]
    NotAdvisories {
        /// Where.
        path: PathBuf,
    },
    /// An archive or directory cannot be read to its end.
    #[error("the snapshot {path} is damaged ({what}): fetch it again")]
    SnapshotDamaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No source has this name.
    #[error("no advisory source is called `{name}`: known are {known}")]
    SourceUnknown {
        /// The name as given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A server cannot be reached at all.
    #[error(
        "cannot reach {host} ({why}): check the network and the proxy (HTTPS_PROXY), name a mirror with --mirror, or import local copies with `lazaret advisories import PATH`"
    )]
    HostUnreachable {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// A server does not give what was asked for.
    #[error("cannot fetch {source_name} from {url}: {why}")]
    FetchFailed {
        /// The source.
        source_name: String,
        /// What was asked for.
        url: String,
        /// Why not.
        why: String,
    },
}
