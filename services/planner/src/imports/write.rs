//! Keywords of an import into the table, some thousand in one statement.
//!
//! COPY would be the fastest, and does not work under row-level security. Arrays of texts through `unnest` come near: the indexes take most
//! of the time either way.

use contracts::JsonEnum;
use contracts::planner::v1::{DuplicatePolicy, ImportedKeyword, Intent};
use db::AccountConn;
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use crate::import_files::micros;

/// Where keywords go, and what is done with those that are there.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) site: Uuid,
    pub(super) sector: Uuid,
    pub(super) source: &'static str,
    pub(super) duplicates: DuplicatePolicy,
}

/// What became of keywords.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) keywords: i64,
    pub(super) added: i64,
    pub(super) updated: i64,
}

/// Keywords as columns. Lists are joined to one text each, because arrays of arrays must be rectangular.
#[derive(Debug, Default)]
pub(super) struct Batch {
    id: Vec<Uuid>,
    keyword: Vec<String>,
    normalised: Vec<String>,
    country: Vec<String>,
    volume: Vec<Option<i64>>,
    volume_quality: Vec<Option<&'static str>>,
    difficulty: Vec<Option<i16>>,
    cpc_micros: Vec<Option<i64>>,
    competition: Vec<Option<f64>>,
    trend: Vec<String>,
    intents: Vec<String>,
    /// Whether the file names them; otherwise they follow from the words, and replace nothing.
    intents_given: Vec<bool>,
    serp_urls: Vec<String>,
    page: Vec<Option<String>>,
    topic: Vec<Option<String>>,
    parent_keyword: Vec<Option<String>>,
    tags: Vec<String>,
}

impl Batch {
    pub(super) fn new(keywords: Vec<ImportedKeyword>) -> Self {
        let mut batch = Self::default();
        for keyword in keywords {
            batch.push(keyword);
        }
        batch
    }

    pub(super) fn len(&self) -> usize {
        self.id.len()
    }

    fn push(&mut self, row: ImportedKeyword) {
        let intents: Vec<&str> = row.intents().filter_map(Intent::json_name).collect();
        self.intents_given.push(!intents.is_empty());
        self.intents.push(if intents.is_empty() { by_words(&row.keyword) } else { intents.join(",") });
        self.volume_quality.push(row.volume.and_then(|_| row.volume_quality().json_name()));
        let trend: Vec<String> = row.trend.iter().map(ToString::to_string).collect();
        self.id.push(Uuid::now_v7());
        self.normalised.push(clustering::normalise(&row.keyword));
        self.keyword.push(row.keyword);
        self.country.push(row.country);
        self.volume.push(row.volume);
        self.difficulty.push(row.difficulty.and_then(|difficulty| i16::try_from(difficulty).ok()));
        self.cpc_micros.push(row.cpc.map(micros));
        self.competition.push(row.competition);
        self.trend.push(trend.join(","));
        self.serp_urls.push(row.serp_urls.join("\n"));
        self.page.push(row.page);
        self.topic.push(row.topic);
        self.parent_keyword.push(row.parent_keyword);
        self.tags.push(row.tags.join("\n"));
    }
}

/// As for a keyword that is added by hand.
fn by_words(keyword: &str) -> String {
    let name = |intent: &clustering::Intent| match intent {
        clustering::Intent::Informational => "informational",
        clustering::Intent::Commercial => "commercial",
        clustering::Intent::Transactional => "transactional",
        clustering::Intent::Navigational => "navigational",
    };
    clustering::intents(keyword).all.iter().map(name).collect::<Vec<_>>().join(",")
}

/// Stores a batch. Only when some of it was there already is the table looked at again: a row that was just added is what the file says.
pub(super) async fn store(conn: &mut AccountConn, target: &Target, batch: &Batch) -> Result<Written> {
    let added = insert(conn, target, batch).await?;
    let updated = match target.duplicates {
        _ if added == batch.len() => 0,
        DuplicatePolicy::Update => update(conn, target, batch, REPLACE).await?,
        DuplicatePolicy::Keep => update(conn, target, batch, FILL).await?,
        DuplicatePolicy::Skip | DuplicatePolicy::Unspecified => 0,
    };
    let count = |rows| i64::try_from(rows).unwrap_or(i64::MAX);
    Ok(Written { keywords: count(batch.len()), added: count(added), updated: count(updated) })
}

