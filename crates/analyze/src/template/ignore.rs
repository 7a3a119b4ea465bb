//! Comments that take flaws out of judgement: ours and those of other tools.
//!
//! `# lazaret: ignore=RULE[,RULE] reason` and `# hadolint ignore=DL3008` speak of the instruction
//! or block that follows, or of their own line; `# lazaret: ignore-file=…`, `# hadolint global
//! ignore=…` and `#checkov:skip=ID:reason` of the whole file; `#trivy:ignore:ID` of what follows,
//! and of the whole file when it stands before everything else.

use super::{Template, TemplateKind};
use crate::limits::{MAX_IGNORE_COMMENTS, MAX_IGNORE_NAMES};

/// A comment, or an annotation, that takes flaws out of judgement.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct IgnoreComment {
    /// The rules, by any of their names.
    pub names: Vec<String>,
    /// Why, in its writer's words; may be empty.
    pub reason: String,
    /// The line of the comment.
    pub line: u32,
    /// The first line that it speaks of.
    pub from: u32,
    /// The last.
    pub until: u32,
}

impl IgnoreComment {
    /// Whether it speaks of a line.
    pub fn covers(&self, line: u32) -> bool {
        (self.from..=self.until).contains(&line)
    }
}

/// What a comment speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    File,
    Next,
    /// What follows, or the file when nothing stands before it.
    NextOrFile,
}

/// The ignore comments of a template, in their order. Those that name nothing are none.
pub(crate) fn comments(template: &Template<'_>) -> Vec<IgnoreComment> {
    let lines: Vec<&str> = template.text.lines().collect();
    let mut comments = Vec::new();
    let mut is_head = true;
    for (at, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let own_line = body.starts_with('#');
        if let Some(hash) = comment_start(line, template.kind)
            && let Some((reach, names, reason)) = read(&line[hash + 1..])
        {
            let number = number_of(at);
            let file = match reach {
                Reach::File => true,
                Reach::Next => false,
                Reach::NextOrFile => is_head,
            };
            let (from, until) = match (file, own_line) {
                (true, _) => (0, u32::MAX),
                (false, true) => block(&lines, at + 1, template.kind),
                (false, false) => (number, number),
            };
            comments.push(IgnoreComment { names, reason, line: number, from, until });
            if comments.len() >= MAX_IGNORE_COMMENTS {
                break;
            }
        }
        is_head &= body.is_empty() || own_line;
    }
    comments
}

fn number_of(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
}

/// Where a comment begins. In a Dockerfile only whole lines are comments.
fn comment_start(line: &str, kind: TemplateKind) -> Option<usize> {
    let blank = line.len() - line.trim_start().len();
    if line[blank..].starts_with('#') {
        return Some(blank);
    }
    match kind {
        TemplateKind::Dockerfile => None,
        _ => line.rfind(" #").map(|at| at + 1),
    }
}

/// What a comment's text says.
fn read(text: &str) -> Option<(Reach, Vec<String>, String)> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("trivy:ignore:") {
        let (name, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let name = name.split(':').next().unwrap_or_default();
        return some(Reach::NextOrFile, name, reason);
    }
    if let Some(rest) = text.strip_prefix("checkov:skip=") {
        let (name, reason) = rest.split_once(':').unwrap_or((rest, ""));
        return some(Reach::File, name, reason);
    }
    if let Some(rest) = text.strip_prefix("hadolint") {
        let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
        let (reach, rest) = match rest.strip_prefix("global") {
            Some(rest) => (Reach::File, rest.trim_start()),
            None => (Reach::Next, rest),
        };
        let rest = rest.strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
        return some_list(reach, rest);
    }
    let rest = text.strip_prefix("lazaret:")?.trim_start();
    match rest.strip_prefix("ignore-file=") {
        Some(rest) => some_list(Reach::File, rest),
        None => some_list(Reach::Next, rest.strip_prefix("ignore=")?),
    }
}

