//! Many rows at once: their ids, or what a filter finds but for the exceptions.

use std::collections::HashSet;

use rpc::{Error, Kind, Result};
use serde_json::Value;
use uuid::Uuid;

/// The ids in a list of a request, each once.
pub(crate) fn ids(field: &str, texts: &[String]) -> Result<Vec<Uuid>> {
    let mut seen = HashSet::new();
    let ids = (0..).zip(texts).map(|(at, text): (usize, &String)| rpc::id(&format!("{field}.{at}"), text));
    ids.filter(|id| id.as_ref().map_or(true, |id| seen.insert(*id))).collect()
}

/// The id in a field that may be absent.
pub(crate) fn optional_id(field: &str, text: Option<&str>) -> Result<Option<Uuid>> {
    text.map(|text| rpc::id(field, text)).transpose()
}

/// Neither ids nor a filter.
pub(crate) fn nothing() -> Error {
    Error::invalid("ids", "Nothing is selected. Send ids, or a filter; an empty filter selects all.")
}

/// A selection by filter means what the caller was shown, give or take a twentieth.
pub(crate) fn unchanged(expected: Option<i64>, found: usize) -> Result<()> {
    let found = i64::try_from(found).unwrap_or(i64::MAX);
    let Some(expected) = expected else { return Ok(()) };
    if found.abs_diff(expected).saturating_mul(20) <= expected.unsigned_abs() {
        return Ok(());
    }
    let message = format!("This selects {found} now and not {expected}. Look at the list again and repeat it.");
    Err(Error::new(Kind::Aborted, "SELECTION_CHANGED", message))
}

/// What an undo token stands for: one id, or the `ids` of its payload.
pub(crate) fn deleted(id: Uuid, payload: &Value) -> Result<Vec<Uuid>> {
    match payload.get("ids") {
        None => Ok(vec![id]),
        Some(ids) => serde_json::from_value(ids.clone()).map_err(Error::internal),
    }
}

/// How many, for an answer.
pub(crate) fn count(count: usize) -> Result<i64> {
    i64::try_from(count).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_may_change_by_a_twentieth() {
        assert!(unchanged(None, 7).is_ok());
        assert!(unchanged(Some(100), 105).is_ok() && unchanged(Some(100), 95).is_ok());
        assert_eq!(unchanged(Some(100), 106).unwrap_err().reason(), "SELECTION_CHANGED");
        assert!(unchanged(Some(0), 1).is_err());
    }

    #[test]
    fn an_id_that_is_named_twice_counts_once() {
        let id = Uuid::now_v7().to_string();
        assert_eq!(ids("ids", &[id.clone(), id]).unwrap().len(), 1);
    }
}
