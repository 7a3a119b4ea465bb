//! `lazaret policy fields`: what conditions may ask about.

use clap::Args;
use policy::filter::{Argument, Field, FieldType, Plurality, tables};
use serde_json::json;

use super::Format;
use crate::cli::Outcome;
use crate::cli::writing::write_to;

const EXAMPLES: &str = "\
Examples:
  lazaret policy fields                  every field of images and workloads
  lazaret policy fields vuln container   those that begin so
  lazaret policy fields --table syscall  fields of kernel events
  lazaret policy fields -f json";

/// List fields.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Fields {
    /// How the names begin
    #[arg(value_name = "PREFIX")]
    prefixes: Vec<String>,

    /// Whose fields: `image`, `deploy` (image and workload), `syscall`, `k8s_audit`,
    /// `audit` (the trail)
    #[arg(long, value_name = "TABLE", default_value = "deploy")]
    table: String,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

impl Fields {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let Some(table) = tables::by_source(&self.table) else {
            let known: Vec<&str> = tables::all().iter().map(|table| table.name.as_ref()).collect();
            anyhow::bail!("no table `{}`: expected {}", self.table, known.join(", "));
        };
        let begins = |field: &Field| {
            self.prefixes.is_empty() || self.prefixes.iter().any(|p| field.name.starts_with(p))
        };
        let fields: Vec<_> = table.fields().filter(|field| begins(field)).collect();
        write_to(None, |out| {
            if self.format == Format::Json {
                let fields: Vec<_> = fields.iter().map(|field| as_json(field)).collect();
                serde_json::to_writer_pretty(&mut *out, &fields)?;
                return Ok(writeln!(out)?);
            }
            for field in &fields {
                let name = format!("{}{}", field.name, argument(field));
                writeln!(out, "{name:<34}  {:<9}  {}", kind(field), field.doc)?;
            }
            Ok(())
        })?;
        Ok(Outcome::Allowed)
    }
}

fn as_json(field: &Field) -> serde_json::Value {
    json!({
        "name": field.name,
        "type": kind(field).trim_end_matches("…"),
        "several": field.plurality != Plurality::One,
        "argument": field.argument != Argument::None,
        "doc": field.doc,
    })
}

fn argument(field: &Field) -> &'static str {
    match field.argument {
        Argument::None => "",
        Argument::Index => "[N]",
        Argument::OptionalIndex => "[N]?",
        Argument::Key => "[KEY]",
        Argument::OptionalKey => "[KEY]?",
        Argument::Suffix => ".KEY",
    }
}

/// The type in a word, with an ellipsis where there are several values.
fn kind(field: &Field) -> String {
    let word = match field.kind {
        FieldType::Bool => "bool",
        FieldType::Integer => "integer",
        FieldType::Float => "number",
        FieldType::Text => "text",
        FieldType::Path => "path",
        FieldType::Bytes => "bytes",
        FieldType::Ip => "address",
        FieldType::Port => "port",
        FieldType::Duration => "span",
        FieldType::Time => "moment",
        FieldType::Ranked(_) => "rank",
        _ => "any",
    };
    match field.plurality {
        Plurality::One => word.to_owned(),
        Plurality::Any | Plurality::Set => format!("{word} …"),
    }
}
