//! `Batch`: rows by column, those columns that somebody asked for.

use std::borrow::Cow;
use std::ops::Range;

use model::AuditRecord;

use super::row::{Column, NUMBERS, Row, TEXTS};

/// Rows by column. A column that is not there reads as 0 or as the empty text.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    rows: usize,
    numbers: [Vec<i64>; NUMBERS],
    texts: [Texts; TEXTS],
}

/// Texts, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    joined: String,
    ends: Vec<u32>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &str) -> Result<(), String> {
        let end = u32::try_from(self.joined.len().saturating_add(text.len()));
        self.ends.push(end.map_err(|_| "its texts are larger than 4 GiB")?);
        self.joined.push_str(text);
        Ok(())
    }

    pub(crate) fn text(&self, index: usize) -> &str {
        self.joined.get(self.range(index)).unwrap_or_default()
    }

    /// All texts, one after the other.
    pub(crate) fn joined(&self) -> &str {
        &self.joined
    }

    /// Where a text lies in [`Texts::joined`].
    pub(crate) fn range(&self, index: usize) -> Range<usize> {
        let end = self.ends.get(index).map_or(0, |end| *end as usize);
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        before.map_or(0, |end| *end as usize)..end
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

impl Batch {
    /// Rows whose columns are put in one by one.
    pub(crate) fn of_rows(rows: usize) -> Batch {
        Batch { rows, ..Batch::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    pub(crate) fn push(&mut self, row: &Row<'_>) -> Result<(), String> {
        for (column, number) in self.numbers.iter_mut().zip(row.numbers) {
            column.push(number);
        }
        for (column, text) in self.texts.iter_mut().zip(&row.texts) {
            column.push(text)?;
        }
        self.rows += 1;
        Ok(())
    }

    pub(crate) fn put_numbers(&mut self, column: Column, numbers: Vec<i64>) -> Result<(), String> {
        self.agree(column, numbers.len())?;
        if let Some(place) = self.numbers.get_mut(column.place()) {
            *place = numbers;
        }
        Ok(())
    }

    pub(crate) fn put_texts(&mut self, column: Column, texts: Texts) -> Result<(), String> {
        self.agree(column, texts.len())?;
        if let Some(place) = self.texts.get_mut(column.place()) {
            *place = texts;
        }
        Ok(())
    }

    fn agree(&self, column: Column, found: usize) -> Result<(), String> {
        if found == self.rows {
            return Ok(());
        }
        Err(format!("column {} has {found} values for {} rows", column.name(), self.rows))
    }

    /// Whether a column is there.
    pub(crate) fn has(&self, column: Column) -> bool {
        let place = column.place();
        let found = if column.is_number() {
            self.numbers.get(place).map(Vec::len)
        } else {
            self.texts.get(place).map(Texts::len)
        };
        self.rows == 0 || found == Some(self.rows)
    }

    pub(crate) fn numbers(&self, column: Column) -> &[i64] {
        self.numbers.get(column.place()).map_or(&[], |numbers| numbers)
    }

    pub(crate) fn texts(&self, column: Column) -> Option<&Texts> {
        self.texts.get(column.place())
    }

    pub(crate) fn seen(&self, index: usize) -> Seen<'_> {
        Seen { batch: self, index }
    }

    pub(crate) fn row(&self, index: usize) -> Row<'_> {
        let mut row = Row::default();
        for (number, column) in row.numbers.iter_mut().zip(&self.numbers) {
            *number = column.get(index).copied().unwrap_or(0);
        }
        for (text, column) in row.texts.iter_mut().zip(&self.texts) {
            *text = Cow::Borrowed(column.text(index));
        }
        row
    }

    pub(crate) fn record(&self, index: usize) -> Result<AuditRecord, String> {
        self.row(index).record()
    }
}

/// One row, by those of its columns that were asked for. Others read as 0 and as the empty text.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    batch: &'a Batch,
    index: usize,
}

impl<'a> Seen<'a> {
    /// A column that is a number; -1 for a null.
    pub fn number(&self, column: Column) -> i64 {
        self.batch.numbers(column).get(self.index).copied().unwrap_or(0)
    }

    /// A column that is a text.
    pub fn text(&self, column: Column) -> &'a str {
        self.batch.texts(column).map_or("", |texts| texts.text(self.index))
    }
}
