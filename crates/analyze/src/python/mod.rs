//! Python: installed distributions, and the lock files of every installer.
//!
//! A package's name is written as PyPI compares names (PEP 503): lower-case, runs of `-`, `_` and
//! `.` as one `-`. So `Ruamel.Yaml` and `ruamel_yaml` are one package, and advisories match.
//!
//! Not read: eggs that are still zipped, `setup.py`, and lines that pin nothing.

mod conda;
mod installed;
mod metadata;
mod pipfile;
mod poetry;
mod pylock;
mod requirements;
mod uv;

use model::FileEntry;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &installed::INSTALLED,
    &requirements::REQUIREMENTS,
    &pipfile::PIPFILE_LOCK,
    &poetry::POETRY_LOCK,
    &poetry::PDM_LOCK,
    &uv::UV_LOCK,
    &pylock::PYLOCK,
    &conda::CONDA,
];

/// Whether a lock or requirement file belongs to a project. Those inside installed packages say
/// with what the package was developed, not what is installed here.
fn is_project_file(entry: &FileEntry) -> bool {
    !entry.path.split('/').any(|part| matches!(part, "site-packages" | "dist-packages"))
}

/// A distribution's name as PyPI compares names (PEP 503, Normalized Names).
fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.trim().chars() {
        if matches!(c, '-' | '_' | '.') {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            normal.push('-');
        }
        normal.push(c.to_ascii_lowercase());
    }
    if gap {
        normal.push('-');
    }
    normal
}

/// Whether a path names a packed distribution; another path of a lock is a directory of the
/// project itself.
fn is_archive(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz"].iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_pypi_does() {
        for (name, expect) in [
            ("Jinja2", "jinja2"),
            ("ruamel.yaml", "ruamel-yaml"),
            ("zope._-interface", "zope-interface"),
            (" Foo_Bar ", "foo-bar"),
            ("", ""),
            ("_x_", "-x-"),
        ] {
            assert_eq!(normalized(name), expect);
        }
    }
}
