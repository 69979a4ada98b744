//! Zip archives: the tables in them, without being blown up by one that was made to.

use std::io::{self, ErrorKind, Read, Seek};

use zip::ZipArchive;

use super::{FileError, Limits};

const MAX_MEMBERS: usize = 1000;

/// What is this small unpacked harms nobody, however well it was packed.
const HARMLESS: u64 = 10 * 1024 * 1024;

/// Documents that are zip files too, by a file in them.
const OTHERS: &[(&str, &str)] = &[
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("content.xml", "an OpenDocument file"),
];

/// What a zip file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Contents {
    Workbook,
    /// The places and names of the files that could be tables.
    Members(Vec<(usize, String)>),
}

pub(super) fn is_zip(beginning: &[u8]) -> bool {
    beginning.starts_with(b"PK\x03\x04") || beginning.starts_with(b"PK\x05\x06")
}

/// Looks into a zip file. One whose directory promises more than the limits is refused here; one that lies about it while it is read.
pub(super) fn look(file: &mut (impl Read + Seek), limits: &Limits) -> Result<Contents, FileError> {
    let mut archive = open(file)?;
    if archive.len() > MAX_MEMBERS {
        return Err(FileError::unpacks_too_large(limits.unpacked_bytes));
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|_| damaged())?;
        check(member.size(), member.compressed_size(), limits)?;
        if member.encrypted() {
            return Err(damaged());
        }
        let name = member.name().map_err(|_| damaged())?.into_owned();
        if !member.is_dir() && !name.starts_with("__MACOSX/") {
            members.push((index, name));
        }
    }
    let has = |wanted: &str| members.iter().any(|(_, name)| name == wanted);
    if has("xl/workbook.xml") {
        drain(&mut archive, limits)?;
        return Ok(Contents::Workbook);
    }
    match OTHERS.iter().find(|(name, _)| has(name)) {
        Some((_, kind)) => Err(FileError::wrong_type(kind)),
        None => Ok(Contents::Members(members)),
    }
}

/// One file of the archive, unpacked within the limits.
pub(super) fn member<R>(
    file: &mut (impl Read + Seek),
    index: usize,
    limits: &Limits,
    read: impl FnOnce(&mut dyn Read) -> Result<R, FileError>,
) -> Result<R, FileError> {
    let mut archive = open(file)?;
    let member = archive.by_index(index).map_err(|_| damaged())?;
    read(&mut bounded(member, limits))
}

fn open<F: Read + Seek>(file: F) -> Result<ZipArchive<F>, FileError> {
    ZipArchive::new(file).map_err(|_| damaged())
}

fn damaged() -> FileError {
    FileError::damaged("zip file")
}

fn check(size: u64, packed: u64, limits: &Limits) -> Result<(), FileError> {
    let most = allowed(packed, limits);
    if size > most { Err(FileError::unpacks_too_large(limits.unpacked_bytes)) } else { Ok(()) }
}

fn allowed(packed: u64, limits: &Limits) -> u64 {
    packed.saturating_mul(limits.unpacked_ratio).max(HARMLESS).min(limits.unpacked_bytes)
}

/// The library that reads workbooks trusts their directory, so all of it is unpacked once before, into nothing.
fn drain<F: Read + Seek>(archive: &mut ZipArchive<F>, limits: &Limits) -> Result<(), FileError> {
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|_| damaged())?;
        total = total.saturating_add(io::copy(&mut bounded(member, limits), &mut io::sink())?);
        if total > limits.unpacked_bytes {
            return Err(FileError::unpacks_too_large(limits.unpacked_bytes));
        }
    }
    Ok(())
}

fn bounded<'m, F: Read>(member: zip::read::ZipFile<'m, F>, limits: &Limits) -> Bounded<zip::read::ZipFile<'m, F>> {
    let left = allowed(member.compressed_size(), limits);
    Bounded { member, left, limit: limits.unpacked_bytes }
}

/// Hands out at most so many bytes, and fails at the next.
struct Bounded<R> {
    member: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.member.read(out).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => error,
            _ => io::Error::new(ErrorKind::InvalidData, damaged()),
        })?;
        let spent = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(spent)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, FileError::unpacks_too_large(self.limit)))?;
        Ok(read)
    }
}
