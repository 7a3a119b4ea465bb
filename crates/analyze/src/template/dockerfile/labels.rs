//! LABEL: keys of the form that the Dockerfile reference asks for, values of the form that their
//! keys ask for. Which keys is the catalogue's parameter `labels`; by default those of the OCI
//! image specification's annotations.

use super::Sink;
use super::state::Step;

/// Namespaces that are Docker's own.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

/// A form of values: the rule, whether a value has it, and what it is called.
type Form = (&'static str, fn(&str) -> bool, &'static str);

const FORMS: [Form; 7] = [
    ("dockerfile-label-empty", |value| !value.trim().is_empty(), "a value that is not empty"),
    ("dockerfile-label-url", is_url, "an address"),
    ("dockerfile-label-time", is_time, "a time as RFC 3339 writes it"),
    ("dockerfile-label-license", is_license, "an SPDX licence expression"),
    ("dockerfile-label-revision", is_revision, "a commit's hash"),
    ("dockerfile-label-version", is_version, "a semantic version"),
    ("dockerfile-label-email", is_email, "an e-mail address"),
];

/// Rules about labels.
pub(super) fn check(step: &Step<'_>, sink: &mut Sink<'_>) {
    for (key, value) in step.instruction.pairs() {
        let value = value.unwrap_or_default();
        if !is_key(&key) {
            let message = format!("`{key}`: lower-case letters, digits, `.` and `-` make a key");
            sink.at("dockerfile-label-key", step.instruction, step.subject, message);
        }
        let allowed = sink.catalogue.parameter("dockerfile-label-superfluous", "labels");
        if !allowed.is_empty() && !allowed.contains(&key) {
            let message = format!("`{key}` is not among the labels of this house");
            sink.at("dockerfile-label-superfluous", step.instruction, step.subject, message);
        }
        if value.contains('$') {
            continue;
        }
        for (rule, has_form, form) in FORMS {
            if sink.catalogue.parameter(rule, "labels").contains(&key) && !has_form(&value) {
                let message = format!("`{key}` is `{value}`, not {form}");
                sink.at(rule, step.instruction, step.subject, message);
            }
        }
    }
}

fn is_key(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
    // `_` is no separator of the reference, but `org.label-schema` and others live with it.
    !key.is_empty()
        && key.bytes().all(plain)
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && !key.ends_with(['.', '-'])
        && ![".-", "-.", "..", "--"].iter().any(|pair| key.contains(pair))
        && !RESERVED.iter().any(|reserved| key.starts_with(reserved))
}

fn is_url(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

fn is_time(value: &str) -> bool {
    value.parse::<model::Timestamp>().is_ok()
}

fn is_license(value: &str) -> bool {
    let mut words = value.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    let mut count = 0;
    words.all(|word| {
        count += usize::from(!word.is_empty());
        word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':'))
    }) && count > 0
        && (count == 1 || ["AND", "OR", "WITH"].iter().any(|word| value.contains(word)))
}

fn is_revision(value: &str) -> bool {
    matches!(value.len(), 7..=64) && value.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_version(value: &str) -> bool {
    let core = value.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let is_number = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    parts.len() == 3 && parts.iter().all(is_number)
}

fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains(['@', ' ']) && !name.contains(' ')
    })
}
