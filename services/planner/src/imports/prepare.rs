//! From the uploaded file to its keywords, each once, in a second file; on a thread of its own, in bounded memory.
//!
//! The rows are written as they come and counted by keyword. Only when one came twice are they read again and joined.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};

use anyhow::Context as _;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{ImportFormat, ImportedKeyword};
use prost::Message;
use rpc::{Error, Result};
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use super::refused;
use super::spool::Spool;
use crate::import_files::{self, FileError, Item, Joiner, Layout, Limits, Mapping, Occurrences, Rejected};

/// Rows that are handed on together.
pub(super) const BATCH: usize = 4096;

/// Keywords that a preview shows.
const SHOWN: usize = 20;

/// What is to be read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) spool: Spool,
    pub(super) import: Uuid,
    pub(super) limits: Limits,
    pub(super) list: bool,
    pub(super) country: String,
    /// What a person said of the columns.
    pub(super) choices: Option<Vec<pb::ImportColumnChoice>>,
}

/// What is handed on while the file is read.
#[derive(Debug)]
pub(super) enum Piece {
    Rejected(Vec<Rejected>),
    /// Normalised keywords and their countries, to be looked for among those of the sector.
    Keywords(Vec<String>, Vec<String>),
}

/// What was found in a file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) format: ImportFormat,
    pub(super) encoding: &'static str,
    pub(super) delimiter: String,
    pub(super) country: String,
    pub(super) columns: Vec<pb::ImportColumn>,
    pub(super) preview: Vec<ImportedKeyword>,
    pub(super) warnings: Vec<String>,
    pub(super) rows: i64,
    pub(super) keywords: i64,
    pub(super) joined: i64,
    pub(super) rejected: i64,
}

/// Reads the file. It blocks; when nobody takes the pieces any more, it ends.
pub(super) fn prepare(source: &Source, pieces: &Sender<Piece>) -> Result<Found> {
    let path = source.spool.file(source.import);
    let mut file = Spool::open(&path)?.ok_or_else(gone)?;
    let layout = import_files::inspect(&mut file, source.list, &source.limits).map_err(refused)?;
    let mapping = mapping(source, &layout)?;
    let (summary, occurrences) = parse(source, &mut file, &layout, &mapping, pieces)?;
    let (keywords, joined) = (signed(occurrences.keywords()), signed(occurrences.joined()));
    join(source, occurrences)?;
    let preview = look_up(source, pieces)?;
    let columns = layout.columns.iter().zip(&mapping.fields).enumerate();
    Ok(Found {
        format: layout.format,
        encoding: layout.encoding,
        delimiter: layout.delimiter.clone(),
        country: mapping.country.clone(),
        columns: columns.map(|(index, (column, field))| shown(index, column, *field)).collect(),
        preview,
        warnings: layout.warnings.iter().cloned().chain(summary.warnings).collect(),
        rows: signed(summary.rows),
        keywords,
        joined,
        rejected: signed(summary.rejected),
    })
}

fn mapping(source: &Source, layout: &Layout) -> Result<Mapping> {
    let mut fields: Vec<pb::ImportField> = layout.columns.iter().map(|column| column.field).collect();
    if let Some(choices) = &source.choices {
        fields.fill(pb::ImportField::Ignored);
        for choice in choices {
            let slot = usize::try_from(choice.index).ok().and_then(|index| fields.get_mut(index));
            let slot =
                slot.ok_or_else(|| Error::invalid("columns", format!("There is no column {}.", choice.index)))?;
            *slot = choice.field();
        }
    }
    import_files::check_mapping(&fields).map_err(refused)?;
    Ok(Mapping { fields, country: source.country.clone() })
}

fn parse(
    source: &Source,
    file: &mut File,
    layout: &Layout,
    mapping: &Mapping,
    pieces: &Sender<Piece>,
) -> Result<(import_files::Summary, Occurrences)> {
    let mut out = Keywords::create(&source.spool.unjoined(source.import))?;
    let mut occurrences = Occurrences::default();
    let mut rejected = Vec::new();
    let mut stopped = None;
    let summary = import_files::read(file, layout, mapping, &source.limits, |item| {
        let taken = match item {
            Item::Keyword(keyword) => {
                occurrences.add(&keyword);
                out.write(&keyword)
            }
            Item::Rejected(row) => {
                rejected.push(row);
                if rejected.len() < BATCH {
                    Ok(())
                } else {
                    send(pieces, Piece::Rejected(std::mem::take(&mut rejected)))
                }
            }
        };
        taken.map_err(|error| {
            stopped = Some(error);
            FileError { reason: "STOPPED", message: String::new() }
        })
    });
    if let Some(error) = stopped {
        return Err(error);
    }
    let summary = summary.map_err(refused)?;
    send(pieces, Piece::Rejected(rejected))?;
    out.finish()?;
    Ok((summary, occurrences))
}

