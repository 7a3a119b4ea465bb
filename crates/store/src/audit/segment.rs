//! Sealed segments: Parquet files with zstd, one flat column for each of the row's.
//!
//! Source: the Apache Parquet format, 2.12. Other tools read these files as they are.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type as Schema, TypePtr};

use super::batch::{Batch, Texts};
use super::frame::VERSION;
use super::manifest::Sealed;
use super::row::{Column, NOT_KNOWN};
use crate::limits::{AUDIT_COLUMN_MAX_BYTES, AUDIT_GROUP_MAX_ROWS, ZSTD_LEVEL};

/// Rows of a group: what one look at the statistics lets a search leave out.
pub(crate) const ROWS_PER_GROUP: usize = 32 * 1024;
/// Values that are read at a time.
const VALUES_AT_ONCE: usize = 8 * 1024;

/// Writes batches as one file; each batch is a row group.
pub(crate) struct SegmentWriter<W: Write + Send> {
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> SegmentWriter<W> {
    /// Begins a file.
    pub(crate) fn new(out: W) -> Result<Self, String> {
        let schema = schema()?;
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties()?));
        Ok(SegmentWriter { writer: writer.map_err(|error| error.to_string())? })
    }

    /// Writes a group.
    pub(crate) fn write(&mut self, batch: &Batch) -> Result<(), String> {
        let wrong = |error: parquet::errors::ParquetError| error.to_string();
        let mut group = self.writer.next_row_group().map_err(wrong)?;
        for column in Column::ALL {
            put_column(&mut group, batch, column).map_err(wrong)?;
        }
        group.close().map(drop).map_err(wrong)
    }

    /// Ends the file; what the segment is goes into its metadata.
    pub(crate) fn finish(mut self, sealed: Option<&Sealed>) -> Result<W, String> {
        if let Some(sealed) = sealed {
            for (key, value) in [
                ("lazaret.audit.version", VERSION.to_string()),
                ("lazaret.audit.segment", sealed.segment.to_string()),
                ("lazaret.audit.first", sealed.first.to_string()),
                ("lazaret.audit.records", sealed.records.to_string()),
                ("lazaret.audit.previous", sealed.previous.to_string()),
                ("lazaret.audit.head", sealed.head.to_string()),
            ] {
                self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
            }
        }
        self.writer.into_inner().map_err(|error| error.to_string())
    }
}

fn put_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    batch: &Batch,
    column: Column,
) -> parquet::errors::Result<()> {
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    if column.is_optional() {
        let numbers = batch.numbers(column);
        let levels: Vec<i16> = numbers.iter().map(|n| i16::from(*n != NOT_KNOWN)).collect();
        let known: Vec<i64> = numbers.iter().copied().filter(|n| *n != NOT_KNOWN).collect();
        writer.typed::<Int64Type>().write_batch(&known, Some(&levels), None)?;
    } else if column.is_number() {
        writer.typed::<Int64Type>().write_batch(batch.numbers(column), None, None)?;
    } else if let Some(texts) = batch.texts(column) {
        let joined = Bytes::copy_from_slice(texts.joined().as_bytes());
        let values: Vec<ByteArray> =
            (0..batch.len()).map(|at| joined.slice(texts.range(at)).into()).collect();
        writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
    }
    writer.close()
}

