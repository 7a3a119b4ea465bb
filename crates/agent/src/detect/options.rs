//! Which word of a command line is the program that an interpreter runs: each reads its options in
//! its own way. Where that is not known, a word that names no file does less harm than none.

/// How one kind of interpreter reads its options.
pub(super) struct Options {
    /// Letters after which the program stands in the command line, or comes from elsewhere.
    ends: &'static str,
    /// Letters with a value: the rest of the word, or the next one.
    valued: &'static str,
    /// Letters with a value that is the rest of the word, where there is one.
    attached: &'static str,
    /// Words with the next one as their value.
    words: &'static [&'static str],
    /// Values never begin in the letters' word, `+` is as good as `-`, and `-` ends the options.
    is_shell: bool,
}

const NONE: Options = Options { ends: "", valued: "", attached: "", words: &[], is_shell: false };
pub(super) const LOADER: Options = Options {
    words: &[
        "--library-path",
        "--preload",
        "--audit",
        "--argv0",
        "--inhibit-rpath",
        "--glibc-hwcaps-prepend",
        "--glibc-hwcaps-mask",
    ],
    ..NONE
};
const SHELL: Options = Options {
    ends: "cs",
    valued: "oO",
    words: &["--rcfile", "--init-file", "-rcfile", "-init-file"],
    is_shell: true,
    ..NONE
};
const PYTHON: Options =
    Options { ends: "cm", valued: "WXQ", words: &["--check-hash-based-pycs", "--jit"], ..NONE };
const PERL: Options = Options { ends: "eE", valued: "I", attached: "0CDFMVdilmx", ..NONE };
const RUBY: Options = Options {
    ends: "e",
    valued: "CEIXr",
    attached: "0FKTWilx",
    words: &[
        "--encoding",
        "--external-encoding",
        "--internal-encoding",
        "--enable",
        "--disable",
        "--backtrace-limit",
    ],
    ..NONE
};
const NODE: Options = Options {
    ends: "ep",
    valued: "Cr",
    words: &[
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "--conditions",
        "--input-type",
        "--title",
    ],
    ..NONE
};
const PHP: Options = Options {
    ends: "rBRE",
    valued: "cdtzS",
    words: &["--php-ini", "--define", "--zend-extension", "--docroot", "--server"],
    ..NONE
};
const LUA: Options = Options { valued: "elj", attached: "O", ..NONE };
const AWK: Options =
    Options { ends: "e", valued: "vFi", words: &["--assign", "--field-separator"], ..NONE };
const TCL: Options = Options { words: &["-encoding", "-c", "-D"], ..NONE };
const GUILE: Options =
    Options { ends: "c", valued: "eLx", words: &["--language", "--use-srfi"], ..NONE };
/// Long options of bash that may begin with one dash.
const BASH_WORDS: [&str; 9] = [
    "norc",
    "noprofile",
    "posix",
    "login",
    "verbose",
    "restricted",
    "noediting",
    "debugger",
    "protected",
];

impl Options {
    pub(super) const fn of_shell() -> &'static Options {
        &SHELL
    }

    /// Those of an interpreter, by its name without the version.
    pub(super) fn of_interpreter(name: &str) -> &'static Options {
        match name {
            "python" | "pypy" | "platform-python" => &PYTHON,
            "perl" => &PERL,
            "ruby" => &RUBY,
            "node" | "nodejs" | "deno" | "bun" => &NODE,
            "php" | "php-cli" => &PHP,
            "lua" | "luajit" => &LUA,
            "awk" | "gawk" | "mawk" | "original-awk" => &AWK,
            "tclsh" | "expect" => &TCL,
            "guile" => &GUILE,
            _ => &NONE,
        }
    }

    /// The first word that is no option; none when the program itself stands in an option.
    pub(super) fn after<'a>(&self, words: &'a [String]) -> Option<&'a str> {
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if self.words.contains(&word) {
                words.next();
                continue;
            }
            let plus = word.strip_prefix('+').filter(|_| self.is_shell);
            let Some(option) = plus.or_else(|| word.strip_prefix('-')) else { return Some(word) };
            match option.split('=').next().unwrap_or_default() {
                "" if !self.is_shell => return None,
                "" | "-" => return words.next(),
                "-eval" | "-command" | "-print" | "-run" => return None,
                long if long.starts_with('-') => continue,
                long if self.is_shell && BASH_WORDS.contains(&long) => continue,
                _ => {}
            }
            for _ in 0..self.values_after(option, plus.is_some())? {
                words.next();
            }
        }
        None
    }

    /// How many words after one of letters are their values; none when they end the search.
    fn values_after(&self, letters: &str, is_plus: bool) -> Option<usize> {
        let mut values = 0;
        for (at, letter) in letters.char_indices() {
            let is_last = at + letter.len_utf8() == letters.len();
            // `+s` takes back that the program comes from the input.
            if self.ends.contains(letter) && !(is_plus && letter == 's') {
                return None;
            }
            if self.valued.contains(letter) {
                values += usize::from(self.is_shell || is_last);
            }
            // Perl's and Ruby's `-l` and `-0` have digits behind them at most: `-lne`.
            let is_attached = self.attached.contains(letter) && !matches!(letter, 'l' | '0');
            if (self.valued.contains(letter) && !self.is_shell) || is_attached {
                break;
            }
        }
        Some(values)
    }
}
