//! JSON that keeps its keys in the order they were written: the document is read by people, in reviews too.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// Any JSON.
#[derive(Clone)]
pub(super) enum Json {
    Value(Value),
    List(Vec<Json>),
    Object(Object),
}

/// A JSON object.
#[derive(Clone, Default)]
pub(super) struct Object(Vec<(String, Json)>);

impl Object {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.insert(key, value);
        self
    }

    /// Leaves the key out when there is no value.
    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Leaves the key out when the text is empty.
    pub(super) fn with_text(self, key: &str, text: &str) -> Self {
        self.with_some(key, Some(text).filter(|text| !text.is_empty()))
    }

    /// Leaves the key out when the list is empty.
    pub(super) fn with_list<T: Into<Json>>(self, key: &str, list: Vec<T>) -> Self {
        self.with_some(key, Some(list).filter(|list| !list.is_empty()))
    }

    pub(super) fn insert(&mut self, key: &str, value: impl Into<Json>) {
        self.0.push((key.to_owned(), value.into()));
    }

    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Puts another value in the place of the one that is there.
    pub(super) fn replace(&mut self, key: &str, change: impl FnOnce(Json) -> Json) {
        if let Some((_, value)) = self.0.iter_mut().find(|(name, _)| name == key) {
            *value = change(std::mem::replace(value, Json::Value(Value::Null)));
        }
    }

    /// With two spaces of indentation.
    pub(super) fn to_pretty(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() // keys are strings and numbers finite: it cannot fail
    }
}

impl<T: Into<Json>> FromIterator<(String, T)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key, value.into())).collect())
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Value(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Value(text.into())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Value(value.into())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Value(number.into())
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Value(number.into())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
