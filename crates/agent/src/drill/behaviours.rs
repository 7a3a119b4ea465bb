//! What the container of a drill does: each thing harmless, each as an attacker would begin.

/// A behaviour, and the rule that must speak of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// What is done, in a few words.
    pub name: &'static str,
    /// The built-in rule that must speak.
    pub rule: &'static str,
    /// What the container's shell does.
    script: &'static str,
}

/// Every behaviour, in the order in which they are done.
pub const BEHAVIOURS: [Behaviour; 6] = [
    Behaviour {
        name: "password file read",
        rule: "Password file read in a container",
        // The image's own, which holds no password.
        script: "cat /etc/shadow",
    },
    Behaviour {
        name: "package manager",
        rule: "Package manager in a container",
        // Busybox under that name, which knows no such applet and ends.
        script: "cp /bin/busybox /tmp/apt; /tmp/apt update",
    },
    Behaviour {
        name: "scheduled job",
        rule: "Scheduled job written in a container",
        // Opened and left empty, in a container in which nothing reads it.
        script: ": > /etc/cron.d/lazaret-drill",
    },
    Behaviour {
        name: "miner's arguments",
        rule: "Known miner started",
        // A program that does nothing with its arguments.
        script: "/bin/true -o stratum+tcp://127.0.0.1:3333",
    },
    Behaviour {
        name: "runtime's program",
        rule: "Container runtime's program opened for writing from a container",
        // A copy, an empty file of the container, reached through /proc from a root that it is not
        // below, as CVE-2019-5736 reaches the host's. Nothing is written.
        script: "chroot /proc /1/root/bin/sh -c ': >> /1/root/usr/bin/runc'",
    },
    Behaviour {
        name: "reverse shell",
        rule: "Shell on a network connection",
        // From the container to itself; the shell has no input and ends.
        script: "(: | nc -l -p 4455) & sleep 1; nc 127.0.0.1 4455 -e /bin/sh",
    },
];

/// All behaviours as one script. What one of them ends with does not end the others.
pub(super) fn script() -> String {
    BEHAVIOURS.iter().map(|behaviour| format!("({}) >/dev/null 2>&1\n", behaviour.script)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Engine;

    #[test]
    fn every_expected_rule_is_one_of_the_built_in() {
        let loaded = Engine::load(&[crate::detect::BUILT_IN]).loaded();
        for behaviour in &BEHAVIOURS {
            let found = loaded.rules.iter().any(|rule| rule.name == behaviour.rule);
            assert!(found, "{}", behaviour.rule);
        }
    }
}
