//! The real sets of `shared/advisories`, where they are there: the first files of each on every
//! run, all of them (with counts) on demand: `cargo test --release -p lazaret-advisory -- --ignored
//! whole_sets`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use model::NoProgress;

use super::import;
use super::plan::{Outcome, Plan};
use super::snapshot::{Member, Payload, Snapshot};
use crate::{AdvisoryError, Record, RecordSink, SourceSummary};

/// Files of each set that are read on every run.
const FIRST_FILES: usize = 200;
/// Files of each set that are damaged, how often, and how large they may be.
const DAMAGED_FILES: usize = 20;
const DAMAGES: usize = 20;
const DAMAGED_MAX_BYTES: u64 = 20_000;

/// A source of a set: archive, source, files, records, rejected. What makes records fewer than
/// files: documents that speak of no package we inventory or repair no vulnerability (bug fixes,
/// products of Red Hat and SUSE that no image carries, withdrawn numbers), and sets that say the
/// same id in several files.
const SETS: [(&str, &str, u64, u64, u64); 47] = [
    ("alma-osv", "alma", 5680, 4483, 0),
    ("alpine-osv", "alpine-osv", 3655, 3655, 0),
    // `CVE-46838` in four releases is no CVE number.
    ("alpine-secdb", "alpine", 41, 7711, 4),
    ("amazon", "amazon", 5393, 5393, 0),
    ("arch", "arch", 2507, 2507, 0),
    ("azurelinux", "azurelinux", 2, 2990, 0),
    ("bitnami", "bitnami", 7444, 7444, 0),
    ("cargo-osv", "osv-cargo", 1614, 1614, 0),
    ("composer-osv", "osv-composer", 4288, 4288, 0),
    ("debian-osv", "debian-osv", 44181, 44181, 0),
    ("eol", "eol", 22, 191, 0),
    ("epss-2021-08-31", "epss", 1, 72272, 0),
    ("ghsa-cargo", "ghsa-cargo", 895, 895, 0),
    ("ghsa-composer", "ghsa-composer", 4348, 4348, 0),
    ("ghsa-erlang", "ghsa-hex", 31, 31, 0),
    ("ghsa-golang", "ghsa-golang", 2125, 2125, 0),
    ("ghsa-maven", "ghsa-maven", 5305, 5305, 0),
    ("ghsa-npm", "ghsa-npm", 3792, 3792, 0),
    ("ghsa-nuget", "ghsa-nuget", 685, 685, 0),
    ("ghsa-pip", "ghsa-pypi", 3465, 3465, 0),
    ("ghsa-pub", "ghsa-pub", 12, 12, 0),
    ("ghsa-rubygems", "ghsa-gem", 892, 892, 0),
    ("ghsa-swift", "ghsa-swift", 37, 37, 0),
    ("golang-osv", "osv-golang", 3954, 3953, 0),
    ("govulndb", "govulndb", 4291, 4291, 0),
    ("kev-cisagov", "kev", 1, 1404, 0),
    ("kev-epss-2026", "epss-kev", 1, 1662, 0),
    ("kev-epss-2026", "kev", 1, 1662, 0),
    ("kev-epss-cvss-csv", "epss-cvss-kev", 1, 3108, 0),
    ("maven-osv", "osv-maven", 5309, 5309, 0),
    ("npm-osv", "osv-npm", 23227, 23226, 0),
    ("nuget-osv", "osv-nuget", 1427, 1427, 0),
    ("php-fop", "php-fop", 1592, 1204, 0),
    ("pip-osv", "osv-pypi", 15555, 15553, 0),
    ("pypa", "pypa", 7080, 7069, 0),
    ("redhat-cve", "redhat-cve", 36166, 35716, 0),
    ("redhat-osv", "redhat", 15175, 15111, 0),
    ("redhat-repo2cpe", "redhat-repositories", 1, 10106, 0),
    ("rocky-errata", "rocky", 1491, 1476, 0),
    ("rocky-osv", "rocky-osv", 1491, 1485, 0),
    ("rubygems-osv", "osv-gem", 1699, 1699, 0),
    ("rubysec", "rubysec", 1381, 1305, 0),
    ("rustsec", "rustsec", 1225, 1205, 0),
    ("suse-osv", "suse", 23188, 21425, 0),
    ("ubuntu-cve-tracker-json", "ubuntu", 51478, 47990, 0),
    // VEX documents are recognised and kept nowhere.
    ("vexhub", "openvex", 59, 0, 0),
    ("vulnrichment", "vulnrichment", 44130, 33073, 0),
];

/// Where the sets are; `None` (said aloud) where they are not.
fn sets() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let shared = std::env::var_os("LAZARET_SHARED")
        .map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let sets = shared.join("advisories");
    if !sets.is_dir() {
        println!("skipped: shared/advisories not there");
        return None;
    }
    Some(sets)
}

