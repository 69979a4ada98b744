//! The row of a file.

use db::AccountConn;
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::Checked;
use crate::schema::igny8_files;

/// One row of `igny8_files`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_files)]
pub(crate) struct File {
    pub id: Uuid,
    pub sha256: Vec<u8>,
    pub content_type: String,
    pub size: i64,
    pub width: i32,
    pub height: i32,
}

impl File {
    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let found = Self::query().filter(owned_by(conn)).filter(igny8_files::id.eq(id)).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("file"))
    }

    /// Those of some files that are there, in no order.
    pub(crate) async fn of(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        Ok(Self::query().filter(owned_by(conn)).filter(igny8_files::id.eq_any(ids)).load(conn).await?)
    }

    /// Notes that bytes are about to be put into the store for a site: from here on nobody removes them for a day. Unavailable while they are being
    /// removed.
    pub(super) async fn expect(conn: &mut AccountConn, site: Uuid, checked: &Checked) -> Result<()> {
        lock(conn, &checked.sha256).await?;
        let like = igny8_files::table.filter(owned_by(conn)).filter(igny8_files::sha256.eq(&checked.sha256));
        let swept = like.filter(igny8_files::swept_at.is_not_null());
        if diesel::select(diesel::dsl::exists(swept)).get_result(conn).await? {
            return Err(Error::unavailable(anyhow::anyhow!("the bytes of a file are being removed")));
        }
        let pixels = |side: u32| i32::try_from(side).map_err(Error::internal);
        let new = (
            igny8_files::account_id.eq(conn.account().uuid()),
            igny8_files::id.eq(Uuid::now_v7()),
            igny8_files::site_id.eq(site),
            igny8_files::sha256.eq(&checked.sha256),
            igny8_files::content_type.eq(checked.header.content_type),
            igny8_files::size.eq(i64::try_from(checked.body.len()).map_err(Error::internal)?),
            igny8_files::width.eq(pixels(checked.header.width)?),
            igny8_files::height.eq(pixels(checked.header.height)?),
        );
        diesel::insert_into(igny8_files::table)
            .values(new)
            .on_conflict((igny8_files::account_id, igny8_files::site_id, igny8_files::sha256))
            .do_update()
            .set(igny8_files::stored_at.eq(now))
            .execute(conn)
            .await?;
        Ok(())
    }

    /// The site's file with these bytes, which are in the store by now.
    pub(crate) async fn stored(conn: &mut AccountConn, site: Uuid, checked: &Checked) -> Result<Uuid> {
        let row = igny8_files::table.filter(owned_by(conn)).filter(igny8_files::site_id.eq(site));
        Ok(row.filter(igny8_files::sha256.eq(&checked.sha256)).select(igny8_files::id).first(conn).await?)
    }
}

/// Lets one transaction at a time decide about the bytes with this hash, which several sites may have.
pub(super) async fn lock(conn: &mut AccountConn, sha256: &[u8]) -> Result<()> {
    db::statement("SELECT pg_advisory_xact_lock(hashtextextended($1::text || encode($2, 'hex'), 0))")
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<Binary, _>(sha256)
        .execute(conn)
        .await?;
    Ok(())
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_files::account_id, Uuid> {
    igny8_files::account_id.eq(conn.account().uuid())
}
