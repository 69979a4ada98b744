//! Times between rows and messages.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use crate::{Error, Result};

/// A time of a row as a message has it.
pub fn of(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default() }
}

/// A time of a message as a row has it, or nothing where a calendar has no such time.
pub fn read(time: &Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?)
}

/// The time in a field that may be absent.
pub fn optional(field: &str, time: Option<&Timestamp>) -> Result<Option<DateTime<Utc>>> {
    let wrong = || Error::invalid(field, "This is not a time. Write it as 2026-01-31T00:00:00Z.");
    time.map(|time| read(time).ok_or_else(wrong)).transpose()
}

/// The time in a text of a filter; none where it is empty.
pub fn of_text(field: &str, text: &str) -> Result<Option<DateTime<Utc>>> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| Error::invalid(field, "This is not a time. Write it as 2026-01-31T00:00:00Z.");
    DateTime::parse_from_rfc3339(text).map(|time| Some(time.to_utc())).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_both_ways() {
        let time = DateTime::from_timestamp(1_700_000_000, 123_456_000).unwrap();
        assert_eq!(read(&of(time)), Some(time));
    }

    #[test]
    fn what_no_calendar_has_is_nothing() {
        assert_eq!(read(&Timestamp { seconds: 0, nanos: -1 }), None);
        assert_eq!(read(&Timestamp { seconds: i64::MAX, nanos: 0 }), None);
    }
}
