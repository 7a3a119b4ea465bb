//! apt-get, apt.

use super::Flaws;

/// Options whose value is the next word.
const VALUED: [&str; 15] = [
    "-o",
    "--option",
    "-t",
    "--target-release",
    "--default-release",
    "-c",
    "--config-file",
    "-a",
    "--host-architecture",
    "-P",
    "--build-profiles",
    "--with-source",
    "--comment",
    "--planner",
    "--solver",
];

pub(super) fn check(flaws: &mut Flaws<'_, '_, '_>) {
    let command = flaws.command;
    if command.name == "apt" && !command.arguments.is_empty() {
        flaws.add(
            "dockerfile-apt-command",
            format!("{}: made for a person's eyes", command.shown()),
        );
    }
    if !matches!(command.name, "apt-get" | "apt" | "aptitude") {
        return;
    }
    let words = command.words(&VALUED);
    match words.verb() {
        "install" => install(flaws, &words.named()),
        "upgrade" | "dist-upgrade" | "full-upgrade" => {
            let message = format!("{} takes whatever is new today", command.shown());
            flaws.add("dockerfile-apt-upgrade", message);
            assume_yes(flaws);
        }
        "update" => update(flaws),
        "remove" | "purge" | "autoremove" => assume_yes(flaws),
        _ => {}
    }
}

fn install(flaws: &mut Flaws<'_, '_, '_>, packages: &[&str]) {
    let command = flaws.command;
    assume_yes(flaws);
    let recommends = command.arguments.iter().any(|word| {
        word == "--no-install-recommends"
            || word.to_ascii_lowercase().replace('"', "").contains("install-recommends=false")
            || word.to_ascii_lowercase().contains("install-recommends=0")
            || word.to_ascii_lowercase().contains("install-recommends=no")
    });
    if !recommends {
        let message = format!("{} takes recommended packages too", command.shown());
        flaws.add("dockerfile-apt-recommends", message);
    }
    let is_pinned =
        |word: &&&str| word.contains(['=', '/']) || word.ends_with(".deb") || word.ends_with('-');
    let unpinned: Vec<&str> = packages.iter().filter(|word| !is_pinned(word)).copied().collect();
    flaws.unpinned("dockerfile-apt-unpinned", &unpinned);
}

/// Whether something answers the questions: `-y`, or quiet twice.
fn assume_yes(flaws: &mut Flaws<'_, '_, '_>) {
    let command = flaws.command;
    let quiet: usize = command
        .arguments
        .iter()
        .map(|word| match word.strip_prefix('-') {
            Some("-quiet") => 1,
            Some(rest) if !rest.starts_with('-') => rest.matches('q').count(),
            _ => 0,
        })
        .sum();
    let option = command.arguments.iter().any(|word| {
        let lower = word.to_ascii_lowercase();
        lower.contains("assume-yes=true") || lower.contains("assume-yes=1") || lower == "-q=2"
    });
    let yes = command.has_flag('y', &["--yes", "--assume-yes", "--force-yes"]);
    let piped = flaws.shell.runs("yes", &[]);
    if !yes && quiet < 2 && !option && !piped {
        let message = format!("{} waits for an answer", command.shown());
        flaws.add("dockerfile-apt-yes", message);
    }
}

/// The index of packages: fetched where it is used, and removed again.
fn update(flaws: &mut Flaws<'_, '_, '_>) {
    let installs = ["install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "download"];
    let used = flaws.shell.commands().any(|command| {
        let is_apt = matches!(command.name, "apt-get" | "apt" | "aptitude");
        is_apt && installs.contains(&command.words(&VALUED).verb())
    });
    // Scripts may install: what they do is not seen here.
    let unseen = flaws.shell.commands().any(|command| {
        command.name.contains('/') || command.name.starts_with('$') || command.name.ends_with(".sh")
    });
    let command = flaws.command;
    if !used && !unseen {
        let message =
            format!("{} stands alone: later layers use the index of that day", command.shown());
        flaws.add("dockerfile-update-alone", message);
    }
    let kept = !flaws.removes(&["/var/lib/apt/lists", "/var/lib/apt"])
        && !flaws.mounts(&["/var/lib/apt", "/var/lib/apt/lists"]);
    let is_final = flaws.step.stage + 1 == flaws.step.file.stages.len();
    let built_on = flaws.step.file.stages.iter().any(|s| s.parent == Some(flaws.step.stage));
    if kept && (is_final || built_on) {
        let message = "the lists below /var/lib/apt/lists stay in the layer".to_owned();
        flaws.add("dockerfile-apt-lists-left", message);
    }
}
