//! Times as RFC 3339.

use chrono::{DateTime, SecondsFormat, Utc};
use prost_types::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A leap second has more nanoseconds in chrono than protobuf allows.
const LAST_NANO: u32 = 999_999_999;

/// Writes UTC with microseconds (`2026-01-31T12:00:00.000000Z`), or null.
pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    let text =
        time.as_ref().map(|time| text(time).ok_or_else(|| ser::Error::custom("time out of range"))).transpose()?;
    text.serialize(serializer)
}

/// Reads a time with any offset from UTC, or null.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse(&text).ok_or_else(|| de::Error::custom("not a time"))).transpose()
}

fn text(time: &Timestamp) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// Reads RFC 3339, as the API takes it.
pub fn parse(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    let nanos = i32::try_from(time.timestamp_subsec_nanos().min(LAST_NANO)).ok()?;
    Some(Timestamp { seconds: time.timestamp(), nanos })
}
