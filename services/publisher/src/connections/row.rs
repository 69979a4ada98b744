//! The row of a connection, and which one is a site's default.

use chrono::{DateTime, Utc};
use contracts::JsonEnum as _;
use contracts::publisher::v1 as pb;
use db::{AccountConn, OnConstraint as _};
use diesel::dsl::{And, Eq, IsNull};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::CONSTRAINTS;
use crate::schema::igny8_connections;

/// One row of `igny8_connections`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_connections)]
pub struct Connection {
    pub id: Uuid,
    pub site_id: Uuid,
    pub kind: String,
    pub url: String,
    pub username: String,
    pub rest_root: Option<String>,
    pub diagnosis: Option<Value>,
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Connection> for pb::Connection {
    fn from(connection: Connection) -> Self {
        let Connection {
            id,
            site_id,
            kind,
            url,
            username,
            rest_root: _,
            diagnosis,
            is_default,
            created_at,
            updated_at,
        } = connection;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            kind: pb::ConnectionKind::from_json_name(&kind).unwrap_or_default().into(),
            url,
            username,
            is_default,
            diagnosis: diagnosis.and_then(|diagnosis| serde_json::from_value(diagnosis).ok()),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// Every statement on this table names its account through here.
pub(super) fn owned_by(conn: &AccountConn) -> Eq<igny8_connections::account_id, Uuid> {
    igny8_connections::account_id.eq(conn.account().uuid())
}

pub(super) fn live(id: Uuid) -> And<Eq<igny8_connections::id, Uuid>, IsNull<igny8_connections::deleted_at>> {
    igny8_connections::id.eq(id).and(igny8_connections::deleted_at.is_null())
}

pub(super) async fn find(conn: &mut AccountConn, id: Uuid) -> rpc::Result<Connection> {
    let connection = Connection::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
    connection.ok_or_else(|| Error::not_found("connection"))
}

/// The connection that a site is published on where none is named.
pub async fn default_of(conn: &mut AccountConn, site: Uuid) -> rpc::Result<Option<Uuid>> {
    let default = igny8_connections::table
        .filter(owned_by(conn))
        .filter(igny8_connections::site_id.eq(site))
        .filter(igny8_connections::is_default)
        .filter(igny8_connections::deleted_at.is_null())
        .select(igny8_connections::id);
    Ok(default.first(conn).await.optional()?)
}

/// Whether a connection is one of this site.
pub async fn is_of(conn: &mut AccountConn, site: Uuid, id: Uuid) -> rpc::Result<bool> {
    let found = igny8_connections::table.filter(owned_by(conn)).filter(live(id));
    let of_site = found.filter(igny8_connections::site_id.eq(site));
    Ok(diesel::select(diesel::dsl::exists(of_site)).get_result(conn).await?)
}

pub(super) async fn unset_default(conn: &mut AccountConn, site: Uuid) -> rpc::Result<()> {
    let default = igny8_connections::table
        .filter(owned_by(conn))
        .filter(igny8_connections::site_id.eq(site))
        .filter(igny8_connections::is_default)
        .filter(igny8_connections::deleted_at.is_null());
    diesel::update(default).set(igny8_connections::is_default.eq(false)).execute(conn).await?;
    Ok(())
}

pub(super) async fn promote_oldest(conn: &mut AccountConn, site: Uuid) -> rpc::Result<()> {
    let oldest = igny8_connections::table
        .filter(owned_by(conn))
        .filter(igny8_connections::site_id.eq(site))
        .filter(igny8_connections::deleted_at.is_null())
        .order_by(igny8_connections::id)
        .select(igny8_connections::id);
    let Some(oldest) = oldest.first::<Uuid>(conn).await.optional()? else { return Ok(()) };
    diesel::update(igny8_connections::table.filter(owned_by(conn)).filter(live(oldest)))
        .set(igny8_connections::is_default.eq(true))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    Ok(())
}

/// Takes the deletion of a connection back. It is the default again only where no other one is by now.
pub async fn restore(conn: &mut AccountConn, id: Uuid) -> rpc::Result<()> {
    let deleted = igny8_connections::table
        .filter(owned_by(conn))
        .filter(igny8_connections::id.eq(id))
        .filter(igny8_connections::deleted_at.is_not_null());
    let site = deleted.select(igny8_connections::site_id).first(conn).await.optional()?;
    let site: Uuid = site.ok_or_else(|| Error::not_found("connection"))?;
    let is_default = default_of(conn, site).await?.is_none();
    let none = igny8_connections::deleted_at.eq(None::<DateTime<Utc>>);
    diesel::update(deleted)
        .set((none, igny8_connections::is_default.eq(is_default)))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    Ok(())
}

pub(super) fn default_needed() -> Error {
    let message = "One connection of a site is its default. Make another one the default instead.";
    Error::precondition("DEFAULT_NEEDED", message).with_violation("is_default", message)
}
