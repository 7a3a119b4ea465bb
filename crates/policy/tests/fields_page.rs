//! `docs/policy-fields.md` is made from the field tables. `LAZARET_WRITE_PAGES=1 cargo test -p
//! lazaret-policy --test fields_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use lazaret_policy::filter::{Argument, Field, FieldTable, FieldType, Plurality, tables};

const HEAD: &str = "\
# Fields

What conditions of [the rule language](policy-language.md) may ask, by table. This page is made \
from the tables in `crates/policy/src/filter/tables`. `[n]` is a number in brackets, `[key]` a \
text; in parentheses they may be left out. Words with bars between are all that there are. *any*: several values of which one is enough; *set*: \
`in` asks for all.
";

fn kind(field: &Field) -> String {
    let kind = match field.kind {
        FieldType::Bool => "true or false".to_owned(),
        FieldType::Integer => "number".to_owned(),
        FieldType::Float => "fraction".to_owned(),
        FieldType::Text if field.closed => field.words.join(" \\| "),
        FieldType::Text => "text".to_owned(),
        FieldType::Path => "path".to_owned(),
        FieldType::Bytes => "bytes".to_owned(),
        FieldType::Ip => "address".to_owned(),
        FieldType::Port => "port".to_owned(),
        FieldType::Duration => "span".to_owned(),
        FieldType::Time => "moment".to_owned(),
        FieldType::Ranked(words) => words.join(" < "),
        _ => "any value".to_owned(),
    };
    match field.plurality {
        Plurality::One => kind,
        Plurality::Any => format!("{kind}, any"),
        Plurality::Set => format!("{kind}, set"),
    }
}

fn name(field: &Field) -> String {
    let argument = match field.argument {
        Argument::None => "",
        Argument::OptionalIndex => "([n])",
        Argument::Index => "[n]",
        Argument::OptionalKey => "([key])",
        Argument::Key | Argument::Suffix => "[key]",
    };
    format!("`{}{argument}`", field.name)
}

fn section(page: &mut String, title: &str, table: &FieldTable, but: Option<&FieldTable>) {
    let _ = write!(page, "\n## {title}\n\n| field | type | |\n|---|---|---|\n");
    for field in table.fields() {
        if but.is_some_and(|other| other.field(&field.name).is_some()) {
            continue;
        }
        let _ = writeln!(page, "| {} | {} | {} |", name(field), kind(field), field.doc);
    }
}

#[test]
fn the_page_is_of_the_tables() {
    let mut page = HEAD.to_owned();
    section(&mut page, "Images and findings (`image`)", tables::image(), None);
    section(
        &mut page,
        "Workloads (`deploy`, with all of `image`)",
        tables::deploy(),
        Some(tables::image()),
    );
    section(&mut page, "Kernel events (`syscall`)", tables::syscall(), None);
    section(&mut page, "Audit log of Kubernetes (`k8s_audit`)", tables::k8s_audit(), None);
    section(&mut page, "Audit trail (`audit`)", tables::audit(), None);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy-fields.md");
    if std::env::var_os("LAZARET_WRITE_PAGES").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/policy-fields.md is old: run with LAZARET_WRITE_PAGES=1");
}

#[test]
fn tables_are_well_formed() {
    for table in tables::all() {
        for field in table.fields() {
            let words: Vec<&str> = field.name.split('.').collect();
            let is_word = |word: &&str| {
                word.starts_with(|c: char| c.is_ascii_alphabetic())
                    && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            assert!(words.len() > 1 && words.iter().all(is_word), "{}", field.name);
            assert!(field.doc.ends_with('.') && field.doc.len() < 120, "{}", field.name);
        }
    }
    let syscall = tables::syscall();
    assert!(syscall.index.is_some_and(|index| syscall.field(index).is_some()));
}
