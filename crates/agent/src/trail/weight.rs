//! How much memory entries of the trail take, about.

use std::collections::BTreeMap;

use model::{Alert, AuditRecord, ContainerRef, Initiator};

use super::Entry;

/// What a text costs beside its bytes.
const TEXT_BYTES: usize = size_of::<String>() + 16;

/// How many bytes an entry takes.
pub(super) fn of_entry(entry: &Entry) -> usize {
    match entry {
        Entry::Record(record) => of_record(record),
        Entry::Alert(alert) => weight_bytes(alert),
    }
}

/// How many bytes an alert takes.
pub(crate) fn weight_bytes(alert: &Alert) -> usize {
    let fields = alert
        .fields
        .iter()
        .map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len) + 2 * TEXT_BYTES);
    size_of::<Alert>()
        + texts([&alert.rule, &alert.text, &alert.node])
        + texts(&alert.tags)
        + fields.sum::<usize>()
        + alert.initiator.as_ref().map_or(0, of_initiator)
        + alert.container.as_ref().map_or(0, of_container)
}

fn of_record(record: &AuditRecord) -> usize {
    size_of::<AuditRecord>()
        + texts([&record.action, &record.target, &record.text, &record.rule, &record.node])
        + of_initiator(&record.initiator)
        + record.container.as_ref().map_or(0, of_container)
        + of_pairs(&record.details)
}

fn of_pairs(pairs: &BTreeMap<String, String>) -> usize {
    pairs.iter().map(|(name, value)| name.len() + value.len() + 2 * TEXT_BYTES).sum()
}

fn of_initiator(initiator: &Initiator) -> usize {
    let above = initiator.ancestors.iter().map(|one| texts([&one.exe, &one.command]) + 32);
    texts([&initiator.exe, &initiator.command, &initiator.cwd, &initiator.user])
        + above.sum::<usize>()
}

fn of_container(container: &ContainerRef) -> usize {
    texts([&container.id, &container.name, &container.image, &container.image_digest])
}

fn texts<'a>(all: impl IntoIterator<Item = &'a String>) -> usize {
    all.into_iter().map(|text| text.len() + TEXT_BYTES).sum()
}
