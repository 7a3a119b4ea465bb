//! `Plan`: how a snapshot is read: the feeds of the formats that were seen in it, the commonest
//! first.

use std::collections::BTreeMap;

use super::Feed;
use super::detect::{Format, detect};
use super::limits::SAMPLE_MEMBERS;
use super::snapshot::Member;
use super::{
    Malformed, Reading, alpine, amazon, arch, azure, cve_record, debian, end_of_life, epss, kev,
    nvd, openvex, osv, php, redhat_cve, redhat_vex, rocky, rubysec, rustsec, ubuntu,
};

/// How a snapshot is read.
pub(super) struct Plan {
    /// At least one.
    feeds: Vec<(Format, Box<dyn Feed>)>,
}

/// What came of one member.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Read by this feed of the plan.
    Read(usize, Reading),
    /// Not readable, and why.
    Rejected(String),
    /// No advisory, and not meant to be one.
    Aside,
}

impl Plan {
    /// Looks at some members. `source` names the source where that is known from elsewhere. `None`
    /// when none of them is an advisory.
    pub(super) fn of(members: &[Member], source: Option<&str>) -> Option<Self> {
        let mut seen: BTreeMap<Format, Vec<Vec<u8>>> = BTreeMap::new();
        let step = members.len().div_ceil(SAMPLE_MEMBERS).max(1);
        for member in members.iter().step_by(step) {
            let Ok(bytes) = member.clone().into_bytes() else {
                continue;
            };
            if let Ok(Some(format)) = detect(&member.name, &bytes) {
                seen.entry(format).or_default().push(bytes);
            }
        }
        seen.remove(&Format::Aside);
        let mut counted: Vec<(Format, Vec<Vec<u8>>)> = seen.into_iter().collect();
        // Stable: formats that are equally common stay in their own order.
        counted.sort_by_key(|(_, documents)| std::cmp::Reverse(documents.len()));
        let feeds: Vec<(Format, Box<dyn Feed>)> = counted
            .into_iter()
            .filter_map(|(format, documents)| Some((format, feed(format, &documents, source)?)))
            .collect();
        (!feeds.is_empty()).then_some(Plan { feeds })
    }

    /// The feed of the commonest format.
    pub(super) fn main(&self) -> &dyn Feed {
        self.feeds[0].1.as_ref()
    }

    /// The feeds, the commonest first.
    pub(super) fn feeds(&self) -> impl Iterator<Item = &dyn Feed> {
        self.feeds.iter().map(|(_, feed)| feed.as_ref())
    }

    /// Reads one member with the feed of its format.
    pub(super) fn read(&self, member: Member) -> Outcome {
        let name = member.name.clone();
        let is_markdown = name.to_ascii_lowercase().ends_with(".md");
        if is_markdown && self.feeds.iter().all(|(format, _)| *format != Format::Rustsec) {
            return Outcome::Aside;
        }
        let bytes = match member.into_bytes() {
            Ok(bytes) => bytes,
            Err(why) => return Outcome::Rejected(why),
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        if let [(format, feed)] = self.feeds.as_slice() {
            // Telling the format first would read each document twice.
            return match feed.read(&name, bytes) {
                Ok(reading) => Outcome::Read(0, reading),
                Err(Malformed(why)) => self.explain(&name, bytes, *format, why),
            };
        }
        self.read_as_detected(&name, bytes)
    }

    fn read_as_detected(&self, name: &str, bytes: &[u8]) -> Outcome {
        let format = match detect(name, bytes) {
            Ok(Some(format)) => format,
            Ok(None) => return unknown(name),
            Err(why) => return Outcome::Rejected(why),
        };
        let Some(at) = self.feeds.iter().position(|(known, _)| *known == format) else {
            return stray(format);
        };
        match self.feeds[at].1.read(name, bytes) {
            Ok(reading) => Outcome::Read(at, reading),
            Err(Malformed(why)) => Outcome::Rejected(why),
        }
    }

    /// Why a document could not be read in the snapshot's format.
    fn explain(&self, name: &str, bytes: &[u8], expected: Format, why: String) -> Outcome {
        match detect(name, bytes) {
            Ok(Some(format)) if format == expected => Outcome::Rejected(why),
            Ok(Some(format)) => stray(format),
            Ok(None) => unknown(name),
            Err(broken) => Outcome::Rejected(broken),
        }
    }
}

fn stray(format: Format) -> Outcome {
    match format {
        Format::Aside => Outcome::Aside,
        format => Outcome::Rejected(format!("its format ({format:?}) is not the other files'")),
    }
}

fn unknown(name: &str) -> Outcome {
    if name.to_ascii_lowercase().ends_with(".md") {
        return Outcome::Aside;
    }
    Outcome::Rejected("it is no advisory of a known format".to_owned())
}

/// The feed for a format. `documents`: some of that format.
fn feed(format: Format, documents: &[Vec<u8>], source: Option<&str>) -> Option<Box<dyn Feed>> {
    Some(match format {
        Format::Amazon => Box::new(amazon::UpdateinfoFeed),
        Format::Arch => Box::new(arch::GroupFeed),
        Format::Azure => Box::new(azure::OvalFeed),
        Format::CveRecord => Box::new(cve_record::CveRecordFeed),
        Format::DebianTracker => Box::new(debian::TrackerFeed),
        Format::EndOfLife => Box::new(end_of_life::EndOfLifeFeed),
        Format::Epss => Box::new(epss::EpssFeed),
        Format::ExploitedCsv => Box::new(epss::ExploitedCsvFeed),
        Format::ExploitedEpss => Box::new(epss::ExploitedEpssFeed),
        Format::Kev => Box::new(kev::KevFeed),
        Format::Nvd => Box::new(nvd::NvdFeed),
        Format::Openvex => Box::new(openvex::OpenvexFeed),
        Format::OsvJson | Format::OsvYaml => {
            let parsed = documents.iter().filter_map(|bytes| osv::parse(bytes).ok());
            let glances: Vec<osv::Glance> = parsed.map(|osv| osv::Glance::of(&osv)).collect();
            let (label, home) = osv::label(&glances);
            Box::new(osv::OsvFeed::new(source.map_or(label, str::to_owned), home))
        }
        Format::Php => Box::new(php::PhpFeed),
        Format::RedhatCve => Box::new(redhat_cve::CveFeed),
        Format::RedhatRepositories => Box::new(redhat_cve::RepositoryFeed),
        Format::RedhatVex => Box::new(redhat_vex::VexFeed),
        Format::RockyErrata => Box::new(rocky::ErrataFeed),
        Format::Rubysec => Box::new(rubysec::RubysecFeed),
        Format::Rustsec => Box::new(rustsec::RustsecFeed),
        Format::Secdb => Box::new(alpine::SecdbFeed::of(documents.first()?).ok()?),
        Format::UbuntuTracker => Box::new(ubuntu::TrackerFeed),
        Format::Aside => return None,
    })
}
