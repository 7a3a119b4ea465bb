//! A tree as lines of text.

use std::fmt::Write as _;

use model::{AuditKind, AuditOutcome, AuditRecord, Severity, Timestamp};

use super::search::Numbered;
use super::tree::{Process, Tree};
use crate::limits::TREE_DEPTH;

/// Longest text of a line, in characters; longer ones are cut.
const TEXT_MAX_CHARS: usize = 160;

/// A line of a rendered tree. Whoever prints it may colour its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeLine {
    /// The branches before it.
    pub branches: String,
    /// What it says; no control characters are in it.
    pub text: String,
    /// Whether it is a process, and not something that it did.
    pub is_process: bool,
    /// Whether it is the record that the tree is made around.
    pub is_center: bool,
    /// How bad it is.
    pub severity: Severity,
}

/// A tree as lines: the trail first, then what else happened in the same container or session.
pub fn lines(tree: &Tree) -> Vec<TreeLine> {
    let mut out = Vec::new();
    let center = &tree.around;
    out.push(TreeLine {
        text: format!("record {}: {} {}", center.number, date(&center.record), summary(center)),
        severity: center.record.severity,
        ..TreeLine::default()
    });
    let children = children(&tree.processes);
    let tops = |leads: bool| -> Vec<usize> {
        let processes = tree.processes.iter().enumerate();
        let tops = processes.filter(|(_, one)| one.parent.is_none() && one.leads_here == leads);
        tops.map(|(place, _)| place).collect()
    };
    let mut drawing = Drawing { tree, children: &children, out };
    for top in tops(true) {
        drawing.walk(top);
    }
    let beside = tops(false);
    if !beside.is_empty() {
        let container = center.record.container.as_ref();
        let container = container
            .map(|one| if one.name.is_empty() { one.id.as_str() } else { one.name.as_str() });
        let text = match container {
            Some(container) => format!("also in container {}", shown(container)),
            None => format!("also in session {}", center.record.initiator.session),
        };
        drawing.out.push(TreeLine { text, ..TreeLine::default() });
        for top in beside {
            drawing.walk(top);
        }
    }
    if tree.left_out > 0 || tree.is_cut {
        let text = format!(
            "left out: {} records beside the trail{}; look at a shorter time",
            tree.left_out,
            if tree.is_cut { " and some of the trail" } else { "" }
        );
        drawing.out.push(TreeLine { text, ..TreeLine::default() });
    }
    drawing.out
}

fn children(processes: &[Process]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); processes.len()];
    for (place, process) in processes.iter().enumerate() {
        if let Some(siblings) = process.parent.and_then(|parent| children.get_mut(parent)) {
            siblings.push(place);
        }
    }
    let first = |place: &usize| processes.get(*place)?.records.first().map(|one| one.number);
    children.iter_mut().for_each(|siblings| siblings.sort_by_key(first));
    children
}

struct Drawing<'a> {
    tree: &'a Tree,
    children: &'a [Vec<usize>],
    out: Vec<TreeLine>,
}

impl Drawing<'_> {
    /// A process, what it did, and those below it, without recursion.
    fn walk(&mut self, top: usize) {
        // The place, the branches before it, whether it is the last of its siblings, its depth.
        let mut left = vec![(top, String::new(), None::<bool>, 0_usize)];
        while let Some((place, before, is_last, depth)) = left.pop() {
            let Some(process) = self.tree.processes.get(place) else { continue };
            let (own, below) = match is_last {
                None => (before.clone(), before),
                Some(true) => (format!("{before}└─ "), format!("{before}   ")),
                Some(false) => (format!("{before}├─ "), format!("{before}│  ")),
            };
            let children = self.children.get(place).map_or(&[][..], |children| children);
            self.draw(process, own, &below, !children.is_empty());
            if depth >= TREE_DEPTH {
                continue;
            }
            for (at, child) in children.iter().enumerate().rev() {
                let is_last = at + 1 == children.len();
                left.push((*child, below.clone(), Some(is_last), depth + 1));
            }
        }
    }

    fn draw(&mut self, process: &Process, own: String, below: &str, has_children: bool) {
        self.out.push(TreeLine {
            branches: own,
            text: title(process),
            is_process: true,
            ..TreeLine::default()
        });
        let bar = if has_children { "│" } else { " " };
        for found in &process.records {
            let is_center = found.number == self.tree.around.number;
            let mark = if is_center { "◆" } else { " " };
            self.out.push(TreeLine {
                branches: format!("{below}{bar}{mark} "),
                text: format!("{} {}", clock(&found.record), summary(found)),
                is_process: false,
                is_center,
                severity: found.record.severity,
            });
        }
    }
}

fn title(process: &Process) -> String {
    if process.process.pid == 0 {
        return "no process is known".to_owned();
    }
    let name = if process.exe.is_empty() { "?" } else { &process.exe };
    let mut title = format!("{} {}", shown(name), process.process);
    if !process.user.is_empty() {
        let _ = write!(title, " {}", shown(&process.user));
    }
    if !process.container.is_empty() {
        let _ = write!(title, " [{}]", shown(&process.container));
    }
    title
}

/// A record in one line, without its time.
fn summary(found: &Numbered) -> String {
    format!("#{} {} {}", found.number, found.record.kind.as_str(), says(&found.record))
}

/// What a record says in one line: the action, how it ended, to what, the rule and the text. It can
/// be printed as it is.
pub fn says(record: &AuditRecord) -> String {
    let mut line = shown(&record.action);
    if record.outcome != AuditOutcome::Success {
        let _ = write!(line, " ({})", record.outcome.as_str());
    }
    if record.severity != Severity::Unknown {
        let _ = write!(line, " {}", record.severity.as_str());
    }
    let says = match record.kind {
        AuditKind::Command if !record.initiator.command.is_empty() => &record.initiator.command,
        _ => &record.text,
    };
    if !record.target.is_empty() && !says.contains(&record.target) {
        let _ = write!(line, " {}", shown(&record.target));
    }
    if !record.rule.is_empty() {
        let _ = write!(line, " {}:", shown(&record.rule));
    }
    if !says.is_empty() {
        let _ = write!(line, " {}", shown(says));
    }
    line
}

/// A text that can be printed: control characters and those that turn the direction of writing are
/// written as escapes, and what is too long is cut.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(TEXT_MAX_CHARS));
    for (count, c) in text.chars().enumerate() {
        if count >= TEXT_MAX_CHARS {
            out.push('…');
            break;
        }
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

fn date(record: &AuditRecord) -> String {
    formatted(record, "%Y-%m-%d %H:%M:%S%.3fZ")
}

fn clock(record: &AuditRecord) -> String {
    formatted(record, "%H:%M:%S%.3f")
}

fn formatted(record: &AuditRecord, format: &str) -> String {
    let time = Timestamp::from_nanosecond(i128::from(record.time_ns));
    time.map_or_else(|_| record.time_ns.to_string(), |time| time.strftime(format).to_string())
}
