//! COPY and ADD.

use super::Sink;
use super::file::File;
use super::state::{State, Step};

/// Endings of what ADD unpacks.
const ARCHIVES: [&str; 14] = [
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst",
    ".tar.lz", ".tlz", ".gz", ".xz",
];
/// What an image has no use for.
const NEEDLESS: [&str; 10] = [
    ".git",
    ".svn",
    ".hg",
    ".dockerignore",
    "Dockerfile",
    "Containerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yaml",
    ".cache",
];
/// Files that hold credentials by custom.
const SECRET_FILES: [&str; 16] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".env",
    ".htpasswd",
    ".pgpass",
    "credentials",
    "kubeconfig",
    ".dockercfg",
    "secring.gpg",
    ".vault-token",
];
const SECRET_ENDINGS: [&str; 5] = [".pem", ".p12", ".pfx", ".jks", ".ppk"];

/// Sources and destination of one instruction.
struct Transfer {
    sources: Vec<String>,
    destination: String,
    from: Option<String>,
}

/// Rules about COPY and ADD.
pub(super) fn check(step: &Step<'_>, state: &mut State, sink: &mut Sink<'_>) {
    let instruction = step.instruction;
    let mut words: Vec<String> =
        instruction.words().iter().map(|word| state.expand(word).text).collect();
    let Some(destination) = words.pop() else { return };
    let is_document = |word: &String| word.starts_with("<<") && !instruction.heredocs.is_empty();
    let documents = words.iter().filter(|word| is_document(word)).count();
    words.retain(|word| !is_document(word));
    let from = instruction.flag("from").map(|from| state.expand(from).text);
    let transfer = Transfer { sources: words, destination, from };
    destination_rules(step, state, (&transfer, documents), sink);
    permissions(step, sink);
    match instruction.keyword.as_str() {
        "ADD" => add(step, &transfer, documents, sink),
        _ => stage(step, &transfer, sink),
    }
    if transfer.from.is_none() {
        context(step, &transfer, sink);
        let lines = (instruction.first_line, instruction.last_line);
        if instruction.keyword == "COPY" {
            state.archives.extend(
                transfer
                    .sources
                    .iter()
                    .filter(|source| is_archive(source))
                    .map(|source| (archive_name(source, &transfer.destination), lines)),
            );
        }
    }
}

fn destination_rules(
    step: &Step<'_>,
    state: &State,
    (transfer, documents): (&Transfer, usize),
    sink: &mut Sink<'_>,
) {
    let destination = transfer.destination.as_str();
    let sources = transfer.sources.len() + documents;
    let open = destination.contains('$');
    let is_folder = destination.ends_with(['/', '\\']) || matches!(destination, "." | "..");
    if sources > 1 && !destination.ends_with(['/', '\\']) && !open {
        let message = format!("{sources} sources go to {destination}, which does not end in `/`");
        sink.at("dockerfile-copy-destination", step.instruction, step.subject, message);
    }
    let windows = destination.get(1..2) == Some(":");
    let relative = !destination.starts_with(['/', '\\']) && !windows && !open;
    if relative && !state.has_workdir && step.instruction.keyword == "COPY" {
        let what = if is_folder { "folder" } else { "path" };
        let message =
            format!("the {what} {destination} depends on the base image: no WORKDIR is set");
        sink.at("dockerfile-copy-relative", step.instruction, step.subject, message);
    }
}

/// `--chmod`: everybody may write, or runs as the owner.
fn permissions(step: &Step<'_>, sink: &mut Sink<'_>) {
    let Some(mode) = step.instruction.flag("chmod") else { return };
    let what = format!("--chmod={mode}");
    if super::commands::is_world_writable(mode) {
        let message = format!("{what}: everybody in the container may change the file");
        sink.at("dockerfile-world-writable", step.instruction, step.subject, message);
    }
    if super::commands::is_setuid(mode) {
        let message = format!("{what}: the program runs with its owner's rights");
        sink.at("dockerfile-setuid", step.instruction, step.subject, message);
    }
}

