//! Times of rows in messages.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A time of a row as a message has it.
pub fn of(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default() }
}

/// A time of a message as a row has it, or nothing where a calendar has no such time.
pub fn read(time: &Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?)
}
