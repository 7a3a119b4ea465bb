//! `Asked`: what an engine's command line asks for, read from its words alone.
//!
//! Only words whose meaning is certain decide; everything else is "perhaps".

/// What a command line asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The subcommand; empty when it is not known: another program, or words not understood.
    verb: String,
    /// The object of a management command: `container`, `network` …; empty without one.
    object: String,
    /// Every word after the program's name.
    words: Vec<String>,
}

/// Whether something may be what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fits {
    Yes,
    Perhaps,
    No,
}

/// Programs whose words are understood.
const CLIENTS: [&str; 5] = ["docker", "podman", "nerdctl", "docker-compose", "ctr"];
/// Options before the subcommand that take a word of their own.
const WITH_WORD: [&str; 14] = [
    "-H",
    "--host",
    "-c",
    "--context",
    "--config",
    "-l",
    "--log-level",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "-a",
    "--address",
    "-n",
    "--namespace",
];
/// Words after which the real subcommand follows.
const OBJECTS: [&str; 24] = [
    "builder",
    "buildx",
    "c",
    "config",
    "container",
    "containers",
    "context",
    "i",
    "image",
    "images",
    "manifest",
    "network",
    "node",
    "plugin",
    "secret",
    "service",
    "stack",
    "swarm",
    "system",
    "t",
    "task",
    "tasks",
    "volume",
    "volumes",
];
/// What no container, image, network or volume is changed by.
const READERS: [&str; 22] = [
    "ps", "ls", "list", "inspect", "logs", "events", "stats", "version", "info", "search", "diff",
    "port", "wait", "history", "login", "logout", "df", "help", "save", "config", "context", "top",
];
const RUN: &[&str] = &[
    "create",
    "start",
    "attach",
    "die",
    "destroy",
    "kill",
    "stop",
    "pull",
    "connect",
    "disconnect",
    "mount",
    "unmount",
    "resize",
    "detach",
    "init",
    "remove",
    "died",
];
const STOP: &[&str] =
    &["kill", "stop", "die", "died", "disconnect", "unmount", "destroy", "delete", "cleanup"];
/// What each subcommand makes the engine do.
const DEEDS: &[(&str, &[&str])] = &[
    ("run", RUN),
    ("create", &["create", "pull", "mount", "init"]),
    ("start", RUN),
    (
        "restart",
        &[
            "restart",
            "kill",
            "stop",
            "die",
            "died",
            "start",
            "connect",
            "disconnect",
            "mount",
            "unmount",
        ],
    ),
    ("stop", STOP),
    ("kill", STOP),
    (
        "rm",
        &[
            "destroy",
            "remove",
            "delete",
            "kill",
            "stop",
            "die",
            "died",
            "disconnect",
            "unmount",
            "disable",
        ],
    ),
    ("remove", &["destroy", "remove", "delete", "kill", "die", "disconnect", "unmount", "disable"]),
    ("delete", &["destroy", "remove", "delete"]),
    ("exec", &["exec_create", "exec_start", "exec_die", "exec_detach", "exec", "resize"]),
    ("attach", &["attach", "detach", "resize", "kill"]),
    ("pause", &["pause"]),
    ("unpause", &["unpause"]),
    ("rename", &["rename"]),
    ("update", &["update"]),
    ("commit", &["commit", "pause", "unpause"]),
    ("cp", &["archive-path", "extract-to-dir", "copy"]),
    ("export", &["export"]),
    ("import", &["import", "tag", "pull"]),
    ("load", &["load", "tag", "untag", "delete", "pull"]),
    ("pull", &["pull", "tag"]),
    ("push", &["push"]),
    ("tag", &["tag"]),
    ("rmi", &["untag", "delete", "remove"]),
    ("top", &["top"]),
    ("connect", &["connect"]),
    ("disconnect", &["disconnect"]),
    ("install", &["pull", "enable", "install"]),
    ("enable", &["enable"]),
    ("disable", &["disable"]),
    ("prune", &["prune", "destroy", "delete", "untag", "remove"]),
];

