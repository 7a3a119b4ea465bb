//! What the terminal can show: colour, width; and how errors are said.

use anstyle::{AnsiColor, Style};

/// Columns assumed when the output is no terminal.
const DEFAULT_WIDTH: usize = 120;
/// Narrowest width that is believed.
const MIN_WIDTH: usize = 40;

/// Says an error on standard error: one line, the causes joined by colons.
pub(crate) fn error(error: &anyhow::Error) {
    let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !parts.last().is_some_and(|last| last.contains(&cause)) {
            parts.push(cause);
        }
    }
    anstream::eprintln!("{style}error{style:#}: {}", parts.join(": "));
}

/// Says something on standard error that does not stop the work.
pub(crate) fn warn(message: &str) {
    let style = Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold();
    anstream::eprintln!("{style}warning{style:#}: {message}");
}

/// Columns of the terminal on standard output; `COLUMNS` overrides.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(measured).unwrap_or(DEFAULT_WIDTH).max(MIN_WIDTH)
}
