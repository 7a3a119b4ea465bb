//! From the packed records of one source to its segment: order, number, write.
//!
//! Everything is sorted by text before it is numbered, so the same records give the same bytes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::Timestamp;
use rayon::prelude::*;

use super::body::Body;
use super::builder::{AdvisoryRow, SegmentBuilder, StatementRow};
use super::bytes::{Damage, Reader, put_blob, put_varint};
use super::dictionary::DictionaryWriter;
use super::entry::{Entry, EntryWriter};
use super::postings::{Posting, PostingsWriter, key};
use super::segment::{EcosystemCount, Place, SegmentHeader};
use super::{by_cve, limits};
use crate::{AdvisoryError, EndOfLife};

/// Place of an advisory that speaks of no package: after all others.
const NO_PACKAGE: u32 = u32::MAX;

/// A statement whose advisory has been given its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct GroupedStatement {
    ecosystem_rank: u32,
    package_rank: u32,
    group: u32,
    newest_first: Reverse<Option<Timestamp>>,
    body: u32,
}

/// All rows with one id; the first speaks for the group.
struct Group {
    rows: Vec<u32>,
    first_package: u32,
}

/// The order of texts: rank by number, and number by rank.
struct Order {
    rank: Vec<u32>,
    number: Vec<u32>,
}

/// Writes the segment of a source.
pub(super) fn write(builder: SegmentBuilder) -> Result<Vec<u8>, AdvisoryError> {
    let order = Order::of(builder.strings.ranks());
    let mut groups = group(&builder, &order);
    let statements = grouped_statements(&builder, &order, &mut groups);
    let numbers = number(&builder, &order, &groups);
    let mut header = SegmentHeader::default();
    let mut tables = Vec::new();
    header.postings = {
        let (bytes, ecosystems) = postings(&builder, &order, &statements, &numbers)?;
        header.ecosystems = ecosystems;
        add(&mut tables, bytes)
    };
    let in_order = in_number_order(&numbers);
    header.entries = add(&mut tables, entries(&builder, &groups, &in_order)?);
    header.ids = add(&mut tables, ids(&builder, &groups, &in_order)?);
    header.advisories = in_order.len() as u32;
    header.repositories = add(&mut tables, repositories(builder.repositories)?);
    header.ratings = add(&mut tables, by_cve::write_records(builder.ratings));
    header.kev = add(&mut tables, by_cve::write_records(builder.kev));
    let day_ranks = builder.days.ranks();
    let mut epss = builder.epss;
    for row in &mut epss {
        row.day = day_ranks.get(row.day as usize).copied().unwrap_or(0);
    }
    header.epss_day = builder.days.greatest().map(str::to_owned);
    header.epss = add(&mut tables, by_cve::write_epss(epss));
    header.end_of_life = end_of_life(builder.end_of_life);
    let segment = header.write(&tables);
    if segment.len() > limits::SEGMENT_MAX_BYTES {
        let (what, limit) = ("bytes", limits::SEGMENT_MAX_BYTES as u64);
        return Err(AdvisoryError::SourceTooLarge { source_name: builder.source, what, limit });
    }
    Ok(segment)
}

impl Order {
    fn of(rank: Vec<u32>) -> Self {
        let mut number = vec![0; rank.len()];
        for (text, rank) in rank.iter().enumerate() {
            number[*rank as usize] = text as u32;
        }
        Order { rank, number }
    }

    fn rank(&self, text: u32) -> u32 {
        self.rank[text as usize]
    }

    fn ranks(&self, texts: &[u32]) -> Vec<u32> {
        texts.iter().map(|text| self.rank(*text)).collect()
    }
}

/// Puts rows with one id together, newest first; drops what its source has taken back.
fn group(builder: &SegmentBuilder, order: &Order) -> Vec<Group> {
    let mut sorted: Vec<u32> = (0..builder.rows.len() as u32).collect();
    let row = |index: &u32| &builder.rows[*index as usize];
    // The last parts only decide between rows of one age, so that their order never shows.
    sorted.par_sort_by_cached_key(|index| row_order(row(index), order));
    let mut groups = Vec::new();
    for rows in sorted.chunk_by(|a, b| row(a).id == row(b).id) {
        if !row(&rows[0]).withdrawn {
            groups.push(Group { rows: rows.to_vec(), first_package: NO_PACKAGE });
        }
    }
    groups
}

type RowOrder = (u32, Reverse<Option<Timestamp>>, bool, Vec<Vec<u32>>);

