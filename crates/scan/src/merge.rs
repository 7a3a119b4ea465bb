//! Merging layers: what unpacking them in order would leave, which layer each package is from, and
//! which layer deletes what should be told all the same.

mod accounts;
mod suspects;

use std::collections::HashMap;

use analyze::PathHash;
use model::{
    Accounts, Distro, Inventory, LayerIndex, Malware, Package, Purl, Secret, Skip, SkipReason,
};

use crate::layer::{AnalyzedFile, LayerAnalysis, lineage, owner_hash};

/// What merging gives.
pub(crate) struct Merged {
    pub(crate) inventory: Inventory,
    /// Who is who in the image; `None` when that cannot be told.
    pub(crate) accounts: Option<Accounts>,
    /// Files against which a method spoke, deleted ones too. Not judged yet.
    pub(crate) malware: Vec<Malware>,
    /// Secrets in files, deleted ones too.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) skipped: Vec<Skip>,
}

/// A file of a layer and what becomes of it.
#[derive(Clone, Copy)]
struct Placed<'a> {
    layer: usize,
    path: &'a str,
    file: &'a AnalyzedFile,
    /// The layer that deletes or replaces it; `None` when it is there in the end.
    deleted_by: Option<usize>,
}

/// Merges the layers of an image, lowest first.
pub(crate) fn merge(layers: &[LayerAnalysis]) -> Merged {
    let placed = place_files(layers);
    let visible: Vec<Placed<'_>> =
        placed.iter().filter(|file| file.deleted_by.is_none()).copied().collect();
    let mut skipped = layer_skips(layers);
    for Placed { layer, path, file, .. } in &visible {
        let place = |inner: &String| match inner.as_str() {
            "" => (*path).to_owned(),
            inner => format!("{path}!/{inner}"),
        };
        skipped.extend(file.analysis.skipped.iter().map(|(inner, reason, detail)| Skip {
            layer: Some(index(*layer)),
            path: place(inner),
            reason: *reason,
            detail: detail.clone(),
        }));
    }
    let distro = distro(&visible);
    let owners = owners(&visible);
    let mut inventory = Inventory { distro, ..Inventory::default() };
    for file in &visible {
        inventory.content_sets.extend(file.file.analysis.content_sets.iter().cloned());
        for package in &file.file.analysis.packages {
            let package = place_package(package, file, layers, &owners);
            match Purl::of(&package, inventory.distro.as_ref()) {
                Ok(purl) => inventory.packages.push(Package { purl: Some(purl), ..package }),
                Err(error) => skipped.push(Skip {
                    layer: Some(package.layer),
                    path: package.path,
                    reason: SkipReason::Malformed,
                    detail: format!("package left out: {error}"),
                }),
            }
        }
    }
    inventory.content_sets.sort();
    inventory.content_sets.dedup();
    inventory.sort();
    skipped.sort();
    skipped.dedup();
    let (malware, secrets) = suspects::suspects(&placed);
    let accounts = accounts::accounts(&visible, layers);
    Merged { inventory, accounts, malware, secrets, skipped }
}

fn index(layer: usize) -> LayerIndex {
    LayerIndex(u32::try_from(layer).unwrap_or(u32::MAX))
}

fn layer_skips(layers: &[LayerAnalysis]) -> Vec<Skip> {
    let numbered = layers.iter().enumerate();
    numbered
        .flat_map(|(at, layer)| {
            layer.skipped.iter().cloned().map(move |skip| Skip { layer: Some(index(at)), ..skip })
        })
        .collect()
}

/// The files of all layers and what becomes of each, in layer order.
fn place_files(layers: &[LayerAnalysis]) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        // Within a layer the last entry of a path counts.
        let latest: HashMap<&str, usize> =
            layer.files.iter().enumerate().map(|(n, file)| (file.path.as_str(), n)).collect();
        let hidden_by = |path: &str| {
            let lineage = lineage(path);
            (at + 1..layers.len()).find(|&upper| hides(&layers[upper], &lineage))
        };
        for (n, file) in layer.files.iter().enumerate() {
            let whole = Placed { layer: at, path: &file.path, file, deleted_by: None };
            if latest[file.path.as_str()] != n {
                placed.push(Placed { deleted_by: Some(at), ..whole });
                continue;
            }
            let deleted_by = hidden_by(&file.path);
            // The name is gone, but another name of the same file may have stayed.
            let mut names = layer.links.iter().filter(|(_, target)| *target == file.path);
            match names.find(|(link, _)| deleted_by.is_some() && hidden_by(link).is_none()) {
                Some((link, _)) => placed.push(Placed { path: link, ..whole }),
                None => placed.push(Placed { deleted_by, ..whole }),
            }
        }
    }
    placed
}

