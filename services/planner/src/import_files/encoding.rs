//! Bytes to text: which encoding a file has, and a reader that hands it out as UTF-8 with plain line ends.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

use encoding_rs::{Decoder, DecoderResult};

use super::FileError;

const PIECE: usize = 64 * 1024;

/// How much of the beginning tells UTF-16 without a mark from other text.
const SAMPLE: usize = 4096;

/// The encodings that exports have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

impl Encoding {
    /// Its usual name.
    pub(super) fn name(self) -> &'static str {
        self.codec().name()
    }

    fn codec(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
        }
    }
}

/// The encoding by content. A byte-order mark or the pattern of NUL bytes is UTF-16; what is UTF-8 to the last byte is UTF-8; all else is
/// what Western spreadsheets write. Reads to the end.
pub(super) fn detect(reader: &mut impl Read) -> Result<Encoding, FileError> {
    let mut sample = Vec::with_capacity(SAMPLE);
    reader.by_ref().take(u64::try_from(SAMPLE).unwrap_or_default()).read_to_end(&mut sample)?;
    if sample.is_empty() {
        return Err(FileError::empty());
    }
    if let Some(kind) = other_type(&sample) {
        return Err(FileError::wrong_type(kind));
    }
    if let Some(encoding) = utf_16(&sample) {
        return Ok(encoding);
    }
    if sample.contains(&0) {
        return Err(FileError::wrong_type("a binary file"));
    }
    Ok(if is_utf_8(&sample, reader)? { Encoding::Utf8 } else { Encoding::Windows1252 })
}

/// What people upload by mistake, by its first bytes.
fn other_type(sample: &[u8]) -> Option<&'static str> {
    const TYPES: &[(&[u8], &str)] = &[
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"Rar!", "a RAR archive"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"\x7fELF", "a program"),
        (b"<!DOCTYPE html", "a web page"),
        (b"<!doctype html", "a web page"),
        (b"<html", "a web page"),
    ];
    TYPES.iter().find(|(magic, _)| sample.starts_with(magic)).map(|(_, name)| *name)
}

