//! Images without an engine: layers in, an archive out that every tool can load.
//!
//! The archive is an OCI layout with the `manifest.json` that `docker load` reads beside it, as
//! docker 25 and later save it. Times and owners are fixed, so equal input gives equal bytes.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// The time all parts carry, so that the same layers always give the same image.
const CREATED: &str = "2024-01-01T00:00:00Z";
/// Bytes copied at a time.
const COPY_BYTES: usize = 1 << 20;

/// A blob in the archive.
struct Blob {
    digest: String,
    size_bytes: u64,
}

/// Assembles `OUT.tar NAME:TAG LAYER='created by' ...`.
pub(crate) fn assemble(arguments: &[String]) -> anyhow::Result<()> {
    let [out, name, layers @ ..] = arguments else {
        bail!("expected OUT.tar NAME:TAG LAYER=TEXT ...")
    };
    if layers.is_empty() {
        bail!("an image needs at least one layer");
    }
    let partial = format!("{out}.partial");
    let file = File::create(&partial).with_context(|| format!("cannot write {partial}"))?;
    let mut archive = tar::Builder::new(std::io::BufWriter::with_capacity(COPY_BYTES, file));
    let mut diff_ids = Vec::new();
    let mut history = Vec::new();
    let mut descriptors = Vec::new();
    for layer in layers {
        let (path, created_by) = layer.split_once('=').unwrap_or((layer, ""));
        let blob =
            add_layer(&mut archive, Path::new(path)).with_context(|| format!("layer {path}"))?;
        descriptors.push(descriptor(LAYER_TYPE, &blob));
        diff_ids.push(blob.digest);
        history.push(json!({"created": CREATED, "created_by": created_by}));
    }
    let config = json!({
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    });
    let config = add_document(&mut archive, &config)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor(CONFIG_TYPE, &config),
        "layers": descriptors,
    });
    let manifest = add_document(&mut archive, &manifest)?;
    add_indexes(&mut archive, name, &manifest, &config, &diff_ids)?;
    archive.into_inner()?.flush()?;
    std::fs::rename(&partial, out).with_context(|| format!("cannot write {out}"))
}

fn descriptor(media_type: &str, blob: &Blob) -> Value {
    json!({"mediaType": media_type, "digest": blob.digest, "size": blob.size_bytes})
}

/// Adds the parts that name the image: for OCI tools, and for docker.
fn add_indexes(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    manifest: &Blob,
    config: &Blob,
    diff_ids: &[String],
) -> anyhow::Result<()> {
    let mut entry = descriptor(MANIFEST_TYPE, manifest);
    let tag = name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
    entry["annotations"] =
        json!({"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]});
    let layers: Vec<String> = diff_ids.iter().map(|digest| blob_path(digest)).collect();
    let docker =
        json!([{"Config": blob_path(&config.digest), "RepoTags": [name], "Layers": layers}]);
    add_file(archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    add_file(archive, "index.json", &serde_json::to_vec(&index)?)?;
    add_file(archive, "manifest.json", &serde_json::to_vec(&docker)?)
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn add_document(archive: &mut tar::Builder<impl Write>, document: &Value) -> anyhow::Result<Blob> {
    let bytes = serde_json::to_vec(document)?;
    let blob = Blob { digest: digest(&mut &bytes[..])?, size_bytes: bytes.len() as u64 };
    add_file(archive, &blob_path(&blob.digest), &bytes)?;
    Ok(blob)
}

fn add_layer(archive: &mut tar::Builder<impl Write>, path: &Path) -> anyhow::Result<Blob> {
    if path.is_dir() {
        let mut packed = tar::Builder::new(tempfile::tempfile()?);
        packed.mode(tar::HeaderMode::Deterministic);
        packed.follow_symlinks(false);
        packed.append_dir_all(".", path)?;
        return add_blob(archive, packed.into_inner()?);
    }
    add_blob(archive, File::open(path)?)
}

fn add_blob(archive: &mut tar::Builder<impl Write>, mut file: File) -> anyhow::Result<Blob> {
    file.rewind()?;
    let digest = digest(&mut file)?;
    let size_bytes = file.metadata()?.len();
    file.rewind()?;
    archive.append_data(&mut header(size_bytes), blob_path(&digest), file)?;
    Ok(Blob { digest, size_bytes })
}

fn add_file(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    bytes: &[u8],
) -> anyhow::Result<()> {
    Ok(archive.append_data(&mut header(bytes.len() as u64), path, bytes)?)
}

fn header(size_bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size_bytes);
    header.set_mode(0o644);
    header
}

fn digest(reader: &mut dyn Read) -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}
