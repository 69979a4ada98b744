//! Many keywords at once: these ids, or what a filter finds but for the exceptions.

use contracts::planner::v1 as pb;
use db::AccountConn;
use diesel::sql_types::{self as types, Bool};
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Result};
use uuid::Uuid;

use super::filter::Filter;
use crate::site_copies;
use crate::sql::Sql;

/// A selection that was read.
#[derive(Debug)]
pub struct Selection {
    ids: Option<Vec<Uuid>>,
    filter: Filter,
    except: Vec<Uuid>,
    expected: Option<i64>,
}

impl Selection {
    /// `field` is where it stands in the request.
    pub fn read(field: &str, selection: Option<&pb::KeywordSelection>) -> Result<Self> {
        let nothing =
            || Error::invalid(field, "Nothing is selected. Send ids, or a filter; an empty filter selects all.");
        let selection = selection.ok_or_else(nothing)?;
        if selection.ids.is_empty() && selection.filter.is_none() {
            return Err(nothing());
        }
        let both = "Send ids or a filter, not both.";
        if !selection.ids.is_empty() && selection.filter.is_some() {
            return Err(Error::invalid(format!("{field}.ids"), both));
        }
        let of = |name: &str, texts: &[String]| {
            let ids = texts.iter().enumerate().map(|(at, text)| rpc::id(&format!("{field}.{name}.{at}"), text));
            ids.collect::<Result<Vec<Uuid>>>()
        };
        let ids = of("ids", &selection.ids)?;
        Ok(Self {
            ids: Some(ids).filter(|ids| !ids.is_empty()),
            filter: Filter::read(selection.filter.as_ref())?,
            except: of("except_ids", &selection.except_ids)?,
            expected: selection.expected_count,
        })
    }

    /// What stands behind WHERE for the keyword `k`.
    pub fn condition(&self, conn: &AccountConn) -> Sql {
        let mut sql = self.filter.condition(conn);
        if let Some(ids) = &self.ids {
            sql = sql.text(" AND k.id = ANY (").bind(ids.clone()).text(")");
        }
        if !self.except.is_empty() {
            sql = sql.text(" AND k.id <> ALL (").bind(self.except.clone()).text(")");
        }
        sql
    }

    /// Refuses when the selection has changed by more than a twentieth since the caller saw it. Ask it after the deed, in its transaction.
    pub fn check(&self, count: i64) -> Result<()> {
        let Some(expected) = self.expected else { return Ok(()) };
        if count.abs_diff(expected).saturating_mul(20) <= expected.unsigned_abs() {
            return Ok(());
        }
        let message = format!(
            "The selection has changed: you saw {expected} keywords, and now it would be {count}. Nothing was done. Look at the list again."
        );
        Err(Error::new(Kind::Aborted, "SELECTION_CHANGED", message))
    }

    /// Refuses when a keyword of the selection belongs to a site that is not active.
    pub async fn check_writable(&self, conn: &mut AccountConn) -> Result<()> {
        let sql = Sql::<types::Uuid>::new("SELECT id FROM igny8_site_copies WHERE NOT active AND account_id = ");
        let inactive: Vec<Uuid> = sql.bind(conn.account().uuid()).load(conn).await?;
        if inactive.is_empty() {
            return Ok(());
        }
        let sql = Sql::<Bool>::new("SELECT EXISTS (SELECT FROM igny8_keywords k WHERE ").add(&self.condition(conn));
        let any: bool = sql.text(" AND k.site_id = ANY (").bind(inactive).text("))").get_result(conn).await?;
        if any { Err(site_copies::inactive()) } else { Ok(()) }
    }
}

/// The ids of a selection, in their order, for what freezes them. `SELECTION_CHANGED` where they are not those that the caller saw.
pub async fn selected(conn: &mut AccountConn, selection: &pb::KeywordSelection) -> Result<Vec<Uuid>> {
    let selection = Selection::read("selection", Some(selection))?;
    let sql = Sql::<types::Uuid>::new("SELECT k.id FROM igny8_keywords k WHERE ").add(&selection.condition(conn));
    let ids: Vec<Uuid> = sql.text(" ORDER BY k.id").load(conn).await?;
    selection.check(i64::try_from(ids.len()).unwrap_or(i64::MAX))?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expecting(expected_count: i64) -> Selection {
        let filter = Some(pb::KeywordFilter::default());
        let selection =
            pb::KeywordSelection { filter, expected_count: Some(expected_count), ..pb::KeywordSelection::default() };
        Selection::read("selection", Some(&selection)).unwrap()
    }

    #[test]
    fn a_twentieth_more_or_less_is_still_the_same_selection() {
        for (expected, count) in [(0, 0), (10, 10), (20, 19), (20, 21), (1000, 950)] {
            assert!(expecting(expected).check(count).is_ok(), "{expected} {count}");
        }
        for (expected, count) in [(0, 1), (10, 9), (20, 22), (1000, 949), (i64::MAX, 0), (0, i64::MAX)] {
            assert_eq!(
                expecting(expected).check(count).unwrap_err().reason(),
                "SELECTION_CHANGED",
                "{expected} {count}"
            );
        }
    }

    #[test]
    fn nothing_and_both_are_refused() {
        let read = |selection: pb::KeywordSelection| Selection::read("selection", Some(&selection));
        assert!(Selection::read("selection", None).is_err());
        assert!(read(pb::KeywordSelection::default()).is_err());
        let ids = vec![Uuid::nil().to_string()];
        assert!(read(pb::KeywordSelection { ids: ids.clone(), ..Default::default() }).is_ok());
        let both = pb::KeywordSelection { ids, filter: Some(pb::KeywordFilter::default()), ..Default::default() };
        assert_eq!(read(both).unwrap_err().violations()[0].field, "selection.ids");
    }
}