fn utf_16(sample: &[u8]) -> Option<Encoding> {
    match sample {
        [0xFF, 0xFE, ..] => return Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    // ASCII has a NUL in every pair, and always on the same side.
    let mostly = |here: usize, there: usize| here * 10 >= pairs * 4 && there * 20 <= pairs;
    match pairs {
        0 => None,
        _ if mostly(odd, even) => Some(Encoding::Utf16Le),
        _ if mostly(even, odd) => Some(Encoding::Utf16Be),
        _ => None,
    }
}

fn is_utf_8(sample: &[u8], rest: &mut impl Read) -> Result<bool, FileError> {
    let mut decoder = encoding_rs::UTF_8.new_decoder_with_bom_removal();
    let mut scratch = vec![0; PIECE * 2];
    let mut piece = vec![0; PIECE];
    let mut valid = |bytes: &[u8], last| -> bool {
        let (result, ..) = decoder.decode_to_utf8_without_replacement(bytes, &mut scratch, last);
        matches!(result, DecoderResult::InputEmpty)
    };
    if !valid(sample, false) {
        return Ok(false);
    }
    loop {
        let read = read_some(rest, &mut piece)?;
        if !valid(piece.get(..read).unwrap_or_default(), read == 0) {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

fn read_some(reader: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// How many bytes a record has taken so far; shared between the reader that counts and the loop that begins a new record.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(Rc<Cell<usize>>);

impl Budget {
    pub(super) fn reset(&self) {
        self.0.set(0);
    }

    fn spend(&self, bytes: usize) -> usize {
        let spent = self.0.get().saturating_add(bytes);
        self.0.set(spent);
        spent
    }
}

/// Hands out text as UTF-8: no byte-order mark, every line end a `\n`, one at the end too. More than `limit` bytes without a reset of
/// the budget is an error, so that a file of one endless line takes no memory.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    ended: bool,
    after_return: bool,
    budget: Budget,
    limit: usize,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(inner: R, encoding: Encoding, budget: Budget, limit: usize) -> Self {
        Self {
            inner,
            decoder: encoding.codec().new_decoder_with_bom_removal(),
            raw: vec![0; PIECE],
            text: vec![0; PIECE * 4],
            ready: Vec::with_capacity(PIECE),
            given: 0,
            ended: false,
            after_return: false,
            budget,
            limit,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        let read = read_some(&mut self.inner, &mut self.raw)?;
        let mut bytes = self.raw.get(..read).unwrap_or_default();
        loop {
            let last = read == 0;
            let (result, used, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
            let text = self.text.get(..written).unwrap_or_default();
            self.after_return = plain_line_ends(text, self.after_return, &mut self.ready);
            bytes = bytes.get(used..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    return Err(io::Error::new(ErrorKind::InvalidData, FileError::encoding()));
                }
            }
        }
        if read == 0 {
            self.ended = true;
            self.ready.push(b'\n');
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let left = self.ready.get(self.given..).unwrap_or_default();
        let count = left.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), left.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        if self.budget.spend(count) > self.limit {
            return Err(io::Error::new(ErrorKind::InvalidData, FileError::too_long(self.limit)));
        }
        Ok(count)
    }
}

/// Copies with `\r\n` and lone `\r` as `\n`; answers whether the text ended in a `\r`.
fn plain_line_ends(text: &[u8], mut after_return: bool, out: &mut Vec<u8>) -> bool {
    for byte in text {
        match byte {
            b'\r' => out.push(b'\n'),
            b'\n' if after_return => {}
            other => out.push(*other),
        }
        after_return = *byte == b'\r';
    }
    after_return
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, little: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    fn text_of(bytes: &[u8]) -> Result<String, String> {
        let encoding = detect(&mut &*bytes).map_err(|error| error.reason.to_owned())?;
        let mut text = String::new();
        let decoded = Decoded::new(bytes, encoding, Budget::default(), 1 << 20).read_to_string(&mut text);
        decoded.map_err(|error| FileError::from(error).reason.to_owned())?;
        Ok(format!("{}: {text}", encoding.name()))
    }

    #[test]
    fn the_encoding_is_known_by_its_content() {
        let text = "Keyword\tVolume\r\ncafé\t10\r\n";
        let plain = "Keyword\tVolume\ncafé\t10\n\n";
        for (little, mark, name) in
            [(true, true, "UTF-16LE"), (true, false, "UTF-16LE"), (false, true, "UTF-16BE"), (false, false, "UTF-16BE")]
        {
            assert_eq!(text_of(&utf_16(text, little, mark)), Ok(format!("{name}: {plain}")));
        }
        assert_eq!(text_of(text.as_bytes()), Ok(format!("UTF-8: {plain}")));
        assert_eq!(text_of(format!("\u{feff}{text}").as_bytes()), Ok(format!("UTF-8: {plain}")));
        assert_eq!(text_of(b"Keyword\tVolume\rcaf\xe9\t10"), Ok(format!("windows-1252: {}", plain.trim_end()) + "\n"));
    }

    #[test]
    fn a_late_byte_that_is_no_utf_8_makes_it_windows_1252() {
        let mut bytes = b"keyword\n".repeat(20_000);
        bytes.extend(b"caf\xe9\n");
        assert!(text_of(&bytes).unwrap().starts_with("windows-1252: "));
    }

    #[test]
    fn broken_utf_16_is_refused() {
        let mut odd = utf_16("keyword\nshoes", true, true);
        odd.pop();
        assert_eq!(text_of(&odd), Err("INVALID_ENCODING".to_owned()));
        let mut lone = utf_16("keyword\n", true, true);
        lone.extend([0x00, 0xD8, 0x41, 0x00]);
        assert_eq!(text_of(&lone), Err("INVALID_ENCODING".to_owned()));
    }

    #[test]
    fn other_files_are_named() {
        for (bytes, name) in [(&b"%PDF-1.7"[..], "PDF"), (b"\x89PNG\r\n", "picture"), (b"a\0\0\0\0bc\x01", "binary")] {
            let error = detect(&mut &*bytes).unwrap_err();
            assert_eq!(error.reason, "WRONG_FILE_TYPE");
            assert!(error.message.contains(name), "{}", error.message);
        }
        assert_eq!(detect(&mut &b""[..]).unwrap_err().reason, "EMPTY_FILE");
    }
}
