//! Base images and the frontend: named so that the same file builds the same thing tomorrow.

use super::Sink;
use super::file::{File, Stage};
use crate::template::image_name::ImageName;

/// Names that BuildKit gives a meaning of its own.
const RESERVED: [&str; 2] = ["scratch", "context"];

/// Rules about FROM and `# syntax=`.
pub(super) fn check(file: &File, sink: &mut Sink<'_>) {
    frontend(file, sink);
    for (at, stage) in file.stages.iter().enumerate() {
        let subject = file.name_of(at);
        name(file, at, (stage, &subject), sink);
        platform(stage, &subject, sink);
        if stage.parent.is_none() && !stage.base.eq_ignore_ascii_case("scratch") {
            image(stage, &subject, sink);
        }
    }
}

/// A frontend is a program that runs the build: it deserves a digest as a base image does.
fn frontend(file: &File, sink: &mut Sink<'_>) {
    let Some((syntax, line)) = &file.syntax else { return };
    let name = ImageName::parse(syntax.split_whitespace().next().unwrap_or_default());
    if name.digest.is_none() {
        let message = format!("the build is run by {syntax}, which is not pinned by a digest");
        sink.lines("dockerfile-frontend-unpinned", (*line, *line), "", message);
    }
}

fn image(stage: &Stage, subject: &str, sink: &mut Sink<'_>) {
    let (from, base) = (&stage.from, stage.base.as_str());
    if base.is_empty() {
        return;
    }
    if !stage.base_unknown {
        sink.image(base, from, subject);
    }
    let name = ImageName::parse(base);
    // The repository may be known where the tag is not, and the other way round.
    let has_variable = |part: &str| stage.base_unknown && part.contains('$');
    let only_variable = stage.base_unknown && base.starts_with('$') && !base.contains([':', '@']);
    if name.digest.is_none() && !only_variable {
        match name.tag {
            None if !has_variable(name.repository) || !base.ends_with('}') => {
                let message = format!("{base} names no tag: the newest of today is taken");
                sink.at("dockerfile-base-untagged", from, subject, message);
            }
            Some("latest") => {
                let message = format!("{base}: the tag is moved with every release");
                sink.at("dockerfile-base-latest", from, subject, message);
            }
            _ => {}
        }
        if !stage.base_unknown {
            let message = format!("{base} is not pinned by a digest");
            sink.at("dockerfile-base-undigested", from, subject, message);
        }
    }
    allowed(stage, subject, &name, sink);
}

fn allowed(stage: &Stage, subject: &str, name: &ImageName<'_>, sink: &mut Sink<'_>) {
    let rule = "dockerfile-base-registry";
    let allowed = sink.catalogue.parameter(rule, "registries");
    if allowed.is_empty() || name.registry.contains('$') || name.is_within(allowed) {
        return;
    }
    let base = &stage.base;
    let message = format!("{base} comes from {}, which is not allowed", name.registry_host());
    sink.at(rule, &stage.from, subject, message);
}

fn name(file: &File, at: usize, (stage, subject): (&Stage, &str), sink: &mut Sink<'_>) {
    let Some(alias) = &stage.alias else { return };
    if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(alias)) {
        let message = format!("the stage is called {alias}, a word that BuildKit reserves");
        sink.at("dockerfile-stage-reserved", &stage.from, subject, message);
    }
    let same = |other: &Stage| {
        other.alias.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(alias))
    };
    if file.stages.iter().take(at).any(same) {
        let message = format!("an earlier stage is called {alias} too");
        sink.at("dockerfile-stage-duplicate", &stage.from, subject, message);
    }
}

fn platform(stage: &Stage, subject: &str, sink: &mut Sink<'_>) {
    let Some(platform) = stage.from.flag("platform") else { return };
    if !platform.contains('$') {
        let message = format!("the stage is built for {platform} whatever the build asks for");
        sink.at("dockerfile-platform-fixed", &stage.from, subject, message);
    }
}
