//! `Page` and `Line`: styled text laid out for a terminal of a given width.
//!
//! Words are written with Unicode marks; a page that must keep to ASCII spells them out. Colour
//! is put on last, so that it never counts as width.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use model::{Band, Decision, Severity};

use crate::report::text;

pub(in crate::report) const PLAIN: Style = Style::new();
pub(in crate::report) const BOLD: Style = Style::new().bold();
pub(in crate::report) const DIM: Style = Style::new().dimmed();
pub(in crate::report) const GOOD: Style = fg(AnsiColor::Green).bold();
pub(in crate::report) const BAD: Style = fg(AnsiColor::Red).bold();
pub(in crate::report) const CAUTION: Style = fg(AnsiColor::Yellow).bold();
/// Narrower than this is treated as this: nothing readable fits below.
const MIN_WIDTH: usize = 24;

const fn fg(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(color)))
}

/// The colour of a severity.
pub(in crate::report) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => BAD,
        Severity::High => fg(AnsiColor::Red),
        Severity::Medium => fg(AnsiColor::Yellow),
        Severity::Low => fg(AnsiColor::Cyan),
        Severity::Negligible | Severity::Unknown => DIM,
    }
}

/// The colour of a band.
pub(in crate::report) fn band_style(band: Band) -> Style {
    match band {
        Band::Malicious => BAD,
        Band::Suspicious => CAUTION,
        Band::Clean => DIM,
    }
}

/// The colour of a decision.
pub(in crate::report) fn decision_style(decision: Decision) -> Style {
    match decision {
        Decision::Allow => GOOD,
        Decision::Warn => CAUTION,
        Decision::Deny => BAD,
    }
}

/// One line to be laid out: styled pieces after an indent.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Line {
    indent: usize,
    hang: usize,
    spans: Vec<(Style, String)>,
}

impl Line {
    /// An empty line with an indent in columns; further lines, should it wrap, get two more.
    pub(in crate::report) fn new(indent: usize) -> Self {
        Line { indent, hang: indent + 2, spans: Vec::new() }
    }

    /// Further lines, should it wrap, begin so many columns after the indent.
    pub(in crate::report) fn hanging(mut self, columns: usize) -> Self {
        self.hang = self.indent + columns;
        self
    }

    /// Adds text that is safe already.
    pub(in crate::report) fn add(mut self, style: Style, text: impl Into<String>) -> Self {
        self.spans.push((style, text.into()));
        self
    }

    /// Adds foreign text.
    pub(in crate::report) fn foreign(self, style: Style, text: &str) -> Self {
        let safe = text::clean(text).into_owned();
        self.add(style, safe)
    }

    /// Adds foreign text that is shown whole, not cut where a field is.
    pub(in crate::report) fn whole(self, style: Style, text: &str) -> Self {
        let safe = text::whole(text).into_owned();
        self.add(style, safe)
    }

    /// Adds foreign text as a column: filled up or cut to a number of columns, the last one blank.
    pub(in crate::report) fn cell(self, style: Style, text: &str, columns: usize) -> Self {
        let safe = text::clean(text);
        let wide = text::width(&safe);
        if wide < columns {
            return self.add(style, safe.into_owned()).add(PLAIN, " ".repeat(columns - wide));
        }
        let (fits, wide) = text::prefix(&safe, columns.saturating_sub(2));
        let fill = columns.saturating_sub(wide + 1);
        self.add(style, fits).add(style, "…").add(PLAIN, " ".repeat(fill))
    }
}

/// Where lines go.
pub(in crate::report) struct Page<'o> {
    pub(in crate::report) out: &'o mut dyn Write,
    /// Columns; `None` for no limit.
    pub(in crate::report) width: Option<usize>,
    pub(in crate::report) color: bool,
    pub(in crate::report) ascii: bool,
}

