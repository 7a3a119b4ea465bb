//! What an audit looks at: the forms of commands that say it without being run.

/// What answers an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The flags of the processes of a program: `ps … | grep PROGRAM`.
    Process(String),
    /// Modes or owners of files: `stat -c FORMAT FILE…`.
    Stat {
        /// The format of `stat`, such as `permissions=%a`.
        format: String,
        /// The files.
        paths: Vec<String>,
    },
    /// The same of all files below a folder: `find FOLDER -name … | xargs stat …`.
    Tree {
        /// The format of `stat`.
        format: String,
        /// The folder.
        folder: String,
        /// The end of the names, such as `.crt`; empty for all.
        suffix: String,
        /// Whether folders are left out.
        files_only: bool,
    },
    /// A file's text: `cat FILE`.
    Read(String),
    /// Mode or owner of what a flag of a program names, or of another file where it does not.
    Named {
        /// The format of `stat`.
        format: String,
        /// The program.
        program: String,
        /// The flag, without dashes.
        flag: String,
    },
    /// Modes or owners of the files of container networks.
    Networks(String),
    /// What secrets are encrypted with, as `provider=NAME`.
    Encryption,
    /// A variable that stands for nothing here.
    Missing(String),
    /// Only a shell can tell.
    Shell,
    /// The check has no such audit.
    Nothing,
}

