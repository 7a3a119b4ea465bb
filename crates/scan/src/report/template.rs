//! The user's own template, in the language of Jinja.
//!
//! It sees `report` (the first report, in the shape of the JSON format) and `reports` (all of
//! them). A name that ends in `.html` or `.xml` turns escaping on.

use std::io::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::json::Shown;
use super::view::View;
use super::{ReportError, text};

/// A template and what to call it in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its file name; the ending chooses the escaping.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Renders the template. A name that the report does not have is an error, not an empty string;
/// a field that may be absent is written `{{ v.fixed_version or "-" }}`, and findings of one kind are
/// asked for by it: `{% for f in report.findings if f.vulnerability %}`.
pub(super) fn write(
    views: &[View<'_>],
    template: Option<&Template>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let template = template.ok_or(ReportError::NoTemplate)?;
    let shown: Vec<Shown<'_>> = views.iter().map(Shown::of).collect();
    let reports = Value::from(Serde(&shown));
    let first = reports.get_item_by_index(0).unwrap_or_default();
    let rendered = render(template, &context! { report => first, reports => reports })?;
    Ok(out.write_all(rendered.as_bytes())?)
}

fn render(template: &Template, context: &Value) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_filter("one_line", |value: String| text::clean(&value).into_owned());
    let failed = |error: minijinja::Error| ReportError::Template {
        name: template.name.clone(),
        line: error.line().unwrap_or(0),
        detail: match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        },
    };
    environment.set_syntax(whitespace().map_err(failed)?);
    environment.add_template(&template.name, &template.text).map_err(failed)?;
    environment
        .get_template(&template.name)
        .and_then(|template| template.render(context))
        .map_err(failed)
}

/// Lines that hold only a block leave nothing behind.
pub(super) fn whitespace() -> Result<SyntaxConfig, minijinja::Error> {
    SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
}
