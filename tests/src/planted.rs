//! Images made in a test: layers from memory, a configuration and a history, as `docker save`
//! would write them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An image under construction.
#[derive(Debug, Default)]
pub struct Image {
    layers: Vec<Vec<u8>>,
    history: Vec<Value>,
    config: Value,
}

impl Image {
    /// An image without layers.
    pub fn new() -> Self {
        Image { config: json!({}), ..Image::default() }
    }

    /// A layer of files, as (path, mode, content), and the step that made it.
    pub fn layer(mut self, step: &str, files: &[(&str, u32, &[u8])]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, mode, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(*mode);
            header.set_mtime(1_700_000_000);
            header.set_cksum();
            tar.append_data(&mut header, path, *content).unwrap();
        }
        self.layers.push(tar.into_inner().unwrap());
        self.history.push(json!({"created": "2024-01-01T00:00:00Z", "created_by": step}));
        self
    }

    /// A step that made no layer.
    pub fn step(mut self, step: &str) -> Self {
        let created = "2024-01-01T00:00:00Z";
        self.history.push(json!({"created": created, "created_by": step, "empty_layer": true}));
        self
    }

    /// The run-time configuration, in the words of the image specification.
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Writes the archive; gives its path.
    pub fn save(&self, directory: &Path, name: &str) -> PathBuf {
        let diff_ids: Vec<String> = self.layers.iter().map(|tar| digest(tar)).collect();
        let config = json!({
            "created": "2024-01-01T00:00:00Z",
            "architecture": "amd64",
            "os": "linux",
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": self.history,
        });
        let config = serde_json::to_vec(&config).unwrap();
        let config_name = format!("{}.json", &digest(&config)["sha256:".len()..]);
        let layer_names: Vec<String> =
            (0..self.layers.len()).map(|n| format!("{n}/layer.tar")).collect();
        let tag = format!("planted.example/{name}:1");
        let manifest = json!([{"Config": config_name, "RepoTags": [tag], "Layers": layer_names}]);
        let path = directory.join(format!("{name}.tar"));
        let mut archive = tar::Builder::new(std::fs::File::create(&path).unwrap());
        let mut add = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, name, bytes).unwrap();
        };
        add(&config_name, &config);
        for (name, tar) in layer_names.iter().zip(&self.layers) {
            add(name, tar);
        }
        add("manifest.json", &serde_json::to_vec(&manifest).unwrap());
        archive.finish().unwrap();
        path
    }
}

fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