/// Puts values in the place of variables such as `$kubeletconf`, by name without the dollar; the
/// first name that stands for nothing is the error.
///
/// # Errors
/// The name of a variable of the file's kind, in lower case, that has no value.
pub fn substitute<'v>(
    audit: &str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, String> {
    let mut out = String::with_capacity(audit.len());
    let mut rest = audit;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        match value(name) {
            Some(value) => out.push_str(value),
            // Variables of the shell's own stay.
            None if is_of_the_shell(name, audit) => {
                out.push('$');
                out.push_str(name);
            }
            None => return Err(name.to_owned()),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn is_of_the_shell(name: &str, audit: &str) -> bool {
    let is_made = |form: String| audit.contains(&form);
    name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase())
        || is_made(format!("for {name} in"))
        || is_made(format!("{name}="))
        || is_made(format!("read {name}"))
}

/// What an audit looks at, its variables being replaced.
pub fn probe(audit: &str) -> Probe {
    let audit = unwrapped(audit.trim());
    if audit.is_empty() {
        return Probe::Nothing;
    }
    if let Some(special) = special(audit) {
        return special;
    }
    let audit = audit.replace("2> /dev/null", "").replace("2>/dev/null", "");
    let plain = strip_test(audit.trim());
    if let Some(found) = each(plain) {
        return found;
    }
    if plain.contains(['$', '`', ';', '&', '>', '<', '\n', '(']) {
        return Probe::Shell;
    }
    let parts: Vec<Vec<String>> = plain.split('|').map(words).collect();
    let heads: Vec<&str> = parts.iter().map(|part| program(part)).collect();
    match (heads.as_slice(), parts.as_slice()) {
        (["stat"], [part]) => stat(part).unwrap_or(Probe::Shell),
        (["cat"], [part]) if part.len() == 2 => Probe::Read(part[1].clone()),
        (["ps"], [part]) => match part.as_slice() {
            [_, how, name] if how == "-fC" => Probe::Process(name.clone()),
            _ => Probe::Shell,
        },
        (["ps", "grep"] | ["ps", "grep", "grep"], [_, first, rest @ ..]) => {
            let hides_itself = rest.iter().all(|part| part[1..] == ["-v", "grep"]);
            match first.as_slice() {
                [_, name] if hides_itself && is_name(name) => Probe::Process(name.clone()),
                _ => Probe::Shell,
            }
        }
        (["find", "xargs"], [find, xargs]) => tree(find, xargs).unwrap_or(Probe::Shell),
        _ => Probe::Shell,
    }
}

/// `/bin/sh -c '…'` is what stands in the quotes.
fn unwrapped(audit: &str) -> &str {
    let inside = ["/bin/sh -c ", "sh -c ", "/bin/bash -c ", "bash -c "];
    let Some(rest) = inside.iter().find_map(|head| audit.strip_prefix(head)) else { return audit };
    let rest = rest.trim();
    for quote in ['\'', '"'] {
        let inner = rest.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner.filter(|inner| !inner.contains(quote)) {
            return inner.trim();
        }
    }
    audit
}

/// `if test -e FILE; then COMMAND FILE; fi` is the command: what is not there says nothing anyway.
fn strip_test(audit: &str) -> &str {
    let inner = || {
        let rest = audit.strip_prefix("if test -e ")?;
        let (file, rest) = rest.split_once(';')?;
        let command = rest.trim().strip_prefix("then ")?;
        let command = command.trim().strip_suffix("fi")?.trim().strip_suffix(';')?.trim();
        command.contains(file.trim()).then_some(command)
    };
    inner().unwrap_or(audit)
}

/// `for NAME in FILE…; do stat -c FORMAT $NAME; done`.
fn each(audit: &str) -> Option<Probe> {
    let rest = audit.strip_prefix("for ")?;
    let (name, rest) = rest.split_once(" in ")?;
    let (files, rest) = rest.split_once(';')?;
    let command = rest.trim().strip_prefix("do ")?.trim().strip_suffix("done")?.trim();
    let command = command.strip_suffix(';').unwrap_or(command);
    let variable = format!("${name}");
    let mut parts = words(command);
    let last = parts.pop()?;
    if parts.first().is_none_or(|head| base(head) != "stat") || last != variable {
        return None;
    }
    parts.extend(words(files));
    stat(&parts)
}

/// Longer scripts that are known by what they ask of whom.
fn special(audit: &str) -> Option<Probe> {
    let has = |part: &str| audit.contains(part);
    if has("provider=") && has("--encryption-provider-config") && has("providers:") {
        return Some(Probe::Encryption);
    }
    let format = {
        let (_, after) = audit.split_once("stat -c ")?;
        words(after.lines().next().unwrap_or_default()).into_iter().next()?
    };
    let named = |program: &str, flag: &str| {
        Some(Probe::Named {
            format: format.clone(),
            program: program.to_owned(),
            flag: flag.to_owned(),
        })
    };
    if has("--cni-conf-dir") && has("/var/lib/cni/networks") {
        return Some(Probe::Networks(format));
    }
    if has("grep etcd") && has("--data-dir") && has("DATA_DIR") {
        return named("etcd", "data-dir");
    }
    if has("grep kubelet") && has("--client-ca-file=") && has("CAFILE") {
        return named("kubelet", "client-ca-file");
    }
    None
}

fn stat(part: &[String]) -> Option<Probe> {
    let [_, option, format, paths @ ..] = part else { return None };
    let plain = paths.iter().all(|path| path.starts_with('/') && !path.contains(['*', '?', '$']));
    let known = option == "-c" && !paths.is_empty() && plain && is_known(format);
    known.then(|| Probe::Stat { format: format.clone(), paths: paths.to_vec() })
}

/// Whether a format asks for nothing but mode, owner, group and name.
fn is_known(format: &str) -> bool {
    let asked = format.split('%').skip(1).map(|part| part.chars().next());
    asked.into_iter().all(|letter| matches!(letter, Some('a' | 'U' | 'G' | 'n' | 'u' | 'g')))
}

fn tree(find: &[String], xargs: &[String]) -> Option<Probe> {
    let folder = find.get(1).filter(|folder| folder.starts_with('/'))?.clone();
    let (mut suffix, mut files_only) = (String::new(), false);
    let mut options = find.get(2..)?.iter();
    while let Some(option) = options.next() {
        match (option.as_str(), options.next()?.as_str()) {
            ("-name", glob) => {
                suffix = glob.strip_prefix('*').filter(|s| !s.contains(['*', '?', '[']))?.to_owned()
            }
            ("-type", "f") => files_only = true,
            _ => return None,
        }
    }
    let command: Vec<&String> = xargs
        .iter()
        .skip(1)
        .filter(|word| !matches!(word.as_str(), "--no-run-if-empty" | "-r"))
        .collect();
    match command.as_slice() {
        [stat, option, format] if base(stat) == "stat" && *option == "-c" && is_known(format) => {
            Some(Probe::Tree { format: (*format).clone(), folder, suffix, files_only })
        }
        _ => None,
    }
}

fn is_name(word: &str) -> bool {
    !word.starts_with('-') && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
}

fn program(part: &[String]) -> &str {
    part.first().map_or("", |head| base(head))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Words, quotes taken off.
fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => found.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    found.extend(word);
    found
}
