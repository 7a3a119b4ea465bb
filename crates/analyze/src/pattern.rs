//! `Pattern`: which files an analyzer wants, as data, so that one look-up serves all analyzers.

/// A way to want a file. Patterns are matched against regular files only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Exactly this path from the root: `var/lib/dpkg/status`.
    Path(&'static str),
    /// Any file whose last path part is this: `package.json`.
    Name(&'static str),
    /// Any file whose last path part ends so: `.jar`. The ending starts with its last dot.
    Suffix(&'static str),
    /// Any file directly or deeper below this directory of the root: `var/lib/dpkg/status.d`.
    Below(&'static str),
    /// Any ELF, PE or Mach-O file that may be executed or is a shared library; told by its magic.
    Executable,
}
