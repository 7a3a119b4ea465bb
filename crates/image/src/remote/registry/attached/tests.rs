//! A registry that knows the list of referrers (OCI distribution-spec 1.1), on a loopback port:
//! the one that the walks run does not.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use model::Digest;
use serde_json::json;

use crate::hashing::digest_like;
use crate::signature::{SignatureBody, SignatureQuery, SignatureSearch, find_signatures};
use crate::{Options, Target};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const ZERO: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Path to status, media type and body.
type Answers = BTreeMap<String, (u16, &'static str, Vec<u8>)>;

fn digest_of(bytes: &[u8]) -> Digest {
    digest_like(&ZERO.parse().unwrap(), bytes)
}

fn answer(stream: &TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let missing = (
        404,
        "application/json",
        br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}"#.to_vec(),
    );
    let (status, kind, body) = answers.get(path).unwrap_or(&missing);
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// What is found in a registry whose list of referrers answers with this status.
fn search(referrers_status: u16, fallback: bool) -> SignatureSearch {
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
    let config = digest_of(config.to_string().as_bytes());
    let image = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
    });
    let image = image.to_string().into_bytes();
    let subject = digest_of(&image);
    let attached = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": BUNDLE, "digest": digest_of(b"{}"), "size": 2}],
        "subject": {"mediaType": MANIFEST, "digest": subject, "size": image.len()},
    });
    let attached = attached.to_string().into_bytes();
    let entry = json!({"mediaType": MANIFEST, "digest": digest_of(&attached), "size": attached.len(),
        "artifactType": "application/vnd.oci.empty.v1+json"});
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).to_string();
    let mut answers: Answers = [
        ("/v2/".to_owned(), (200, "application/json", b"{}".to_vec())),
        ("/v2/lab/app/manifests/1".to_owned(), (200, MANIFEST, image)),
        (format!("/v2/lab/app/manifests/{}", digest_of(&attached)), (200, MANIFEST, attached)),
        (
            format!("/v2/lab/app/blobs/{}", digest_of(b"{}")),
            (200, "application/octet-stream", b"{}".to_vec()),
        ),
        (
            format!("/v2/lab/app/referrers/{subject}"),
            (referrers_status, INDEX, list.clone().into_bytes()),
        ),
    ]
    .into();
    if fallback {
        let tag = format!("/v2/lab/app/manifests/sha256-{}", subject.hex());
        answers.insert(tag, (200, INDEX, list.into_bytes()));
    }
    let answers = Arc::new(answers);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || answer(&stream, &answers));
        }
    });
    let target = Target::Registry(format!("{address}/lab/app:1").parse().unwrap());
    let query =
        SignatureQuery { target: &target, manifest_digest: None, image_id: None, lookasides: &[] };
    let found = find_signatures(&query, &Options::default()).unwrap();
    assert_eq!((found.index.as_ref(), found.manifest.as_ref()), (None, Some(&subject)));
    found
}

#[test]
fn the_list_of_referrers_and_the_fallback_tag_are_both_read() {
    for (status, fallback, signatures, unread) in [
        (200, false, 1, 0),
        // What both name is taken once.
        (200, true, 1, 0),
        (404, true, 1, 0),
        (404, false, 0, 0),
        // A list that fails is said, and does not end the search.
        (403, true, 1, 1),
        (403, false, 0, 1),
    ] {
        let found = search(status, fallback);
        let counts = (found.signatures.len(), found.unread.len());
        assert_eq!(counts, (signatures, unread), "{status} {fallback}: {:?}", found.unread);
        let bundle = SignatureBody::SigstoreBundle(b"{}".to_vec());
        assert!(found.signatures.iter().all(|raw| raw.body == bundle));
    }
}
