//! From the text of a rules file to a baseline: fields, lists, macros, and groups of rules that
//! inherit what their group says.

use std::collections::BTreeMap;

use model::Severity;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::filter::{Condition, Definitions, Field, FieldTable, FieldType, Template};
use crate::limits::POLICY_MAX_ENTRIES;
use crate::yaml::Source;

use super::{Baseline, Recommendation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBaseline {
    benchmark: Option<String>,
    title: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, RawField>,
    #[serde(default)]
    lists: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    macros: BTreeMap<String, String>,
    #[serde(default)]
    groups: Vec<RawGroup>,
    #[serde(default)]
    disabled: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    r#type: RawType,
    doc: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawType {
    Bool,
    Integer,
    Text,
    Path,
    Texts,
    Paths,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    section: String,
    subject: Option<String>,
    level: Option<u8>,
    severity: Option<Spanned<String>>,
    r#where: Option<String>,
    applies: Option<String>,
    human: Option<String>,
    pass: Option<String>,
    evidence: Option<String>,
    look_at: Option<String>,
    absent: Option<String>,
    remediation: Option<String>,
    rules: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    #[serde(default)]
    aliases: Vec<String>,
    title: String,
    subject: Option<String>,
    level: Option<u8>,
    severity: Option<Spanned<String>>,
    r#where: Option<String>,
    applies: Option<String>,
    human: Option<String>,
    pass: Option<String>,
    evidence: Option<String>,
    look_at: Option<String>,
    absent: Option<String>,
    remediation: Option<String>,
}

/// What the conditions of all files are compiled against.
struct Language {
    fields: FieldTable,
    definitions: Definitions,
}

pub(super) fn baseline(files: &[(&str, &str)]) -> Result<Baseline, PolicyError> {
    let mut raws = Vec::with_capacity(files.len());
    for (file, text) in files {
        let source = Source { file, text };
        raws.push((source, source.read::<RawBaseline>()?));
    }
    let language = language(&raws)?;
    let mut rules: Vec<Recommendation> = Vec::new();
    for (index, (source, raw)) in raws.iter().enumerate() {
        for group in &raw.groups {
            for rule in &group.rules {
                put(&mut rules, index, source, (rule, language.rule(source, group, rule)?))?;
            }
        }
        for id in &raw.disabled {
            let before = rules.len();
            rules.retain(|rule| rule.id != id.value);
            if rules.len() == before {
                return Err(source.mistake(id, format!("no rule has the id `{}`", id.value)));
            }
        }
    }
    let named = |pick: fn(&RawBaseline) -> &Option<String>| {
        raws.iter().rev().find_map(|(_, raw)| pick(raw).clone()).unwrap_or_default()
    };
    Ok(Baseline {
        benchmark: named(|raw| &raw.benchmark),
        title: named(|raw| &raw.title),
        rules,
        fields: language.fields,
    })
}

/// Adds a rule, or puts it in the place of the one of its id in an earlier file.
fn put(
    rules: &mut Vec<Recommendation>,
    file: usize,
    source: &Source<'_>,
    (raw, rule): (&RawRule, Recommendation),
) -> Result<(), PolicyError> {
    match rules.iter().position(|known| known.id == rule.id) {
        Some(_) if file == 0 => {
            return Err(source.mistake(&raw.id, format!("`{}` is given twice", rule.id)));
        }
        Some(at) => rules[at] = rule,
        None if rules.len() >= POLICY_MAX_ENTRIES => {
            let message = format!("it has more than {POLICY_MAX_ENTRIES} rules");
            return Err(PolicyError::whole(source.file, message));
        }
        None => rules.push(rule),
    }
    Ok(())
}

fn language(raws: &[(Source<'_>, RawBaseline)]) -> Result<Language, PolicyError> {
    let fields = raws.iter().flat_map(|(_, raw)| &raw.fields).map(|(name, raw)| field(name, raw));
    let fields = FieldTable::new("baseline", fields);
    let mut definitions = Definitions::new();
    for (_, raw) in raws {
        for (name, items) in &raw.lists {
            definitions.list(name.clone(), items.clone());
        }
    }
    for (source, raw) in raws {
        for (name, condition) in &raw.macros {
            let place = format!("{}, macro {name}", source.file);
            definitions.define(&place, name.clone(), condition)?;
        }
    }
    Ok(Language { fields, definitions })
}

fn field(name: &str, raw: &RawField) -> Field {
    let kind = match raw.r#type {
        RawType::Bool => FieldType::Bool,
        RawType::Integer => FieldType::Integer,
        RawType::Text | RawType::Texts => FieldType::Text,
        RawType::Path | RawType::Paths => FieldType::Path,
    };
    let field = Field::named(name, kind, raw.doc.clone());
    if matches!(raw.r#type, RawType::Texts | RawType::Paths) { field.set() } else { field }
}

impl Language {
    fn rule(
        &self,
        source: &Source<'_>,
        group: &RawGroup,
        raw: &RawRule,
    ) -> Result<Recommendation, PolicyError> {
        let text = |own: &Option<String>, group: &Option<String>| {
            own.clone().or_else(|| group.clone()).unwrap_or_default()
        };
        let condition = |what: &str, own: &Option<String>, group: &Option<String>| {
            let text = own.as_ref().or(group.as_ref()).filter(|text| !text.trim().is_empty());
            let place = format!("{}, rule {}, {what}", source.file, raw.id.value);
            text.map(|text| Condition::compile(&place, text, &self.fields, &self.definitions))
                .transpose()
        };
        let evidence = raw.evidence.as_ref().or(group.evidence.as_ref());
        let place = format!("{}, rule {}, evidence", source.file, raw.id.value);
        let severity = raw.severity.as_ref().or(group.severity.as_ref());
        Ok(Recommendation {
            id: raw.id.value.clone(),
            aliases: raw.aliases.clone(),
            section: group.section.clone(),
            title: raw.title.clone(),
            level: raw.level.or(group.level).unwrap_or(0),
            severity: severity.map_or(Ok(Severity::Medium), |s| parse_severity(source, s))?,
            subject: text(&raw.subject, &group.subject),
            remediation: text(&raw.remediation, &group.remediation),
            look_at: text(&raw.look_at, &group.look_at),
            absent: text(&raw.absent, &group.absent),
            selects: condition("where", &raw.r#where, &group.r#where)?,
            applies: condition("applies", &raw.applies, &group.applies)?,
            human: condition("human", &raw.human, &group.human)?,
            pass: condition("pass", &raw.pass, &group.pass)?,
            evidence: evidence
                .map(|text| Template::compile(&place, text, &self.fields))
                .transpose()?,
        })
    }
}

fn parse_severity(source: &Source<'_>, text: &Spanned<String>) -> Result<Severity, PolicyError> {
    text.value.parse().map_err(|why: String| source.mistake(text, why))
}
