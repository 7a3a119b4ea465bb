//! apk.

use super::Flaws;

const VALUED: [&str; 14] = [
    "-t",
    "--virtual",
    "-X",
    "--repository",
    "-p",
    "--root",
    "--cache-dir",
    "--keys-dir",
    "--repositories-file",
    "--arch",
    "--wait",
    "--cache-max-age",
    "--progress-fd",
    "--timeout",
];
/// Packages that only builds need.
const BUILD_TOOLS: [&str; 12] = [
    "gcc",
    "g++",
    "make",
    "build-base",
    "musl-dev",
    "linux-headers",
    "python3-dev",
    "autoconf",
    "automake",
    "cmake",
    "libtool",
    "clang",
];

pub(super) fn check(flaws: &mut Flaws<'_, '_, '_>) {
    let command = flaws.command;
    if command.name != "apk" {
        return;
    }
    let words = command.words(&VALUED);
    match words.verb() {
        "add" => {}
        "update" => {
            let used = flaws.shell.commands().any(|command| {
                command.name == "apk"
                    && matches!(command.words(&VALUED).verb(), "add" | "upgrade" | "fix")
            });
            if !used {
                let message = "apk update stands alone: later layers use the index of that day";
                flaws.add("dockerfile-update-alone", message.to_owned());
            }
            return;
        }
        _ => return,
    }
    let cached = flaws.mounts(&["/var/cache/apk", "/etc/apk/cache"]);
    let removed = flaws.removes(&["/var/cache/apk", "/var/cache"]);
    if !command.has_flag('\0', &["--no-cache"]) && !cached && !removed {
        let message = format!("{} leaves the index in the layer", command.shown());
        flaws.add("dockerfile-apk-cache", message);
    }
    let named = words.named();
    let is_pinned = |word: &&&str| {
        word.contains(['=', '<', '>', '~']) || word.starts_with('.') || word.ends_with(".apk")
    };
    let unpinned: Vec<&str> = named.iter().filter(|word| !is_pinned(word)).copied().collect();
    flaws.unpinned("dockerfile-apk-unpinned", &unpinned);
    let is_virtual = command.has_flag('t', &["--virtual"]);
    let is_final = flaws.step.stage + 1 == flaws.step.file.stages.len();
    let bare = named.iter().map(|word| word.split(['=', '<', '>', '~']).next().unwrap_or(word));
    let tools: Vec<&str> = bare.filter(|word| BUILD_TOOLS.contains(word)).collect();
    if !is_virtual && is_final && !tools.is_empty() {
        let message =
            format!("{} stay in the image: no --virtual name to remove", tools.join(", "));
        flaws.add("dockerfile-apk-build-tools", message);
    }
}
