//! The tables of a file: which there are, what their columns are called, and their rows.

use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use contracts::planner::v1::{ImportField, ImportFormat};
use csv::StringRecord;

use super::archive::{self, Contents};
use super::columns::{self, Column};
use super::encoding::{self, Encoding};
use super::header::{self, SEARCHED_ROWS};
use super::text::{self, Visit};
use super::workbook::Workbook;
use super::{FileError, Limits, format};

/// Values of a column that are shown beside its name.
const SAMPLES: usize = 3;

/// What a file is, as far as it can be said without reading all of it.
#[derive(Debug)]
pub struct Layout {
    pub format: ImportFormat,
    /// Empty for a workbook.
    pub encoding: &'static str,
    /// Empty where nothing is separated.
    pub delimiter: String,
    /// Those of all tables; one that several tables have stands here once.
    pub columns: Vec<Column>,
    pub warnings: Vec<String>,
    pub(super) tables: Vec<Table>,
}

/// One table of a file.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) place: Place,
    /// The sheet, or the file of an archive; empty where there is only one.
    pub(super) part: String,
    /// The row of the header; 0 where there is none.
    pub(super) header: u64,
    pub(super) names: Vec<String>,
    /// Where the columns stand among those of the file.
    pub(super) columns: Vec<usize>,
    /// Rows may be shorter than the header: a sheet leaves empty cells out.
    pub(super) ragged: bool,
    samples: Vec<StringRecord>,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    Text { member: Option<usize>, encoding: Encoding, delimiter: u8 },
    Sheet(String),
}

impl Table {
    pub(super) fn delimiter(&self) -> Option<u8> {
        match self.place {
            Place::Text { delimiter, .. } => Some(delimiter),
            Place::Sheet(_) => None,
        }
    }

    /// Visits each row that is not blank, with those above the header.
    pub(super) fn rows(
        &self,
        file: &mut (impl Read + Seek),
        limits: &Limits,
        visit: Visit<'_>,
    ) -> Result<(), FileError> {
        rows(file, &self.place, limits, visit)
    }
}

fn rows(file: &mut (impl Read + Seek), place: &Place, limits: &Limits, visit: Visit<'_>) -> Result<(), FileError> {
    file.seek(SeekFrom::Start(0))?;
    match place {
        Place::Text { member: None, encoding, delimiter } => {
            text::rows(file, *encoding, *delimiter, limits.row_bytes, visit)
        }
        Place::Text { member: Some(index), encoding, delimiter } => {
            let rows = |reader: &mut dyn Read| text::rows(reader, *encoding, *delimiter, limits.row_bytes, visit);
            archive::member(file, *index, limits, rows)
        }
        Place::Sheet(sheet) => Workbook::open(std::io::BufReader::new(file))?.rows(sheet, visit),
    }
}

/// Looks at a file. `list`: a text without a header is a list of keywords.
pub fn inspect(file: &mut (impl Read + Seek), list: bool, limits: &Limits) -> Result<Layout, FileError> {
    let mut tables = Vec::new();
    for (place, part) in places(file, limits)? {
        tables.extend(table(file, place, part, list, limits)?);
    }
    if tables.is_empty() {
        return Err(FileError::no_keyword_column());
    }
    if let [only] = tables.as_mut_slice() {
        only.part.clear();
    }
    Ok(layout(tables))
}

/// What could be a table.
fn places(file: &mut (impl Read + Seek), limits: &Limits) -> Result<Vec<(Place, String)>, FileError> {
    let mut beginning = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(4).read_to_end(&mut beginning)?;
    file.seek(SeekFrom::Start(0))?;
    if !archive::is_zip(&beginning) {
        let encoding = encoding::detect(file)?;
        file.seek(SeekFrom::Start(0))?;
        let delimiter = text::delimiter(file, encoding)?;
        return Ok(vec![(Place::Text { member: None, encoding, delimiter }, String::new())]);
    }
    match archive::look(file, limits)? {
        Contents::Workbook => {
            file.seek(SeekFrom::Start(0))?;
            let sheets = Workbook::open(std::io::BufReader::new(file))?.sheets();
            Ok(sheets.into_iter().map(|sheet| (Place::Sheet(sheet.clone()), sheet)).collect())
        }
        Contents::Members(members) => {
            let mut places = Vec::new();
            for (index, name) in members {
                places.extend(member(file, index, limits)?.map(|place| (place, name)));
            }
            Ok(places)
        }
    }
}

