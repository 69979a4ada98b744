//! A keyword as it is read: its columns in their order, and the message that they make.

use chrono::{DateTime, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus, VolumeQuality};
use db::Stored;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Float, Nullable, SmallInt, Text, Timestamptz, Uuid as Id};
use rpc::timestamp;
use uuid::Uuid;

/// What stands behind SELECT, of a keyword `k`. The name of its cluster is looked up for each row of the page: a join leaves it to what
/// PostgreSQL knows of the table whether all clusters are read for it.
pub const SELECTED: &str = "k.id, k.site_id, k.sector_id, k.keyword, k.country, k.language, k.volume, k.volume_quality, k.difficulty, \
    k.cpc_micros, k.competition, k.trend, k.intent, k.intents, k.status, k.cluster_id, \
    (SELECT c.name FROM igny8_clusters c WHERE c.account_id = k.account_id AND c.id = k.cluster_id AND c.deleted_at IS NULL), \
    k.cluster_confidence, k.cluster_evidence, k.pinned, k.source, k.serp_urls, k.page, k.topic, k.parent_keyword, k.tags, k.created_at, k.updated_at";

/// The types of [`SELECTED`].
pub type Columns = (
    Id,
    Id,
    Id,
    Text,
    Text,
    Text,
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<SmallInt>,
    Nullable<BigInt>,
    Nullable<Double>,
    Array<Double>,
    Nullable<Text>,
    Array<Text>,
    Text,
    Nullable<Id>,
    Nullable<Text>,
    Nullable<Float>,
    Nullable<Text>,
    Bool,
    Text,
    Array<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Array<Text>,
    Timestamptz,
    Timestamptz,
);

/// One row of `igny8_keywords` with the name of its cluster.
#[derive(Debug, Queryable)]
pub struct Keyword {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub keyword: String,
    pub country: String,
    pub language: String,
    pub volume: Option<i64>,
    pub volume_quality: Option<Stored<VolumeQuality>>,
    pub difficulty: Option<i16>,
    pub cpc_micros: Option<i64>,
    pub competition: Option<f64>,
    pub trend: Vec<f64>,
    pub intent: Option<Stored<Intent>>,
    pub intents: Vec<Stored<Intent>>,
    pub status: Stored<KeywordStatus>,
    pub cluster_id: Option<Uuid>,
    pub cluster_name: Option<String>,
    pub cluster_confidence: Option<f32>,
    pub cluster_evidence: Option<String>,
    pub pinned: bool,
    pub source: String,
    pub serp_urls: Vec<String>,
    pub page: Option<String>,
    pub topic: Option<String>,
    pub parent_keyword: Option<String>,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Keyword> for pb::Keyword {
    fn from(row: Keyword) -> Self {
        let Keyword {
            id,
            site_id,
            sector_id,
            keyword,
            country,
            language,
            volume,
            volume_quality,
            difficulty,
            cpc_micros,
            competition,
            trend,
            intent,
            intents,
            status,
            cluster_id,
            cluster_name,
            cluster_confidence,
            cluster_evidence,
            pinned,
            source,
            serp_urls,
            page,
            topic,
            parent_keyword,
            tags,
            created_at,
            updated_at,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            keyword,
            country,
            language,
            volume,
            volume_quality: volume_quality.map(|quality| quality.0.into()),
            difficulty: difficulty.map(i32::from),
            cpc: cpc_micros.map(cpc),
            competition,
            trend,
            intent: intent.map(|intent| intent.0.into()),
            intents: intents.into_iter().map(|intent| intent.0.into()).collect(),
            status: status.0.into(),
            cluster: cluster_id.zip(cluster_name).map(|(id, name)| pb::KeywordCluster { id: id.to_string(), name }),
            cluster_confidence: cluster_confidence.map(f64::from),
            cluster_evidence,
            pinned,
            source,
            serp_urls,
            page,
            topic,
            parent_keyword,
            tags,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// A price in its currency, from millionths of it.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 millionths, which is nine thousand million"
)]
pub fn cpc(micros: i64) -> f64 {
    micros as f64 / 1_000_000.0
}

/// A price in millionths of its currency. The caller has checked that it is from 0 to 100,000.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "100,000 million fits, and what does not is the nearest that does"
)]
pub fn micros(cpc: f64) -> i64 {
    (cpc * 1_000_000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_survives_both_ways() {
        for price in [0.0, 0.01, 1.25, 99_999.999_999] {
            assert!((cpc(micros(price)) - price).abs() < 1e-9, "{price}");
        }
    }
}
