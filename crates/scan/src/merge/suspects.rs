//! Malicious files and secrets of all layers. What a later layer deletes is told too: whoever has
//! the image has it.

use std::collections::HashMap;

use analyze::PathHash;
use malware::SampleScan;
use model::{Band, Malware, Secret, SecretPlace};

use crate::layer::owner_hash;

use super::{Placed, index, owners};

/// The malicious files and the secrets, in layer order, with their place and owner.
pub(super) fn suspects(placed: &[Placed<'_>]) -> (Vec<Malware>, Vec<Secret>) {
    let told = |file: &&Placed<'_>| !file.file.samples.is_empty() || !file.file.secrets.is_empty();
    let mut suspects = placed.iter().filter(told).peekable();
    if suspects.peek().is_none() {
        return (Vec::new(), Vec::new());
    }
    // Owners of deleted files are told by the package databases of lower layers.
    let owners = owners(placed);
    let (mut malware, mut secrets) = (Vec::new(), Vec::new());
    for file in suspects {
        let place = Place::of(file, &owners);
        malware.extend(file.file.samples.iter().map(|sample| place.malware(sample)));
        secrets.extend(file.file.secrets.iter().map(|secret| place.secret(secret)));
    }
    (malware, secrets)
}

/// Where a suspect lies.
struct Place<'a> {
    file: &'a Placed<'a>,
    owned_by: Option<String>,
}

impl<'a> Place<'a> {
    fn of(file: &'a Placed<'a>, owners: &HashMap<PathHash, &str>) -> Self {
        let owner = owners.get(&owner_hash(file.path));
        Place { file, owned_by: owner.map(|&owner| owner.to_owned()) }
    }

    fn malware(&self, sample: &SampleScan) -> Malware {
        let path = match sample.inner.as_str() {
            "" => self.file.path.to_owned(),
            inner => format!("{}!/{inner}", self.file.path),
        };
        Malware {
            layer: index(self.file.layer),
            path,
            file_kind: sample.kind.clone(),
            digest: sample.sha256.clone(),
            size_bytes: sample.size_bytes,
            name: String::new(),
            band: Band::Clean,
            score: 0.0,
            methods: sample.scores.clone(),
            owned_by: self.owned_by.clone(),
            deleted_by: self.file.deleted_by.map(index),
        }
    }

    fn secret(&self, secret: &Secret) -> Secret {
        let mut placed = secret.clone();
        placed.layer = index(self.file.layer);
        placed.owned_by.clone_from(&self.owned_by);
        placed.deleted_by = self.file.deleted_by.map(index);
        // A hard link may be the name that stayed.
        if let SecretPlace::File(path) = &mut placed.place
            && self.file.path != self.file.file.path
        {
            *path = path.replacen(&self.file.file.path, self.file.path, 1);
        }
        placed
    }
}
