//! Which keywords a request speaks of, and in which order.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus};
use db::{AccountConn, contains_pattern, order_keys};
use rpc::{Error, Result};
use uuid::Uuid;

use super::row;
use crate::sql::Sql;

/// A filter that was read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub site: Option<Uuid>,
    pub sector: Option<Uuid>,
    pub statuses: Vec<String>,
    pub intents: Vec<String>,
    pub unclustered: Option<bool>,
    cluster: Option<Uuid>,
    /// What counts do not know: the other filters, as they stand behind WHERE, each beginning with AND.
    rest: Sql,
    is_counted: bool,
}

impl Filter {
    pub fn read(filter: Option<&pb::KeywordFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self { is_counted: true, ..Self::default() }) };
        let rest = rest(filter)?;
        let cluster = id("cluster_id", filter.cluster_id.as_deref())?;
        Ok(Self {
            site: id("site_id", filter.site_id.as_deref())?,
            sector: id("sector_id", filter.sector_id.as_deref())?,
            statuses: names::<KeywordStatus>(&filter.status),
            intents: names::<Intent>(&filter.intent),
            unclustered: filter.unclustered,
            is_counted: rest.is_empty() && cluster.is_none(),
            cluster,
            rest,
        })
    }

    /// All of a site's, or of a sector's.
    pub fn place(site: Option<Uuid>, sector: Option<Uuid>) -> Self {
        Self { site, sector, is_counted: true, ..Self::default() }
    }

    /// Whether [`super::counts`] know how many they are.
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// The cluster whose keywords are asked for, where nothing but their place is asked for beside: clusters know how many they have.
    pub fn whole_cluster(&self) -> Option<Uuid> {
        let all =
            self.statuses.is_empty() && self.intents.is_empty() && self.unclustered.is_none() && self.rest.is_empty();
        self.cluster.filter(|_| all)
    }

    /// What stands behind WHERE for the keyword `k`.
    pub fn condition(&self, conn: &AccountConn) -> Sql {
        let mut sql = Sql::new("k.account_id = ").bind(conn.account().uuid()).text(" AND k.deleted_at IS NULL");
        if let Some(site) = self.site {
            sql = sql.text(" AND k.site_id = ").bind(site);
        }
        if let Some(sector) = self.sector {
            sql = sql.text(" AND k.sector_id = ").bind(sector);
        }
        sql = any_of(sql, "k.status", &self.statuses);
        sql = any_of(sql, "k.intent", &self.intents);
        sql = match self.unclustered {
            Some(true) => sql.text(" AND k.cluster_id IS NULL"),
            Some(false) => sql.text(" AND k.cluster_id IS NOT NULL"),
            None => sql,
        };
        if let Some(cluster) = self.cluster {
            sql = sql.text(" AND k.cluster_id = ").bind(cluster);
        }
        sql.add(&self.rest)
    }
}

/// One name is compared with `=`, for which an index is better known to serve.
pub(super) fn any_of(sql: Sql, column: &str, names: &[String]) -> Sql {
    match names {
        [] => sql,
        [name] => sql.text(&format!(" AND {column} = ")).bind(name.as_str()),
        names => sql.text(&format!(" AND {column} = ANY (")).bind(names.to_vec()).text(")"),
    }
}

fn rest(filter: &pb::KeywordFilter) -> Result<Sql> {
    let mut sql = Sql::default();
    if !filter.country.is_empty() {
        sql = sql.text(" AND k.country = ").bind(filter.country.to_ascii_uppercase());
    }
    if !filter.tag.is_empty() {
        // The second says what the first implies, for the index of tagged keywords.
        sql = sql.text(" AND k.tags @> ").bind(vec![filter.tag.clone()]).text(" AND k.tags <> '{}'");
    }
    if !filter.source.is_empty() {
        sql = sql.text(" AND k.source = ").bind(filter.source.as_str());
    }
    for (text, bound) in [
        (" AND k.volume >= ", filter.volume_gte),
        (" AND k.volume <= ", filter.volume_lte),
        (" AND k.difficulty >= ", filter.difficulty_gte.map(i64::from)),
        (" AND k.difficulty <= ", filter.difficulty_lte.map(i64::from)),
        (" AND k.cpc_micros >= ", price("cpc__gte", filter.cpc_gte)?),
        (" AND k.cpc_micros <= ", price("cpc__lte", filter.cpc_lte)?),
    ] {
        if bound.is_some() {
            sql = sql.text(text).bind(bound);
        }
    }
    for (field, text, bound) in [
        ("created_at__gte", " AND k.created_at >= ", &filter.created_at_gte),
        ("created_at__lte", " AND k.created_at <= ", &filter.created_at_lte),
    ] {
        if !bound.is_empty() {
            sql = sql.text(text).bind(time(field, bound)?);
        }
    }
    let search = clustering::normalise(&filter.search);
    if !search.is_empty() {
        sql = sql.text(" AND k.normalised LIKE ").bind(contains_pattern(&search));
    }
    Ok(sql)
}

