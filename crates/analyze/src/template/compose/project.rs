//! `Project`: one compose file with the variables that it may use and the way to files beside.

use crate::limits::{MAX_ENV_FILE_BYTES, MAX_ENV_VARIABLES};
use crate::template::Tree;
use crate::template::variables::{Expanded, Variables, expand};
use crate::template::yaml::Node;

/// A compose file.
pub(super) struct Project<'a> {
    /// Its path.
    pub(super) name: &'a str,
    /// Its content.
    pub(super) root: Node,
    /// The files beside it.
    pub(super) tree: &'a dyn Tree,
    variables: Variables,
}

impl<'a> Project<'a> {
    pub(super) fn new(name: &'a str, root: Node, tree: &'a dyn Tree) -> Self {
        let mut project = Project { name, root, tree, variables: Variables::new() };
        if let Ok(path) = project.beside(".env")
            && let Some(text) = tree.text(&path)
        {
            for (name, value, _) in env_lines(&text) {
                project.variables.insert(name, Some(value));
            }
        }
        project
    }

    /// The services, each with its line.
    pub(super) fn services(&self) -> Vec<(&str, u32, &Node)> {
        let services = self.root.get("services").map(Node::entries).unwrap_or_default();
        let maps = services.iter().filter(|(_, node)| node.is_map());
        maps.map(|(key, node)| (key.text.as_str(), key.line, node)).collect()
    }

    /// The paths of `include`, each with its line.
    pub(super) fn includes(&self) -> Vec<(String, u32)> {
        let items = self.root.get("include").map(Node::items).unwrap_or_default();
        let mut paths = Vec::new();
        for item in items {
            let named = item.get("path").unwrap_or(item);
            let each =
                if named.items().is_empty() { std::slice::from_ref(named) } else { named.items() };
            paths.extend(each.iter().filter_map(|node| {
                let text = self.text(node)?;
                (!text.unknown).then_some((text.text, node.first_line))
            }));
        }
        paths
    }

    /// The text of a scalar, variables put in; `$$` is one `$`.
    pub(super) fn text(&self, node: &Node) -> Option<Expanded> {
        Some(self.put_in(node.str()?))
    }

    /// A text with its variables put in.
    pub(super) fn put_in(&self, text: &str) -> Expanded {
        if !text.contains('$') {
            return Expanded { text: text.to_owned(), unknown: false };
        }
        let parts: Vec<Expanded> =
            text.split("$$").map(|part| expand(part, &self.variables)).collect();
        let unknown = parts.iter().any(|part| part.unknown);
        let texts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
        Expanded { text: texts.join("$"), unknown }
    }

    /// The path of a file that this one names, from the root of what is scanned. An error says why
    /// it is not looked for.
    pub(super) fn beside(&self, path: &str) -> Result<String, String> {
        let own = self.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        within(own, path).ok_or_else(|| format!("{path} leads out of what is scanned"))
    }
}

/// Joins a folder and a path, `.` and `..` resolved; `None` when it leads out, or is no file of a
/// tree: absolute, below a home, an address.
pub(super) fn within(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '\\']) || path.contains("://") || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `NAME=value` lines of an env file, each with its line.
pub(super) fn env_lines(text: &str) -> Vec<(String, String, u32)> {
    if text.len() > MAX_ENV_FILE_BYTES {
        return Vec::new();
    }
    let lines = (1_u32..).zip(text.lines());
    let pairs = lines.filter_map(|(number, line)| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        let value = value.trim();
        let quoted = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.split(*quote).next().map(str::to_owned));
        let bare = || value.split(" #").next().unwrap_or_default().trim_end().to_owned();
        Some((name.trim().to_owned(), quoted.unwrap_or_else(bare), number))
    });
    pairs.take(MAX_ENV_VARIABLES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within() {
        assert_eq!(within("a/b", "../c.yaml").as_deref(), Some("a/c.yaml"));
        assert_eq!(within("", "./c/./d").as_deref(), Some("c/d"));
        for bad in ["../x", "a/../../x", "/etc/passwd", "~/x", "https://x/y", "x\0"] {
            assert_eq!(within("", bad), None, "{bad}");
        }
    }

    #[test]
    fn env_files_are_read() {
        let text = "# c\nA=1\nexport B='2 #x'\nC=3 # c\nD\n=\n";
        let read: Vec<String> =
            env_lines(text).into_iter().map(|(n, v, l)| format!("{n}={v}@{l}")).collect();
        assert_eq!(read, ["A=1@2", "B=2 #x@3", "C=3@4", "=@6"]);
    }
}
