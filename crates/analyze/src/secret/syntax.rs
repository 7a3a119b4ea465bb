//! What a file's name says of how values are written in it. Only the reading of generic
//! assignments depends on it; tokens and keys are looked for everywhere alike.

/// How values are written in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Settings, one a line, with or without quotes.
    Config,
    /// Commands: values end at blanks and separators.
    Shell,
    /// Program code: values are in quotes.
    Source,
    /// Prose about settings: examples abound.
    Prose,
    /// An environment variable or label: what is set is used.
    Variable,
    /// A build step: commands, and what they set is used.
    Step,
}

/// Endings of settings files.
const CONFIG: [&str; 22] = [
    "env",
    "ini",
    "conf",
    "cfg",
    "cnf",
    "config",
    "properties",
    "yaml",
    "yml",
    "toml",
    "json",
    "tfvars",
    "tfstate",
    "service",
    "credentials",
    "secret",
    "secrets",
    "settings",
    "netrc",
    "plist",
    "rc",
    "local",
];
/// Endings of prose, and of tables of translations.
const PROSE: [&str; 22] = [
    "md", "rst", "html", "htm", "adoc", "tex", "po", "pot", "texi", "info", "pod", "1", "3", "5",
    "7", "8", "xhtml", "markdown", "textile", "mdx", "txt", "changes",
];
/// Endings of shell scripts and of build files that hold commands.
const SHELL: [&str; 6] = ["sh", "bash", "zsh", "ksh", "fish", "profile"];
/// Names without a useful ending that hold prose.
const PROSE_NAMES: [&str; 10] = [
    "readme",
    "changelog",
    "changes",
    "news",
    "copyright",
    "license",
    "todo",
    "authors",
    "pkg-info",
    "metadata",
];

/// Parts of the names of text files that hold no prose.
const SETTINGS_WORDS: [&str; 7] =
    ["password", "passwd", "secret", "cred", "token", "config", "settings"];

/// Parts of the names of variable files that are to be filled in.
const TEMPLATES: [&str; 5] = ["example", "sample", "template", "dist", "default"];

impl Syntax {
    /// The syntax of the file at `path`.
    pub(crate) fn of(path: &str) -> Syntax {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let stem = name.trim_start_matches('.');
        let ending = stem.rsplit_once('.').map_or("", |(_, ending)| ending);
        if name.starts_with(".env") || stem.ends_with(".env") || name == "env" {
            let template = TEMPLATES.iter().any(|template| name.contains(template));
            return if template { Syntax::Config } else { Syntax::Variable };
        }
        if name.starts_with("dockerfile") || name.starts_with("containerfile") || name == "makefile"
        {
            return Syntax::Shell;
        }
        let of = |list: &[&str]| list.contains(&ending);
        if ending == "txt"
            && SETTINGS_WORDS.iter().any(|word| stem.contains(word))
            && !stem.contains(".rst")
        {
            return Syntax::Config;
        }
        match () {
            () if of(&CONFIG) => Syntax::Config,
            () if of(&SHELL) => Syntax::Shell,
            () if of(&PROSE) => Syntax::Prose,
            () if stem.starts_with("readme")
                || ending.is_empty() && PROSE_NAMES.contains(&stem) =>
            {
                Syntax::Prose
            }
            () if name.starts_with('.') && (stem.ends_with("rc") || stem.ends_with("profile")) => {
                Syntax::Shell
            }
            () if ending.is_empty() => Syntax::Config,
            () => Syntax::Source,
        }
    }

    /// Whether a value may stand without quotes.
    pub(crate) fn takes_bare_values(self) -> bool {
        matches!(self, Syntax::Config | Syntax::Shell | Syntax::Variable | Syntax::Step)
    }

    /// Whether what is set is used as it stands, so that even a poor password is one.
    pub(crate) fn is_in_force(self) -> bool {
        matches!(self, Syntax::Variable | Syntax::Step)
    }

    /// Whether words after a bare value say that it is prose.
    pub(crate) fn one_value_a_line(self) -> bool {
        self == Syntax::Config
    }

    /// Whether `byte` ends a bare value, beside blanks.
    pub(crate) fn ends_bare(self, byte: u8) -> bool {
        match self {
            Syntax::Shell | Syntax::Step => {
                matches!(byte, b';' | b'&' | b'|' | b'"' | b'\'' | b'`' | b')' | b'<' | b'>')
            }
            _ => false,
        }
    }
}
