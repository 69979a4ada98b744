//! Rows of the sheets of an Excel workbook.

use std::io::{Read, Seek};
use std::ops::ControlFlow;

use calamine::{DataRef, Reader, Xlsx};
use csv::StringRecord;

use super::FileError;
use super::text::Visit;

/// A sheet has up to 16,384; an export has not.
const MAX_COLUMNS: u32 = 1000;

pub(super) struct Workbook<F: Read + Seek>(Xlsx<F>);

impl<F: Read + Seek> Workbook<F> {
    /// Opens a workbook whose size was checked before: its texts are held in memory.
    pub(super) fn open(file: F) -> Result<Self, FileError> {
        Xlsx::new(file).map(Self).map_err(|_| damaged())
    }

    pub(super) fn sheets(&self) -> Vec<String> {
        self.0.sheet_names()
    }

    /// Visits each row of a sheet that is not blank.
    pub(super) fn rows(&mut self, sheet: &str, visit: Visit<'_>) -> Result<(), FileError> {
        // A chart has no cells.
        let Ok(mut cells) = self.0.worksheet_cells_reader(sheet) else { return Ok(()) };
        let (mut row, mut record) = (0, StringRecord::new());
        while let Some(cell) = cells.next_cell().map_err(|_| damaged())? {
            let (at, column) = cell.get_position();
            if at != row && !record.is_empty() {
                if visit(u64::from(row) + 1, &record)?.is_break() {
                    return Ok(());
                }
                record.clear();
            }
            row = at;
            if column < MAX_COLUMNS {
                let column = usize::try_from(column).unwrap_or_default();
                while record.len() < column {
                    record.push_field("");
                }
                record.push_field(&text_of(cell.get_value()));
            }
        }
        if !record.is_empty() {
            let _: ControlFlow<()> = visit(u64::from(row) + 1, &record)?;
        }
        Ok(())
    }
}

fn damaged() -> FileError {
    FileError::damaged("workbook")
}

/// A cell as a text export would have it.
fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => decimal(*number),
        DataRef::DateTime(time) => decimal(time.as_f64()),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number that no reader takes for a grouped one: 1.234 is written as 1.2340.
fn decimal(number: f64) -> String {
    let text = number.to_string();
    match text.split_once('.') {
        Some((_, fraction)) if fraction.len() == 3 => text + "0",
        _ => text,
    }
}