fn row_order(row: &AdvisoryRow, order: &Order) -> RowOrder {
    let words = vec![row.kind as u32, row.severity as u32, order.rank(row.summary)];
    let texts = [&row.cvss, &row.aliases, &row.covers].map(|texts| order.ranks(texts));
    let published = row.published.map(|time| time.as_second() as u32);
    let rest = std::iter::once(words).chain(texts).chain([published.into_iter().collect()]);
    (order.rank(row.id), Reverse(row.modified), row.withdrawn, rest.collect())
}

/// The statements in the order of their keys; of one advisory about one package the newest only.
fn grouped_statements(
    builder: &SegmentBuilder,
    order: &Order,
    groups: &mut [Group],
) -> Vec<GroupedStatement> {
    let mut group_of = vec![None; builder.rows.len()];
    for (number, group) in groups.iter().enumerate() {
        group.rows.iter().for_each(|row| group_of[*row as usize] = Some(number as u32));
    }
    let body_order = body_order(builder, order);
    let grouped = |row: &StatementRow| {
        Some(GroupedStatement {
            ecosystem_rank: order.rank(row.ecosystem),
            package_rank: order.rank(row.package),
            group: group_of[row.advisory as usize]?,
            newest_first: Reverse(builder.rows[row.advisory as usize].modified),
            body: body_order.rank(row.body),
        })
    };
    let mut statements: Vec<GroupedStatement> =
        builder.statements.iter().filter_map(grouped).collect();
    statements.par_sort_unstable();
    statements.dedup();
    keep_newest(&mut statements);
    for statement in &mut statements {
        let first = &mut groups[statement.group as usize].first_package;
        *first = (*first).min(statement.package_rank);
        statement.body = body_order.number[statement.body as usize];
    }
    statements
}

/// Bodies by what they say, since their numbers depend on the order of the records.
fn body_order(builder: &SegmentBuilder, texts: &Order) -> Order {
    let mut order: Vec<u32> = (0..builder.bodies.len() as u32).collect();
    order.par_sort_by_cached_key(|body| {
        let mut ranked = Vec::new();
        if let Ok(body) = Body::decode(&mut Reader::new(builder.bodies.text(*body)), Ok) {
            body.encode(&mut ranked, |text| texts.rank(*text));
        }
        ranked
    });
    let mut rank = vec![0; order.len()];
    for (place, body) in order.iter().enumerate() {
        rank[*body as usize] = place as u32;
    }
    Order { rank, number: order }
}

fn keep_newest(statements: &mut Vec<GroupedStatement>) {
    let mut newest: Option<GroupedStatement> = None;
    statements.retain(|statement| match newest {
        Some(first) if same_subject(&first, statement) => {
            statement.newest_first == first.newest_first
        }
        _ => {
            newest = Some(*statement);
            true
        }
    });
}

fn same_subject(a: &GroupedStatement, b: &GroupedStatement) -> bool {
    (a.ecosystem_rank, a.package_rank, a.group) == (b.ecosystem_rank, b.package_rank, b.group)
}

/// The number of each group: by its first package, then by its id.
fn number(builder: &SegmentBuilder, order: &Order, groups: &[Group]) -> Vec<u32> {
    let id = |group: &Group| order.rank(builder.rows[group.rows[0] as usize].id);
    let mut sorted: Vec<u32> = (0..groups.len() as u32).collect();
    sorted.sort_by_key(|group| {
        let group = &groups[*group as usize];
        (group.first_package, id(group))
    });
    let mut numbers = vec![0; groups.len()];
    for (number, group) in sorted.into_iter().enumerate() {
        numbers[group as usize] = number as u32;
    }
    numbers
}

/// The groups in the order of their numbers.
fn in_number_order(numbers: &[u32]) -> Vec<u32> {
    let mut groups = vec![0; numbers.len()];
    for (group, number) in numbers.iter().enumerate() {
        groups[*number as usize] = group as u32;
    }
    groups
}

fn postings(
    builder: &SegmentBuilder,
    order: &Order,
    statements: &[GroupedStatement],
    numbers: &[u32],
) -> Result<(Vec<u8>, Vec<EcosystemCount>), AdvisoryError> {
    let mut writer = PostingsWriter::new(&builder.strings, &builder.bodies);
    let mut ecosystems: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let text = |rank: u32| builder.strings.text(order.number[rank as usize]);
    let same_key = |a: &GroupedStatement, b: &GroupedStatement| {
        (a.ecosystem_rank, a.package_rank) == (b.ecosystem_rank, b.package_rank)
    };
    for list in statements.chunk_by(same_key) {
        let (ecosystem, package) = (text(list[0].ecosystem_rank), text(list[0].package_rank));
        let posting = |statement: &GroupedStatement| Posting {
            advisory: numbers[statement.group as usize],
            body: statement.body,
        };
        let mut postings: Vec<Posting> = list.iter().map(posting).collect();
        // Stable: the bodies of one advisory stay in the order of what they say.
        postings.sort_by_key(|posting| posting.advisory);
        writer.push(&key(ecosystem, package), &postings).map_err(unreachable_damage)?;
        let count = ecosystems.entry(ecosystem).or_default();
        *count = (count.0 + 1, count.1.saturating_add(postings.len() as u32));
    }
    let count = |(name, (packages, statements)): (&str, _)| EcosystemCount {
        name: name.to_owned(),
        packages,
        statements,
    };
    Ok((writer.finish()?, ecosystems.into_iter().map(count).collect()))
}

