//! `RuleScope`: which images and workloads a rule speaks of, compiled; and `Names`, what an image
//! is called and how far that may be believed.
//!
//! A name is only a word: whoever may tag may call anything anything. So an unproven name can bring
//! an image under a rule, and never out of one.

use std::str::FromStr;

use model::{Digest, Engine, ImageRef, Report, Scope, SourceKind, Workload};

use crate::glob::Glob;
use crate::trust::LabelGlob;

/// Which images and workloads a rule speaks of: what is within and not excluded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleScope {
    within: Block,
    exclude: Vec<Block>,
}

/// A [`Scope`], compiled.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Block {
    registry: Vec<Glob>,
    repository: Vec<Glob>,
    namespace: Vec<Glob>,
    node: Vec<Glob>,
    labels: Vec<(String, LabelGlob)>,
}

/// What an image is called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// The names that stand for this image's digest: it was read from there.
    pub(crate) proven: Vec<ImageRef>,
    /// What somebody calls it.
    pub(crate) claimed: Vec<ImageRef>,
}

/// Where something runs, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) workload: Option<&'a Workload>,
    pub(crate) names: &'a Names,
}

/// How an unknown answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trusting {
    /// Every name counts.
    AllNames,
    /// Only proven names count.
    ProvenNames,
}

impl RuleScope {
    pub(crate) fn new(within: Block, exclude: Vec<Block>) -> Self {
        RuleScope { within, exclude }
    }

    /// Whether it speaks of everything.
    pub fn is_everything(&self) -> bool {
        *self == RuleScope::default()
    }

    /// The namespaces that it leaves out, for a scope that says nothing else: all but those are
    /// within. `None` for a scope that says more.
    pub fn excluded_namespaces(&self) -> Option<Vec<&Glob>> {
        let plain = |block: &Block| {
            let only_namespaces = Block { namespace: Vec::new(), ..block.clone() };
            only_namespaces == Block::default() && !block.namespace.is_empty()
        };
        let says_no_more = self.within == Block::default() && self.exclude.iter().all(plain);
        says_no_more.then(|| self.exclude.iter().flat_map(|block| &block.namespace).collect())
    }

    /// Whether it speaks of what runs there.
    pub(crate) fn holds(&self, place: Place<'_>) -> bool {
        self.within.fits(place, Trusting::AllNames)
            && !self.exclude.iter().any(|block| block.fits(place, Trusting::ProvenNames))
    }
}

impl Block {
    /// Compiles a scope; the error says what is wrong with which pattern.
    pub(crate) fn new(scope: &Scope) -> Result<Block, String> {
        let globs = |patterns: &[String]| -> Result<Vec<Glob>, String> {
            patterns.iter().map(|pattern| Glob::new(pattern)).collect()
        };
        let label = |(key, value): (&String, &String)| {
            LabelGlob::new(value).map(|value| (key.clone(), value))
        };
        let repository = scope.repository.iter().map(|pattern| whole_name(pattern));
        Ok(Block {
            registry: globs(&scope.registry)?,
            repository: globs(&repository.collect::<Vec<_>>())?,
            namespace: globs(&scope.namespace)?,
            node: globs(&scope.node)?,
            labels: scope.labels.iter().map(label).collect::<Result<_, _>>()?,
        })
    }

    /// Whether an exception's scope holds: it takes something out, so names must be proven.
    pub(crate) fn excuses(&self, place: Place<'_>) -> bool {
        self.fits(place, Trusting::ProvenNames)
    }

    fn fits(&self, place: Place<'_>, trusting: Trusting) -> bool {
        let workload = place.workload;
        let any = |globs: &[Glob], value: Option<&str>| {
            globs.is_empty() || value.is_some_and(|v| globs.iter().any(|glob| glob.matches(v)))
        };
        let labelled = |(key, glob): &(String, LabelGlob)| {
            let found = workload.and_then(|workload| workload.labels.get(key));
            found.is_some_and(|value| glob.matches(value))
        };
        any(&self.namespace, workload.map(|w| w.namespace.as_str()))
            && any(&self.node, workload.map(|w| w.node.as_str()))
            && self.labels.iter().all(labelled)
            && self.is_named(place.names, trusting)
    }

