//! Lookaside stores: GPG signatures in files beside a registry.
//!
//! Source: containers-image `docs/containers-registries.d.5.md` and `signature-protocols.md`: the
//! base, the repository's path without the registry, `@sha256=<hex>`, `signature-<number>`.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use model::{ImageRef, Lookaside};

use super::{RawSignature, SignatureBody, SignatureSearch, Subject};

/// Most signatures of one digest.
const MAX_SIGNATURES: usize = 32;
/// Most bytes of one signature.
const SIGNATURE_MAX_BYTES: u64 = 1 << 20;
/// Seconds that a web server may take for one.
const TIMEOUT_S: u64 = 30;
/// What begins files that hold another kind of signature.
const OTHER_KIND: &[u8] = b"\0";

/// Adds the signatures that lie beside a registry for `subject`.
pub(super) fn collect(
    image: &ImageRef,
    lookasides: &[Lookaside],
    subject: &Subject,
    search: &mut SignatureSearch,
) {
    let Some(base) = base_for(image, lookasides) else { return };
    let (algorithm, hex) = (subject.digest.algorithm(), subject.digest.hex());
    let folder = format!("{}/{}@{algorithm}={hex}", base.trim_end_matches('/'), image.repository);
    for number in 1..=MAX_SIGNATURES {
        let place = format!("{folder}/signature-{number}");
        match fetch(&place) {
            Ok(None) => return,
            Ok(Some(bytes)) if bytes.starts_with(OTHER_KIND) => {}
            Ok(Some(bytes)) => search.signatures.push(RawSignature {
                found_at: place,
                subject: subject.clone(),
                body: SignatureBody::GpgSimple(bytes),
            }),
            Err(why) => {
                search.unread.push(format!("{place} could not be read: {why}"));
                return;
            }
        }
    }
    search.unread.push(format!("{folder}: only {MAX_SIGNATURES} signatures are looked at"));
}

/// The base of the most specific scope that the image is in.
fn base_for<'a>(image: &ImageRef, lookasides: &'a [Lookaside]) -> Option<&'a str> {
    let name = format!("{}/{}", image.registry, image.repository);
    let is_in = |scope: &str| {
        scope.is_empty()
            || name.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let fitting = lookasides.iter().filter(|lookaside| is_in(&lookaside.scope));
    fitting.max_by_key(|lookaside| lookaside.scope.len()).map(|lookaside| lookaside.base.as_str())
}

/// The bytes of a signature; `None` when it is not there.
fn fetch(place: &str) -> Result<Option<Vec<u8>>, String> {
    let bytes = match place.strip_prefix("http") {
        Some(rest) if rest.starts_with("://") || rest.starts_with("s://") => download(place)?,
        _ => read(Path::new(place.strip_prefix("file://").unwrap_or(place)))?,
    };
    match bytes {
        Some(bytes) if bytes.len() as u64 > SIGNATURE_MAX_BYTES => {
            Err(format!("it has more than {SIGNATURE_MAX_BYTES} bytes"))
        }
        bytes => Ok(bytes),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err("it is no regular file".to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = file.take(SIGNATURE_MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map(|_| Some(bytes)).map_err(|error| error.to_string())
}

fn download(url: &str) -> Result<Option<Vec<u8>>, String> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(TIMEOUT_S)))
        .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")))
        .build();
    match ureq::Agent::new_with_config(config).get(url).call() {
        Ok(mut answer) => {
            let limited = answer.body_mut().with_config().limit(SIGNATURE_MAX_BYTES + 1);
            limited.read_to_vec().map(Some).map_err(|error| error.to_string())
        }
        Err(ureq::Error::StatusCode(404 | 410)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookaside(scope: &str, base: &str) -> Lookaside {
        Lookaside { scope: scope.into(), base: base.into() }
    }

    #[test]
    fn the_most_specific_scope_says_where() {
        let all = [
            lookaside("", "/all"),
            lookaside("r.example/team", "/team"),
            lookaside("r.example/team/app", "/app"),
        ];
        for (image, expected) in [
            ("r.example/team/app:1", "/app"),
            ("r.example/team/apple:1", "/team"),
            ("r.example/teammate/x", "/all"),
        ] {
            assert_eq!(base_for(&image.parse().unwrap(), &all), Some(expected));
        }
        assert_eq!(base_for(&"a".parse().unwrap(), &all[1..]), None);
    }

    #[test]
    fn reads_files_until_one_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let digest: model::Digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        let subject = Subject { digest: digest.clone(), size_bytes: None };
        let folder = directory.path().join(format!("team/app@sha256={}", digest.hex()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |number: u32, bytes: &[u8]| {
            std::fs::write(folder.join(format!("signature-{number}")), bytes).unwrap();
        };
        write(1, b"one");
        write(2, b"\0sigstore-json\n{}");
        write(3, b"three");
        write(5, b"behind a gap");
        let image = "r.example/team/app:1".parse().unwrap();
        let base = directory.path().display();
        for base in [base.to_string(), format!("file://{base}")] {
            let mut search = SignatureSearch::default();
            collect(&image, &[lookaside("r.example", &base)], &subject, &mut search);
            let found: Vec<&SignatureBody> = search.signatures.iter().map(|s| &s.body).collect();
            let gpg = |text: &[u8]| SignatureBody::GpgSimple(text.to_vec());
            assert_eq!(found, [&gpg(b"one"), &gpg(b"three")]);
        }
        let large = vec![1; SIGNATURE_MAX_BYTES as usize + 1];
        write(1, &large);
        let mut search = SignatureSearch::default();
        collect(&image, &[lookaside("", &base.to_string())], &subject, &mut search);
        assert_eq!((search.signatures.len(), search.unread.len()), (0, 1));
    }
}