/// `A,B reason` or `A, B`: names as long as a comma joins them.
fn some_list(reach: Reach, text: &str) -> Option<(Reach, Vec<String>, String)> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !name.is_empty() && names.len() < MAX_IGNORE_NAMES {
            names.push(name.to_owned());
        }
        let after = after.trim_start();
        match after.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => {
                let reason = after.trim_start_matches(['#', '-', ':', ' ']).trim_end();
                return (!names.is_empty()).then(|| (reach, names, reason.to_owned()));
            }
        }
    }
}

fn some(reach: Reach, names: &str, reason: &str) -> Option<(Reach, Vec<String>, String)> {
    let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    let named = names.iter().all(|name| !name.is_empty());
    named.then(|| (reach, names, reason.trim().to_owned()))
}

/// The lines of what begins at the first line from `at` on that is neither empty nor a comment:
/// an instruction with what continues it, or a block of YAML with what is indented below it.
fn block(lines: &[&str], at: usize, kind: TemplateKind) -> (u32, u32) {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let start = lines.iter().skip(at).position(is_code).map_or(lines.len(), |more| at + more);
    if kind == TemplateKind::Dockerfile {
        // A flaw stands at the first line of its instruction or within it; the next instruction
        // begins later than any line that continues this one.
        let mut end = start;
        while lines.get(end).is_some_and(|line| {
            let line = line.trim_end();
            line.ends_with('\\') || line.ends_with('`') || (end > start && !is_code(&line))
        }) {
            end += 1;
        }
        return (number_of(start), number_of(end));
    }
    let depth = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let own = lines.get(start).map_or(0, |line| depth(line));
    let end = lines.iter().enumerate().skip(start + 1);
    let end = end.filter(|(_, line)| is_code(line)).find(|(_, line)| depth(line) <= own);
    let end = end.map_or(lines.len(), |(end, _)| end);
    (number_of(start), u32::try_from(end).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: TemplateKind, text: &str, expect: &[(&str, &str, u32, u32)]) {
        let template = Template { name: "x", kind, text };
        let found = comments(&template);
        let found: Vec<(String, &str, u32, u32)> =
            found.iter().map(|c| (c.names.join(","), c.reason.as_str(), c.from, c.until)).collect();
        let expect: Vec<(String, &str, u32, u32)> =
            expect.iter().map(|(a, b, c, d)| ((*a).to_owned(), *b, *c, *d)).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn comments_of_every_tool_are_read() {
        use TemplateKind::{Compose, Dockerfile};
        let all = u32::MAX;
        check(
            Dockerfile,
            "FROM a\n# hadolint ignore=DL3008, DL3009\nRUN a \\\n b\nRUN c\n",
            &[("DL3008,DL3009", "", 3, 4)],
        );
        check(Dockerfile, "# hadolint global ignore=DL3003\nFROM a", &[("DL3003", "", 0, all)]);
        check(
            Dockerfile,
            "FROM a\n#checkov:skip=CKV_DOCKER_2:no need",
            &[("CKV_DOCKER_2", "no need", 0, all)],
        );
        check(
            Dockerfile,
            "#trivy:ignore:AVD-DS-0002:exp:2030-01-01\nFROM a",
            &[("AVD-DS-0002", "", 0, all)],
        );
        check(
            Dockerfile,
            "FROM a\n# trivy:ignore:DS-0002\nUSER root\nRUN a",
            &[("DS-0002", "", 3, 3)],
        );
        check(
            Dockerfile,
            "FROM a\n# lazaret: ignore=dockerfile-user-root a job\nUSER 0",
            &[("dockerfile-user-root", "a job", 3, 3)],
        );
        check(Dockerfile, "RUN a # lazaret: ignore=b c", &[]);
        check(Dockerfile, "# hadolint shell=bash\n# lazaret: ignore=\nFROM a", &[]);
        check(
            Compose,
            "services:\n  # lazaret: ignore=x why\n  web:\n    image: a\n\n  db: # lazaret: ignore=y\n",
            &[("x", "why", 3, 5), ("y", "", 6, 6)],
        );
    }
}
