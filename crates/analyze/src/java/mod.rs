//! Java: jars and the archives around them, unpacked web applications, lock files, `pom.xml`.
//!
//! `archive` walks an archive and those inside it, `zip` reads their directories, `identity` says
//! what each is from `properties`, `manifest`, `file_name` and `known_groups`.

mod archive;
mod file_name;
mod gradle;
mod identity;
mod known_groups;
mod manifest;
mod pom;
mod properties;
mod sbt;
mod zip;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &archive::JavaArchive,
    &properties::UnpackedPomProperties,
    &pom::PomXml,
    &gradle::GradleLock,
    &sbt::SbtLock,
];
