//! Tags: what people write on keywords. They live in the keywords; there is no list of them beside.

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::tag_service_server::TagService;
use db::{AccountConn, Page, contains_pattern};
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use tonic::{Request, Response, Status};

use crate::keywords::input::tag;
use crate::sql::Sql;
use crate::{App, patience};

#[derive(Debug)]
pub struct Tags(pub Arc<App>);

#[tonic::async_trait]
impl TagService for Tags {
    async fn list_tags(&self, request: Request<pb::ListTagsRequest>) -> Result<Response<pb::ListTagsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = request.filter.unwrap_or_default();
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let tags = counted(conn, &filter)?;
            let sql = Sql::<(Text, BigInt)>::new("SELECT tag, keywords FROM ").add(&tags);
            let sql = sql.text(" ORDER BY lower(tag), tag LIMIT ").bind(page.limit).text(" OFFSET ").bind(page.offset);
            let rows: Vec<(String, i64)> = sql.load(conn).await?;
            let count = Sql::<BigInt>::new("SELECT count(*) FROM ").add(&tags).get_result(conn).await?;
            let results = rows.into_iter().map(|(name, keyword_count)| pb::Tag { name, keyword_count });
            Ok(pb::ListTagsResponse { results: results.collect(), count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn rename_tag(&self, request: Request<pb::RenameTagRequest>) -> Result<Response<pb::ChangedTag>, Status> {
        let (caller, request) = rpc::open(request)?;
        let new_name = tag(&request.new_name);
        if new_name.is_empty() {
            return Err(Error::invalid("new_name", "A tag needs at least one visible character.").into());
        }
        let keyword_count =
            self.0.db.transaction(&caller, async |conn| replace(conn, &request.name, Some(&new_name)).await);
        Ok(Response::new(pb::ChangedTag { keyword_count: keyword_count.await? }))
    }

    async fn delete_tag(&self, request: Request<pb::DeleteTagRequest>) -> Result<Response<pb::ChangedTag>, Status> {
        let (caller, request) = rpc::open(request)?;
        let keyword_count = self.0.db.transaction(&caller, async |conn| replace(conn, &request.name, None).await);
        Ok(Response::new(pb::ChangedTag { keyword_count: keyword_count.await? }))
    }
}

/// A sub-select of tags with how many keywords have each.
fn counted(conn: &AccountConn, filter: &pb::TagFilter) -> Result<Sql> {
    let mut sql = Sql::new(
        "(SELECT tag, count(*) AS keywords FROM igny8_keywords k, unnest(k.tags) AS tag WHERE k.account_id = ",
    );
    sql = sql.bind(conn.account().uuid()).text(" AND k.deleted_at IS NULL AND k.tags <> '{}'");
    if let Some(site) = &filter.site_id {
        sql = sql.text(" AND k.site_id = ").bind(rpc::id("site_id", site)?);
    }
    if let Some(sector) = &filter.sector_id {
        sql = sql.text(" AND k.sector_id = ").bind(rpc::id("sector_id", sector)?);
    }
    if !filter.search.is_empty() {
        sql = sql.text(" AND tag ILIKE ").bind(contains_pattern(&filter.search));
    }
    Ok(sql.text(" GROUP BY tag) tags"))
}

/// Puts another tag, or none, in the place of one. Keywords of sites that are not active stay as they are.
async fn replace(conn: &mut AccountConn, name: &str, other: Option<&str>) -> Result<i64> {
    patience::take(conn).await?;
    let account = conn.account().uuid();
    let sql = Sql::<BigInt>::new(
        "WITH changed AS (UPDATE igny8_keywords k SET updated_at = now(), tags = (
             SELECT coalesce(array_agg(tag ORDER BY at), '{}') FROM (
                 SELECT tag, min(at) AS at FROM unnest(",
    );
    let sql = match other {
        Some(other) => sql.text("array_replace(k.tags, ").bind(name).text(", ").bind(other).text(")"),
        None => sql.text("array_remove(k.tags, ").bind(name).text(")"),
    };
    let sql = sql
        .text(") WITH ORDINALITY AS t (tag, at) GROUP BY tag) kept) FROM igny8_site_copies s WHERE k.account_id = ")
        .bind(account)
        .text(" AND k.deleted_at IS NULL AND k.tags <> '{}' AND k.tags @> ")
        .bind(vec![name.to_owned()])
        .text(" AND s.account_id = k.account_id AND s.id = k.site_id AND s.active RETURNING 1) SELECT count(*) FROM changed");
    match sql.get_result(conn).await? {
        0 => Err(Error::not_found("tag")),
        count => Ok(count),
    }
}