async fn insert(conn: &mut AccountConn, target: &Target, batch: &Batch) -> Result<usize> {
    let statement = db::statement(
        r"INSERT INTO igny8_keywords (account_id, site_id, sector_id, source, id, keyword, normalised, country, volume, volume_quality,
              difficulty, cpc_micros, competition, trend, intent, intents, serp_urls, page, topic, parent_keyword, tags)
          SELECT $1, $2, $3, $4, r.id, r.keyword, r.normalised, r.country, r.volume, r.volume_quality, r.difficulty, r.cpc_micros,
              r.competition, string_to_array(r.trend, ',')::double precision[], split_part(r.intents, ',', 1),
              string_to_array(r.intents, ','), string_to_array(r.serp_urls, E'\n'), r.page, r.topic, r.parent_keyword,
              string_to_array(r.tags, E'\n')
          FROM unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::smallint[], $12::bigint[],
              $13::double precision[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[])
              AS r (id, keyword, normalised, country, volume, volume_quality, difficulty, cpc_micros, competition, trend, intents,
                    serp_urls, page, topic, parent_keyword, tags)
          ON CONFLICT (account_id, sector_id, normalised, country) WHERE deleted_at IS NULL DO NOTHING",
    );
    let statement = statement
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(target.site)
        .bind::<SqlUuid, _>(target.sector)
        .bind::<Text, _>(target.source)
        .bind::<Array<SqlUuid>, _>(&batch.id)
        .bind::<Array<Text>, _>(&batch.keyword)
        .bind::<Array<Text>, _>(&batch.normalised)
        .bind::<Array<Text>, _>(&batch.country)
        .bind::<Array<Nullable<BigInt>>, _>(&batch.volume)
        .bind::<Array<Nullable<Text>>, _>(&batch.volume_quality)
        .bind::<Array<Nullable<SmallInt>>, _>(&batch.difficulty)
        .bind::<Array<Nullable<BigInt>>, _>(&batch.cpc_micros)
        .bind::<Array<Nullable<Double>>, _>(&batch.competition)
        .bind::<Array<Text>, _>(&batch.trend)
        .bind::<Array<Text>, _>(&batch.intents)
        .bind::<Array<Text>, _>(&batch.serp_urls)
        .bind::<Array<Nullable<Text>>, _>(&batch.page)
        .bind::<Array<Nullable<Text>>, _>(&batch.topic)
        .bind::<Array<Nullable<Text>>, _>(&batch.parent_keyword)
        .bind::<Array<Text>, _>(&batch.tags);
    Ok(statement.execute(conn).await?)
}

async fn update(conn: &mut AccountConn, target: &Target, batch: &Batch, sql: &'static str) -> Result<usize> {
    let statement = db::statement(sql)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(target.sector)
        .bind::<Array<Text>, _>(&batch.normalised)
        .bind::<Array<Text>, _>(&batch.country)
        .bind::<Array<Nullable<BigInt>>, _>(&batch.volume)
        .bind::<Array<Nullable<Text>>, _>(&batch.volume_quality)
        .bind::<Array<Nullable<SmallInt>>, _>(&batch.difficulty)
        .bind::<Array<Nullable<BigInt>>, _>(&batch.cpc_micros)
        .bind::<Array<Nullable<Double>>, _>(&batch.competition)
        .bind::<Array<Text>, _>(&batch.trend)
        .bind::<Array<Text>, _>(&batch.intents)
        .bind::<Array<Bool>, _>(&batch.intents_given)
        .bind::<Array<Text>, _>(&batch.serp_urls)
        .bind::<Array<Nullable<Text>>, _>(&batch.page)
        .bind::<Array<Nullable<Text>>, _>(&batch.topic)
        .bind::<Array<Nullable<Text>>, _>(&batch.parent_keyword)
        .bind::<Array<Text>, _>(&batch.tags);
    Ok(statement.execute(conn).await?)
}

