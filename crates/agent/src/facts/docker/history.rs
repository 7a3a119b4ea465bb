//! Build steps as an image's history tells them: what refreshes a package index, what adds.

/// Programs that refresh an index, the words that do, and the words that install.
const PACKAGE_TOOLS: [(&str, &[&str], &[&str]); 7] = [
    ("apt-get", &["update"], &["install", "upgrade", "dist-upgrade", "build-dep", "full-upgrade"]),
    ("apt", &["update"], &["install", "upgrade", "full-upgrade", "build-dep"]),
    ("apk", &["update"], &["add", "upgrade"]),
    ("yum", &["makecache", "check-update"], &["install", "update", "upgrade", "groupinstall"]),
    ("dnf", &["makecache", "check-update"], &["install", "update", "upgrade", "group"]),
    ("microdnf", &["makecache"], &["install", "update", "upgrade"]),
    ("zypper", &["refresh", "ref"], &["install", "in", "update", "up", "dup"]),
];

/// Whether a step refreshes a package index and installs nothing.
pub(super) fn only_refreshes(created_by: &str) -> bool {
    let Some(script) = script(created_by) else { return false };
    let (mut refreshes, mut installs) = (false, false);
    let separators = ['&', '|', ';', '\n', '(', ')', '{', '}'];
    for command in script.split(separators) {
        let mut words = command.split_whitespace().skip_while(|word| {
            // Variables, and words that run what follows.
            word.contains('=') || matches!(*word, "sudo" | "env" | "exec" | "then" | "do" | "!")
        });
        let program = words.next().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        let tool = PACKAGE_TOOLS.iter().find(|(name, _, _)| *name == program);
        let Some((_, refreshing, installing)) = tool else { continue };
        for word in words {
            refreshes |= refreshing.contains(&word);
            installs |= installing.contains(&word);
        }
        // `apk --update add` and the like bring their own index.
    }
    refreshes && !installs
}

/// Whether a step is ADD of something without a digest. `oldest` is the image's first step, by
/// which root filesystems come in.
pub(super) fn adds(created_by: &str, oldest: bool) -> bool {
    let step = created_by.trim().trim_end_matches("# buildkit").trim();
    let step = step.strip_prefix("/bin/sh -c #(nop)").unwrap_or(step).trim();
    let Some(rest) = step.strip_prefix("ADD ") else { return false };
    let target = rest.split_whitespace().next_back().unwrap_or_default();
    let is_root_filesystem = oldest && target == "/";
    !is_root_filesystem && !rest.contains("--checksum=")
}

/// The shell's script of a step; `None` when it runs nothing.
fn script(created_by: &str) -> Option<&str> {
    let step = created_by.trim().trim_end_matches("# buildkit").trim();
    let step = step.strip_prefix("RUN ").unwrap_or(step).trim_start();
    // `|2 A=1 B=2 /bin/sh -c …` are build arguments.
    let script =
        step.find("/bin/sh -c ").map_or(step, |at| step.get(at + 11..).unwrap_or_default());
    (!script.trim_start().starts_with("#(nop)")).then_some(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refreshing_alone() {
        for (step, expect) in [
            ("/bin/sh -c apt-get update", true),
            ("RUN /bin/sh -c apt-get -qq update # buildkit", true),
            ("RUN /bin/sh -c apt-get update && apt-get install -y x # buildkit", false),
            ("/bin/sh -c apt-get update; echo install", true),
            ("|1 A=b /bin/sh -c DEBIAN_FRONTEND=noninteractive apt-get update", true),
            ("/bin/sh -c apk update", true),
            ("/bin/sh -c apk update && apk add --no-cache curl", false),
            ("/bin/sh -c yum update -y", false),
            ("/bin/sh -c update-ca-certificates", false),
            ("/bin/sh -c #(nop)  CMD [\"apt-get update\"]", false),
            ("COPY update /apt-get # buildkit", false),
            ("/bin/sh -c (sudo /usr/bin/apt-get update)", true),
        ] {
            assert_eq!(only_refreshes(step), expect, "{step}");
        }
    }

    #[test]
    fn adding() {
        for (step, oldest, expect) in [
            ("/bin/sh -c #(nop) ADD file:0123 in / ", true, false),
            ("/bin/sh -c #(nop) ADD file:0123 in / ", false, true),
            ("/bin/sh -c #(nop) ADD file:0123 in /app ", true, true),
            ("ADD rootfs.tar.xz / # buildkit", true, false),
            ("ADD https://example.org/x /x # buildkit", false, true),
            ("ADD --checksum=sha256:00 https://example.org/x /x # buildkit", false, false),
            ("COPY a /a # buildkit", false, false),
            ("/bin/sh -c useradd ADD", false, false),
        ] {
            assert_eq!(adds(step, oldest), expect, "{step}");
        }
    }
}