impl Page<'_> {
    /// Columns there are to fill; without a limit, what people read with ease.
    pub(in crate::report) fn columns(&self) -> usize {
        self.width.unwrap_or(120).max(MIN_WIDTH)
    }

    pub(in crate::report) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// A heading between blank lines: its title, then a remark.
    pub(in crate::report) fn heading(&mut self, title: &str, remark: &str) -> io::Result<()> {
        self.blank()?;
        self.wrap(&Line::new(0).add(BOLD, title).add(PLAIN, "  ").add(DIM, remark))
    }

    /// Writes a line; what does not fit goes on further lines.
    pub(in crate::report) fn wrap(&mut self, line: &Line) -> io::Result<()> {
        let limit = self.width.map_or(usize::MAX, |width| width.max(MIN_WIDTH));
        let (indent, hang) = (line.indent.min(limit / 2), line.hang.min(limit / 2));
        let mut row = Row::new(indent);
        for Word { gap, pieces } in words(&self.spelt(line)) {
            let columns: usize = pieces.iter().map(|(_, piece)| text::width(piece)).sum();
            if !row.is_empty() && row.columns + gap + columns > limit {
                self.put(&row)?;
                row = Row::new(hang);
            } else if !row.is_empty() {
                row.push(PLAIN, &" ".repeat(gap));
            }
            for (style, piece) in pieces {
                self.push_breaking(&mut row, hang, limit, (style, &piece))?;
            }
        }
        self.put(&row)
    }

    /// Writes a line of aligned columns; what does not fit is cut.
    pub(in crate::report) fn cut(&mut self, line: &Line) -> io::Result<()> {
        let limit = self.width.map_or(usize::MAX, |width| width.max(MIN_WIDTH));
        let mut row = Row::new(line.indent.min(limit / 2));
        let spans = self.spelt(line);
        let whole: usize =
            row.indent + spans.iter().map(|(_, text)| text::width(text)).sum::<usize>();
        let mark = if self.ascii { "..." } else { "…" };
        let room = if whole > limit { limit - text::width(mark) } else { limit };
        for (style, text) in &spans {
            let (fits, _) = text::prefix(text, room.saturating_sub(row.columns));
            row.push(*style, fits);
            if fits.len() < text.len() {
                row.push(*style, mark);
                break;
            }
        }
        self.put(&row)
    }

    /// Adds a piece, broken where even a whole line is too short for it.
    fn push_breaking(
        &mut self,
        row: &mut Row,
        hang: usize,
        limit: usize,
        (style, mut piece): (Style, &str),
    ) -> io::Result<()> {
        while row.columns + text::width(piece) > limit {
            let (fits, _) = text::prefix(piece, limit.saturating_sub(row.columns));
            if fits.is_empty() && row.is_empty() {
                break;
            }
            row.push(style, fits);
            piece = &piece[fits.len()..];
            self.put(row)?;
            *row = Row::new(hang);
        }
        row.push(style, piece);
        Ok(())
    }

    /// The spans with every mark spelt as the page can show it.
    fn spelt(&self, line: &Line) -> Vec<(Style, String)> {
        if !self.ascii {
            return line.spans.clone();
        }
        line.spans.iter().map(|(style, text)| (*style, to_ascii(text))).collect()
    }

    fn put(&mut self, row: &Row) -> io::Result<()> {
        let mut spans = row.spans.as_slice();
        while let [rest @ .., (_, last)] = spans
            && last.trim_end().is_empty()
        {
            spans = rest;
        }
        if let Some((last, rest)) = spans.split_last() {
            write!(self.out, "{:indent$}", "", indent = row.indent)?;
            for span in rest {
                self.paint(span.0, &span.1)?;
            }
            self.paint(last.0, last.1.trim_end())?;
        }
        self.blank()
    }

    fn paint(&mut self, style: Style, text: &str) -> io::Result<()> {
        if self.color && style != PLAIN {
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}

/// One row of output being filled.
struct Row {
    indent: usize,
    columns: usize,
    spans: Vec<(Style, String)>,
}

impl Row {
    fn new(indent: usize) -> Self {
        Row { indent, columns: indent, spans: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn push(&mut self, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        self.columns += text::width(text);
        match self.spans.last_mut() {
            Some((last, spelt)) if *last == style => spelt.push_str(text),
            _ => self.spans.push((style, text.to_owned())),
        }
    }
}

/// A word, of one or several styles, and the blanks before it.
struct Word {
    gap: usize,
    pieces: Vec<(Style, String)>,
}

/// The words of spans. Blanks between words are kept where a line is not broken.
fn words(spans: &[(Style, String)]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut gap = 0;
    let mut open = false;
    for (style, text) in spans {
        for (at, piece) in text.split(' ').enumerate() {
            if at > 0 {
                gap += 1;
                open = false;
            }
            if piece.is_empty() {
                continue;
            }
            let piece = (*style, piece.to_owned());
            match words.last_mut() {
                Some(word) if open => word.pieces.push(piece),
                _ => words.push(Word { gap: std::mem::take(&mut gap), pieces: vec![piece] }),
            }
            open = true;
        }
    }
    words
}

fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            '·' | '—' | '─' => out.push('-'),
            '✔' => out.push('+'),
            '✖' => out.push('x'),
            '▲' => out.push('!'),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, ascii: bool, draw: impl Fn(&mut Page<'_>)) -> String {
        let mut out = Vec::new();
        draw(&mut Page { out: &mut out, width: Some(width), color: false, ascii });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wraps_between_words_and_inside_long_ones() {
        let line =
            Line::new(2).add(BOLD, "one").add(PLAIN, " two three").add(DIM, ",four five six");
        let text = page(24, false, |page| page.wrap(&line).unwrap());
        assert_eq!(text, "  one two three,four\n    five six\n");
        let line = Line::new(0).add(PLAIN, "x".repeat(60));
        let text = page(24, false, |page| page.wrap(&line).unwrap());
        assert_eq!(text.lines().map(text::width).collect::<Vec<_>>(), [24, 24, 16]);
    }

    #[test]
    fn cuts_and_says_so() {
        let line = Line::new(1).cell(PLAIN, "語", 4).add(PLAIN, "word ".repeat(9));
        let text = page(24, false, |page| page.cut(&line).unwrap());
        assert!(text.starts_with(" 語  word") && text.ends_with("…\n"), "{text}");
        assert!(text::width(text.trim_end()) <= 24);
        let text = page(24, true, |page| page.cut(&line).unwrap());
        assert!(text.is_ascii() && text.ends_with("...\n"), "{text}");
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        let mut out = Vec::new();
        let line = Line::new(0).add(BAD, "no").foreign(PLAIN, "\x1b[31m");
        Page { out: &mut out, width: None, color: true, ascii: false }.wrap(&line).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\x1b').count(), 3, "{text:?}");
        assert!(text.contains("\\x1b[31m"));
    }
}
