//! `Unkept`: records that wait for room on the disk, in order, within a number and a size.

use model::{AuditKind, AuditRecord};

use crate::limits::{AUDIT_UNKEPT, AUDIT_UNKEPT_BYTES, ENTRIES_TOGETHER};

/// Most bytes of records that are kept with one write.
const TOGETHER_BYTES: usize = 16 * 1024 * 1024;

/// Records that wait.
#[derive(Debug, Default)]
pub(super) struct Unkept {
    records: Vec<AuditRecord>,
    /// The size of each, as JSON.
    sizes: Vec<usize>,
    bytes: usize,
}

impl Unkept {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Puts a record at the end, whatever waits already.
    pub(super) fn push(&mut self, record: AuditRecord) {
        let size = serde_json::to_vec(&record).map_or(0, |text| text.len());
        self.bytes += size;
        self.sizes.push(size);
        self.records.push(record);
    }

    /// The first ones, as many as are kept with one write.
    pub(super) fn first(&self) -> &[AuditRecord] {
        let mut bytes = 0;
        let fits = |size: &&usize| {
            bytes += **size;
            bytes <= TOGETHER_BYTES
        };
        let count = self.sizes.iter().take(ENTRIES_TOGETHER).take_while(fits).count();
        self.records.get(..count.max(1)).unwrap_or_default()
    }

    /// So many of the first were kept.
    pub(super) fn kept(&mut self, count: usize) {
        self.records.drain(..count);
        self.bytes -= self.sizes.drain(..count).sum::<usize>();
    }

    /// Gives up what is too much: the oldest that is neither an alert nor the agent's own goes
    /// first. Gives how many went.
    pub(super) fn give_up(&mut self) -> usize {
        let before = self.len();
        self.give_up_of(|kind| !is_kept_first(kind));
        self.give_up_of(|_| true);
        before - self.len()
    }

    fn give_up_of(&mut self, may_go: impl Fn(AuditKind) -> bool) {
        let (mut count, mut bytes) = (self.len(), self.bytes);
        let is_too_much = |count, bytes| count > AUDIT_UNKEPT || bytes > AUDIT_UNKEPT_BYTES;
        if !is_too_much(count, bytes) {
            return;
        }
        let records = std::mem::take(&mut self.records);
        let sizes = std::mem::take(&mut self.sizes);
        for (record, size) in records.into_iter().zip(sizes) {
            if is_too_much(count, bytes) && may_go(record.kind) {
                (count, bytes) = (count - 1, bytes - size);
            } else {
                self.records.push(record);
                self.sizes.push(size);
            }
        }
        self.bytes = bytes;
    }
}

fn is_kept_first(kind: AuditKind) -> bool {
    matches!(kind, AuditKind::Alert | AuditKind::Response | AuditKind::Agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: AuditKind, bytes: usize) -> AuditRecord {
        AuditRecord { kind, text: "x".repeat(bytes), ..AuditRecord::default() }
    }

    #[test]
    fn what_waits_is_bounded_by_number_and_size() {
        let mut unkept = Unkept::default();
        for _ in 0..AUDIT_UNKEPT + 2 {
            unkept.push(record(AuditKind::File, 0));
        }
        assert_eq!((unkept.give_up(), unkept.len()), (2, AUDIT_UNKEPT));

        let mut unkept = Unkept::default();
        let mebibyte = 1024 * 1024;
        unkept.push(record(AuditKind::Alert, mebibyte));
        for _ in 0..AUDIT_UNKEPT_BYTES / mebibyte {
            unkept.push(record(AuditKind::File, mebibyte));
        }
        assert!(unkept.give_up() > 0 && unkept.bytes <= AUDIT_UNKEPT_BYTES);
        assert_eq!(unkept.first()[0].kind, AuditKind::Alert);
        for _ in 0..=AUDIT_UNKEPT_BYTES / mebibyte {
            unkept.push(record(AuditKind::Alert, mebibyte));
        }
        unkept.give_up();
        assert!(unkept.records.iter().all(|record| record.kind == AuditKind::Alert));
        assert_eq!(unkept.bytes, unkept.sizes.iter().sum::<usize>());
    }

    #[test]
    fn they_are_kept_in_parts() {
        let mut unkept = Unkept::default();
        unkept.push(record(AuditKind::File, TOGETHER_BYTES + 1));
        for _ in 0..ENTRIES_TOGETHER + 5 {
            unkept.push(record(AuditKind::File, 1));
        }
        for expected in [1, ENTRIES_TOGETHER, 5] {
            assert_eq!(unkept.first().len(), expected);
            unkept.kept(expected);
        }
        assert!(unkept.is_empty() && unkept.bytes == 0 && unkept.first().is_empty());
    }
}
