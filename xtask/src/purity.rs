//! Purity: the rooms that judge or read bytes touch no file, socket or clock; `unsafe` has a list;
//! type names say what a thing is.

use std::path::Path;

use crate::{files, shown};

/// Rooms that do no I/O and read no clock.
const PURE_ROOMS: &[&str] = &["model", "analyze", "malware", "policy"];
/// What a pure room may not name in its own code (tests may).
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "tokio",
];
/// Where a pure room may name such a thing all the same, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("crates/malware/src/engine/", "std::net", "a virus engine is asked over its socket"),
    ("crates/model/src/event/", "std::net", "an address is a noun; no socket is opened"),
    ("crates/malware/src/archive/budget.rs", "Instant::now", "a limit of time needs a clock"),
];
/// Files that may allow `unsafe`, each with its reason beside the code. `sensor` may by nature.
const UNSAFE_FILES: &[&str] = &["crates/advisory/src/database/map.rs"];
/// Endings of type names that say nothing.
const EMPTY_NAMES: &[&str] =
    &["Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Handler", "Service"];

/// The breaches, one sentence each.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut breaches = Vec::new();
    for path in files(&root.join("crates"), ".rs")? {
        let name = shown(root, &path);
        let text = std::fs::read_to_string(&path)?;
        breaches.extend(
            breaches_of(&name, &text).into_iter().map(|breach| format!("{name}: {breach}")),
        );
    }
    Ok(breaches)
}

fn breaches_of(name: &str, text: &str) -> Vec<String> {
    let mut parts = name.split('/').skip(1);
    let room = parts.next().unwrap_or("");
    let own = parts.next() == Some("src");
    let code = text.split("#[cfg(test)]").next().unwrap_or("");
    let lines: Vec<&str> =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut breaches = Vec::new();
    let is_test = name.ends_with("/testing.rs") || name.ends_with("/tests.rs");
    if own && PURE_ROOMS.contains(&room) && !is_test {
        let allowed = |word: &str| {
            ALLOWED.iter().any(|(place, allowed, _)| name.starts_with(place) && *allowed == word)
        };
        let named = IMPURE.iter().filter(|word| lines.iter().any(|line| line.contains(**word)));
        for word in named.filter(|word| !allowed(word)) {
            breaches.push(format!(
                "`{word}` in the room `{room}`, which does no I/O and reads no clock"
            ));
        }
    }
    let unsafe_allowed = room == "sensor" || UNSAFE_FILES.contains(&name);
    if !unsafe_allowed && lines.iter().any(|line| line.contains("allow(unsafe_code)")) {
        breaches.push("allows `unsafe` outside the list in xtask/src/purity.rs".to_owned());
    }
    breaches.extend(lines.iter().filter_map(|line| empty_name(line)));
    breaches
}

/// A type declared under a name that says nothing.
fn empty_name(line: &str) -> Option<String> {
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.find(|word| matches!(*word, "struct" | "enum" | "trait"))?;
    let declared = words.next()?;
    EMPTY_NAMES
        .iter()
        .any(|ending| declared.ends_with(ending))
        .then(|| format!("`{declared}` says nothing: name it for what it is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_in_a_pure_room_is_named() {
        let text = "use std::fs;\n#[cfg(test)]\nmod tests {}";
        assert_eq!(breaches_of("crates/model/src/a.rs", text).len(), 1);
        assert!(breaches_of("crates/image/src/a.rs", text).is_empty());
        assert!(breaches_of("crates/model/src/a.rs", "#[cfg(test)]\nuse std::fs;").is_empty());
        assert!(breaches_of("crates/model/src/a.rs", "// no std::fs here").is_empty());
        assert!(breaches_of("crates/model/src/a/tests.rs", text).is_empty());
        let socket = "use std::net::TcpStream;";
        assert!(breaches_of("crates/malware/src/engine/client.rs", socket).is_empty());
        assert_eq!(breaches_of("crates/malware/src/yara.rs", socket).len(), 1);
    }

    #[test]
    fn unsafe_and_empty_names_are_named() {
        assert_eq!(breaches_of("crates/scan/src/a.rs", "#[allow(unsafe_code)]").len(), 1);
        assert!(breaches_of("crates/sensor/src/a.rs", "#![allow(unsafe_code)]").is_empty());
        assert_eq!(breaches_of("crates/scan/src/a.rs", "pub struct ScanManager;").len(), 1);
        assert!(breaches_of("crates/scan/src/a.rs", "pub struct Scanner;").is_empty());
    }
}