impl Asked {
    /// Reads a command line.
    pub(super) fn read(arguments: &[String]) -> Self {
        let mut words = arguments.iter().map(String::as_str);
        let program = words.next().unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or_default();
        let words: Vec<String> = words.map(str::to_owned).collect();
        if !CLIENTS.contains(&name) {
            return Asked { words, ..Asked::default() };
        }
        let mut asked = Asked { words, ..Asked::default() };
        // Compose names what it makes itself: its own words say too little.
        if name == "docker-compose" {
            return asked;
        }
        asked.find_verb();
        asked
    }

    fn find_verb(&mut self) {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word.starts_with('-') {
                if WITH_WORD.contains(&word.as_str()) {
                    words.next();
                }
            } else if self.object.is_empty() && OBJECTS.contains(&word.as_str()) {
                self.object.clone_from(word);
            } else {
                self.verb.clone_from(word);
                return;
            }
        }
    }

    /// Whether an engine's action may be what was asked for.
    pub(super) fn fits(&self, action: &str) -> Fits {
        if self.verb.is_empty() {
            // `docker images` is `docker image ls`.
            return if self.object.is_empty() { Fits::Perhaps } else { Fits::No };
        }
        if let Some((_, deeds)) = DEEDS.iter().find(|(verb, _)| *verb == self.verb) {
            return if deeds.contains(&action) { Fits::Yes } else { Fits::No };
        }
        if READERS.contains(&self.verb.as_str()) { Fits::No } else { Fits::Perhaps }
    }

    /// Whether one of its words names an object by name, image or the first digits of its id.
    pub(super) fn names(&self, names: &[&str]) -> bool {
        self.words.iter().any(|word| {
            let value = word.split_once('=').map_or(word.as_str(), |(_, value)| value);
            names.iter().any(|name| is_name(word, name) || is_name(value, name))
        })
    }
}

fn is_name(word: &str, name: &str) -> bool {
    const SHORTEST_ID: usize = 6;
    let id = name.len() == 64 && word.len() >= SHORTEST_ID && name.starts_with(word);
    !name.is_empty() && (word == name || id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Asked {
        Asked::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_line_says_what_it_can_be_the_reason_of() {
        for (line, action, expected) in [
            ("docker run --rm shop", "create", Fits::Yes),
            ("docker -H unix:///x run shop", "start", Fits::Yes),
            ("docker --host unix:///x container rm -f web", "destroy", Fits::Yes),
            ("/usr/bin/docker exec -it web sh", "exec_create", Fits::Yes),
            ("docker exec -it web sh", "create", Fits::No),
            ("docker ps -a", "create", Fits::No),
            ("docker images", "create", Fits::No),
            ("docker image ls", "delete", Fits::No),
            ("docker image prune", "delete", Fits::Yes),
            ("docker compose up", "create", Fits::Perhaps),
            ("docker-compose up", "create", Fits::Perhaps),
            ("curl --unix-socket /s http://d/containers/create", "create", Fits::Perhaps),
            ("docker", "create", Fits::Perhaps),
            ("ctr -a /s --namespace n images import x.tar", "pull", Fits::Yes),
            ("ctr t kill web", "die", Fits::Yes),
            ("", "create", Fits::Perhaps),
        ] {
            assert_eq!(asked(line).fits(action), expected, "{line}: {action}");
        }
    }

    #[test]
    fn an_object_is_named_by_name_image_or_the_start_of_its_id() {
        let id = "ab12".repeat(16);
        let check = |line: &str, expected: bool| {
            assert_eq!(asked(line).names(&[&id, "web", "shop:1"]), expected, "{line}");
        };
        check("docker rm web", true);
        check("docker run --name=web x", true);
        check("docker run shop:1", true);
        check("docker kill ab12ab12ab12", true);
        check("docker kill ab12", false);
        check("docker rm webshop", false);
    }
}