/// Whether a layer hides a file of a lower layer, given the file's hash and its parents'.
fn hides(upper: &LayerAnalysis, lineage: &[PathHash]) -> bool {
    let Some((path, parents)) = lineage.split_first() else { return false };
    upper.names.contains(path)
        || upper.directories.contains(path)
        || lineage.iter().any(|hash| upper.whiteouts.contains(hash))
        || parents.iter().any(|hash| upper.opaque.contains(hash) || upper.names.contains(hash))
}

/// The distribution of highest rank; of equals the highest layer's.
fn distro(visible: &[Placed<'_>]) -> Option<Distro> {
    let told = visible.iter().filter_map(|file| file.file.analysis.distro.as_ref());
    told.max_by_key(|(rank, _)| *rank).map(|(_, distro)| distro.clone())
}

/// Which operating system package owns a path.
fn owners<'a>(visible: &[Placed<'a>]) -> HashMap<PathHash, &'a str> {
    let mut owners = HashMap::new();
    for file in visible {
        for (package, paths) in &file.file.owned {
            owners.extend(paths.hashes().map(|path| (*path, package.as_str())));
        }
    }
    owners
}

/// The package with its layer, its whole path and its owner.
fn place_package(
    package: &Package,
    file: &Placed<'_>,
    layers: &[LayerAnalysis],
    owners: &HashMap<PathHash, &str>,
) -> Package {
    let mut placed = package.clone();
    if file.path != file.file.path {
        placed.path = placed.path.replacen(&file.file.path, file.path, 1);
    }
    let from = if file.file.analysis.is_database {
        first_layer(package, &file.file.path, file.layer, layers)
    } else {
        file.layer
    };
    placed.layer = index(from);
    if !package.kind.is_os() {
        placed.owned_by = owners.get(&owner_hash(file.path)).map(|&owner| owner.to_owned());
    }
    placed
}