/// What the file says replaces what is there; a volume only when it is known as well; tags are added.
const REPLACE: &str = r"
    UPDATE igny8_keywords k SET volume = n.volume, volume_quality = n.volume_quality, difficulty = n.difficulty,
        cpc_micros = n.cpc_micros, competition = n.competition, trend = n.trend, intent = n.intents[1], intents = n.intents,
        serp_urls = n.serp_urls, page = n.page, topic = n.topic, parent_keyword = n.parent_keyword, tags = n.tags, updated_at = now()
    FROM (
        SELECT k.id,
            CASE WHEN better THEN r.volume ELSE k.volume END AS volume,
            CASE WHEN better THEN r.volume_quality ELSE k.volume_quality END AS volume_quality,
            coalesce(r.difficulty, k.difficulty) AS difficulty, coalesce(r.cpc_micros, k.cpc_micros) AS cpc_micros,
            coalesce(r.competition, k.competition) AS competition,
            CASE WHEN r.trend = '' THEN k.trend ELSE string_to_array(r.trend, ',')::double precision[] END AS trend,
            CASE WHEN r.given THEN string_to_array(r.intents, ',') ELSE k.intents END AS intents,
            CASE WHEN r.serp_urls = '' THEN k.serp_urls ELSE string_to_array(r.serp_urls, E'\n') END AS serp_urls,
            coalesce(r.page, k.page) AS page, coalesce(r.topic, k.topic) AS topic,
            coalesce(r.parent_keyword, k.parent_keyword) AS parent_keyword,
            CASE WHEN k.tags @> string_to_array(r.tags, E'\n') THEN k.tags
                 ELSE ARRAY(SELECT DISTINCT t FROM unnest(k.tags || string_to_array(r.tags, E'\n')) t ORDER BY t) END AS tags
        FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::smallint[], $8::bigint[], $9::double precision[], $10::text[],
            $11::text[], $12::boolean[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[])
            AS r (normalised, country, volume, volume_quality, difficulty, cpc_micros, competition, trend, intents, given, serp_urls,
                  page, topic, parent_keyword, tags)
        JOIN igny8_keywords k ON k.account_id = $1 AND k.sector_id = $2 AND k.normalised = r.normalised AND k.country = r.country
            AND k.deleted_at IS NULL,
        LATERAL (SELECT r.volume IS NOT NULL
            AND app.volume_rank(r.volume, r.volume_quality) >= app.volume_rank(k.volume, k.volume_quality) AS better) b
    ) n
    WHERE k.account_id = $1 AND k.id = n.id
        AND (k.volume, k.volume_quality, k.difficulty, k.cpc_micros, k.competition, k.trend, k.intents, k.serp_urls, k.page, k.topic,
             k.parent_keyword, k.tags)
        IS DISTINCT FROM (n.volume, n.volume_quality, n.difficulty, n.cpc_micros, n.competition, n.trend, n.intents, n.serp_urls, n.page,
             n.topic, n.parent_keyword, n.tags)";

/// What is there stays, and what is empty is filled.
const FILL: &str = r"
    UPDATE igny8_keywords k SET volume = n.volume, volume_quality = n.volume_quality, difficulty = n.difficulty,
        cpc_micros = n.cpc_micros, competition = n.competition, trend = n.trend, intent = n.intents[1], intents = n.intents,
        serp_urls = n.serp_urls, page = n.page, topic = n.topic, parent_keyword = n.parent_keyword, tags = n.tags, updated_at = now()
    FROM (
        SELECT k.id, coalesce(k.volume, r.volume) AS volume,
            CASE WHEN k.volume IS NULL THEN r.volume_quality ELSE k.volume_quality END AS volume_quality,
            coalesce(k.difficulty, r.difficulty) AS difficulty, coalesce(k.cpc_micros, r.cpc_micros) AS cpc_micros,
            coalesce(k.competition, r.competition) AS competition,
            CASE WHEN k.trend = '{}' THEN string_to_array(r.trend, ',')::double precision[] ELSE k.trend END AS trend,
            CASE WHEN k.intents = '{}' AND r.given THEN string_to_array(r.intents, ',') ELSE k.intents END AS intents,
            CASE WHEN k.serp_urls = '{}' THEN string_to_array(r.serp_urls, E'\n') ELSE k.serp_urls END AS serp_urls,
            coalesce(k.page, r.page) AS page, coalesce(k.topic, r.topic) AS topic,
            coalesce(k.parent_keyword, r.parent_keyword) AS parent_keyword,
            CASE WHEN k.tags = '{}' THEN string_to_array(r.tags, E'\n') ELSE k.tags END AS tags
        FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::smallint[], $8::bigint[], $9::double precision[], $10::text[],
            $11::text[], $12::boolean[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[])
            AS r (normalised, country, volume, volume_quality, difficulty, cpc_micros, competition, trend, intents, given, serp_urls,
                  page, topic, parent_keyword, tags)
        JOIN igny8_keywords k ON k.account_id = $1 AND k.sector_id = $2 AND k.normalised = r.normalised AND k.country = r.country
            AND k.deleted_at IS NULL
    ) n
    WHERE k.account_id = $1 AND k.id = n.id
        AND (k.volume, k.difficulty, k.cpc_micros, k.competition, k.trend, k.intents, k.serp_urls, k.page, k.topic, k.parent_keyword, k.tags)
        IS DISTINCT FROM (n.volume, n.difficulty, n.cpc_micros, n.competition, n.trend, n.intents, n.serp_urls, n.page, n.topic,
             n.parent_keyword, n.tags)";
