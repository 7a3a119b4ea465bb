//! The ignore file: exceptions kept beside the code.
//!
//! Our own form is a YAML list of exceptions (`.lazaretignore.yaml`). The plain form that teams
//! already have is read too: an id a line, `exp:YYYY-MM-DD` behind it, comments from `#`.

use model::Exception;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::day::Day;
use crate::limits::{POLICY_MAX_BYTES, POLICY_MAX_ENTRIES};
use crate::parse::{self, RawException};
use crate::yaml::Source;

/// Reads an ignore file in either form. `file` is the name that diagnostics give it.
///
/// Plain lines name no owner: the exception's owner is the file, and its reason is the comment
/// above it.
pub fn parse_ignore_file(file: &str, text: &str) -> Result<Vec<Exception>, PolicyError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    match first {
        None => Ok(Vec::new()),
        Some(first) if first.starts_with(['-', '[', '{']) => {
            let source = Source { file, text };
            let raw: Vec<Spanned<RawException>> = source.read()?;
            parse::exceptions(&source, raw)
        }
        Some(_) => plain(file, text),
    }
}

fn plain(file: &str, text: &str) -> Result<Vec<Exception>, PolicyError> {
    if text.len() > POLICY_MAX_BYTES {
        return Err(PolicyError::whole(
            file,
            format!("it is longer than {POLICY_MAX_BYTES} bytes"),
        ));
    }
    let mut exceptions = Vec::new();
    let mut comment = String::new();
    for (index, line) in text.lines().enumerate() {
        let (content, note) = line.split_once('#').unwrap_or((line, ""));
        let note = note.trim();
        if content.trim().is_empty() {
            // An empty line ends what is said of the ids below; comments add up.
            comment = match (line.trim().is_empty(), comment.is_empty()) {
                (true, _) => String::new(),
                (false, true) => note.to_owned(),
                (false, false) => format!("{comment} {note}"),
            };
            continue;
        }
        let reason = if note.is_empty() { &comment } else { note };
        exceptions.push(plain_line(file, text, (index, line), reason)?);
        if exceptions.len() > POLICY_MAX_ENTRIES {
            let message = format!("it has more than {POLICY_MAX_ENTRIES} exceptions");
            return Err(PolicyError::whole(file, message));
        }
    }
    Ok(exceptions)
}

/// One line: an id, then its last day where it has one.
fn plain_line(
    file: &str,
    text: &str,
    (index, line): (usize, &str),
    reason: &str,
) -> Result<Exception, PolicyError> {
    let content = line.split_once('#').map_or(line, |(content, _)| content);
    let mut words = content.split_whitespace();
    let mut exception = Exception {
        id: words.next().unwrap_or_default().to_owned(),
        owner: file.to_owned(),
        reason: if reason.is_empty() { "none given".to_owned() } else { reason.to_owned() },
        ..Exception::default()
    };
    for word in words {
        let wrong = |message: String| {
            let column = line.find(word).map_or(1, |at| line[..at].chars().count() + 1);
            PolicyError::at(file, text, (index + 1, column), message)
        };
        match word.strip_prefix("exp:") {
            Some(day) if Day::parse(day).is_some() => exception.expires = Some(day.to_owned()),
            Some(day) => return Err(wrong(format!("`{day}` is not a day: expected YYYY-MM-DD"))),
            None => {
                return Err(wrong(format!("`{word}` is not known here: expected exp:YYYY-MM-DD")));
            }
        }
    }
    Ok(exception)
}

#[cfg(test)]
mod tests;
