//! `go.mod`: the modules a Go project requires, replacements and exclusions applied.
//!
//! Not resolved further: versions that a dependency demands in its own `go.mod` are seen only
//! where the file lists them, as `go mod tidy` makes it do since Go 1.17. `go.sum` is not read: it
//! names versions that were considered, not chosen. The `go` and `toolchain` lines say with what
//! to build, not what is installed. Source: Go modules reference, "go.mod files".

use std::collections::{BTreeMap, BTreeSet};

use model::{Content, FileEntry, Package, PackageKind};

use super::modinfo::is_directory;
use crate::content_reader::whole;
use crate::limits::{MAX_PACKAGES, MAX_TEXT_BYTES};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads `go.mod` files.
///
/// Those of the Go distribution itself (modules `std` and `cmd`) and of the module cache are
/// passed over: they are part of installed code, not a choice of versions.
pub(super) struct GoMod;

impl Analyzer for GoMod {
    fn name(&self) -> &'static str {
        "go-mod"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Name("go.mod")]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        if is_in_module_cache(&entry.path) {
            return Ok(());
        }
        let bytes = whole(content, MAX_TEXT_BYTES)?;
        let file = GoModFile::parse(&String::from_utf8_lossy(&bytes));
        found.packages.extend(file.packages());
        Ok(())
    }
}

/// Whether the file is a copy that `go` downloaded: `pkg/mod/<module>@<version>/go.mod`.
fn is_in_module_cache(path: &str) -> bool {
    let below = path.strip_prefix("pkg/mod/").or_else(|| Some(path.split_once("/pkg/mod/")?.1));
    below.is_some_and(|inside| inside.contains('@'))
}

/// The lines that choose modules.
#[derive(Debug, Default)]
struct GoModFile {
    module: String,
    required: Vec<(String, String)>,
    /// (path, version or empty for all) → (path, version).
    replaced: BTreeMap<(String, String), (String, String)>,
    excluded: BTreeSet<(String, String)>,
}

impl GoModFile {
    fn parse(text: &str) -> Self {
        let mut file = GoModFile::default();
        let mut block = String::new();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let mut words = words(line);
            match (block.is_empty(), words.first().map(String::as_str), words.len()) {
                (_, None, _) => {}
                (false, Some(")"), 1) => block.clear(),
                (false, ..) => file.directive(&block, &words),
                (true, _, 2) if words.last().is_some_and(|word| word == "(") => {
                    block = words.swap_remove(0);
                }
                (true, ..) => {
                    let verb = words.remove(0);
                    file.directive(&verb, &words);
                }
            }
        }
        file
    }

    fn directive(&mut self, verb: &str, words: &[String]) {
        let owned = |path: &String, version: &String| (path.clone(), version.clone());
        match (verb, words) {
            ("module", [path]) => self.module.clone_from(path),
            ("require", [path, version])
                if !path.is_empty() && self.required.len() < MAX_PACKAGES =>
            {
                self.required.push(owned(path, version));
            }
            ("exclude", [path, version]) => {
                self.excluded.insert(owned(path, version));
            }
            ("replace", [path, arrow, new, rest @ ..]) if arrow == "=>" => {
                let version = rest.first().cloned().unwrap_or_default();
                self.replaced.insert((path.clone(), String::new()), (new.clone(), version));
            }
            ("replace", [path, version, arrow, new, rest @ ..]) if arrow == "=>" => {
                let new_version = rest.first().cloned().unwrap_or_default();
                self.replaced.insert(owned(path, version), (new.clone(), new_version));
            }
            _ => {}
        }
    }

    /// What the project builds with. A module replaced by a directory keeps its own name and
    /// version, since the directory is most often a copy of it.
    fn packages(&self) -> Vec<Package> {
        if matches!(self.module.as_str(), "std" | "cmd") {
            return Vec::new();
        }
        let required: BTreeSet<_> = self.required.iter().collect();
        let chosen = required.into_iter().filter(|module| !self.excluded.contains(*module));
        chosen
            .map(|module| {
                let for_all = (module.0.clone(), String::new());
                let new = self.replaced.get(module).or_else(|| self.replaced.get(&for_all));
                let (path, version) = match new {
                    Some((new, _)) if is_directory(new) => module,
                    Some(new) if !new.0.is_empty() && !new.1.is_empty() => new,
                    _ => module,
                };
                Package::new(PackageKind::Golang, path.as_str(), version.as_str())
            })
            .collect()
    }
}

/// The words of a line: a comment ends it, a string in quotes is one word, parentheses stand
/// alone.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            break;
        }
        let (word, after) = match first {
            '"' | '`' => {
                let inner = rest.get(1..).unwrap_or_default();
                inner.split_once(first).unwrap_or((inner, ""))
            }
            '(' | ')' => rest.split_at(1),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')');
                rest.split_at(end.unwrap_or(rest.len()))
            }
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, wanted_by};

    const FILE: &str = "module example.org/app // the app\n\ngo 1.21\ntoolchain go1.22.3\n\n\
        require example.org/single v1.0.0\n\
        require (\n\texample.org/direct v1.2.3\n\texample.org/indirect v0.1.0 // indirect\n\
        \t\"example.org/quoted\" v1.1.1\n\texample.org/gone v0.9.0\n\texample.org/old v1.0.0\n\
        \texample.org/pinned v1.0.0\n\texample.org/here v1.5.0\n)\n\
        exclude example.org/gone v0.9.0\n\
        replace example.org/old => example.org/fork v1.0.1\n\
        replace (\n\texample.org/pinned v1.0.0 => example.org/pinned v1.0.9\n\
        \texample.org/pinned v2.0.0 => example.org/never v2.0.0\n\
        \texample.org/here => ../here\n)\nretract v0.0.1 // a mistake\n";

    #[test]
    fn applies_replacements_and_exclusions() {
        check(
            "src/app/go.mod",
            FILE.as_bytes(),
            &[
                "example.org/direct v1.2.3",
                "example.org/fork v1.0.1",
                "example.org/here v1.5.0",
                "example.org/indirect v0.1.0",
                "example.org/pinned v1.0.9",
                "example.org/quoted v1.1.1",
                "example.org/single v1.0.0",
            ],
        );
        assert_eq!(wanted_by("a/go.mod"), ["go-mod"]);
    }

    #[test]
    fn passes_over_installed_code() {
        let path = "root/go/pkg/mod/example.org/x@v1.0.0/go.mod";
        check(path, FILE.as_bytes(), &[]);
        check("usr/local/go/src/go.mod", b"module std\nrequire golang.org/x/net v0.1.0\n", &[]);
    }

    #[test]
    fn odd_text_gives_nothing_and_ends() {
        for text in [
            "",
            "(",
            ")",
            "require (",
            "require \"",
            "require \"\" v1",
            "replace a =>",
            "\u{0}\u{1}",
            "x ( y",
        ] {
            check("go.mod", text.as_bytes(), &[]);
        }
    }
}
