//! What can be wrong with a file as a whole, in sentences for the person who uploaded it.

use std::io;

/// A file that cannot be read, with a stable reason for programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct FileError {
    pub reason: &'static str,
    pub message: String,
}

impl FileError {
    fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    pub(super) fn empty() -> Self {
        Self::new("EMPTY_FILE", "The file is empty. Export it again, and look whether it has rows.")
    }

    pub(super) fn no_rows() -> Self {
        Self::new(
            "EMPTY_FILE",
            "The file has a header and no rows below it. Export it again, and look whether it has rows.",
        )
    }

    pub(super) fn wrong_type(kind: &str) -> Self {
        let message = format!(
            "This is {kind}, not a table of keywords. Export the keywords as CSV or Excel (.xlsx) and upload that."
        );
        Self::new("WRONG_FILE_TYPE", message)
    }

    pub(super) fn no_keyword_column() -> Self {
        Self::new(
            "NO_KEYWORD_COLUMN",
            "No column is called \"Keyword\" in the first 40 rows. Name the column with the keywords \"Keyword\", or paste the list.",
        )
    }

    pub(super) fn encoding() -> Self {
        Self::new(
            "INVALID_ENCODING",
            "The file says that it is UTF-16, but is not in all places: it may have been cut off or changed on its way. Export it again.",
        )
    }

    pub(super) fn too_long(limit: usize) -> Self {
        let size = limit / 1024;
        let message = format!(
            "A row is longer than {size} KiB: a quotation mark is not closed, or the file has no line ends. Export it again."
        );
        Self::new("ROW_TOO_LONG", message)
    }

    pub(super) fn too_many_rows(limit: u64) -> Self {
        Self::new("TOO_MANY_ROWS", format!("The file has more than {limit} rows. Split it and import the parts."))
    }

    pub(super) fn unpacks_too_large(limit: u64) -> Self {
        let size = limit / (1024 * 1024);
        let message = format!(
            "Unpacked, the file is larger than {size} MiB, or packed more than tables are. Upload the table as CSV."
        );
        Self::new("ARCHIVE_TOO_LARGE", message)
    }

    pub(super) fn damaged(what: &str) -> Self {
        Self::new(
            "DAMAGED_FILE",
            format!("The {what} is damaged or has a password. Save it again without one and upload that."),
        )
    }

    pub(super) fn read(error: &io::Error) -> Self {
        Self::new(
            "UNREADABLE_FILE",
            format!("The file could not be read to its end ({}). Upload it again.", error.kind()),
        )
    }

    pub(super) fn field_twice(field: &str) -> Self {
        Self::new(
            "INVALID_MAPPING",
            format!("Two columns are {field}. Choose one of them, and let the other be ignored."),
        )
    }

    pub(super) fn no_keyword_chosen() -> Self {
        Self::new("INVALID_MAPPING", "No column is the keyword. Choose one.")
    }
}

/// The readers of this module speak through `io::Error` where a library stands between them and us.
impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).cloned();
        ours.unwrap_or_else(|| Self::read(&error))
    }
}

impl From<csv::Error> for FileError {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            other => Self::read(&io::Error::other(format!("{other:?}"))),
        }
    }
}
