//! Requirement files (`requirements.txt`), in pip's "Requirements File Format".
//!
//! Only what is pinned to one version (`==`, `===`) is told: a range does not say what is
//! installed. Environment markers are not evaluated, since the interpreter is not known; a pin
//! under a marker is told. Included files (`-r`) are read when they are found themselves.

use std::borrow::Cow;

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

use super::{is_project_file, normalized};

/// Pinned requirements.
pub(super) const REQUIREMENTS: TextAnalyzer = TextAnalyzer {
    name: "python-requirements",
    version: 1,
    patterns: &[
        Pattern::Shape { directory: "", prefix: "requirements", suffix: ".txt" },
        Pattern::Shape { directory: "", prefix: "", suffix: "requirements.txt" },
        Pattern::Shape { directory: "requirements", prefix: "", suffix: ".txt" },
    ],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Pypi, found);
    let mut lines = text.lines();
    while let Some(line) = logical_line(&mut lines) {
        if let Some((name, version)) = pin(&line) {
            pins.add(&normalized(name), version, false);
        }
    }
    Ok(())
}

/// The next line, with those that a backslash at the end joins to it, without its comment.
fn logical_line<'a>(lines: &mut std::str::Lines<'a>) -> Option<Cow<'a, str>> {
    let first = without_comment(lines.next()?);
    let Some(head) = first.strip_suffix('\\') else { return Some(Cow::Borrowed(first)) };
    let mut joined = head.to_owned();
    for next in lines.by_ref().map(without_comment) {
        joined.push(' ');
        joined.push_str(next.strip_suffix('\\').unwrap_or(next));
        if !next.ends_with('\\') {
            break;
        }
    }
    Some(Cow::Owned(joined))
}

/// A comment begins with `#` at the line's start or after a blank; elsewhere it is part of a URL.
fn without_comment(line: &str) -> &str {
    let mut after_blank = true;
    for (at, c) in line.char_indices() {
        if c == '#' && after_blank {
            return line.get(..at).unwrap_or_default();
        }
        after_blank = c.is_whitespace();
    }
    line
}

/// Name and version of a requirement (PEP 508) that is pinned to one version.
fn pin(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with('-') {
        return None;
    }
    let line = line.split(';').next()?;
    // Options of one requirement follow it: `--hash=sha256:…`.
    let line = line.split(" --").next()?.trim();
    let name_end = line.find(|c: char| !is_name_char(c))?;
    let (name, rest) = line.split_at(name_end);
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1.trim_start(),
        None => rest,
    };
    let specifiers =
        rest.strip_prefix('(').map_or(Some(rest), |r| r.trim_end().strip_suffix(')'))?;
    let version = specifiers.split(',').find_map(exact)?;
    Some((name, version))
}

/// The version of a specifier that names exactly one.
fn exact(specifier: &str) -> Option<&str> {
    let specifier = specifier.trim();
    let version = specifier.strip_prefix("===").or_else(|| specifier.strip_prefix("=="))?.trim();
    let is_version = version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-_+!".contains(c));
    is_version.then_some(version)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, wanted_by};

    #[test]
    fn forms_of_a_requirement() {
        for (line, expect) in [
            ("a==1.0", &["a 1.0"][..]),
            ("A_b == 1.0  # why", &["a-b 1.0"]),
            ("a===1.0+local.1", &["a 1.0+local.1"]),
            ("a[x, y]==2", &["a 2"]),
            ("a [x] (==2!1.0)", &["a 2!1.0"]),
            ("a>=1,==1.5", &["a 1.5"]),
            ("a==1; python_version < '3.8'", &["a 1"]),
            ("a==1 --hash=sha256:0 --hash=sha256:1", &["a 1"]),
            ("a==1 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\nb==2", &["a 1", "b 2"]),
            ("a==1 \\", &["a 1"]),
            ("a \\\n# note\n==1", &[]),
            ("a==1\na==1\na==2", &["a 1", "a 2"]),
            ("a==1\r\nb==2\r\n", &["a 1", "b 2"]),
            ("\u{feff}a==1", &["a 1"]),
            ("a==1.*", &[]),
            ("a~=1.0", &[]),
            ("a", &[]),
            ("a @ https://host/a-1.0.whl#sha256=0", &[]),
            ("https://host/a==1", &[]),
            ("./a==1", &[]),
            ("-r other==1.txt", &[]),
            ("--hash==1", &[]),
            ("a==${VERSION}", &[]),
            ("a==", &[]),
            ("a[x==1", &[]),
            ("a(==1", &[]),
            ("#a==1", &[]),
            ("", &[]),
        ] {
            check("app/requirements.txt", line.as_bytes(), expect);
        }
    }

    #[test]
    fn encodings_and_one_endless_line() {
        check("requirements.txt", b"\xff\xfea\0=\0=\x001\0\n\0", &["a 1"]);
        check("usr/lib/python3/dist-packages/x/requirements.txt", b"a==1", &[]);
        check("requirements.txt", b"caf\xe9==1\nb==2", &["b 2"]);
        check("requirements.txt", "a".repeat(10 << 20).as_bytes(), &[]);
        check("requirements.txt", "a,".repeat(5 << 20).as_bytes(), &[]);
        check("requirements.txt", "\\\n".repeat(4 << 20).as_bytes(), &[]);
    }

    #[test]
    fn names_of_requirement_files() {
        for path in ["requirements.txt", "a/requirements-dev.txt", "dev-requirements.txt"] {
            assert_eq!(wanted_by(path), ["python-requirements"], "{path}");
        }
        assert_eq!(wanted_by("app/requirements/base.txt"), ["python-requirements"]);
        for path in ["notes.txt", "requirements.in", "requirements/deep/x.txt"] {
            assert!(wanted_by(path).is_empty(), "{path}");
        }
    }
}