fn schema() -> Result<TypePtr, String> {
    let wrong = |error: parquet::errors::ParquetError| error.to_string();
    let mut fields = Vec::with_capacity(Column::ALL.len());
    for column in Column::ALL {
        let kind = if column.is_number() { Type::INT64 } else { Type::BYTE_ARRAY };
        let logical = match column {
            Column::Time => Some(LogicalType::timestamp(true, TimeUnit::NANOS)),
            _ if column.is_number() => None,
            _ => Some(LogicalType::String),
        };
        let repetition =
            if column.is_optional() { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let field = Schema::primitive_type_builder(column.name(), kind)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build();
        fields.push(Arc::new(field.map_err(wrong)?));
    }
    let schema = Schema::group_type_builder("audit").with_fields(fields).build();
    schema.map(Arc::new).map_err(wrong)
}

fn properties() -> Result<WriterProperties, String> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(|error| error.to_string())?;
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("lazaret ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(None);
    // Each of these follows from the one before it.
    for column in [Column::Number, Column::Time] {
        let path = ColumnPath::from(column.name());
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    Ok(builder.build())
}

/// A sealed segment that is read.
pub(crate) struct SegmentReader {
    reader: SerializedFileReader<Bytes>,
}

impl SegmentReader {
    /// Reads a file's metadata and refuses what is no segment of this log.
    pub(crate) fn open(bytes: Bytes) -> Result<SegmentReader, String> {
        let reader = SerializedFileReader::new(bytes).map_err(|error| error.to_string())?;
        let found = reader.metadata().file_metadata().schema_descr();
        let is_ours = |(at, column): (usize, Column)| {
            let found = found.column(at);
            let kind = if column.is_number() { Type::INT64 } else { Type::BYTE_ARRAY };
            found.path().parts().iter().map(String::as_str).eq([column.name()])
                && found.physical_type() == kind
                && found.max_rep_level() == 0
                && found.max_def_level() == i16::from(column.is_optional())
        };
        let same = found.num_columns() == Column::ALL.len()
            && Column::ALL.into_iter().enumerate().all(is_ours);
        if !same {
            return Err("its columns are not those of an audit log".into());
        }
        reader.metadata().row_groups().iter().try_for_each(within_limits)?;
        Ok(SegmentReader { reader })
    }

    /// How many groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.reader.metadata().num_row_groups()
    }

    /// The least and the greatest value of a group's column of numbers, where the file says.
    pub(crate) fn span(&self, group: usize, column: Column) -> Option<(i64, i64)> {
        let metadata = self.reader.metadata().row_groups().get(group)?;
        match metadata.columns().get(column as usize)?.statistics()? {
            Statistics::Int64(numbers) => Some((*numbers.min_opt()?, *numbers.max_opt()?)),
            _ => None,
        }
    }

    /// Reads some columns of a group.
    pub(crate) fn read(&self, group: usize, columns: &[Column]) -> Result<Batch, String> {
        let mut batch = Batch::of_rows(self.rows(group)?);
        self.add(group, columns, &mut batch)?;
        Ok(batch)
    }

    /// Reads those of the columns that a batch of the same group has not yet.
    pub(crate) fn add(
        &self,
        group: usize,
        columns: &[Column],
        batch: &mut Batch,
    ) -> Result<(), String> {
        let reader = self.reader.get_row_group(group).map_err(|error| error.to_string())?;
        for column in columns.iter().copied() {
            if batch.has(column) {
                continue;
            }
            if column.is_number() {
                batch.put_numbers(column, numbers(&*reader, column, batch.len())?)?;
            } else {
                batch.put_texts(column, texts(&*reader, column, batch.len())?)?;
            }
        }
        Ok(())
    }

    fn rows(&self, group: usize) -> Result<usize, String> {
        let metadata = self.reader.metadata().row_groups().get(group).ok_or("no such group")?;
        usize::try_from(metadata.num_rows()).map_err(|error| error.to_string())
    }
}

fn within_limits(group: &RowGroupMetaData) -> Result<(), String> {
    let rows = usize::try_from(group.num_rows()).unwrap_or(usize::MAX);
    if rows > AUDIT_GROUP_MAX_ROWS {
        return Err(format!("a group has more than {AUDIT_GROUP_MAX_ROWS} rows"));
    }
    let is_large = |size: i64| u64::try_from(size).unwrap_or(u64::MAX) > AUDIT_COLUMN_MAX_BYTES;
    let columns = group.columns();
    if columns.len() != Column::ALL.len() {
        return Err("a group has not all columns".into());
    }
    if columns
        .iter()
        .any(|one| is_large(one.uncompressed_size()) || is_large(one.compressed_size()))
    {
        return Err(format!("a column is larger than {AUDIT_COLUMN_MAX_BYTES} bytes"));
    }
    Ok(())
}

fn numbers(group: &dyn RowGroupReader, column: Column, rows: usize) -> Result<Vec<i64>, String> {
    let wrong = |error: parquet::errors::ParquetError| format!("{}: {error}", column.name());
    let reader = group.get_column_reader(column as usize).map_err(wrong)?;
    let ColumnReader::Int64ColumnReader(mut reader) = reader else {
        return Err(format!("{} is no column of numbers", column.name()));
    };
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut read = 0;
    while read < rows {
        let wanted = VALUES_AT_ONCE.min(rows - read);
        let into = column.is_optional().then_some(&mut levels);
        let (records, _, _) =
            reader.read_records(wanted, into, None, &mut values).map_err(wrong)?;
        if records == 0 {
            break;
        }
        read += records;
    }
    if !column.is_optional() {
        return Ok(values);
    }
    let mut known = values.into_iter();
    let number = |level: i16| if level == 0 { NOT_KNOWN } else { known.next().unwrap_or(0) };
    Ok(levels.into_iter().map(number).collect())
}

fn texts(group: &dyn RowGroupReader, column: Column, rows: usize) -> Result<Texts, String> {
    let wrong = |error: parquet::errors::ParquetError| format!("{}: {error}", column.name());
    let reader = group.get_column_reader(column as usize).map_err(wrong)?;
    let ColumnReader::ByteArrayColumnReader(mut reader) = reader else {
        return Err(format!("{} is no column of texts", column.name()));
    };
    let mut texts = Texts::default();
    let mut values: Vec<ByteArray> = Vec::with_capacity(VALUES_AT_ONCE.min(rows));
    while texts.len() < rows {
        values.clear();
        let wanted = VALUES_AT_ONCE.min(rows - texts.len());
        let (records, _, _) =
            reader.read_records(wanted, None, None, &mut values).map_err(wrong)?;
        if records == 0 {
            break;
        }
        for value in &values {
            let text = std::str::from_utf8(value.data());
            texts.push(text.map_err(|_| format!("{}: a text is no UTF-8", column.name()))?)?;
        }
    }
    Ok(texts)
}
