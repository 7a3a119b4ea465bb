//! os-release(5) and lsb-release: shell assignments, without a shell.

use model::Distro;

use super::debian_release;
use crate::os::bytes::field;

/// The distribution of an os-release file; `None` without an `ID`.
pub(super) fn read(text: &str) -> Option<Distro> {
    let id = value(text, "ID")?.to_ascii_lowercase();
    let mut distro = Distro {
        id,
        version: value(text, "VERSION_ID").unwrap_or_default(),
        codename: value(text, "VERSION_CODENAME").unwrap_or_default(),
        like: value(text, "ID_LIKE")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_ascii_lowercase)
            .collect(),
        pretty_name: value(text, "PRETTY_NAME").or_else(|| value(text, "NAME")).unwrap_or_default(),
        cpe: value(text, "CPE_NAME").unwrap_or_default(),
    };
    if distro.id == "debian" && distro.version.is_empty() {
        complete_debian(&mut distro);
    }
    Some(distro)
}

/// Debian's testing and unstable write no `VERSION_ID`, and once wrote no codename either, only
/// "Debian GNU/Linux trixie/sid" as name.
fn complete_debian(distro: &mut Distro) {
    if distro.codename.is_empty() {
        let name = distro.pretty_name.trim_end_matches("/sid");
        distro.codename = name.rsplit(' ').next().unwrap_or("").to_owned();
    }
    distro.version = debian_release(&distro.codename).to_owned();
}

/// The distribution of an `etc/lsb-release` file (Ubuntu and its kin); `None` without an id.
pub(super) fn read_lsb(text: &str) -> Option<Distro> {
    let name = value(text, "DISTRIB_ID")?;
    Some(Distro {
        id: name.to_ascii_lowercase().replace(' ', ""),
        version: value(text, "DISTRIB_RELEASE").unwrap_or_default(),
        codename: value(text, "DISTRIB_CODENAME").unwrap_or_default(),
        pretty_name: value(text, "DISTRIB_DESCRIPTION").unwrap_or(name),
        ..Distro::default()
    })
}

/// The value assigned to `name` last, unquoted; `None` when there is none or it is empty.
fn value(text: &str, name: &str) -> Option<String> {
    let assigned = text.lines().rev().find_map(|line| {
        let (left, right) = line.trim_start().split_once('=')?;
        (left == name).then_some(right)
    });
    field(unquote(assigned?).as_bytes())
}

/// What a shell reads as the value of `NAME=word`: single quotes keep everything, a backslash
/// keeps the next character (between double quotes only `"`, `$`, `` ` `` and `\`), an unquoted
/// blank ends it. Nothing is expanded.
fn unquote(word: &str) -> String {
    let mut value = String::new();
    let mut quote: Option<char> = None;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => break,
            (None, '\\') => value.extend(chars.next()),
            (Some('"'), '\\') => match chars.next_if(|next| r#""$`\"#.contains(*next)) {
                Some(kept) => value.push(kept),
                None => value.push('\\'),
            },
            (_, c) => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unquoted_as_a_shell_does() {
        let cases = [
            ("plain", "plain"),
            ("\"two words\"", "two words"),
            ("'it'\\''s'", "it's"),
            (r#""a \"b\" \$c \`d\` \\ \n""#, r#"a "b" $c `d` \ \n"#),
            (r"'a\b'", r"a\b"),
            (r"a\ b", "a b"),
            ("word # comment", "word"),
            ("\"open", "open"),
            ("a\"b c\"d", "ab cd"),
            ("", ""),
            ("\\", ""),
        ];
        for (word, expect) in cases {
            assert_eq!(unquote(word), expect, "{word}");
        }
    }

    #[test]
    fn all_fields_are_read_and_the_last_assignment_counts() {
        let text = "# ID=no\nID=centos\nID=\"rocky\"\r\nID_LIKE=\"rhel Centos fedora\"\n\
                    VERSION_ID=\"9.3\"\nPRETTY_NAME=\"Rocky Linux 9.3 (Blue Onyx)\"\n\
                    CPE_NAME=\"cpe:/o:rocky:rocky:9::baseos\"\nNOT_ID=x\nXID=y\n";
        let distro = read(text).unwrap();
        assert_eq!(
            distro,
            Distro {
                id: "rocky".into(),
                version: "9.3".into(),
                codename: String::new(),
                like: vec!["rhel".into(), "centos".into(), "fedora".into()],
                pretty_name: "Rocky Linux 9.3 (Blue Onyx)".into(),
                cpe: "cpe:/o:rocky:rocky:9::baseos".into(),
            }
        );
        assert_eq!(read("NAME=x"), None);
    }
}
