//! The image configuration: how the image was built, wants to be run, and the diff ids of its
//! layers. Sources: OCI image-spec `config.md`, Docker "Image Specification v1.2", which it grew
//! from; writers leave out and null what they please.

use std::collections::BTreeMap;

use model::{Digest, HistoryStep, ImageConfig, Platform, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ImageError;
use crate::manifest::or_default;

/// Most history lines that are kept.
const MAX_HISTORY: usize = 10_000;

/// A parsed configuration blob.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) platform: Option<Platform>,
    pub(crate) image: ImageConfig,
    /// Digests of the uncompressed layers, lowest first.
    pub(crate) diff_ids: Vec<Digest>,
}

#[derive(Debug, Deserialize)]
struct RawConfiguration {
    #[serde(default, deserialize_with = "or_default")]
    created: String,
    #[serde(default, deserialize_with = "or_default")]
    architecture: String,
    #[serde(default, deserialize_with = "or_default")]
    os: String,
    #[serde(default, deserialize_with = "or_default")]
    variant: String,
    #[serde(default, deserialize_with = "or_default")]
    config: RawRun,
    #[serde(default)]
    rootfs: Option<RawRootfs>,
    #[serde(default, deserialize_with = "or_default")]
    history: Vec<RawStep>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RawRun {
    #[serde(deserialize_with = "or_default")]
    user: String,
    #[serde(deserialize_with = "or_default")]
    env: Vec<String>,
    #[serde(deserialize_with = "words")]
    entrypoint: Vec<String>,
    #[serde(deserialize_with = "words")]
    cmd: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    working_dir: String,
    #[serde(deserialize_with = "or_default")]
    exposed_ports: BTreeMap<String, IgnoredAny>,
    #[serde(deserialize_with = "or_default")]
    volumes: BTreeMap<String, IgnoredAny>,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
struct RawRootfs {
    #[serde(default, deserialize_with = "or_default")]
    diff_ids: Vec<Digest>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawStep {
    #[serde(deserialize_with = "or_default")]
    created: String,
    #[serde(deserialize_with = "or_default")]
    created_by: String,
    #[serde(deserialize_with = "or_default")]
    comment: String,
    #[serde(deserialize_with = "or_default")]
    empty_layer: bool,
}

impl Configuration {
    /// Reads a configuration blob. `place` names the image in errors.
    pub(crate) fn parse(bytes: &[u8], place: &str) -> Result<Self, ImageError> {
        let damaged = |detail: String| ImageError::Malformed { place: place.to_owned(), detail };
        let raw: RawConfiguration = serde_json::from_slice(bytes)
            .map_err(|error| damaged(format!("its configuration cannot be read: {error}")))?;
        let Some(rootfs) = raw.rootfs else {
            return Err(damaged(
                "its configuration names no layers (`rootfs` is not there)".into(),
            ));
        };
        let history = raw.history.into_iter().take(MAX_HISTORY).map(step).collect();
        let platform = (!raw.os.is_empty()).then_some(Platform {
            os: raw.os,
            architecture: raw.architecture,
            variant: Some(raw.variant).filter(|variant| !variant.is_empty()),
        });
        let run = raw.config;
        let image = ImageConfig {
            created: timestamp(&raw.created),
            user: run.user,
            env: run.env,
            entrypoint: run.entrypoint,
            cmd: run.cmd,
            working_dir: run.working_dir,
            exposed_ports: run.exposed_ports.into_keys().collect(),
            volumes: run.volumes.into_keys().collect(),
            labels: run
                .labels
                .into_iter()
                .map(|(key, value)| (key, value.unwrap_or_default()))
                .collect(),
            history,
        };
        Ok(Configuration { platform, image, diff_ids: rootfs.diff_ids })
    }
}

fn step(raw: RawStep) -> HistoryStep {
    HistoryStep {
        created_by: raw.created_by,
        created: timestamp(&raw.created),
        comment: raw.comment,
        empty_layer: raw.empty_layer,
    }
}

/// A moment; what is unreadable, or the zero moment Go writes for "never", is none.
fn timestamp(text: &str) -> Option<Timestamp> {
    if text.starts_with("0001-01-01") { None } else { text.parse().ok() }
}

/// A list of words, or one string, as old builders wrote commands.
fn words<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        Many(Vec<String>),
        One(String),
    }
    Ok(match Option::<Words>::deserialize(deserializer)? {
        Some(Words::Many(words)) => words,
        Some(Words::One(word)) => vec![word],
        None => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_writers_leave_out_or_null() {
        let diff = format!("sha256:{}", "ab".repeat(32));
        let text = format!(
            r#"{{"os":"linux","architecture":"arm","variant":"v7","created":"0001-01-01T00:00:00Z",
            "config":{{"Env":null,"Cmd":"sh","Entrypoint":["/a","b"],"Labels":{{"b":"2","a":null}},
            "ExposedPorts":{{"80/tcp":{{}},"443/tcp":{{}}}},"Volumes":null,"OnBuild":null,"User":"app"}},
            "rootfs":{{"type":"layers","diff_ids":["{diff}"]}},
            "history":[{{"created":"2024-02-03T04:05:06.789Z","created_by":"RUN x","empty_layer":null}}]}}"#
        );
        let read = Configuration::parse(text.as_bytes(), "img").unwrap();
        assert_eq!(read.platform.unwrap().to_string(), "linux/arm/v7");
        assert_eq!(read.diff_ids.len(), 1);
        assert_eq!(read.image.created, None);
        assert_eq!(read.image.cmd, ["sh"]);
        assert_eq!(read.image.entrypoint, ["/a", "b"]);
        assert_eq!(read.image.exposed_ports, ["443/tcp", "80/tcp"]);
        assert_eq!(read.image.labels.get("a").map(String::as_str), Some(""));
        assert_eq!(read.image.user, "app");
        let step = &read.image.history[0];
        assert_eq!(step.created.unwrap().to_string(), "2024-02-03T04:05:06.789Z");
        assert!(!step.empty_layer);
    }

    #[test]
    fn tells_what_is_wrong() {
        for (text, expect) in [
            ("{}", "names no layers"),
            (r#"{"rootfs":{"diff_ids":["sha256:12"]}}"#, "sha256:12"),
            ("nonsense", "cannot be read"),
        ] {
            let error = Configuration::parse(text.as_bytes(), "img").unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
    }
}
