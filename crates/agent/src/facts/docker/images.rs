//! Images: their configuration, their build steps, and what scanning has said of them.

use model::{Observation, Subject};
use serde::Deserialize;

use super::super::engine::{Document, Engine};
use super::super::limits::IMAGES_MAX;
use super::{Look, history, reports, set, short};

/// Digits of an id that people use.
const SHORT_ID_DIGITS: usize = 12;
/// What the engine writes where an image has no name.
const NO_NAME: &str = "<none>";
/// The registry that names without one mean.
const DEFAULT_REGISTRY: &str = "docker.io";

/// A line of the engine's list.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    #[serde(rename = "Id")]
    pub(super) id: String,
    #[serde(rename = "RepoTags", default)]
    tags: Option<Vec<String>>,
    #[serde(rename = "RepoDigests", default)]
    digests: Option<Vec<String>>,
    #[serde(rename = "Created", default)]
    pub(super) created_s: i64,
}

/// A step of an image's history, the newest first.
#[derive(Debug, Deserialize)]
struct Step {
    #[serde(rename = "CreatedBy", default)]
    created_by: String,
}

impl Line {
    /// Its names with tags.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.tags.iter().flatten().map(String::as_str);
        tags.filter(|tag| !tag.starts_with(NO_NAME))
    }

    /// Its first name, or the beginning of its id.
    fn name(&self) -> String {
        let digits = self.id.rsplit(':').next().unwrap_or_default();
        let id: String = digits.chars().take(SHORT_ID_DIGITS).collect();
        self.tags().min().map_or(id, str::to_owned)
    }

    fn registries(&self) -> Vec<String> {
        let digests = self.digests.iter().flatten().map(String::as_str);
        let digests = digests.filter(|name| !name.starts_with(NO_NAME));
        set(self.tags().chain(digests).map(registry))
    }
}

/// The registry of a name: its first part, where that can only be a host.
fn registry(name: &str) -> &str {
    match name.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => DEFAULT_REGISTRY,
    }
}

pub(super) async fn list(engine: &mut Engine) -> Result<Vec<Line>, String> {
    engine.list("/images/json").await
}

pub(super) async fn look(
    look: &Look<'_>,
    engine: &mut Engine,
    lines: Result<Vec<Line>, String>,
    out: &mut Observation,
) {
    let mut lines = match lines {
        Ok(lines) => lines,
        Err(why) => return out.miss("image", why),
    };
    lines.sort_by_key(Line::name);
    for (index, line) in lines.iter().enumerate() {
        if index == IMAGES_MAX || !look.has_time() {
            let left = lines.len() - index;
            out.miss("image", format!("{left} of {} images were not looked at", lines.len()));
            return;
        }
        out.add(subject(look, engine, line).await);
    }
}

async fn subject(look: &Look<'_>, engine: &mut Engine, line: &Line) -> Subject {
    let mut image = Subject::new("image", short(&line.name()));
    image.say("image.repository", short(&line.name()));
    image.say("image.registries", line.registries());
    match engine.object(&format!("/images/{}/json", line.id)).await {
        Ok(document) => image.say("image.healthcheck", has_health_check(&document)),
        Err(why) => image.miss("image.healthcheck", why),
    }
    match engine.list::<Step>(&format!("/images/{}/history", line.id)).await {
        Ok(steps) => {
            let oldest = steps.len().saturating_sub(1);
            let all = steps.iter().enumerate();
            let lone = all.clone().filter(|(_, step)| history::only_refreshes(&step.created_by));
            let adds = all.filter(|(at, step)| history::adds(&step.created_by, *at == oldest));
            image.say("image.lone_updates", set(lone.map(|(_, step)| &step.created_by)));
            image.say("image.add_steps", set(adds.map(|(_, step)| &step.created_by)));
        }
        Err(why) => {
            image.miss("image.lone_updates", why.clone());
            image.miss("image.add_steps", why);
        }
    }
    reports::say(look, &line.id, &mut image);
    image
}

fn has_health_check(document: &Document) -> bool {
    let test = document.texts("/Config/Healthcheck/Test");
    test.first().is_some_and(|first| !first.is_empty() && *first != "NONE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_registries() {
        let line = |tags: serde_json::Value, digests: serde_json::Value| -> Line {
            serde_json::from_value(json!({
                "Id": "sha256:0123456789abcdef", "RepoTags": tags, "RepoDigests": digests
            }))
            .unwrap()
        };
        let unnamed = line(json!(["<none>:<none>"]), json!(null));
        assert_eq!(unnamed.name(), "0123456789ab");
        assert!(unnamed.registries().is_empty());
        let named = line(json!(["b:1", "a/b:2"]), json!(["r.example:5000/x@sha256:00"]));
        assert_eq!(named.name(), "a/b:2");
        assert_eq!(named.registries(), ["docker.io", "r.example:5000"]);
        assert_eq!(registry("localhost/x"), "localhost");
        for (test, expect) in [
            (json!(["CMD", "true"]), true),
            (json!(["NONE"]), false),
            (json!([]), false),
            (json!(null), false),
        ] {
            let document = Document(json!({"Config": {"Healthcheck": {"Test": test}}}));
            assert_eq!(has_health_check(&document), expect);
        }
    }
}