/// A file of an archive, if it is a text. Others are no concern of ours: Search Console packs several.
fn member(file: &mut (impl Read + Seek), index: usize, limits: &Limits) -> Result<Option<Place>, FileError> {
    let encoding = match archive::member(file, index, limits, |mut reader| encoding::detect(&mut reader)) {
        Ok(encoding) => encoding,
        Err(error) if matches!(error.reason, "WRONG_FILE_TYPE" | "EMPTY_FILE") => return Ok(None),
        Err(error) => return Err(error),
    };
    let delimiter = archive::member(file, index, limits, |reader| text::delimiter(reader, encoding))?;
    Ok(Some(Place::Text { member: Some(index), encoding, delimiter }))
}

/// The table of a place, if it has a keyword column.
fn table(
    file: &mut (impl Read + Seek),
    place: Place,
    part: String,
    list: bool,
    limits: &Limits,
) -> Result<Option<Table>, FileError> {
    let mut above: Vec<StringRecord> = Vec::new();
    let mut header: Option<(u64, StringRecord)> = None;
    let mut samples: Vec<StringRecord> = Vec::new();
    rows(file, &place, limits, &mut |number, record| {
        match &header {
            Some(_) => samples.push(record.clone()),
            None if header::is_header(record) => header = Some((number, record.clone())),
            None => above.push(record.clone()),
        }
        let enough = samples.len() >= SAMPLES || (header.is_none() && above.len() >= SEARCHED_ROWS);
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let ragged = matches!(place, Place::Sheet(_));
    Ok(match header {
        Some((row, record)) => {
            let names = header::names(&record);
            Some(Table { place, part, header: row, names, columns: Vec::new(), ragged, samples })
        }
        None if list && !above.is_empty() => Some(headless(place, above)),
        None => None,
    })
}

/// A list without a header: the first column is the keyword, and what the others are a person may say.
fn headless(place: Place, first: Vec<StringRecord>) -> Table {
    let width = first.iter().map(StringRecord::len).max().unwrap_or(1);
    let names = (1..=width).map(|n| if n == 1 { "Keyword".to_owned() } else { format!("Column {n}") }).collect();
    let samples = first.into_iter().take(SAMPLES).collect();
    Table { place, part: String::new(), header: 0, names, columns: Vec::new(), ragged: true, samples }
}

fn layout(mut tables: Vec<Table>) -> Layout {
    let mut columns: Vec<Column> = Vec::new();
    for table in &mut tables {
        for (at, name) in table.names.iter().enumerate() {
            let samples = table.samples.iter().filter_map(|record| record.get(at)).map(shortened).collect();
            let known = columns.iter().position(|column| header::plain(&column.name) == header::plain(name));
            table.columns.push(known.unwrap_or(columns.len()));
            if known.is_none() {
                columns.push(Column { name: name.clone(), field: ImportField::Ignored, samples });
            }
        }
    }
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let plain: Vec<String> = names.iter().map(|name| header::plain(name)).collect();
    let headless = tables.iter().all(|table| table.header == 0);
    let format = if headless { ImportFormat::List } else { format::recognise(&plain) };
    for (column, field) in columns.iter_mut().zip(columns::fields(&names, format)) {
        column.field = field;
    }
    let warnings = format::warnings(format, &plain).into_iter().map(str::to_owned).collect();
    let (encoding, delimiter) = written(&tables);
    Layout { format, encoding, delimiter, columns, warnings, tables }
}

fn written(tables: &[Table]) -> (&'static str, String) {
    match tables.first() {
        Some(Table { place: Place::Text { encoding, delimiter, .. }, names, .. }) => {
            let delimiter = if names.len() > 1 { char::from(*delimiter).to_string() } else { String::new() };
            (encoding.name(), delimiter)
        }
        _ => ("", String::new()),
    }
}

fn shortened(cell: &str) -> String {
    cell.chars().filter(|c| !c.is_control()).take(80).collect()
}
