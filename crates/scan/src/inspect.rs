//! `Inspector`: an image to its inventory. The first half of a scan.

use analyze::SecretScanner;
use analyze::history::{self, Suspicion};
use image::{Description, Identity, LayerVisitor, Options, Source, Target};
use model::{
    Digest, ImageFacts, Inventory, LayerIndex, Look, Malware, Progress, ScanSource, Secret,
    SecretPlace, Skip, SkipReason, SourceKind, Timestamp,
};
use policy::trust::TrustFacts;
use serde::{Deserialize, Serialize};

use crate::base::mark_base;
use crate::cache::LayerCache;
use crate::error::ScanError;
use crate::eyes::Eyes;
use crate::layer::{LayerAnalysis, path_hash};
use crate::merge::merge;
use crate::worker::{Results, Worker};

/// What an image is and what is installed in it; nothing is judged yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Where it came from.
    pub source: ScanSource,
    /// What it is.
    pub image: ImageFacts,
    /// What is installed.
    pub inventory: Inventory,
    /// Files against which a method spoke; score and band are the judge's to fill in.
    pub malware: Vec<Malware>,
    /// Secrets in files, in the configuration and in the build steps.
    pub secrets: Vec<Secret>,
    /// Suspicious build steps.
    pub steps: Vec<Suspicion>,
    /// What a trust policy asks of the image; `None` when none speaks of it.
    pub trust: Option<TrustFacts>,
    /// What was looked for, besides vulnerabilities.
    pub looked_for: Vec<Look>,
    /// With what malicious code was looked for.
    pub malware_versions: Vec<String>,
    /// What was not looked at.
    pub skipped: Vec<Skip>,
}

/// Turns images into inventories.
pub struct Inspector<'a> {
    /// What looks into the files.
    pub eyes: &'a Eyes<'a>,
    /// Results of layers kept from earlier scans.
    pub cache: Option<&'a LayerCache>,
    /// How many threads read layers.
    pub threads: usize,
    /// Told how far the work is.
    pub progress: &'a dyn Progress,
}

impl Inspector<'_> {
    /// Reads an image: each layer that the cache does not know is decompressed and walked once.
    ///
    /// `base` are the diff ids of the base image, when known; `now` is the time put into the
    /// report.
    pub fn inspect(
        &self,
        target: &Target,
        options: &Options,
        base: Option<&[Digest]>,
        now: Timestamp,
    ) -> Result<Inspection, ScanError> {
        let mut source = image::open(target, options)?;
        let worker = Worker::new(self.eyes, self.cache, self.threads);
        let description = self.read(source.as_mut(), &worker)?;
        let (layers, missing) = in_order(&description, worker.into_results());
        let mut merged = merge(&layers);
        merged.skipped.extend(missing);
        let mut image = ImageFacts {
            platform: description.platform,
            config: description.config,
            layers: description.layers,
            accounts: merged.accounts,
        };
        for (layer, analysis) in image.layers.iter_mut().zip(&layers) {
            layer.size_bytes = analysis.size_bytes;
        }
        mark_base(&mut image.layers, &image.config.history, base);
        let source = ScanSource {
            kind: description.kind,
            name: description.name,
            image_id: description.image_id,
            manifest_digest: description.manifest_digest,
            layer_digests: description.layer_digests,
            scanned_at: now,
        };
        let secrets = self.secrets(merged.secrets, &image);
        let steps = self.steps(&image, &layers);
        self.mask(&mut image);
        Ok(Inspection {
            source,
            image,
            inventory: merged.inventory,
            malware: merged.malware,
            secrets,
            steps,
            trust: None,
            looked_for: self.eyes.looks(),
            malware_versions: self.eyes.malware_versions(),
            skipped: merged.skipped,
        })
    }

    /// The secrets of files and those of the configuration, keys joined to their certificates.
    fn secrets(&self, mut secrets: Vec<Secret>, image: &ImageFacts) -> Vec<Secret> {
        let Some(scanner) = self.eyes.secrets else { return secrets };
        let top = image.layers.last().map_or(LayerIndex(0), |layer| layer.index);
        let steps = history::steps(image);
        let layer_of = |place: &SecretPlace| match place {
            SecretPlace::History(number) => {
                steps.iter().find(|step| step.number == *number).map_or(top, |step| step.layer)
            }
            _ => top,
        };
        let told = scanner.scan_config(&image.config).into_iter();
        secrets.extend(told.map(|secret| Secret { layer: layer_of(&secret.place), ..secret }));
        analyze::match_keys(&mut secrets);
        secrets
    }

    /// Masks what the configuration and the history hold of secrets, also when none are looked for:
    /// from here on they are shown.
    fn mask(&self, image: &mut ImageFacts) {
        let Some(scanner) = self.eyes.secrets.or_else(|| SecretScanner::built_in().ok()) else {
            return;
        };
        image.config = scanner.mask_config(&image.config);
        for layer in &mut image.layers {
            layer.created_by = layer.created_by.take().map(|text| scanner.mask(&text));
        }
    }

    /// The suspicious build steps, confirmed by the names in their layers and with secrets masked.
    fn steps(&self, image: &ImageFacts, layers: &[LayerAnalysis]) -> Vec<Suspicion> {
        let Some(scanner) = &self.eyes.history else { return Vec::new() };
        let is_in_layer = |layer: LayerIndex, path: &str| {
            let layer = layers.get(layer.0 as usize);
            layer.is_some_and(|layer| layer.names.contains(&path_hash(path)))
        };
        let secrets = |text: &str| match self.eyes.secrets {
            Some(secrets) => secrets.places(text),
            None => Vec::new(),
        };
        let mut steps = scanner.scan_masked(image, &secrets);
        steps.iter_mut().for_each(|step| step.confirm(&is_in_layer));
        steps
    }

    /// The diff ids of an image, lowest first: what `inspect` wants to know of a base image.
    pub fn diff_ids(&self, target: &Target, options: &Options) -> Result<Vec<Digest>, ScanError> {
        let mut source = image::open(target, options)?;
        let description = match source.describe()? {
            Some(description) => description,
            None => {
                self.read(source.as_mut(), &Worker::new(self.eyes, self.cache, self.threads))?
            }
        };
        Ok(description.layers.into_iter().filter_map(|layer| layer.diff_id).collect())
    }

    /// Reads the layers; not at all when the cache knows every one.
    fn read(&self, source: &mut dyn Source, worker: &Worker<'_>) -> Result<Description, ScanError> {
        let identity = source.identity();
        let told = source.describe()?;
        let known = || {
            let identity = identity.as_ref()?;
            let known = self.cache?.load_image(&identity.id)?;
            Some(known.into_description(identity))
        };
        if let Some(description) = told.or_else(known)
            && description.layers.iter().all(|layer| !worker.wants(layer.diff_id.as_ref()))
        {
            return Ok(description);
        }
        let description = source.read_layers(worker, self.threads, self.progress)?;
        if let (Some(cache), Some(identity)) = (self.cache, &identity) {
            cache.save_image(&identity.id, &KnownImage::of(&description));
        }
        Ok(description)
    }
}

