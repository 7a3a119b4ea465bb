//! Break-glass: who may let a workload in that the judge refuses.
//!
//! A developer says why in an annotation; it counts only for members of named groups. A pod that a
//! built-in controller makes carries the annotation of its template, and the template was let in by
//! this gate: so the controllers' own accounts may bring it, and nobody else may put it there.

use super::review::UserInfo;

/// The accounts of the controllers that make pods from templates.
pub(crate) const CONTROLLERS: [&str; 8] = [
    "system:kube-controller-manager",
    "system:serviceaccount:kube-system:cronjob-controller",
    "system:serviceaccount:kube-system:daemon-set-controller",
    "system:serviceaccount:kube-system:deployment-controller",
    "system:serviceaccount:kube-system:job-controller",
    "system:serviceaccount:kube-system:replicaset-controller",
    "system:serviceaccount:kube-system:replication-controller",
    "system:serviceaccount:kube-system:statefulset-controller",
];

/// Fewest characters of a reason: an empty one tells an auditor nothing.
const REASON_MIN_CHARS: usize = 8;

/// What a break-glass annotation comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Glass {
    /// There is none.
    Whole,
    /// It counts, with this reason.
    Broken(String),
    /// It does not count; the whole request is refused with this message, so that nobody can leave
    /// an annotation for a controller to use later.
    Refused(String),
}

/// Weighs an annotation by who brings it.
pub(crate) fn weigh(reason: Option<&str>, user: &UserInfo, groups: &[String]) -> Glass {
    let Some(reason) = reason else { return Glass::Whole };
    let is_member = user.groups.iter().any(|group| groups.contains(group));
    if !is_member && !CONTROLLERS.contains(&user.username.as_str()) {
        return Glass::Refused(format!(
            "the annotation {} is for members of {}; {} is in none of them",
            super::asked::BREAK_GLASS,
            groups.join(", "),
            if user.username.is_empty() { "the user" } else { &user.username },
        ));
    }
    if reason.trim().chars().count() < REASON_MIN_CHARS {
        return Glass::Refused(format!(
            "the annotation {} must say why, in {REASON_MIN_CHARS} characters or more",
            super::asked::BREAK_GLASS
        ));
    }
    Glass::Broken(reason.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_members_and_their_controllers_may() {
        let user = |username: &str, groups: &[&str]| UserInfo {
            username: username.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        let groups = ["lazaret:break-glass".to_owned()];
        let reason = Some("outage INC-12");
        let broken = Glass::Broken("outage INC-12".to_owned());
        assert_eq!(weigh(None, &user("eve", &[]), &groups), Glass::Whole);
        assert_eq!(weigh(reason, &user("ann", &["x", "lazaret:break-glass"]), &groups), broken);
        assert_eq!(
            weigh(reason, &user("system:serviceaccount:kube-system:job-controller", &[]), &groups),
            broken
        );
        for (reason, user) in [
            (reason, user("eve", &["lazaret:break-glass2"])),
            (reason, user("system:serviceaccount:default:job-controller", &[])),
            (Some(""), user("ann", &["lazaret:break-glass"])),
        ] {
            assert!(matches!(weigh(reason, &user, &groups), Glass::Refused(_)), "{user:?}");
        }
    }
}
