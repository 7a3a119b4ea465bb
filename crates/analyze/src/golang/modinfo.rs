//! The module lines of a Go program: `path`, `mod`, `dep`, `=>` and `build`, to packages.
//!
//! Source: the Go standard library's `runtime/debug` (`BuildInfo.String`, `ParseBuildInfo`).

use model::{Package, PackageKind};

use super::buildinfo::BuildStrings;
use super::main_version;
use crate::limits::MAX_PACKAGES;

/// The name under which the Go vulnerability database files the standard library.
const STDLIB: &str = "stdlib";
/// Main modules of the Go distribution's own tools; their version is the standard library's.
const TOOLCHAIN_MODULES: [&str; 2] = ["cmd", "std"];

/// The module lines, taken apart.
#[derive(Debug, Default)]
pub(super) struct ModuleLines<'t> {
    /// The module that the program is part of.
    pub main: Option<Module<'t>>,
    /// The modules it was linked with.
    pub dependencies: Vec<Module<'t>>,
    /// The build settings, unquoted, in order.
    pub settings: Vec<(String, String)>,
}

/// One module line, with the `=>` line that may follow it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Module<'t> {
    /// Module path.
    pub path: &'t str,
    /// Version with its `v`, or `(devel)`.
    pub version: &'t str,
    /// Path and version of what was built in its place; a local directory has no version.
    pub replacement: Option<(&'t str, &'t str)>,
}