/// The lowest layer from which on every state of the database lists this package and version.
fn first_layer(package: &Package, path: &str, top: usize, layers: &[LayerAnalysis]) -> usize {
    let same = |other: &Package| {
        (other.kind, &other.name, &other.version, &other.arch)
            == (package.kind, &package.name, &package.version, &package.arch)
    };
    let mut first = top;
    for (at, layer) in layers[..top].iter().enumerate().rev() {
        match layer.files.iter().rev().find(|file| file.path == path) {
            Some(state) if state.analysis.packages.iter().any(same) => first = at,
            Some(_) => break,
            None => {}
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use analyze::Analysis;
    use model::PackageKind;
    use proptest::prelude::*;

    use super::*;
    use crate::layer::path_hash;

    /// One change that a layer makes, over few paths so that they meet.
    #[derive(Debug, Clone)]
    enum Change {
        File(&'static str),
        Directory(&'static str),
        Delete(&'static str),
        Opaque(&'static str),
    }

    const PATHS: [&str; 7] = ["a", "a/b", "a/b/c", "a/d", "e", "e/f", "a/b/g"];

    fn layer(number: usize, changes: &[Change]) -> LayerAnalysis {
        let mut layer = LayerAnalysis::default();
        let mut names = Vec::new();
        let mut directories = Vec::new();
        let mut whiteouts = Vec::new();
        let mut opaque = Vec::new();
        for change in changes {
            match *change {
                Change::File(path) => {
                    names.push(path_hash(path));
                    let mut package = Package::new(PackageKind::Npm, "p", number.to_string());
                    package.path = path.to_owned();
                    let analysis = Analysis { packages: vec![package], ..Analysis::default() };
                    let path = path.into();
                    layer.files.push(AnalyzedFile { path, analysis, ..AnalyzedFile::default() });
                }
                Change::Directory(path) => directories.push(path_hash(path)),
                Change::Delete(path) => whiteouts.push(path_hash(path)),
                Change::Opaque(path) => {
                    opaque.push(path_hash(path));
                    directories.push(path_hash(path));
                }
            }
        }
        layer.names = names.into_iter().collect();
        layer.directories = directories.into_iter().collect();
        layer.whiteouts = whiteouts.into_iter().collect();
        layer.opaque = opaque.into_iter().collect();
        layer
    }

    /// Unpacks onto a map as the OCI layer specification says: a layer's deletions first.
    fn unpack(layers: &[Vec<Change>]) -> BTreeMap<&'static str, usize> {
        let below = |path: &str, top: &str| {
            path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut files: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (number, changes) in layers.iter().enumerate() {
            for change in changes {
                match change {
                    Change::Delete(gone) => {
                        files.retain(|path, _| path != gone && !below(path, gone))
                    }
                    Change::Opaque(top) => files.retain(|path, _| !below(path, top) && path != top),
                    _ => {}
                }
            }
            for change in changes {
                match change {
                    Change::File(path) => {
                        files.retain(|other, _| !below(other, path));
                        files.insert(path, number);
                    }
                    Change::Directory(path) | Change::Opaque(path) => {
                        files.retain(|other, _| other != path);
                    }
                    Change::Delete(_) => {}
                }
            }
        }
        files
    }

    /// One layer's changes, as a real layer can have them: a path once, and nothing below a file.
    fn changes() -> impl Strategy<Value = Vec<Change>> {
        proptest::collection::btree_map(0..PATHS.len(), 0..4u8, 0..5).prop_map(|chosen| {
            let mut changes: Vec<Change> = Vec::new();
            let mut files: Vec<&str> = Vec::new();
            for (at, kind) in chosen {
                let path = PATHS[at];
                if files.iter().any(|file| path.starts_with(&format!("{file}/"))) {
                    continue;
                }
                changes.push(match kind {
                    0 => {
                        files.push(path);
                        Change::File(path)
                    }
                    1 => Change::Directory(path),
                    2 => Change::Delete(path),
                    _ => Change::Opaque(path),
                });
            }
            changes
        })
    }

    proptest! {
        #[test]
        fn merging_is_unpacking_in_order(image in proptest::collection::vec(changes(), 1..6)) {
            let layers: Vec<LayerAnalysis> =
                image.iter().enumerate().map(|(n, changes)| layer(n, changes)).collect();
            let placed = place_files(&layers);
            let visible = placed.iter().filter(|file| file.deleted_by.is_none());
            let merged: BTreeMap<&str, usize> =
                visible.map(|file| (file.path, file.layer)).collect();
            prop_assert_eq!(merged, unpack(&image));
        }
    }

    fn database(packages: &[(&str, &str)]) -> LayerAnalysis {
        let packages = packages
            .iter()
            .map(|(name, version)| {
                let mut package = Package::new(PackageKind::Deb, *name, *version);
                package.path = "var/lib/dpkg/status".into();
                package
            })
            .collect();
        let analysis = Analysis { packages, is_database: true, ..Analysis::default() };
        let path = "var/lib/dpkg/status".into();
        let file = AnalyzedFile { path, analysis, ..AnalyzedFile::default() };
        let names = [path_hash(&file.path)].into_iter().collect();
        LayerAnalysis { files: vec![file], names, ..LayerAnalysis::default() }
    }

    #[test]
    fn a_package_is_from_the_layer_that_brought_its_version() {
        let layers = [
            database(&[("curl", "1"), ("zlib", "1")]),
            LayerAnalysis::default(),
            database(&[("curl", "2"), ("zlib", "1"), ("git", "1")]),
            database(&[("curl", "2"), ("zlib", "1")]),
        ];
        let packages = merge(&layers).inventory.packages;
        let from: Vec<(&str, &str, u32)> =
            packages.iter().map(|p| (&*p.name, &*p.version, p.layer.0)).collect();
        assert_eq!(from, [("curl", "2", 2), ("zlib", "1", 0)]);
    }

    #[test]
    fn a_hard_link_keeps_a_deleted_name_alive() {
        let mut lower = layer(0, &[Change::File("a/b")]);
        lower.links.push(("a/d".into(), "a/b".into()));
        let upper = layer(1, &[Change::Delete("a/b")]);
        let packages = merge(&[lower.clone(), upper]).inventory.packages;
        assert_eq!(packages.iter().map(|p| &*p.path).collect::<Vec<_>>(), ["a/d"]);
        let both = layer(1, &[Change::Delete("a")]);
        assert!(merge(&[lower, both]).inventory.packages.is_empty());
    }

    #[test]
    fn files_of_system_packages_are_marked() {
        let mut lower = layer(0, &[Change::File("e/f"), Change::File("a/d")]);
        lower.files[0].owned =
            vec![("python3-foo".into(), [owner_hash("/e/f")].into_iter().collect())];
        let packages = merge(&[lower]).inventory.packages;
        let owners: Vec<_> = packages.iter().map(|p| p.owned_by.as_deref()).collect();
        assert_eq!(owners, [None, Some("python3-foo")]);
    }
}
