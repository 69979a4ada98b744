//! Enums as their short names: one, one that may be unset, and lists.
//!
//! The unspecified value, and one that this build does not know yet, is `null`: a row of a newer service must not fail the whole page.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::JsonEnum;

fn name<E: JsonEnum>(value: i32) -> Option<&'static str> {
    E::try_from(value).ok().and_then(E::json_name)
}

fn value<E: JsonEnum, F: Error>(name: &str) -> Result<i32, F> {
    E::from_json_name(name).map(Into::into).ok_or_else(|| F::custom("not one of the known names"))
}

/// A field that always has a value.
#[derive(Debug)]
pub struct One<E>(PhantomData<E>);

impl<E: JsonEnum> One<E> {
    /// Writes the name.
    pub fn serialize<S: Serializer>(field: &i32, serializer: S) -> Result<S::Ok, S::Error> {
        name::<E>(*field).serialize(serializer)
    }

    /// Reads a name; null is the unspecified value.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
        Ok(Maybe::<E>::deserialize(deserializer)?.unwrap_or_default())
    }
}

/// An `optional` field.
#[derive(Debug)]
pub struct Maybe<E>(PhantomData<E>);

impl<E: JsonEnum> Maybe<E> {
    /// Writes the name, or null.
    pub fn serialize<S: Serializer>(field: &Option<i32>, serializer: S) -> Result<S::Ok, S::Error> {
        field.and_then(name::<E>).serialize(serializer)
    }

    /// Reads a name, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|name| value::<E, D::Error>(&name)).transpose()
    }
}

/// A list.
#[derive(Debug)]
pub struct Many<E>(PhantomData<E>);

impl<E: JsonEnum> Many<E> {
    /// Writes the names.
    pub fn serialize<S: Serializer>(field: &[i32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(field.iter().map(|value| name::<E>(*value)))
    }

    /// Reads a list of names.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i32>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|name| value::<E, D::Error>(name)).collect()
    }
}
