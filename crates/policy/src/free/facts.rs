//! `RowFacts`: the answers to a condition's questions, from a report, one thing found in it, and a
//! workload. The fields are those of `filter::tables::deploy`.

use std::borrow::Cow;

use model::{
    ContainerSpec, CoverageStatus, Finding, FindingKind, ImageRef, Package, Report, Severity,
    Timestamp, Workload,
};

use super::super::judge::Case;
use crate::day::Day;
use crate::filter::{Facts, Field, Value};

mod container;
mod finding;

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

/// What a question is about.
pub(super) struct RowFacts<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) row: Row<'a>,
}

/// The one among several things.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    /// None: it is about the whole.
    None,
    Finding(&'a Finding),
    Package(&'a Package),
}

type Answer<'a> = Option<Value<'a>>;

impl Facts for RowFacts<'_> {
    fn value<'a>(&'a self, field: &Field, argument: Option<&str>) -> Answer<'a> {
        let name = field.name.as_ref();
        let (first, rest) = name.split_once('.')?;
        match (first, self.row) {
            ("image", _) => self.image(rest, argument),
            ("trust", _) => self.trust(rest),
            ("package", Row::Package(package)) => of_package(package, rest),
            ("container" | "workload" | "k8s" | "actor", _) => {
                let (workload, container) = self.case.container?;
                self.of_container(name, argument, workload, container)
            }
            (_, Row::Finding(finding)) => finding::value(finding, name, self.case.today),
            _ => None,
        }
    }
}

/// A text that is not empty.
pub(super) fn text(text: &str) -> Answer<'_> {
    (!text.is_empty()).then_some(Value::Text(Cow::Borrowed(text)))
}

pub(super) fn owned<'a>(text: String) -> Answer<'a> {
    (!text.is_empty()).then_some(Value::Text(Cow::Owned(text)))
}

pub(super) fn count<'a>(number: impl TryInto<i64>) -> Answer<'a> {
    Some(Value::Int(number.try_into().unwrap_or(i64::MAX)))
}

pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Answer<'a> {
    Some(Value::List(texts.into_iter().map(Value::from).collect()))
}

pub(super) fn moment<'a>(moment: Timestamp) -> Answer<'a> {
    i64::try_from(moment.as_nanosecond()).ok().map(Value::Int)
}

/// How long ago a moment was, in whole days.
pub(super) fn age<'a>(moment: Timestamp, today: Day) -> Answer<'a> {
    Some(Value::Int(today.days_since(Day::of(moment)).saturating_mul(DAY_NS)))
}

impl RowFacts<'_> {
    fn image<'a>(&'a self, name: &str, argument: Option<&str>) -> Answer<'a> {
        if let Some(answer) = self.named(name) {
            return answer;
        }
        let report = self.case.report?;
        let image = &report.image;
        match name {
            "source" => text(report.source.kind.as_str()),
            "os" => text(&image.platform.as_ref()?.os),
            "arch" => text(&image.platform.as_ref()?.architecture),
            "distro" => {
                let distro = report.inventory.distro.as_ref()?;
                owned(format!("{}:{}", distro.id, distro.version))
            }
            "created" => moment(image.config.created?),
            "age" => age(image.config.created?, self.case.today),
            "user" => Some(Value::from(image.config.user.as_str())),
            "runs_as_root" => crate::judge::runs_as_root(None, Some(report)).map(Value::Bool),
            "env" => of_env(&image.config.env, argument),
            "label" => match argument {
                Some(key) => image.config.labels.get(key).map(|v| Value::from(v.as_str())),
                None => texts(image.config.labels.keys().map(String::as_str)),
            },
            "entrypoint" => owned(image.config.entrypoint.join(" ")),
            "command" => owned(image.config.cmd.join(" ")),
            "workdir" => text(&image.config.working_dir),
            "exposed_ports" => Some(ports(&image.config.exposed_ports)),
            "volumes" => texts(image.config.volumes.iter().map(String::as_str)),
            "layers" => count(image.layers.len()),
            "packages" => count(report.inventory.packages.len()),
            "findings" => of_findings(report, argument),
            "skipped" => Some(skipped(report)),
            "coverage" => Some(coverage(report)),
            _ => None,
        }
    }

    /// What is known of an image before it was looked at; the outer `None` for other fields.
    fn named<'a>(&'a self, name: &str) -> Option<Answer<'a>> {
        let container = self.case.container.map(|(_, container)| container);
        let source = self.case.report.map(|report| &report.source);
        let identity = container.map(|container| &container.image);
        let reference = match (identity, source) {
            (Some(image), _) => image.reference.as_str(),
            (None, Some(source)) => source.name.as_str(),
            (None, None) => "",
        };
        let parsed = || reference.parse::<ImageRef>().ok();
        Some(match name {
            "reference" => text(reference),
            "registry" => parsed().and_then(|image| owned(image.registry)),
            "repository" => parsed().and_then(|image| owned(image.repository)),
            "tag" => parsed().and_then(|image| owned(image.tag?)),
            "digest" => {
                let digest = source.and_then(|source| source.manifest_digest.as_ref());
                let digest = digest.or(identity.and_then(|image| image.manifest_digest.as_ref()));
                digest.and_then(|digest| text(digest.as_str()))
            }
            "id" => {
                let id = source.and_then(|source| source.image_id.as_ref());
                let id = id.or(identity.and_then(|image| image.image_id.as_ref()));
                id.and_then(|id| text(id.as_str()))
            }
            "scanned" => Some(Value::Bool(self.case.report.is_some())),
            _ => return None,
        })
    }

    fn trust<'a>(&'a self, name: &str) -> Answer<'a> {
        let trust = self.case.report?.trust.as_ref();
        let unmet = || {
            self.case.findings().filter_map(|finding| match &finding.kind {
                FindingKind::Trust(distrust) => Some(distrust.requirement.as_str()),
                _ => None,
            })
        };
        match name {
            "scope" => text(&trust?.scope),
            "met" => Some(Value::Bool(unmet().next().is_none())),
            "unmet" => texts(unmet()),
            "signed_by" => {
                let good = trust?.signatures.iter().filter(|fact| fact.failure.is_none());
                texts(good.filter_map(|fact| fact.identity.as_deref()))
            }
            "signature_formats" => {
                let good = trust?.signatures.iter().filter(|fact| fact.failure.is_none());
                texts(good.map(|fact| fact.format.as_str()))
            }
            _ => None,
        }
    }

    fn of_container<'a>(
        &'a self,
        name: &str,
        argument: Option<&str>,
        workload: &'a Workload,
        container: &'a ContainerSpec,
    ) -> Answer<'a> {
        match name {
            "container.runs_as_root" => {
                crate::judge::runs_as_root(Some(container), self.case.report).map(Value::Bool)
            }
            _ if name.starts_with("container.") => container::value(container, name, argument),
            _ => container::of_workload(workload, name, argument),
        }
    }
}

