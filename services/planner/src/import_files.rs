//! Files of keywords as people have them: what they are, what their columns mean, and their rows as keywords.
//!
//! Pure: bytes in, keywords out, no database, no network, nothing asynchronous. A file is read as a stream, row by row, however large it
//! is; only the texts of a workbook are held in memory, within limits.
//!
//! [`inspect`] tells encoding, delimiter, format and columns by content, [`read`] then hands out each row as a keyword or as the reason why it
//! is none. [`Occurrences`] and [`Joiner`] bring rows about the same keyword together.

mod archive;
mod cell;
mod columns;
mod country;
mod delimiter;
mod encoding;
mod file_error;
mod format;
mod header;
mod intent;
mod join;
mod number;
mod row;
mod table;
mod text;
mod workbook;

use std::io::{Read, Seek};
use std::ops::ControlFlow;

use contracts::planner::v1::{ImportField, ImportFormat, ImportedKeyword, VolumeQuality};
use csv::StringRecord;

pub use columns::{Column, check as check_mapping};
pub use country::parse as parse_country;
pub use file_error::FileError;
pub use join::{Identity, Joiner, Occurrences, absorb};
pub use table::{Layout, inspect};

use cell::Fault;
use row::Plan;
use table::Table;

/// What a file may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub rows: u64,
    pub row_bytes: usize,
    /// All of an archive or a workbook together.
    pub unpacked_bytes: u64,
    /// How many times larger a file may be than it is packed.
    pub unpacked_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 2_000_000, row_bytes: 1 << 20, unpacked_bytes: 1 << 30, unpacked_ratio: 200 }
    }
}

/// What a row of the file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Keyword(ImportedKeyword),
    Rejected(Rejected),
}

/// A row that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub row_number: u64,
    pub part: String,
    pub column: String,
    pub value: String,
    pub reason: String,
    pub fix: &'static str,
}

/// What was found on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Those below the headers that are not blank.
    pub rows: u64,
    pub rejected: u64,
    pub warnings: Vec<String>,
}

/// What the columns of a file mean, in the order of [`Layout::columns`], and the country of rows that name none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub fields: Vec<ImportField>,
    pub country: String,
}

/// Reads all tables of a file that have a keyword column. What `take` answers as an error ends the reading.
pub fn read(
    file: &mut (impl Read + Seek),
    layout: &Layout,
    mapping: &Mapping,
    limits: &Limits,
    mut take: impl FnMut(Item) -> Result<(), FileError>,
) -> Result<Summary, FileError> {
    check_mapping(&mapping.fields)?;
    let mut reading = Reading::default();
    for table in &layout.tables {
        let plan = plan(layout, table, mapping);
        if !plan.columns.iter().any(|(_, field)| *field == ImportField::Keyword) {
            continue;
        }
        let mut padded = StringRecord::new();
        table.rows(file, limits, &mut |number, record| {
            if number <= table.header {
                return Ok(ControlFlow::Continue(()));
            }
            let record = if table.ragged { pad(record, plan.columns.len(), &mut padded) } else { record };
            if let Some(item) = reading.row(record, number, &plan, &table.part) {
                take(item)?;
            }
            if reading.rows > limits.rows {
                return Err(FileError::too_many_rows(limits.rows));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    if reading.rows == 0 {
        return Err(FileError::no_rows());
    }
    Ok(reading.summary())
}

fn plan(layout: &Layout, table: &Table, mapping: &Mapping) -> Plan {
    let field = |at: &usize| mapping.fields.get(*at).copied().unwrap_or(ImportField::Ignored);
    Plan {
        format: layout.format,
        country: mapping.country.clone(),
        columns: table.names.iter().cloned().zip(table.columns.iter().map(field)).collect(),
        delimiter: table.delimiter(),
    }
}

fn pad<'r>(record: &'r StringRecord, width: usize, padded: &'r mut StringRecord) -> &'r StringRecord {
    if record.len() >= width {
        return record;
    }
    padded.clone_from(record);
    while padded.len() < width {
        padded.push_field("");
    }
    padded
}

#[derive(Default)]
struct Reading {
    rows: u64,
    rejected: u64,
    unknown_intents: u64,
    estimates: u64,
}

impl Reading {
    fn row(&mut self, record: &StringRecord, number: u64, plan: &Plan, part: &str) -> Option<Item> {
        let item = match row::read(record, number, plan) {
            Ok(None) => return None,
            Ok(Some((keyword, understood))) => {
                self.unknown_intents += u64::from(!understood);
                self.estimates += u64::from(keyword.volume_quality() == VolumeQuality::Estimate);
                Item::Keyword(keyword)
            }
            Err(Fault { column, value, reason, fix }) => {
                self.rejected += 1;
                Item::Rejected(Rejected { row_number: number, part: part.to_owned(), column, value, reason, fix })
            }
        };
        self.rows += 1;
        Some(item)
    }

    fn summary(self) -> Summary {
        let say = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let warnings = [
            say(
                self.estimates,
                "volumes stand for a range: they are taken as estimates, which never replace exact ones.",
            ),
            say(self.unknown_intents, "rows name an intent that we do not know: it was left out."),
        ];
        Summary { rows: self.rows, rejected: self.rejected, warnings: warnings.into_iter().flatten().collect() }
    }
}

/// A pasted text as a list: keywords on one line, separated by commas or semicolons, become lines.
pub fn as_lines(pasted: &str) -> String {
    let mut lines = pasted.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        (Some(only), None) if only.contains([',', ';']) => only.replace([',', ';'], "\n"),
        _ => pasted.to_owned(),
    }
}

/// A price in millionths.
pub fn micros(price: f64) -> i64 {
    number::rounded(price * 1e6)
}

/// The name under which keywords of a format say where they came from.
pub fn source(format: ImportFormat) -> &'static str {
    contracts::JsonEnum::json_name(format).unwrap_or("table")
}

#[cfg(test)]
mod tests;
