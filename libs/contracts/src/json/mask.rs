//! Field masks as lists of names.

use prost_types::FieldMask;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a list of names, or null.
pub fn serialize<S: Serializer>(mask: &Option<FieldMask>, serializer: S) -> Result<S::Ok, S::Error> {
    mask.as_ref().map(|mask| &mask.paths).serialize(serializer)
}

/// Reads a list of names, or null.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FieldMask>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(deserializer)?.map(|paths| FieldMask { paths }))
}
