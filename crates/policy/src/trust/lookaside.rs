//! `registries.d`: where GPG signatures lie, as podman and skopeo are told.

use std::collections::BTreeMap;

use model::Lookaside;
use serde::Deserialize;

use crate::PolicyError;
use crate::yaml::Source;

/// A file of `registries.d`; what else it may say (of sigstore attachments, of writing) is not for
/// here.
#[derive(Deserialize)]
struct RawFile {
    #[serde(rename = "default-docker")]
    default: Option<RawPlace>,
    #[serde(default)]
    docker: BTreeMap<String, RawPlace>,
}

#[derive(Deserialize)]
struct RawPlace {
    lookaside: Option<String>,
    sigstore: Option<String>,
}

impl RawPlace {
    fn base(self) -> Option<String> {
        self.lookaside.or(self.sigstore)
    }
}

/// Reads a file of `registries.d` (containers-image, `containers-registries.d(5)`): `lookaside`, or
/// `sigstore` as it was called before, for each scope and by default.
pub fn registries_d(file: &str, text: &str) -> Result<Vec<Lookaside>, PolicyError> {
    let raw: RawFile = Source { file, text }.read()?;
    let default = raw.default.and_then(RawPlace::base).map(|base| (String::new(), base));
    let named = raw.docker.into_iter().filter_map(|(scope, place)| Some((scope, place.base()?)));
    Ok(named.chain(default).map(|(scope, base)| Lookaside { scope, base }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scopes_and_the_default() {
        let text = "\
default-docker:
  sigstore: file:///var/lib/atomic/sigstore
docker:
  registry.example/team:
    lookaside: https://sigs.example/team
    lookaside-staging: file:///tmp/s
  registry.example/other:
    use-sigstore-attachments: true
";
        let found = registries_d("default.yaml", text).unwrap();
        let found: Vec<(&str, &str)> =
            found.iter().map(|l| (l.scope.as_str(), l.base.as_str())).collect();
        assert_eq!(
            found,
            [
                ("registry.example/team", "https://sigs.example/team"),
                ("", "file:///var/lib/atomic/sigstore"),
            ]
        );
        assert!(registries_d("default.yaml", "docker: [a]").is_err());
    }
}
