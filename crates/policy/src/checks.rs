//! Checks in the form of kube-bench's `cfg/*.yaml`, as people bring them along: groups of checks,
//! each with an audit and tests of what it prints.
//!
//! [`CheckFile::parse`] reads them. [`probe`] says what an audit looks at, where it is one of the
//! forms that can be answered without a shell. [`Check::judge`] holds answers against the tests.
//! Nothing is run or read here.

mod evaluate;
mod probe;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::limits::POLICY_MAX_ENTRIES;
use crate::yaml::Source;

pub use evaluate::{Answer, Answers};
pub use probe::{Probe, probe, substitute};

/// A file of checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckFile {
    /// The benchmark that it says it is of, such as `cis-1.12`.
    pub version: String,
    /// What it speaks of: `master`, `node`, `etcd` …
    pub target: String,
    /// The checks, in their order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Its number.
    pub id: String,
    /// What it asks.
    pub text: String,
    /// Number and text of its group.
    pub group: String,
    /// How to repair it.
    pub remediation: String,
    /// Whether it counts when it fails; else only people can say.
    pub scored: bool,
    /// Whether only people answer it.
    pub manual: bool,
    /// Whether it is left out.
    pub skipped: bool,
    /// The command whose output is looked at first.
    pub audit: String,
    /// The command that prints a configuration file.
    pub audit_config: String,
    /// The command that prints an environment.
    pub audit_env: String,
    any: bool,
    tests: Vec<Test>,
}

/// One test of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    flag: String,
    path: String,
    env: String,
    /// Whether the value is to be there.
    set: bool,
    compare: Option<Compare>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Compare {
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    NotEq,
    Gt,
    Gte,
    Lt,
    Lte,
    Has,
    NotHave,
    Regex,
    Bitmask,
    ValidElements,
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    version: String,
    #[serde(default, rename = "type")]
    target: String,
    groups: Vec<RawGroup>,
}

#[derive(Deserialize)]
struct RawGroup {
    id: Scalar,
    #[serde(default)]
    text: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    checks: Vec<RawCheck>,
}

#[derive(Deserialize)]
struct RawCheck {
    id: Scalar,
    #[serde(default)]
    text: String,
    #[serde(default)]
    audit: Option<String>,
    #[serde(default)]
    audit_config: Option<String>,
    #[serde(default)]
    audit_env: Option<String>,
    #[serde(default)]
    tests: Option<RawTests>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    remediation: Option<String>,
    #[serde(default)]
    scored: bool,
}

#[derive(Deserialize, Default)]
struct RawTests {
    #[serde(default)]
    bin_op: Option<String>,
    #[serde(default)]
    test_items: Vec<RawTest>,
}

#[derive(Deserialize)]
struct RawTest {
    #[serde(default)]
    flag: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    env: Option<String>,
    #[serde(default)]
    set: Option<bool>,
    #[serde(default)]
    compare: Option<RawCompare>,
}

#[derive(Deserialize)]
struct RawCompare {
    op: Spanned<String>,
    value: Option<Scalar>,
}

/// A text that people write with and without quotes: `4.10`, `600`, `false`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Scalar(String);

impl CheckFile {
    /// Reads a file. `file` is what diagnostics call it.
    ///
    /// # Errors
    /// It is no such file, is too long, or compares in a way that there is not.
    pub fn parse(file: &str, text: &str) -> Result<CheckFile, PolicyError> {
        let source = Source { file, text };
        let raw: RawFile = source.read()?;
        let mut checks = Vec::new();
        for group in raw.groups {
            let name = format!("{} {}", group.id.0, group.text);
            for raw in group.checks {
                let mut check = check(&source, raw)?;
                check.group = name.trim().to_owned();
                check.skipped |= group.r#type == "skip";
                checks.push(check);
            }
        }
        if checks.len() > POLICY_MAX_ENTRIES {
            let message = format!("it has more than {POLICY_MAX_ENTRIES} checks");
            return Err(PolicyError::whole(file, message));
        }
        Ok(CheckFile { version: raw.version, target: raw.target, checks })
    }
}

fn check(source: &Source<'_>, raw: RawCheck) -> Result<Check, PolicyError> {
    let tests = raw.tests.unwrap_or_default();
    let kind = raw.r#type.unwrap_or_default();
    Ok(Check {
        id: raw.id.0,
        text: raw.text,
        group: String::new(),
        remediation: raw.remediation.unwrap_or_default().trim().to_owned(),
        scored: raw.scored,
        manual: kind == "manual",
        skipped: kind == "skip",
        audit: raw.audit.unwrap_or_default(),
        audit_config: raw.audit_config.unwrap_or_default(),
        audit_env: raw.audit_env.unwrap_or_default(),
        any: tests.bin_op.as_deref() == Some("or"),
        tests: tests
            .test_items
            .into_iter()
            .map(|raw| test(source, raw))
            .collect::<Result<_, _>>()?,
    })
}

fn test(source: &Source<'_>, raw: RawTest) -> Result<Test, PolicyError> {
    let compare = match raw.compare {
        None => None,
        Some(raw) if raw.op.value.is_empty() => None,
        Some(raw) => {
            let operator = operator(&raw.op.value).ok_or_else(|| {
                let message = format!("`{}` is no way to compare: expected eq, noteq, gt, gte, lt, lte, has, nothave, regex, bitmask or valid_elements", raw.op.value);
                source.mistake(&raw.op, message)
            })?;
            let value = raw.value.map(|value| value.0).unwrap_or_default();
            Some(Compare { operator, value })
        }
    };
    Ok(Test {
        flag: raw.flag.unwrap_or_default(),
        path: raw.path.unwrap_or_default(),
        env: raw.env.unwrap_or_default(),
        set: raw.set.unwrap_or(true),
        compare,
    })
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        "eq" => Operator::Eq,
        "noteq" => Operator::NotEq,
        "gt" => Operator::Gt,
        "gte" => Operator::Gte,
        "lt" => Operator::Lt,
        "lte" => Operator::Lte,
        "has" => Operator::Has,
        "nothave" => Operator::NotHave,
        "regex" => Operator::Regex,
        "bitmask" => Operator::Bitmask,
        "valid_elements" => Operator::ValidElements,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
