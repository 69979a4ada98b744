//! Rows of a text, one by one.

use std::io::Read;
use std::ops::ControlFlow;

use csv::{ReaderBuilder, StringRecord};

use super::encoding::{Budget, Decoded, Encoding};
use super::{FileError, delimiter};

/// How much of a text tells its delimiter.
const SAMPLE: u64 = 64 * 1024;

/// Takes a row and its number, counted from 1 with blank ones, and says whether to go on.
pub(super) type Visit<'v> = &'v mut dyn FnMut(u64, &StringRecord) -> Result<ControlFlow<()>, FileError>;

/// The delimiter of a text.
pub(super) fn delimiter(reader: impl Read, encoding: Encoding) -> Result<u8, FileError> {
    let mut sample = Vec::new();
    Decoded::new(reader, encoding, Budget::default(), usize::MAX).take(SAMPLE).read_to_end(&mut sample)?;
    Ok(delimiter::choose(&String::from_utf8_lossy(&sample)))
}

/// Visits each row that is not blank. A row of more than `limit` bytes is an error.
pub(super) fn rows(
    reader: impl Read,
    encoding: Encoding,
    delimiter: u8,
    limit: usize,
    visit: Visit<'_>,
) -> Result<(), FileError> {
    let budget = Budget::default();
    let decoded = Decoded::new(reader, encoding, budget.clone(), limit);
    let mut rows = ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(decoded);
    let mut record = StringRecord::new();
    let (mut number, mut next_line) = (0, 1);
    while rows.read_record(&mut record)? {
        budget.reset();
        // A row of several lines is one row, as a spreadsheet counts; the blank lines that the reader skipped are rows too.
        let breaks = record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
        let after = rows.position().line();
        let begin = after.saturating_sub(1).saturating_sub(u64::try_from(breaks).unwrap_or_default());
        number += 1 + begin.saturating_sub(next_line);
        next_line = after;
        if visit(number, &record)?.is_break() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> Vec<(u64, String)> {
        let mut seen = Vec::new();
        rows(text.as_bytes(), Encoding::Utf8, b',', 1 << 20, &mut |number, record| {
            seen.push((number, record.iter().collect::<Vec<_>>().join("|")));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        seen
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_does() {
        let text = "a,b\r\n\r\n\r\n\"x\r\ny\",z\r\nlast";
        let expected = [(1, "a|b"), (4, "x\ny|z"), (5, "last")].map(|(number, text)| (number, text.to_owned()));
        assert_eq!(numbered(text), expected);
        assert_eq!(numbered(&text.replace("\r\n", "\n")), expected);
        assert_eq!(numbered(&text.replace("\r\n", "\r")), expected);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let endless = std::io::repeat(b'x').take(2 << 30);
        let error =
            rows(endless, Encoding::Utf8, b',', 1 << 20, &mut |_, _| Ok(ControlFlow::Continue(()))).unwrap_err();
        assert_eq!(error.reason, "ROW_TOO_LONG");
        assert_eq!(delimiter(std::io::repeat(b'x').take(2 << 30), Encoding::Utf8), Ok(b'\t'));
    }

    #[test]
    fn many_short_rows_are_no_long_row() {
        let text = "shoes,1\n".repeat(400_000);
        let mut count = 0;
        rows(text.as_bytes(), Encoding::Utf8, b',', 1 << 20, &mut |_, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        assert_eq!(count, 400_000);
    }
}
