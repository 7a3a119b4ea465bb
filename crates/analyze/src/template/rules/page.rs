//! The page of the rules of one kind, in Markdown, made of nothing but their data.

use std::fmt::Write as _;

use super::{Catalogue, Example, TemplateRule, Tier};
use crate::template::TemplateKind;

impl Catalogue {
    /// The page that describes every rule of a kind, in the order of its file.
    pub fn page(&self, kind: TemplateKind) -> String {
        let title = match kind {
            TemplateKind::Dockerfile => "Dockerfiles",
            TemplateKind::Compose => "compose files",
            TemplateKind::Kubernetes => "Kubernetes manifests",
        };
        let rules: Vec<&TemplateRule> = self.of(kind).collect();
        let name = kind.as_str();
        let mut page = format!(
            "# Rules about {title}\n\n{} rules, made of `rules/template/{name}.yaml`: change that \
             file, then run `make docs`. How they are used is told in \
             [templates.md](../../templates.md).\n\n\
             | rule | severity | tier | what is wrong | other tools' names |\n\
             |---|---|---|---|---|\n",
            rules.len()
        );
        for rule in &rules {
            // Writing to a string does not fail.
            let _ = writeln!(
                page,
                "| [{}](#{}) | {}{} | {} | {} | {} |",
                rule.id,
                rule.id,
                rule.severity,
                if rule.enabled { "" } else { " (off)" },
                rule.tier.as_str(),
                cell(&rule.title),
                cell(&rule.aliases.join(", "))
            );
        }
        for rule in rules {
            section(&mut page, rule, kind);
        }
        page
    }
}

fn section(page: &mut String, rule: &TemplateRule, kind: TemplateKind) {
    let _ = write!(page, "\n## {}\n\n{}. {}\n\n", rule.id, rule.title, rule.why);
    let _ = write!(page, "**Repair:** {}\n\n", rule.fix);
    let mut facts = vec![format!("severity {}", rule.severity), rule.tier.as_str().to_owned()];
    if !rule.enabled {
        facts.push("off until it is switched on".to_owned());
    }
    if !rule.aliases.is_empty() {
        facts.push(format!("also known as {}", rule.aliases.join(", ")));
    }
    let _ = writeln!(page, "{}.", facts.join(" · "));
    for (name, words) in &rule.parameters {
        let _ = writeln!(page, "\nParameter `{name}`: `{}`.", words.join("`, `"));
    }
    if !rule.reference.is_empty() {
        let _ = writeln!(page, "\nMore: <{}>", rule.reference);
    }
    for (heading, examples) in [("Speaks", &rule.examples), ("Is silent", &rule.near_misses)] {
        if let Some(example) = examples.first() {
            let _ = writeln!(page, "\n{heading}:\n");
            code(page, example, kind);
        }
    }
}

fn code(page: &mut String, example: &Example, kind: TemplateKind) {
    let language = if kind == TemplateKind::Dockerfile { "dockerfile" } else { "yaml" };
    let mut block = |language: &str, text: &str| {
        let _ = writeln!(page, "```{language}\n{}\n```", text.trim_end());
    };
    match example {
        Example::One(text) => block(language, text),
        Example::Files(files) => {
            for (name, text) in files {
                block("text", &format!("# {name}\n{text}"));
            }
        }
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

impl Tier {
    /// The word in files and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Security => "security",
            Tier::Correctness => "correctness",
            Tier::Build => "build",
            Tier::Operation => "operation",
            Tier::Style => "style",
            Tier::Policy => "policy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the pages when `LAZARET_WRITE_DOCS` is set, else holds them to the data.
    #[test]
    fn pages_are_those_of_the_data() {
        let folder = format!("{}/../../docs/rules/template", env!("CARGO_MANIFEST_DIR"));
        let catalogue = Catalogue::built_in().unwrap();
        for kind in TemplateKind::ALL {
            let path = format!("{folder}/{}.md", kind.as_str());
            let page = catalogue.page(kind);
            if std::env::var_os("LAZARET_WRITE_DOCS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &page).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap();
            assert!(written == page, "{path} is not made of the data: run `make docs`");
        }
    }
}