    /// Whether the image goes by a name that fits both the registries and the repositories.
    fn is_named(&self, names: &Names, trusting: Trusting) -> bool {
        if self.registry.is_empty() && self.repository.is_empty() {
            return true;
        }
        let fits = |image: &ImageRef| {
            let name = format!("{}/{}", image.registry, image.repository);
            let any = |globs: &[Glob], value: &str| {
                globs.is_empty() || globs.iter().any(|glob| glob.matches(value))
            };
            any(&self.registry, &image.registry) && any(&self.repository, &name)
        };
        let claimed = names.claimed.iter().filter(|_| trusting == Trusting::AllNames);
        names.proven.iter().chain(claimed).any(fits)
    }
}

/// A pattern of repositories with its registry: without one, those of `docker.io`, and there those
/// of `library/` when it has one part.
fn whole_name(pattern: &str) -> String {
    let pattern = pattern.trim_start_matches('/');
    let (first, has_more) = match pattern.split_once('/') {
        Some((first, _)) => (first, true),
        None => (pattern, false),
    };
    let is_host = first.contains(['.', ':']) || first == "localhost" || first.contains('*');
    match (has_more, is_host) {
        (true, true) => pattern.to_owned(),
        (true, false) => format!("docker.io/{pattern}"),
        (false, _) if first.contains("**") || first == "*" => "**".to_owned(),
        (false, _) if first.contains(['.', ':']) || first == "localhost" => pattern.to_owned(),
        (false, _) => format!("docker.io/library/{pattern}"),
    }
}

impl Names {
    /// The names of an image that was scanned, with nobody about to run it: the word by which it
    /// was asked for is all there is, and it is believed.
    pub(crate) fn of_report(report: &Report) -> Names {
        Names { proven: named(report).into_iter().collect(), claimed: Vec::new() }
    }

    /// The names of a container's image.
    ///
    /// Kubernetes' kubelet pulls by the name, so there the name is what runs. Elsewhere a name is
    /// proven only when the image with this digest was read from its registry under that name.
    pub(crate) fn of_container(
        workload: &Workload,
        index: usize,
        report: Option<&Report>,
    ) -> Names {
        let mut names = Names::default();
        let container = workload.containers.get(index);
        let asked = container.and_then(|c| ImageRef::from_str(&c.image.reference).ok());
        if let Some(asked) = asked {
            match workload.engine {
                Engine::Kubernetes => names.proven.push(asked),
                _ => names.claimed.push(asked),
            }
        }
        if let Some((report, read)) = report.and_then(|report| Some((report, named(report)?))) {
            let same = container.is_some_and(|c| is_of(report, c.image.image_id.as_ref(), c));
            match report.source.kind == SourceKind::Registry && same {
                true => names.proven.push(read),
                false => names.claimed.push(read),
            }
        }
        names
    }
}

/// Whether a report speaks of the very image of a container, by one of its digests.
fn is_of(report: &Report, image_id: Option<&Digest>, container: &model::ContainerSpec) -> bool {
    let same = |a: Option<&Digest>, b: Option<&Digest>| a.is_some() && a == b;
    same(report.source.image_id.as_ref(), image_id)
        || same(report.source.manifest_digest.as_ref(), container.image.manifest_digest.as_ref())
}

/// The reference by which a report's image was asked for; `None` for files and directories.
fn named(report: &Report) -> Option<ImageRef> {
    let is_reference = matches!(
        report.source.kind,
        SourceKind::Registry | SourceKind::Docker | SourceKind::Podman | SourceKind::Containerd
    );
    is_reference.then(|| ImageRef::from_str(&report.source.name).ok())?
}

#[cfg(test)]
mod tests;