impl Inspection {
    /// What a bill of materials says is installed. It has no layers and no configuration.
    pub fn of_sbom(name: &str, bytes: &[u8], now: Timestamp) -> Result<Self, ScanError> {
        let (inventory, skipped) = crate::sbom::read_sbom(bytes)?;
        let source = ScanSource {
            kind: SourceKind::Sbom,
            name: name.to_owned(),
            image_id: None,
            manifest_digest: None,
            layer_digests: Vec::new(),
            scanned_at: now,
        };
        Ok(Inspection {
            source,
            image: ImageFacts::default(),
            inventory,
            malware: Vec::new(),
            secrets: Vec::new(),
            steps: Vec::new(),
            trust: None,
            looked_for: Vec::new(),
            malware_versions: Vec::new(),
            skipped,
        })
    }
}

/// What is kept of an image that a daemon tells of only by exporting it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KnownImage {
    image_id: Option<Digest>,
    manifest_digest: Option<Digest>,
    layer_digests: Vec<Digest>,
    image: ImageFacts,
}

impl KnownImage {
    fn of(description: &Description) -> Self {
        let Description { image_id, manifest_digest, layer_digests, .. } = description.clone();
        let image = ImageFacts {
            platform: description.platform.clone(),
            config: description.config.clone(),
            layers: description.layers.clone(),
            accounts: None,
        };
        KnownImage { image_id, manifest_digest, layer_digests, image }
    }

    fn into_description(self, identity: &Identity) -> Description {
        let (kind, name) = (identity.kind, identity.name.clone());
        let KnownImage { image_id, manifest_digest, layer_digests, image } = self;
        let ImageFacts { platform, config, layers, .. } = image;
        Description {
            kind,
            name,
            image_id,
            manifest_digest,
            layer_digests,
            platform,
            config,
            layers,
        }
    }
}

/// The analyses in the order of the image's layers; a layer that never came is empty and said.
fn in_order(description: &Description, mut results: Results) -> (Vec<LayerAnalysis>, Vec<Skip>) {
    let mut missing = Vec::new();
    let mut layers = Vec::with_capacity(description.layers.len());
    for layer in &description.layers {
        let known = layer.diff_id.as_ref().and_then(|id| results.by_diff_id.get(id)).cloned();
        let analysis = known.or_else(|| {
            if results.nameless.is_empty() { None } else { Some(results.nameless.remove(0)) }
        });
        layers.push(analysis.unwrap_or_else(|| {
            missing.push(not_read(layer.index));
            LayerAnalysis::default()
        }));
    }
    (layers, missing)
}

fn not_read(layer: LayerIndex) -> Skip {
    let detail = "the layer's bytes were not in the input".to_owned();
    Skip { layer: Some(layer), path: String::new(), reason: SkipReason::Truncated, detail }
}
