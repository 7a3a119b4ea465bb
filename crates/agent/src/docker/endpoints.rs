//! `Endpoints`: which kinds of requests are allowed at all, and to whom.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Routes that are allowed or denied together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Lists, inspections, logs, events, exports. Always allowed; no file can say otherwise.
    #[serde(skip)]
    Read,
    /// Making a container; judged as well.
    Create,
    /// Starting and restarting one; judged as well.
    Start,
    /// Running a command in one; judged as well.
    Exec,
    /// Running a privileged command in one.
    ExecPrivileged,
    /// Changing the limits of one; judged as well.
    Update,
    /// Stop, kill, pause, unpause, wait, rename, resize.
    Control,
    /// Joining the terminal of one.
    Attach,
    /// Writing files into one, behind the scan of its image.
    CopyIn,
    /// Making an image of one.
    Commit,
    /// Checkpoints of processes.
    Checkpoint,
    /// Pulling and importing images.
    Pull,
    /// Loading images from an archive.
    Load,
    /// Naming images.
    Tag,
    /// Pushing images.
    Push,
    /// Removing and pruning anything.
    Remove,
    /// Building: what runs in a build step is not judged.
    Build,
    /// Making volumes; what they bind is judged where they are mounted.
    Volumes,
    /// Making networks and joining them.
    Networks,
    /// Signing in to registries.
    Auth,
    /// Plugins of the engine: root on the host.
    Plugins,
    /// Swarm, services, secrets, configurations: their containers pass no request.
    Swarm,
}

/// Allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Which groups are allowed, and the exceptions for users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// For everybody; what is not named has its safe default.
    pub everybody: BTreeMap<Group, Access>,
    /// For the holder of a client certificate, by its common name.
    pub users: BTreeMap<String, BTreeMap<Group, Access>>,
}

impl Endpoints {
    /// Whether somebody may use a group. `user` is empty on the unix socket.
    pub(crate) fn allows(&self, group: Group, user: &str) -> bool {
        if group == Group::Read {
            return true;
        }
        let own = self.users.get(user).filter(|_| !user.is_empty());
        let said = own.and_then(|own| own.get(&group)).or_else(|| self.everybody.get(&group));
        *said.unwrap_or(&group.by_default()) == Access::Allow
    }
}

impl Group {
    /// What holds when the configuration does not say. Denied is what goes around the judge.
    fn by_default(self) -> Access {
        match self {
            Group::Build
            | Group::Checkpoint
            | Group::CopyIn
            | Group::ExecPrivileged
            | Group::Plugins
            | Group::Swarm => Access::Deny,
            _ => Access::Allow,
        }
    }

    /// Why it is denied by default, for the message; empty where it is not.
    pub(crate) fn danger(self) -> &'static str {
        match self {
            Group::Build => "what runs in a build step is not judged",
            Group::Checkpoint => "a checkpoint brings back processes that nobody scanned",
            Group::CopyIn => "files written into a container are not in the image that was scanned",
            Group::ExecPrivileged => "a privileged command is root on the host",
            Group::Plugins => "a plugin of the engine is root on the host",
            Group::Swarm => "containers of a service start without a request that could be judged",
            _ => "",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Group::Read => f.write_str("read"),
            named => named.serialize(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Endpoints {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_goes_around_the_judge_is_denied_by_default() {
        let endpoints = Endpoints::default();
        for group in [Group::Read, Group::Create, Group::Start, Group::Pull, Group::Exec] {
            assert!(endpoints.allows(group, ""), "{group}");
        }
        for group in [Group::Build, Group::Plugins, Group::Swarm, Group::CopyIn] {
            assert!(!endpoints.allows(group, ""), "{group}");
            assert!(!group.danger().is_empty());
        }
    }

    #[test]
    fn a_user_has_exceptions() {
        let endpoints = read(
            r#"{"everybody": {"pull": "deny"}, "users": {"ci": {"build": "allow"}, "": {"swarm": "allow"}}}"#,
        );
        assert!(endpoints.allows(Group::Build, "ci"));
        assert!(!endpoints.allows(Group::Build, "other"));
        assert!(!endpoints.allows(Group::Pull, "ci"));
        assert!(!endpoints.allows(Group::Swarm, ""), "no name is nobody's name");
    }

    #[test]
    fn reading_is_no_choice() {
        assert!(serde_json::from_str::<Endpoints>(r#"{"everybody": {"read": "deny"}}"#).is_err());
        assert!(serde_json::from_str::<Endpoints>(r#"{"everybody": {"no": "deny"}}"#).is_err());
        assert_eq!(Group::CopyIn.to_string(), "copy_in");
        assert_eq!(Group::Read.to_string(), "read");
    }
}
