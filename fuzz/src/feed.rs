//! Advisory feeds: the input as a file that is imported.

use std::path::PathBuf;
use std::sync::LazyLock;

use advisory::{AdvisoryError, Record, RecordSink, SourceSummary, import};
use model::NoProgress;

use crate::names::pick;

/// Names by which a snapshot's file is read in one way or another.
pub const FEED_FILES: &[&str] = &[
    "x.json",
    "debian.json",
    "CVE-2024-0001.yaml",
    "RUSTSEC-2024-0001.md",
    "azurelinux-3.0-oval.xml",
    "epss_scores.csv",
    "x.json.gz",
    "x.tar",
    "x.tar.zst",
    "x.zip",
];

/// Where the file lies: below `TMPDIR`, which `run.sh` makes and takes away.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("lazaret-feed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    folder
});

/// Imports the input as the file that its first byte picks. Laws: sources come one after the
/// other, each with the records that its summary counts; every advisory has an id.
pub fn read(input: &[u8]) {
    let Some((name, bytes)) = pick(FEED_FILES, input) else { return };
    let path = FOLDER.join(name);
    std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut sink = Checked::default();
    let summaries = import(&path, &mut sink, &NoProgress);
    let _ = std::fs::remove_file(&path);
    for summary in summaries.iter().flatten() {
        assert!(summary.rejected.len() as u64 <= summary.rejected_count, "{summary:?}");
        assert!(summary.rejected.iter().all(|line| !line.contains('\n')), "{summary:?}");
    }
}

/// Counts what it is given.
#[derive(Default)]
struct Checked {
    open: Option<String>,
    records: u64,
}

impl RecordSink for Checked {
    fn begin_source(&mut self, source: &str) -> Result<(), AdvisoryError> {
        assert_eq!(self.open, None, "{source} begins within another");
        self.open = Some(source.to_owned());
        self.records = 0;
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        assert!(self.open.is_some(), "a record of no source: {record:?}");
        if let Record::Advisory(advisory) = &record {
            assert!(!advisory.id.0.is_empty(), "{advisory:?}");
        }
        self.records += 1;
        Ok(())
    }

    fn end_source(&mut self, summary: &SourceSummary) -> Result<(), AdvisoryError> {
        assert_eq!(self.open.take().as_ref(), Some(&summary.source));
        assert_eq!(self.records, summary.records, "{summary:?}");
        Ok(())
    }
}
