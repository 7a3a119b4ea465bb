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
    /// Any file whose last path part begins with `prefix` and ends with `suffix`, directly in a
    /// directory called `directory`. An empty `directory` or `prefix` stands for any; the suffix
    /// holds a dot: `conda-meta/…json`, `requirements…txt`.
    Shape {
        /// Name of the directory the file lies in; empty for any.
        directory: &'static str,
        /// Beginning of the file's name; may be empty.
        prefix: &'static str,
        /// End of the file's name, with its last dot.
        suffix: &'static str,
    },
    /// Any file directly or deeper below this directory of the root: `var/lib/dpkg/status.d`.
    Below(&'static str),
    /// Any ELF, PE or Mach-O file that may be executed or is a shared library; told by its magic.
    Executable,
}