fn archive(sets: &Path, set: &str) -> PathBuf {
    sets.join(format!("{set}.tar.zst"))
}

#[test]
fn the_first_files_of_every_set_are_read() {
    let Some(sets) = sets() else { return };
    let names: BTreeSet<&str> = SETS.iter().map(|row| row.0).collect();
    assert_eq!(names.len(), 46);
    for set in names {
        let snapshot = Snapshot::open(&archive(&sets, set)).expect("the archive opens");
        let mut first = None;
        snapshot.read(&mut |batch| first.insert(batch).members.is_empty()).expect("it is whole");
        let members = first.expect("it is not empty").members;
        let plan = Plan::of(&members, None).expect("its format is known");
        let known = SETS.iter().filter(|row| row.0 == set).map(|row| row.1);
        assert_eq!(
            plan.feeds().map(|feed| feed.source()).collect::<BTreeSet<_>>(),
            known.collect()
        );
        let mut records = 0;
        for member in members.into_iter().take(FIRST_FILES) {
            let name = member.name.clone();
            match plan.read(member) {
                Outcome::Read(_, reading) => {
                    records += reading.records.len();
                    reading.records.iter().for_each(|record| check(set, record));
                }
                Outcome::Rejected(why) => panic!("{set}: {name}: {why}"),
                Outcome::Aside => {}
            }
        }
        assert!(records > 0 || set == "vexhub", "{set} says nothing");
    }
}

/// What holds for every record, whatever its source.
fn check(set: &str, record: &Record) {
    let Record::Advisory(advisory) = record else { return };
    let id = &advisory.id;
    assert!(!id.0.trim().is_empty(), "{set}: an advisory without id");
    assert!(advisory.withdrawn || !advisory.affected.is_empty(), "{set}: {id} names no package");
    assert!(
        advisory.summary.chars().count() <= 200 && !advisory.summary.contains('\n'),
        "{set}: {id}"
    );
    assert!(advisory.covers.iter().all(|cve| !cve.0.is_empty()), "{set}: {id}");
    for affected in &advisory.affected {
        let package = &affected.package;
        assert!(!package.trim().is_empty(), "{set}: {id} has a package without name");
        assert!(!affected.ecosystem.0.is_empty(), "{set}: {id}: {package} has no ecosystem");
        let says = !affected.ranges.is_empty() || !affected.versions.is_empty();
        assert!(says, "{set}: {id}: {package} has no versions");
    }
}

/// A generator of numbers that is the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or(0)
    }
}

#[test]
fn damaged_documents_are_refused_or_read_but_never_panic() {
    let Some(sets) = sets() else { return };
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for set in SETS.iter().map(|row| row.0).collect::<BTreeSet<_>>() {
        let snapshot = Snapshot::open(&archive(&sets, set)).expect("the archive opens");
        let mut first = None;
        snapshot.read(&mut |batch| first.insert(batch).members.is_empty()).expect("it is whole");
        let members = first.expect("it is not empty").members;
        let plan = Plan::of(&members, None).expect("its format is known");
        let small = members.into_iter().filter(|member| member.size_bytes < DAMAGED_MAX_BYTES);
        for member in small.take(DAMAGED_FILES) {
            let bytes = member.clone().into_bytes().expect("readable");
            for _ in 0..DAMAGES {
                let mut damaged = bytes.clone();
                for _ in 0..=numbers.below(4) {
                    let (at, byte) = (numbers.below(bytes.len()), numbers.below(256));
                    damaged[at] = u8::try_from(byte).unwrap_or(0);
                }
                if numbers.below(4) == 0 {
                    damaged.truncate(numbers.below(bytes.len()));
                }
                plan.read(Member { payload: Payload::Bytes(damaged), ..member.clone() });
            }
        }
    }
}

#[derive(Default)]
struct Checked(String);

impl RecordSink for Checked {
    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        check(&self.0, &record);
        Ok(())
    }
}

#[test]
#[ignore = "reads 2.3 GB: minutes without --release"]
fn whole_sets_give_the_known_counts() {
    let Some(sets) = sets() else { return };
    let mut found: Vec<(String, SourceSummary)> = Vec::new();
    for set in SETS.iter().map(|row| row.0).collect::<BTreeSet<_>>() {
        let path = archive(&sets, set);
        let summaries = import(&path, &mut Checked(set.to_owned()), &NoProgress);
        let summaries = summaries.expect("the set is readable");
        found.extend(summaries.into_iter().map(|summary| (set.to_owned(), summary)));
    }
    found.sort_by(|a, b| (&a.0, &a.1.source).cmp(&(&b.0, &b.1.source)));
    let rows: Vec<(&str, &str, u64, u64, u64)> = found
        .iter()
        .map(|(set, s)| (set.as_str(), s.source.as_str(), s.files, s.records, s.rejected_count))
        .collect();
    assert_eq!(rows, SETS);
}
