//! `Template`: a line of output with fields in it, `%proc.name` and `%proc.aname[2]`.

use crate::PolicyError;
use crate::limits::TEMPLATE_MAX_BYTES;

use super::compile::Failure;
use super::operand::Operand;
use super::parse::parse_operand;
use super::written::Written;
use super::{Facts, FieldTable};

/// What stands where there is no value.
const MISSING: &str = "<NA>";

/// A compiled line of output.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Operand(Operand),
}

impl Template {
    /// Compiles a line: `%field`, `%field[argument]`, `%tolower(field)`, and `%%` for a per cent
    /// sign. A `*` at the beginning, which says that missing values are no reason to leave the
    /// line out, is accepted: no line is left out here.
    ///
    /// # Errors
    /// A field that the table has not, or a broken place-holder.
    pub fn compile(source: &str, text: &str, table: &FieldTable) -> Result<Template, PolicyError> {
        Template::of(&Written::plain(source, text), table).map_err(|failure| failure.error)
    }

    pub(crate) fn of(written: &Written, table: &FieldTable) -> Result<Template, Failure> {
        let text = written.text();
        let fail = |span: std::ops::Range<usize>, message: String, unknown_field: bool| {
            Failure::new(written.mistake(&span, message), unknown_field)
        };
        if text.len() > TEMPLATE_MAX_BYTES {
            let message = format!("the output is longer than {TEMPLATE_MAX_BYTES} bytes");
            return Err(fail(0..1, message, false));
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = usize::from(text.starts_with('*'));
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(sign) = rest.find('%') else {
                plain.push_str(rest);
                break;
            };
            plain.push_str(rest.get(..sign).unwrap_or_default());
            at += sign + 1;
            let rest = text.get(at..).unwrap_or_default();
            if rest.starts_with('%') {
                plain.push('%');
                at += 1;
                continue;
            }
            let (operand, length) = parse_operand(rest)
                .map_err(|(span, message)| fail(at + span.start..at + span.end, message, false))?;
            let operand = Operand::of(&operand, table).map_err(|refused| {
                let span = at + refused.span.start..at + refused.span.end;
                fail(span, refused.message, refused.unknown)
            })?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Operand(operand));
            at += length;
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { text: text.to_owned(), parts })
    }

    /// The line as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line over facts; `<NA>` where there is no value.
    pub fn render(&self, facts: &dyn Facts) -> String {
        let mut line = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Operand(operand) => match operand.value(facts) {
                    Some(value) => line.push_str(&value.render()),
                    None => line.push_str(MISSING),
                },
            }
        }
        line
    }

    /// The values of the line's fields by name, in their order, each once.
    pub fn values(&self, facts: &dyn Facts) -> Vec<(String, Option<String>)> {
        let mut values: Vec<(String, Option<String>)> = Vec::new();
        for part in &self.parts {
            if let Part::Operand(operand) = part {
                let name = operand.to_string();
                if values.iter().all(|(known, _)| *known != name) {
                    values.push((name, operand.value(facts).map(|value| value.render())));
                }
            }
        }
        values
    }
}
