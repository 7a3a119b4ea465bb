//! Gradle's lock files: `gradle.lockfile`, and one file a configuration below
//! `gradle/dependency-locks/` before Gradle 6.
//!
//! `buildscript-gradle.lockfile` locks the plugins of the build and is not read. Source: the Gradle
//! user manual, "Locking versions".

use model::{Content, FileEntry, Package};

use super::properties::Coordinates;
use crate::content_reader::whole;
use crate::limits::{MAX_PACKAGES, MAX_TEXT_BYTES};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads Gradle's lock files.
pub(super) struct GradleLock;

impl Analyzer for GradleLock {
    fn name(&self) -> &'static str {
        "gradle-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Suffix(".lockfile")]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let is_old_form = entry.path.contains("dependency-locks/");
        if entry.name() != "gradle.lockfile" && !is_old_form {
            return Ok(());
        }
        let bytes = whole(content, MAX_TEXT_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let file_configuration = entry.name().trim_end_matches(".lockfile");
        let locked = text.lines().filter_map(|line| locked(line, file_configuration));
        found.packages.extend(locked.take(MAX_PACKAGES));
        Ok(())
    }
}

/// One line `group:artifact:version=configuration,configuration`. What only configurations for
/// tests need is marked as for development.
fn locked(line: &str, file_configuration: &str) -> Option<Package> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (module, configurations) = line.split_once('=').unwrap_or((line, file_configuration));
    let mut parts = module.split(':');
    let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next()?);
    let mut package = Coordinates::new(group, artifact, version)?.package();
    let is_for_tests = |name: &str| name.trim().to_ascii_lowercase().contains("test");
    package.dev = configurations.split(',').all(is_for_tests);
    Some(package)
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check};

    const LOCK: &str = "# This is a Gradle generated file for dependency locking.\n\
        org.example:app-core:1.2.3=compileClasspath,runtimeClasspath,testRuntimeClasspath\n\
        org.example:checks:4.5=testCompileClasspath,testRuntimeClasspath\n\
        empty=annotationProcessor\n";

    #[test]
    fn lists_modules_and_marks_those_of_tests() {
        let expect = ["org.example:app-core 1.2.3", "org.example:checks 4.5"];
        check("src/gradle.lockfile", LOCK.as_bytes(), &expect);
        let found = analyze("src/gradle.lockfile", LOCK.as_bytes());
        assert_eq!(found.packages.iter().map(|p| p.dev).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn the_old_form_is_one_file_a_configuration() {
        let path = "src/gradle/dependency-locks/testRuntimeClasspath.lockfile";
        let found = analyze(path, b"org.example:checks:4.5\n");
        assert!(found.packages.len() == 1 && found.packages[0].dev);
        check("src/buildscript-gradle.lockfile", LOCK.as_bytes(), &[]);
        check("src/other.lockfile", LOCK.as_bytes(), &[]);
    }
}