fn add(step: &Step<'_>, transfer: &Transfer, documents: usize, sink: &mut Sink<'_>) {
    let checked = step.instruction.flag("checksum").is_some();
    for source in &transfer.sources {
        let is_git =
            source.starts_with("git@") || source.ends_with(".git") || source.contains(".git#");
        if is_url(source) && !is_git {
            if !checked {
                let message = format!("{source} is taken as it comes: no --checksum");
                sink.at("dockerfile-add-unverified", step.instruction, step.subject, message);
            }
        } else if !is_git && !is_archive(source) && !source.contains('$') {
            let message = format!("ADD {source}: nothing to unpack or to fetch, COPY is enough");
            sink.at("dockerfile-add-local", step.instruction, step.subject, message);
        }
    }
    if documents > 0 && transfer.sources.is_empty() {
        let message = "ADD of a here-document: COPY is enough".to_owned();
        sink.at("dockerfile-add-local", step.instruction, step.subject, message);
    }
}

/// `COPY --from`.
fn stage(step: &Step<'_>, transfer: &Transfer, sink: &mut Sink<'_>) {
    let Some(from) = transfer.from.as_deref() else { return };
    let file: &File = step.file;
    let own = file.stages.get(step.stage).and_then(|stage| stage.alias.as_deref());
    if own.is_some_and(|own| own.eq_ignore_ascii_case(from)) {
        let message = format!("--from={from} is the stage itself");
        sink.at("dockerfile-copy-from-self", step.instruction, step.subject, message);
    } else if let Ok(number) = from.parse::<usize>() {
        if number >= step.stage {
            let message = format!("--from={from}: no earlier stage has this number");
            sink.at("dockerfile-copy-from-unknown", step.instruction, step.subject, message);
        }
    } else {
        let earlier = file.stages.iter().take(step.stage).any(|stage| {
            stage.alias.as_deref().is_some_and(|alias| alias.eq_ignore_ascii_case(from))
        });
        let is_image = from.contains([':', '@', '/', '.', '$']);
        if !earlier && !is_image {
            let message = format!("--from={from}: no earlier stage is called so");
            sink.at("dockerfile-copy-from-unknown", step.instruction, step.subject, message);
        } else if !earlier && !from.contains('$') {
            sink.image(from, step.instruction, step.subject);
        }
    }
    let whole = transfer.sources.iter().any(|source| matches!(source.as_str(), "/" | "/*" | "/."));
    if whole && matches!(transfer.destination.as_str(), "/" | "/.") {
        let message = format!("everything of {from} is copied: its secrets and tools too");
        sink.at("dockerfile-copy-whole", step.instruction, step.subject, message);
    }
}

/// What comes from the build context.
fn context(step: &Step<'_>, transfer: &Transfer, sink: &mut Sink<'_>) {
    for source in &transfer.sources {
        let path = source.trim_start_matches("./").trim_end_matches('/');
        let base = path.rsplit('/').next().unwrap_or(path);
        if matches!(source.as_str(), "." | "./" | "/" | "*" | "./*") && !sink.has_dockerignore() {
            let message = "the whole folder is copied and no .dockerignore keeps anything out";
            let message = message.to_owned();
            sink.at("dockerfile-dockerignore-missing", step.instruction, step.subject, message);
        }
        if NEEDLESS.contains(&base) {
            let message = format!("{source} has no use in the image");
            sink.at("dockerfile-needless-file", step.instruction, step.subject, message);
        }
        if is_secret_file(base) {
            let message =
                format!("{source} holds credentials by its name; whoever has the image has them");
            sink.at("dockerfile-secret-copied", step.instruction, step.subject, message);
        }
    }
}

fn is_secret_file(base: &str) -> bool {
    let lower = base.to_ascii_lowercase();
    let public =
        ["example", "sample", "template", "dist", "public", "ca.pem", "cert", "chain", "bundle"];
    if public.iter().any(|word| lower.contains(word)) {
        return false;
    }
    SECRET_FILES.contains(&lower.as_str())
        || lower.starts_with(".env.")
        || SECRET_ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || (lower.ends_with(".key") && !lower.ends_with(".pub.key"))
}

pub(super) fn is_url(source: &str) -> bool {
    ["http://", "https://", "ftp://"].iter().any(|scheme| source.starts_with(scheme))
}

pub(super) fn is_archive(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    ARCHIVES.iter().any(|ending| lower.ends_with(ending))
}

/// The name under which a copied archive lies in the image.
fn archive_name(source: &str, destination: &str) -> String {
    let path = if is_archive(destination) { destination } else { source };
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
