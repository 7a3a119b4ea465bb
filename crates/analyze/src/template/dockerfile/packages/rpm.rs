//! yum, dnf, microdnf, zypper.

use super::Flaws;

const VALUED: [&str; 12] = [
    "-c",
    "--config",
    "-d",
    "-e",
    "-x",
    "--exclude",
    "-C",
    "--enablerepo",
    "--disablerepo",
    "--repo",
    "--installroot",
    "--releasever",
];
const INSTALLS: [&str; 10] = [
    "install",
    "groupinstall",
    "localinstall",
    "reinstall",
    "group",
    "module",
    "update",
    "upgrade",
    "in",
    "install-n",
];

pub(super) fn check(flaws: &mut Flaws<'_, '_, '_>) {
    match flaws.command.name {
        "yum" | "tdnf" => manager(flaws, &YUM),
        "dnf" | "dnf5" => manager(flaws, &DNF),
        "microdnf" => manager(flaws, &MICRODNF),
        "zypper" => zypper(flaws),
        _ => {}
    }
}

/// The rules of one tool.
struct Tool {
    yes: &'static str,
    clean: &'static str,
    unpinned: &'static str,
}

const YUM: Tool = Tool {
    yes: "dockerfile-yum-yes",
    clean: "dockerfile-yum-clean",
    unpinned: "dockerfile-yum-unpinned",
};
const DNF: Tool = Tool {
    yes: "dockerfile-dnf-yes",
    clean: "dockerfile-dnf-clean",
    unpinned: "dockerfile-dnf-unpinned",
};
const MICRODNF: Tool = Tool {
    yes: "dockerfile-dnf-yes",
    clean: "dockerfile-microdnf-clean",
    unpinned: "dockerfile-dnf-unpinned",
};

fn manager(flaws: &mut Flaws<'_, '_, '_>, tool: &Tool) {
    let command = flaws.command;
    let words = command.words(&VALUED);
    let verb = words.verb();
    if !INSTALLS.contains(&verb) {
        return;
    }
    let yes = command.has_flag('y', &["--assumeyes"]) || command.has("--assumeyes");
    if !yes && !flaws.shell.runs("yes", &[]) {
        flaws.add(tool.yes, format!("{} waits for an answer", command.shown()));
    }
    if verb != "update" && verb != "upgrade" {
        let mut named = words.named();
        if matches!(verb, "group" | "module") {
            named = named.into_iter().skip(1).collect();
        }
        named.retain(|word| !is_pinned(word) && !word.contains("://"));
        flaws.unpinned(tool.unpinned, &named);
    }
    let cleaned = ["yum", "dnf", "microdnf", "tdnf", "dnf5"]
        .iter()
        .any(|name| flaws.shell.runs(name, &["clean", "all"]))
        || flaws.removes(&["/var/cache/yum", "/var/cache/dnf", "/var/cache"])
        || flaws.mounts(&["/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"]);
    if !cleaned {
        let message =
            format!("{} leaves its cache: no `{} clean all`", command.shown(), command.name);
        flaws.add(tool.clean, message);
    }
}

/// `name-version` or `name-version-release`, `name:stream`, or a file.
fn is_pinned(word: &str) -> bool {
    if word.ends_with(".rpm") || word.contains(['=', ':', '/']) || word.starts_with('@') {
        return true;
    }
    let starts = |part: &str| part.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    let parts: Vec<&str> = word.split('-').collect();
    match parts.as_slice() {
        [_, .., version, release] if starts(version) && starts(release) => true,
        [_, .., version] => starts(version),
        _ => false,
    }
}

fn zypper(flaws: &mut Flaws<'_, '_, '_>) {
    const VALUED: [&str; 10] =
        ["-r", "--repo", "-R", "--root", "-c", "--config", "-t", "--type", "-D", "--from"];
    let command = flaws.command;
    let words = command.words(&VALUED);
    let verb = words.verb();
    if matches!(verb, "dist-upgrade" | "dup" | "update" | "up") && verb.starts_with('d') {
        let message = format!("{} takes whatever is new today", command.shown());
        flaws.add("dockerfile-zypper-upgrade", message);
    }
    let installs = matches!(verb, "install" | "in" | "source-install" | "si");
    let asks = installs || matches!(verb, "remove" | "rm" | "patch" | "update" | "up");
    let yes =
        command.has_flag('y', &["--no-confirm"]) || command.has_flag('n', &["--non-interactive"]);
    if asks && !yes {
        let message = format!("{} waits for an answer", command.shown());
        flaws.add("dockerfile-zypper-yes", message);
    }
    if !installs {
        return;
    }
    let mut named = words.named();
    named.retain(|word| !word.contains(['=', '<', '>', '/']) && !word.ends_with(".rpm"));
    flaws.unpinned("dockerfile-zypper-unpinned", &named);
    let clean = ["clean", "cc"].iter().any(|verb| flaws.shell.runs("zypper", &[verb]));
    let cleaned = clean || flaws.removes(&["/var/cache/zypp", "/var/cache"]);
    if !cleaned && !flaws.mounts(&["/var/cache/zypp"]) {
        let message = format!("{} leaves its cache: no `zypper clean`", command.shown());
        flaws.add("dockerfile-zypper-clean", message);
    }
}

#[cfg(test)]
mod tests {
    use super::is_pinned;

    #[test]
    fn versions_are_told_from_numbers_in_names() {
        for word in ["httpd-2.4", "httpd-2.4.6-97.el7", "nodejs:18", "./a.rpm", "a-$V", "@dev"] {
            assert!(is_pinned(word), "{word}");
        }
        for word in ["httpd", "java-11-openjdk", "gcc-c++", "java-11-openjdk-devel", "python3"] {
            assert!(!is_pinned(word), "{word}");
        }
    }
}
