//! Facts from files and from the store: reports, workloads, days.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use model::{Digest, Report, Workload};
use serde_json::Value;
use store::{ReportId, Store};

use crate::cli::Context;
use crate::cli::judging::read_text;

/// The file in the data directory that keeps reports and decisions.
const STORE: &str = "lazaret.sqlite";

/// Opens a store that is there; a missing one is a mistake, not a new store.
pub(super) fn open_store(context: &Context, path: Option<&Path>) -> anyhow::Result<Store> {
    let path = path.map_or_else(|| context.data_dir.join(STORE), PathBuf::from);
    if !path.is_file() {
        bail!(
            "no store at {}: keep reports with `lazaret scan --save`, or name another with --store",
            path.display()
        );
    }
    Ok(Store::open(&path)?)
}

/// A report by a file (`lazaret scan -f json`), a number in the store, or an image's digest.
pub(super) fn find_report(
    context: &Context,
    store: Option<&Path>,
    word: &str,
) -> anyhow::Result<Report> {
    if Path::new(word).is_file() {
        return read_report(Path::new(word));
    }
    let found = match (word.parse::<i64>(), word.parse::<Digest>()) {
        (Ok(number), _) => open_store(context, store)?.report(ReportId(number))?,
        (_, Ok(digest)) => {
            let store = open_store(context, store)?;
            match store.report_by_image(&digest)? {
                Some(report) => Some(report),
                None => store.report_by_manifest(&digest)?,
            }
        }
        _ => None,
    };
    found.with_context(|| {
        format!(
            "no report `{word}`: expected a file of `lazaret scan -f json`, a number of `lazaret \
             reports list`, or an image's digest that was scanned with --save"
        )
    })
}

/// A report in a file; of a list of reports the first.
pub(super) fn read_report(path: &Path) -> anyhow::Result<Report> {
    let text = read_text(path)?;
    let mut value: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    if let Some(first) = value.get_mut(0) {
        value = first.take();
    }
    serde_json::from_value(value)
        .with_context(|| format!("{} is no report of `lazaret scan -f json`", path.display()))
}

/// A workload in a file, YAML or JSON: a Kubernetes object, or the form that the decision log has.
pub(super) fn read_workload(path: &Path) -> anyhow::Result<Workload> {
    let text = read_text(path)?;
    let value: Value = serde_saphyr::from_str(&text)
        .with_context(|| format!("{} is neither YAML nor JSON", path.display()))?;
    if value.get("spec").is_some() || value.get("template").is_some() {
        return policy::workload::from_pod(&value)
            .with_context(|| format!("{} cannot be judged", path.display()));
    }
    let workload: Workload = serde_json::from_value(value).with_context(|| {
        format!("{} is neither a Kubernetes object nor a workload", path.display())
    })?;
    if workload.containers.is_empty() {
        bail!("{} has no containers", path.display());
    }
    Ok(workload)
}

/// Today, or the day that is named.
pub(super) fn day(named: Option<&str>) -> anyhow::Result<String> {
    match named {
        None => Ok(Timestamp::now().strftime("%Y-%m-%d").to_string()),
        Some(day) => {
            let read: jiff::civil::Date =
                day.parse().with_context(|| format!("`{day}` is not a day: YYYY-MM-DD"))?;
            Ok(read.to_string())
        }
    }
}

/// The beginning of a day, or a moment.
pub(super) fn moment(word: &str) -> anyhow::Result<Timestamp> {
    if let Ok(moment) = word.parse::<Timestamp>() {
        return Ok(moment);
    }
    format!("{word}T00:00:00Z")
        .parse()
        .with_context(|| format!("`{word}` is neither a day nor a moment: YYYY-MM-DD"))
}
