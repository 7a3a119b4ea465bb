//! Manifests and indexes: the OCI image specification's and docker's, which differ in their media
//! types only. Sources: OCI image-spec `manifest.md`, `image-index.md`, `descriptor.md`; Docker
//! "Image Manifest Version 2, Schema 2".

use std::collections::BTreeMap;

use model::{Digest, Platform};
use serde::Deserialize;

use crate::ImageError;

/// Most manifests one index may list.
const MAX_MANIFESTS: usize = 4_096;
/// The annotation by which build tools mark a manifest that is no image but speaks of one.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// A document that a reference or an index leads to.
#[derive(Debug, Clone)]
pub(crate) enum Document {
    /// A list of manifests, one a platform.
    Index(Index),
    /// One image.
    Manifest(Manifest),
}

/// A list of manifests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub(crate) manifests: Vec<Descriptor>,
}

/// What an image consists of.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) config: Descriptor,
    /// Lowest first.
    pub(crate) layers: Vec<Descriptor>,
}

/// A reference to a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    /// Bytes of the blob; 0 when not told.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) size: u64,
    #[serde(default)]
    platform: Option<RawPlatform>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
struct RawPlatform {
    #[serde(default, deserialize_with = "or_default")]
    os: String,
    #[serde(default, deserialize_with = "or_default")]
    architecture: String,
    #[serde(default, deserialize_with = "or_default")]
    variant: String,
}

/// All fields of all kinds; which are there tells the kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDocument {
    #[serde(default, deserialize_with = "or_default")]
    schema_version: u64,
    #[serde(default, deserialize_with = "or_default")]
    media_type: String,
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
    #[serde(default)]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl Descriptor {
    /// The platform it is for, when it says so.
    pub(crate) fn platform(&self) -> Option<Platform> {
        let platform = self.platform.as_ref().filter(|p| !p.os.is_empty())?;
        Some(Platform {
            os: platform.os.clone(),
            architecture: platform.architecture.clone(),
            variant: Some(platform.variant.clone()).filter(|variant| !variant.is_empty()),
        })
    }

    /// Whether it is an attestation or the like rather than an image.
    pub(crate) fn is_about_another(&self) -> bool {
        let unknown = self.platform.as_ref().is_some_and(|platform| platform.os == "unknown");
        unknown || self.annotations.contains_key(REFERENCE_TYPE)
    }
}

impl Document {
    /// Reads an index or a manifest. `place` names it in errors. Unknown fields and media types
    /// are passed over; docker's first schema is refused.
    pub(crate) fn parse(bytes: &[u8], place: &str) -> Result<Self, ImageError> {
        let damaged = |detail: String| ImageError::Malformed { place: place.to_owned(), detail };
        let raw: RawDocument = serde_json::from_slice(bytes)
            .map_err(|error| damaged(format!("its manifest cannot be read: {error}")))?;
        if raw.schema_version == 1 || raw.fs_layers.is_some() {
            return Err(ImageError::Unsupported {
                place: place.to_owned(),
                what: "a docker schema 1 manifest, which has no verifiable layers: push the image \
                       again with a current tool"
                    .to_owned(),
            });
        }
        if let Some(manifests) = raw.manifests {
            if manifests.len() > MAX_MANIFESTS {
                let detail = format!(
                    "an index of {} manifests; the limit is {MAX_MANIFESTS}",
                    manifests.len()
                );
                return Err(ImageError::OverLimit { place: place.to_owned(), detail });
            }
            return Ok(Document::Index(Index { manifests }));
        }
        match (raw.config, raw.layers) {
            (Some(config), Some(layers)) => Ok(Document::Manifest(Manifest { config, layers })),
            _ => Err(damaged(format!(
                "a document of the type `{}` that is neither an image manifest nor an index",
                raw.media_type
            ))),
        }
    }
}

impl Index {
    /// The entry for the platform that is wanted; without one, for this machine's, or the only
    /// image there is. An entry that says nothing of its platform may be an index or an image;
    /// it is chosen when no other fits, and its configuration must be looked at.
    pub(crate) fn choose(
        &self,
        wanted: Option<&Platform>,
        place: &str,
    ) -> Result<&Descriptor, ImageError> {
        let images: Vec<&Descriptor> =
            self.manifests.iter().filter(|entry| !entry.is_about_another()).collect();
        if let (None, [only]) = (wanted, images.as_slice()) {
            return Ok(only);
        }
        let host = Platform::host();
        let asked = wanted.unwrap_or(&host);
        let fitting = images
            .iter()
            .filter_map(|entry| Some((rank(asked, &entry.platform()?)?, entry)))
            .min_by(|left, right| left.0.cmp(&right.0));
        if let Some((_, entry)) = fitting {
            return Ok(entry);
        }
        if let Some(entry) = images.iter().find(|entry| entry.platform().is_none()) {
            return Ok(entry);
        }
        Err(no_such_platform(place, asked, images.iter().filter_map(|entry| entry.platform())))
    }
}

