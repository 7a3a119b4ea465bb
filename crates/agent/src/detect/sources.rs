//! The rules that are loaded: the built-in ones and files in Falco's format.

use std::path::{Path, PathBuf};

use policy::rules::RulesFile;

use super::{BUILT_IN, Engine};
use crate::AgentError;
use crate::config::read_text;
use crate::limits::{RULES_FILES, RULES_MAX_BYTES};

/// The word for the rules that come with the program.
pub const BUILT_IN_RULES: &str = "built-in";

impl Engine {
    /// Loads what is named: `built-in`, files, folders (their `*.yaml` and `*.yml` in the order of
    /// their names). A mistake in one is an error that tells its place.
    pub fn open(sources: &[PathBuf]) -> Result<Engine, AgentError> {
        let mut texts = Vec::new();
        for source in sources {
            if source == Path::new(BUILT_IN_RULES) {
                texts.push((BUILT_IN.name.to_owned(), BUILT_IN.text.to_owned()));
                continue;
            }
            for path in files(source)? {
                let text = read_text(&path, RULES_MAX_BYTES)?;
                let missing = || AgentError::File {
                    path: path.clone(),
                    why: "it is not there, or says nothing".to_owned(),
                };
                texts.push((path.display().to_string(), text.ok_or_else(missing)?));
            }
        }
        let files: Vec<RulesFile<'_>> =
            texts.iter().map(|(name, text)| RulesFile { name, text }).collect();
        let engine = Engine::load(&files);
        match engine.loaded().errors.first() {
            Some(error) => Err(AgentError::Rules { why: error.to_string() }),
            None => Ok(engine),
        }
    }
}

fn files(source: &Path) -> Result<Vec<PathBuf>, AgentError> {
    if !source.is_dir() {
        return Ok(vec![source.to_path_buf()]);
    }
    let wrong = |why: String| AgentError::File { path: source.to_path_buf(), why };
    let entries = std::fs::read_dir(source).map_err(|error| wrong(error.to_string()))?;
    let is_rules = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_rules).collect();
    found.sort();
    if found.len() > RULES_FILES {
        return Err(wrong(format!("it has more than {RULES_FILES} rules files")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_files_and_folders_are_read_and_mistakes_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let rule = |name: &str| {
            format!(
                "- rule: {name}\n  desc: d\n  condition: evt.type = execve\n  output: o\n  priority: INFO\n"
            )
        };
        std::fs::write(at("a.yaml"), rule("A")).unwrap();
        std::fs::write(at("b.yml"), rule("B")).unwrap();
        std::fs::write(at("notes.txt"), "not rules").unwrap();
        let built_in = Engine::open(&[BUILT_IN_RULES.into()]).unwrap().len();
        let all = Engine::open(&[BUILT_IN_RULES.into(), folder.path().into()]).unwrap();
        assert_eq!(all.len(), built_in + 2);
        std::fs::write(at("c.yaml"), "- rule: C\n  condition: evt.typ = x\n").unwrap();
        let told = |sources: &[PathBuf]| match Engine::open(sources) {
            Ok(_) => panic!("no mistake was seen"),
            Err(error) => error.to_string(),
        };
        assert!(told(&[folder.path().into()]).contains("c.yaml"));
        assert!(told(&["/nowhere/rules.yaml".into()]).contains("/nowhere/rules.yaml"));
    }
}