fn of_package<'a>(package: &'a Package, name: &str) -> Answer<'a> {
    match name {
        "name" => text(&package.name),
        "version" => text(&package.version),
        "kind" => text(package.kind.as_str()),
        "purl" => text(package.purl.as_ref()?.as_str()),
        "source.name" => text(&package.source.as_ref()?.name),
        "source.version" => text(&package.source.as_ref()?.version),
        "arch" => text(package.arch.as_deref()?),
        "vendor" => text(package.vendor.as_deref()?),
        "licenses" => texts(package.licenses.iter().map(String::as_str)),
        "dev" => Some(Value::Bool(package.dev)),
        "path" => text(&package.path),
        "layer" => count(package.layer.0),
        "owned_by" => text(package.owned_by.as_deref()?),
        _ => None,
    }
}

fn of_env<'a>(env: &'a [String], argument: Option<&str>) -> Answer<'a> {
    let pairs = env.iter().map(|entry| entry.split_once('=').unwrap_or((entry, "")));
    match argument {
        Some(wanted) => {
            let mut found = pairs.filter(|(name, _)| *name == wanted);
            found.next_back().map(|(_, value)| Value::from(value))
        }
        None => texts(pairs.map(|(name, _)| name)),
    }
}

fn ports<'a>(exposed: &[String]) -> Value<'a> {
    let numbers = exposed.iter().filter_map(|port| port.split('/').next()?.parse::<i64>().ok());
    Value::List(numbers.map(Value::Int).collect())
}

fn of_findings<'a>(report: &Report, argument: Option<&str>) -> Answer<'a> {
    match argument {
        None => count(report.findings.len()),
        Some(word) => {
            let severity: Severity = word.parse().ok()?;
            count(report.findings.iter().filter(|finding| finding.severity == severity).count())
        }
    }
}

fn skipped<'a>(report: &Report) -> Value<'a> {
    let mut reasons: Vec<_> = report.skipped.iter().map(|skip| skip.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let word = |reason| match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    };
    Value::List(reasons.into_iter().map(|reason| Value::from(word(reason))).collect())
}

fn coverage<'a>(report: &Report) -> Value<'a> {
    let mut states: Vec<&'static str> = report
        .coverage
        .iter()
        .map(|coverage| match coverage.status {
            CoverageStatus::Covered => "covered",
            CoverageStatus::Stale { .. } => "stale",
            CoverageStatus::EndOfLife { .. } => "end_of_life",
            CoverageStatus::UnknownDistribution => "unknown_distribution",
            CoverageStatus::NoFeed => "no_feed",
        })
        .collect();
    states.sort_unstable();
    states.dedup();
    Value::List(states.into_iter().map(Value::from).collect())
}
