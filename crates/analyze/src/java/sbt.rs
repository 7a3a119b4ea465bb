//! `build.sbt.lock`: what the plugin sbt-dependency-lock locks.
//!
//! Source: the plugin's lock file version 1 (tools in stringbean/sbt-dependency-lock).

use model::{Content, FileEntry};
use serde::Deserialize;

use super::properties::Coordinates;
use crate::content_reader::whole;
use crate::limits::{MAX_PACKAGES, MAX_TEXT_BYTES};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads sbt lock files.
pub(super) struct SbtLock;

#[derive(Deserialize)]
struct LockFile {
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    org: String,
    name: String,
    version: String,
    #[serde(default)]
    configurations: Vec<String>,
}

impl Analyzer for SbtLock {
    fn name(&self) -> &'static str {
        "sbt-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Name("build.sbt.lock")]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let bytes = whole(content, MAX_TEXT_BYTES)?;
        let file: LockFile = serde_json::from_slice(&bytes)
            .map_err(|error| AnalyzeError::Malformed(format!("build.sbt.lock: {error}")))?;
        for locked in file.dependencies.iter().take(MAX_PACKAGES) {
            let stated = Coordinates::new(&locked.org, &locked.name, &locked.version);
            let Some(mut package) = stated.map(|stated| stated.package()) else { continue };
            let configurations = &locked.configurations;
            let is_for_tests = |name: &String| name.ends_with("test");
            package.dev = !configurations.is_empty() && configurations.iter().all(is_for_tests);
            found.packages.push(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    #[test]
    fn lists_modules_and_marks_those_of_tests() {
        let text =
            br#"{"lockVersion":1,"timestamp":"2024-01-01","configurations":["compile","test"],
            "dependencies":[
              {"org":"org.example","name":"core_2.13","version":"1.2.3","artifacts":[],
               "configurations":["compile","test"]},
              {"org":"org.example","name":"checks","version":"0.9","configurations":["test"]}]}"#;
        let found = analyze("src/build.sbt.lock", text);
        assert_eq!(packages(&found), ["org.example:checks 0.9", "org.example:core_2.13 1.2.3"]);
        assert_eq!(found.packages.iter().map(|p| p.dev).collect::<Vec<_>>(), [false, true]);
        assert_eq!(try_analyze("build.sbt.lock", b"[").1.len(), 1);
    }
}