/// The error that lists the platforms there are.
pub(crate) fn no_such_platform(
    place: &str,
    wanted: &Platform,
    available: impl Iterator<Item = Platform>,
) -> ImageError {
    let mut available: Vec<String> = available.map(|platform| platform.to_string()).collect();
    available.sort();
    available.dedup();
    ImageError::NoSuchPlatform { place: place.to_owned(), wanted: wanted.to_string(), available }
}

/// Whether an image for `offered` serves one who asks for `asked`.
pub(crate) fn serves(asked: &Platform, offered: &Platform) -> bool {
    rank(asked, offered).is_some()
}

/// How well `offered` serves one who asks for `asked`, best first; `None` when not at all.
/// `arm64` and `arm64/v8` are the same; of several variants the newest is best.
fn rank(asked: &Platform, offered: &Platform) -> Option<std::cmp::Reverse<String>> {
    let variant = |platform: &Platform| match (platform.architecture.as_str(), &platform.variant) {
        ("arm64", None) => Some("v8".to_owned()),
        (_, variant) => variant.clone(),
    };
    let (asked_variant, offered_variant) = (variant(asked), variant(offered));
    let fits = asked.os == offered.os
        && asked.architecture == offered.architecture
        && (asked.variant.is_none() || asked_variant == offered_variant);
    fits.then(|| std::cmp::Reverse(offered_variant.unwrap_or_default()))
}

/// Takes `null` for the default, as Go's JSON writers leave it.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(digit: char, platform: &str) -> String {
        let digest = format!("sha256:{}", digit.to_string().repeat(64));
        let parts: Vec<&str> = platform.split('/').collect();
        let platform = match parts.as_slice() {
            [os, arch] => format!(r#","platform":{{"os":"{os}","architecture":"{arch}"}}"#),
            [os, arch, variant] => format!(
                r#","platform":{{"os":"{os}","architecture":"{arch}","variant":"{variant}"}}"#
            ),
            _ => String::new(),
        };
        format!(r#"{{"digest":"{digest}","size":7,"annotations":null{platform}}}"#)
    }

    fn index(entries: &[(char, &str)]) -> Index {
        let entries: Vec<String> = entries.iter().map(|(d, p)| entry(*d, p)).collect();
        let text = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
        match Document::parse(text.as_bytes(), "x") {
            Ok(Document::Index(index)) => index,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn chooses_by_platform() {
        let many = index(&[
            ('1', "linux/amd64"),
            ('2', "linux/arm/v6"),
            ('3', "linux/arm/v7"),
            ('4', "linux/arm64"),
            ('5', "unknown/unknown"),
        ]);
        let cases = [
            ("linux/amd64", Some('1')),
            ("linux/arm", Some('3')),
            ("linux/arm/v6", Some('2')),
            ("linux/arm64/v8", Some('4')),
            ("linux/arm64", Some('4')),
            ("linux/s390x", None),
            ("windows/amd64", None),
            ("unknown/unknown", None),
        ];
        for (wanted, expect) in cases {
            let wanted: Platform = wanted.parse().unwrap();
            let chosen = many.choose(Some(&wanted), "x").ok();
            assert_eq!(chosen.and_then(|d| d.digest.hex().chars().next()), expect, "{wanted}");
        }
        let error = many.choose(Some(&"linux/s390x".parse().unwrap()), "img").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("linux/s390x") && text.contains("linux/arm/v7"), "{text}");
        assert!(!text.contains("unknown"), "{text}");
    }

    #[test]
    fn the_only_image_needs_no_choice() {
        let only = index(&[('1', "linux/riscv64"), ('5', "unknown/unknown")]);
        assert!(only.choose(None, "x").unwrap().digest.hex().starts_with('1'));
        assert!(only.choose(Some(&"linux/amd64".parse().unwrap()), "x").is_err());
        let silent = index(&[('7', "")]);
        assert!(silent.choose(Some(&"linux/amd64".parse().unwrap()), "x").is_ok());
    }

    #[test]
    fn refuses_what_is_no_manifest() {
        let cases = [
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, "schema 1"),
            (r#"{"schemaVersion":2}"#, "neither"),
            (r#"{"schemaVersion":2,"config":{"digest":"md5:00"},"layers":[]}"#, "md5:00"),
            ("[]", "neither"),
            ("", "cannot be read"),
        ];
        for (text, expect) in cases {
            let error = Document::parse(text.as_bytes(), "img").unwrap_err().to_string();
            assert!(error.contains(expect) && error.starts_with("img"), "{error}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Document::parse(deep.as_bytes(), "img").is_err());
    }
}