fn id(field: &str, text: Option<&str>) -> Result<Option<Uuid>> {
    text.map(|text| rpc::id(field, text)).transpose()
}

fn names<E: JsonEnum + TryFrom<i32>>(values: &[i32]) -> Vec<String> {
    let name = |&value: &i32| E::try_from(value).ok().and_then(JsonEnum::json_name);
    values.iter().filter_map(name).map(str::to_owned).collect()
}

fn price(field: &str, price: Option<f64>) -> Result<Option<i64>> {
    match price {
        Some(price) if !(0.0..=1e9).contains(&price) => {
            Err(Error::invalid(field, "This is not a price. Use a number from 0, such as 1.25."))
        }
        price => Ok(price.map(row::micros)),
    }
}

fn time(field: &str, text: &str) -> Result<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| Error::invalid(field, "This is not a time. Write it as 2026-01-31T00:00:00Z."))
}

/// What stands behind ORDER BY for the keyword `k`. Ids rise with time, and settle what the keys leave open in the direction of the first:
/// that is how the indexes lie.
pub(super) fn order(ordering: &str) -> String {
    let keys: Vec<_> = order_keys(ordering).collect();
    let descending = keys.first().is_none_or(|(_, descending)| *descending);
    let mut terms: Vec<&str> = keys
        .iter()
        .filter_map(|key| match key {
            ("keyword", false) => Some("k.normalised"),
            ("keyword", true) => Some("k.normalised DESC"),
            ("volume", false) => Some("k.volume NULLS FIRST"),
            ("volume", true) => Some("k.volume DESC NULLS LAST"),
            ("difficulty", false) => Some("k.difficulty NULLS FIRST"),
            ("difficulty", true) => Some("k.difficulty DESC NULLS LAST"),
            ("cpc", false) => Some("k.cpc_micros NULLS FIRST"),
            ("cpc", true) => Some("k.cpc_micros DESC NULLS LAST"),
            ("created_at", false) => Some("k.id"),
            ("created_at", true) => Some("k.id DESC"),
            ("status", false) => Some("k.status"),
            ("status", true) => Some("k.status DESC"),
            _ => None,
        })
        .collect();
    if !terms.iter().any(|term| term.starts_with("k.id")) {
        terms.push(if descending { "k.id DESC" } else { "k.id" });
    }
    terms.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong_field(filter: &pb::KeywordFilter) -> String {
        Filter::read(Some(filter)).unwrap_err().violations()[0].field.clone()
    }

    #[test]
    fn an_order_is_stable() {
        assert_eq!(order(""), "k.id DESC");
        assert_eq!(order("keyword"), "k.normalised, k.id");
        assert_eq!(order("-volume,keyword"), "k.volume DESC NULLS LAST, k.normalised, k.id DESC");
        assert_eq!(order("status,-created_at"), "k.status, k.id DESC");
    }

    #[test]
    fn what_counts_know_needs_no_counting() {
        assert!(Filter::read(None).unwrap().is_counted());
        let known = pb::KeywordFilter {
            status: vec![KeywordStatus::New.into()],
            unclustered: Some(true),
            search: "  ".into(),
            ..pb::KeywordFilter::default()
        };
        assert!(Filter::read(Some(&known)).unwrap().is_counted());
        let unknown = pb::KeywordFilter { search: "shoe".into(), ..known };
        assert!(!Filter::read(Some(&unknown)).unwrap().is_counted());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let filter = pb::KeywordFilter::default;
        assert_eq!(wrong_field(&pb::KeywordFilter { cpc_gte: Some(f64::NAN), ..filter() }), "cpc__gte");
        assert_eq!(wrong_field(&pb::KeywordFilter { cpc_lte: Some(-1.0), ..filter() }), "cpc__lte");
        assert_eq!(
            wrong_field(&pb::KeywordFilter { created_at_gte: "yesterday".into(), ..filter() }),
            "created_at__gte"
        );
        assert_eq!(wrong_field(&pb::KeywordFilter { sector_id: Some("7".into()), ..filter() }), "sector_id");
    }
}