impl<'t> ModuleLines<'t> {
    /// Reads the lines; unknown ones are passed over, as newer Go versions may add some.
    pub(super) fn parse(text: &'t str) -> Self {
        let mut found = ModuleLines::default();
        let mut last_is_main = true;
        for line in text.lines() {
            let (word, rest) = line.split_once('\t').unwrap_or((line, ""));
            let mut columns = rest.split('\t');
            let (path, version) =
                (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
            match word {
                "mod" => {
                    found.main = Some(Module { path, version, replacement: None });
                    last_is_main = true;
                }
                "dep" if found.dependencies.len() < MAX_PACKAGES => {
                    found.dependencies.push(Module { path, version, replacement: None });
                    last_is_main = false;
                }
                "=>" => {
                    let last = match last_is_main {
                        true => found.main.as_mut(),
                        false => found.dependencies.last_mut(),
                    };
                    if let Some(module) = last {
                        module.replacement = Some((path, version));
                    }
                }
                "build" => found.settings.extend(setting(rest)),
                _ => {}
            }
        }
        found
    }

    /// The value of a build setting.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl Module<'_> {
    /// Whether a directory was built in its place. What code lies there no line says.
    pub(super) fn is_replaced_by_directory(&self) -> bool {
        self.replacement.is_some_and(|(path, version)| is_directory(path) || version.is_empty())
    }

    /// Path and version of the code that was built: the replacement's, unless that is a directory;
    /// a directory is taken for a copy of the module it replaces.
    fn built(&self) -> (&str, &str) {
        match self.replacement {
            Some(replacement) if !self.is_replaced_by_directory() => replacement,
            _ => (self.path, self.version),
        }
    }
}

/// Whether a replacement is a path in the file system (Go modules reference, `replace`).
pub(super) fn is_directory(path: &str) -> bool {
    path.starts_with("./")
        || path.starts_with("../")
        || path.starts_with('/')
        || matches!(path, "." | "..")
        || path.as_bytes().get(1) == Some(&b':')
}

/// The packages of a program: standard library, main module, dependencies.
pub(super) fn packages(build: &BuildStrings) -> Vec<Package> {
    let lines = ModuleLines::parse(&build.module_lines);
    let mut packages = Vec::with_capacity(lines.dependencies.len() + 2);
    let mut add = |path: &str, version: &str| {
        packages.push(Package::new(PackageKind::Golang, path, version));
    };
    if let Some(version) = stdlib_version(&build.go_version) {
        add(STDLIB, version);
    }
    if let Some(main) = &lines.main
        && !main.path.is_empty()
        && !TOOLCHAIN_MODULES.contains(&main.path)
    {
        add(main.path, &main_version::of(main, &lines));
    }
    for module in &lines.dependencies {
        let (path, version) = module.built();
        if !path.is_empty() {
            add(path, if version.is_empty() { main_version::DEVEL } else { version });
        }
    }
    packages
}

/// The standard library's version out of `runtime.Version()`.
///
/// `go1.22.3 X:boringcrypto` → `1.22.3`; `devel go1.23-0a1b2c3 Tue …` → `1.23-0a1b2c3`. Toolchains
/// of others append to the number (`go1.21.3-1`, `go1.20.12b4`); that stays. `None` for a tip
/// build that does not say which release it leads to.
fn stdlib_version(go_version: &str) -> Option<&str> {
    let mut words = go_version.split_ascii_whitespace();
    let number = words.find_map(|word| word.strip_prefix("go"))?;
    number.starts_with(|first: char| first.is_ascii_digit()).then_some(number)
}

/// A setting `key=value`, either side possibly quoted.
fn setting(text: &str) -> Option<(String, String)> {
    let (key, rest) = unquoted_prefix(text, '=')?;
    let value = rest.strip_prefix('=')?;
    let (value, _) = unquoted_prefix(value, '\n')?;
    Some((key, value))
}

/// The text up to `end`, or a Go string literal in `"` or `` ` ``; gives also what follows.
fn unquoted_prefix(text: &str, end: char) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (inner, rest) = raw.split_once('`')?;
        return Some((inner.to_owned(), rest));
    }
    let Some(quoted) = text.strip_prefix('"') else {
        let at = text.find(end).unwrap_or(text.len());
        let (plain, rest) = text.split_at_checked(at)?;
        return Some((plain.to_owned(), rest));
    };
    let mut inner = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((inner, quoted.get(at + 1..)?)),
            '\\' => inner.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            _ => inner.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(go_version: &str, module_lines: &str) -> Vec<String> {
        let build = BuildStrings {
            go_version: go_version.to_owned(),
            module_lines: module_lines.to_owned(),
        };
        packages(&build).iter().map(|p| format!("{} {}", p.name, p.version)).collect()
    }

    #[test]
    fn lists_standard_library_main_module_and_what_was_built() {
        let lines = "path\texample.org/tool/cmd/tool\n\
            mod\texample.org/tool\tv1.4.0\th1:aaa=\n\
            dep\texample.org/plain\tv0.3.1\th1:bbb=\n\
            dep\texample.org/old\tv1.0.0\n\
            =>\texample.org/fork\tv1.0.1\th1:ccc=\n\
            dep\texample.org/local\tv2.0.0\n\
            =>\t./third_party/local\t\n\
            dep\texample.org/inner\tv0.0.0\n\
            =>\t../inner\t(devel)\t\n\
            build\t-compiler=gc\n";
        assert_eq!(
            listed("go1.22.3", lines),
            [
                "stdlib 1.22.3",
                "example.org/tool v1.4.0",
                "example.org/plain v0.3.1",
                "example.org/fork v1.0.1",
                "example.org/local v2.0.0",
                "example.org/inner v0.0.0",
            ]
        );
    }

    #[test]
    fn reads_every_form_of_the_toolchain_version() {
        for (text, expect) in [
            ("go1.22.3", Some("1.22.3")),
            ("go1.21", Some("1.21")),
            ("go1.22.3 X:boringcrypto", Some("1.22.3")),
            ("go1.23rc1", Some("1.23rc1")),
            ("go1.20.12b4", Some("1.20.12b4")),
            ("devel go1.23-0a1b2c3 Tue Mar 5 10:00:00 2024 +0000", Some("1.23-0a1b2c3")),
            ("devel +0a1b2c3 Tue Mar 5 10:00:00 2019 +0000", None),
            ("", None),
            ("gopher", None),
        ] {
            assert_eq!(stdlib_version(text), expect, "{text}");
        }
    }

    #[test]
    fn a_tool_of_the_distribution_is_its_standard_library() {
        assert_eq!(listed("go1.24.1", "path\tcmd/go\nmod\tcmd\t(devel)\t\n"), ["stdlib 1.24.1"]);
        assert_eq!(listed("go1.12.17", ""), ["stdlib 1.12.17"]);
    }

    #[test]
    fn unquotes_settings() {
        let lines = ModuleLines::parse(
            "build\t-ldflags=\"-X \\\"main.version=1.2.3\\\"\"\nbuild\t\"odd key\"=`raw`\nbuild\tx",
        );
        assert_eq!(lines.setting("-ldflags"), Some("-X \"main.version=1.2.3\""));
        assert_eq!(lines.setting("odd key"), Some("raw"));
        assert_eq!(lines.settings.len(), 2);
    }
}