fn join(source: &Source, occurrences: Occurrences) -> Result<()> {
    let (from, to) = (source.spool.unjoined(source.import), source.spool.keywords(source.import));
    if occurrences.joined() == 0 {
        return fs::rename(&from, &to).context("could not rename a spooled file").map_err(Error::internal);
    }
    let mut joiner = Joiner::new(occurrences);
    let mut out = Keywords::create(&to)?;
    let mut rows = Rows::open(Spool::open(&from)?.ok_or_else(gone)?);
    while let Some(keyword) = rows.next()? {
        if let Some(joined) = joiner.add(keyword) {
            out.write(&joined)?;
        }
    }
    out.finish()?;
    fs::remove_file(&from).context("could not remove a spooled file").map_err(Error::internal)
}

/// Hands the keywords on to be counted, and answers the first.
fn look_up(source: &Source, pieces: &Sender<Piece>) -> Result<Vec<ImportedKeyword>> {
    let mut rows = Rows::open(Spool::open(&source.spool.keywords(source.import))?.ok_or_else(gone)?);
    let mut preview = Vec::new();
    loop {
        let batch = rows.batch()?;
        if batch.is_empty() {
            return Ok(preview);
        }
        if preview.is_empty() {
            preview.extend(batch.iter().take(SHOWN).cloned());
        }
        let keywords = batch.into_iter().map(|keyword| (clustering::normalise(&keyword.keyword), keyword.country));
        let (normalised, countries) = keywords.unzip();
        send(pieces, Piece::Keywords(normalised, countries))?;
    }
}

fn send(pieces: &Sender<Piece>, piece: Piece) -> Result<()> {
    pieces.blocking_send(piece).map_err(|_| Error::unavailable(anyhow::anyhow!("nobody waits for the file any more")))
}

fn shown(index: usize, column: &import_files::Column, field: pb::ImportField) -> pb::ImportColumn {
    pb::ImportColumn {
        index: i32::try_from(index).unwrap_or(i32::MAX),
        name: column.name.clone(),
        field: field.into(),
        samples: column.samples.clone(),
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn gone() -> Error {
    Error::precondition("FILE_GONE", "The uploaded file is no longer here: it is kept for a day. Upload it again.")
}

/// Writes keywords to a file, each as its length and its message.
struct Keywords {
    out: BufWriter<File>,
    message: Vec<u8>,
}

impl Keywords {
    fn create(path: &std::path::Path) -> Result<Self> {
        let file = File::create(path).context("could not make a spooled file").map_err(Error::internal)?;
        Ok(Self { out: BufWriter::new(file), message: Vec::new() })
    }

    fn write(&mut self, keyword: &ImportedKeyword) -> Result<()> {
        self.message.clear();
        let length = u32::try_from(keyword.encoded_len()).map_err(Error::internal)?;
        self.message.extend(length.to_le_bytes());
        keyword.encode(&mut self.message).map_err(Error::internal)?;
        self.out.write_all(&self.message).context("could not write a spooled file").map_err(Error::unavailable)
    }

    fn finish(mut self) -> Result<()> {
        self.out.flush().context("could not write a spooled file").map_err(Error::unavailable)
    }
}

/// Reads them back.
pub(super) struct Rows {
    from: BufReader<File>,
    message: Vec<u8>,
}

impl Rows {
    pub(super) fn open(file: File) -> Self {
        Self { from: BufReader::with_capacity(256 * 1024, file), message: Vec::new() }
    }

    fn next(&mut self) -> Result<Option<ImportedKeyword>> {
        let mut length = [0; 4];
        match self.from.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(Error::internal(error)),
        }
        let length = usize::try_from(u32::from_le_bytes(length)).map_err(Error::internal)?;
        self.message.resize(length, 0);
        self.from.read_exact(&mut self.message).context("a spooled file was cut off").map_err(Error::internal)?;
        ImportedKeyword::decode(self.message.as_slice()).map(Some).map_err(Error::internal)
    }

    /// The next keywords; none at the end.
    pub(super) fn batch(&mut self) -> Result<Vec<ImportedKeyword>> {
        let mut batch = Vec::with_capacity(BATCH);
        while batch.len() < BATCH {
            match self.next()? {
                Some(keyword) => batch.push(keyword),
                None => break,
            }
        }
        Ok(batch)
    }
}
