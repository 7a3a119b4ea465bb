//! As whom containers run: the words that engines take, and the files that say what they mean.

use model::{Accounts, ContainerSpec, Group, Mount, User};

use crate::samples::{TODAY, container, policy, report, workload};
use crate::{judge, judge_workload};

fn accounts() -> Accounts {
    let user = |name: &str, uid, gid| User { name: name.into(), uid, gid };
    let group = |name: &str, gid, members: &[&str]| Group {
        name: name.into(),
        gid,
        members: members.iter().map(|m| (*m).to_owned()).collect(),
    };
    Accounts {
        users: vec![
            user("root", 0, 0),
            user("toor", 0, 0),
            user("app", 1000, 1000),
            user("ops", 1001, 0),
            user("adm", 1002, 1002),
            user("app", 0, 0),
        ],
        groups: vec![group("root", 0, &["adm"]), group("app", 1000, &[])],
        cut: false,
    }
}

/// Whether a container of an image with this user is root, alone and for the group too.
fn check(image: &str, change: impl Fn(&mut ContainerSpec), expected: (bool, bool)) {
    let mut scanned = report(Vec::new());
    scanned.image.config.user = image.into();
    scanned.image.accounts = Some(accounts());
    let mut spec = container("app:1");
    change(&mut spec);
    let said = format!("{image:?} {spec:?}");
    let workload = workload(spec);
    let reports = [Some(&scanned)];
    let denies = |rule: &str| {
        let policy = policy(&format!("  - {{name: root, decision: deny, root: {rule}}}"));
        let verdict = judge_workload(&workload, &reports, &policy, TODAY);
        !verdict.verdict.reasons.is_empty()
    };
    assert_eq!((denies("true"), denies("{group: true}")), expected, "{said}");
}

#[test]
fn reads_user_words_as_the_engines_do() {
    for (user, expected) in [
        ("", (true, true)),
        ("0", (true, true)),
        ("00", (true, true)),
        ("+0", (true, true)),
        ("root", (true, true)),
        ("toor", (true, true)),
        ("0:1000", (true, true)),
        ("app", (false, false)),
        ("app:root", (false, true)),
        ("app:0", (false, true)),
        ("1000", (false, false)),
        ("1000:1000", (false, false)),
        ("ops", (false, true)),
        ("adm", (false, true)),
        ("4711", (false, true)),
        ("4711:4711", (false, false)),
        ("nobody-here", (true, true)),
    ] {
        check(user, |_| {}, expected);
        check(
            "root",
            |spec| spec.user = Some(user.into()),
            if user.is_empty() { (true, true) } else { expected },
        );
    }
}

#[test]
fn run_time_settings_overrule_the_image() {
    check("root", |spec| spec.user = Some("1000".into()), (false, false));
    check("1000", |spec| spec.user = Some("0".into()), (true, true));
    check("", |spec| spec.run_as_non_root = true, (false, true));
    check("", |spec| spec.user_namespace = true, (false, false));
    let privileged = |spec: &mut ContainerSpec| {
        (spec.user_namespace, spec.privileged) = (true, true);
    };
    check("", privileged, (true, true));
    check("app", |spec| spec.group = Some("0".into()), (false, true));
    let mount = |target: &str| Mount {
        kind: "bind".into(),
        source: "/srv/x".into(),
        target: target.into(),
        ..Mount::default()
    };
    check("app", |spec| spec.mounts.push(mount("/etc/./passwd")), (true, true));
    check("app", |spec| spec.mounts.push(mount("/etc/app")), (false, false));
    check("1000:1000", |spec| spec.mounts.push(mount("/etc/passwd")), (false, false));
    check("", |spec| spec.role = model::ContainerRole::ImageVolume, (false, false));
}

#[test]
fn says_what_it_saw() {
    let message = |user: &str, accounts: Option<Accounts>| {
        let mut scanned = report(Vec::new());
        scanned.image.config.user = user.into();
        scanned.image.accounts = accounts;
        let policy = policy("  - {name: root, decision: deny, root: true}");
        judge(&scanned, &policy, TODAY).reasons.pop().map(|reason| reason.message)
    };
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(message("", None), said("runs as root: the image names no user"));
    assert_eq!(message("root", None), said("runs as root: user `root` (from the image)"));
    assert_eq!(
        message("toor", Some(accounts())),
        said("runs as root: user `toor` (from the image) is uid 0 in the image's etc/passwd")
    );
    assert_eq!(
        message("app", None),
        said(
            "may run as root: user `app` (from the image) cannot be resolved, its report has no \
              etc/passwd: scan it again"
        )
    );
    assert_eq!(message("4711", None), None);
}