/// The builder wrote the bodies itself; if it cannot read them, that is told as damage.
fn unreachable_damage(damage: Damage) -> AdvisoryError {
    AdvisoryError::DatabaseDamaged {
        path: "a segment being built".into(),
        what: damage.to_string(),
    }
}

fn entries(
    builder: &SegmentBuilder,
    groups: &[Group],
    in_order: &[u32],
) -> Result<Vec<u8>, AdvisoryError> {
    let mut writer = EntryWriter::default();
    let text = |number: &u32| builder.strings.text(*number);
    for group in in_order {
        let rows = &groups[*group as usize].rows;
        let head = &builder.rows[rows[0] as usize];
        writer.push(&Entry {
            id: text(&head.id),
            aliases: names(builder, rows, |row| &row.aliases),
            covers: names(builder, rows, |row| &row.covers),
            kind: head.kind,
            severity: head.severity,
            cvss: head.cvss.iter().map(text).collect(),
            published: head.published,
            modified: head.modified,
            summary: text(&head.summary),
        });
    }
    writer.finish()
}

/// The names that any row of a group gives, sorted.
fn names<'b>(
    builder: &'b SegmentBuilder,
    rows: &[u32],
    of: impl Fn(&AdvisoryRow) -> &[u32],
) -> Vec<&'b str> {
    let rows = rows.iter().map(|row| &builder.rows[*row as usize]);
    let mut names: Vec<&str> =
        rows.flat_map(|row| of(row).iter().map(|name| builder.strings.text(*name))).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// From every name of an advisory to the numbers of those that bear it.
fn ids(
    builder: &SegmentBuilder,
    groups: &[Group],
    in_order: &[u32],
) -> Result<Vec<u8>, AdvisoryError> {
    let mut bearers: Vec<(&str, u32)> = Vec::new();
    for (number, group) in in_order.iter().enumerate() {
        for row in &groups[*group as usize].rows {
            let row = &builder.rows[*row as usize];
            let names = std::iter::once(&row.id).chain(&row.aliases).chain(&row.covers);
            bearers.extend(names.map(|name| (builder.strings.text(*name), number as u32)));
        }
    }
    bearers.par_sort_unstable();
    bearers.dedup();
    let mut writer = DictionaryWriter::default();
    for numbers in bearers.chunk_by(|a, b| a.0 == b.0) {
        let mut value = Vec::new();
        let mut last = 0;
        for (_, number) in numbers {
            put_varint(&mut value, u64::from(number - last));
            last = *number;
        }
        writer.push(numbers[0].0.as_bytes(), &value);
    }
    writer.finish()
}

fn repositories(mut repositories: Vec<(String, Vec<String>)>) -> Result<Vec<u8>, AdvisoryError> {
    repositories.sort();
    let mut writer = DictionaryWriter::default();
    for same in repositories.chunk_by(|a, b| a.0 == b.0) {
        let mut cpes: Vec<&str> =
            same.iter().flat_map(|(_, cpes)| cpes).map(String::as_str).collect();
        cpes.sort_unstable();
        cpes.dedup();
        let mut value = Vec::new();
        put_varint(&mut value, cpes.len() as u64);
        cpes.iter().for_each(|cpe| put_blob(&mut value, cpe.as_bytes()));
        writer.push(same[0].0.as_bytes(), &value);
    }
    writer.finish()
}

fn end_of_life(mut releases: Vec<EndOfLife>) -> Vec<EndOfLife> {
    let key = |end: &EndOfLife| {
        let EndOfLife { distro, release, standard, extended } = end.clone();
        (distro, release, standard, extended)
    };
    releases.sort_by_cached_key(key);
    releases.dedup();
    releases
}

fn add(tables: &mut Vec<u8>, table: Vec<u8>) -> Place {
    let place = Place { offset: tables.len() as u32, len: table.len() as u32 };
    tables.extend_from_slice(&table);
    place
}
