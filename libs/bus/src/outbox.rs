use anyhow::anyhow;
use db::{AccountConn, SystemConn};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use prost::Name;
use rpc::{AccountId, Error, Result};
use serde::Serialize;
use uuid::Uuid;

use crate::schema::igny8_outbox;
use crate::topology;

/// Tells others of what this transaction does to `aggregate` (a site, a job). Nobody hears of it unless the transaction is committed, and
/// everybody does if it is: the relay publishes the row, again and again until the broker has confirmed it.
///
/// ```no_run
/// # use contracts::auth::v1::{SiteChanged, SiteCopy};
/// # async fn f(conn: &mut db::AccountConn, site: uuid::Uuid, copy: SiteCopy) -> rpc::Result<()> {
/// bus::push(conn, site, &SiteChanged { site: Some(copy) }).await?;
/// # Ok(())
/// # }
/// ```
///
/// Fails on a message that [`topology::EVENTS`] does not name.
pub async fn push<M: Name + Serialize>(conn: &mut AccountConn, aggregate: Uuid, message: &M) -> Result<()> {
    let row = Row::new(conn.account(), aggregate, message)?;
    conn.announce();
    row.insert(conn).await
}

/// [`push`] for what the system role does to an account, as erasing it. The service's migration must grant it
/// `INSERT ON igny8_outbox`.
pub async fn push_as_system<M: Name + Serialize>(
    conn: &mut SystemConn,
    account: AccountId,
    aggregate: Uuid,
    message: &M,
) -> Result<()> {
    Row::new(account, aggregate, message)?.insert(conn).await
}

#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_outbox)]
struct Row {
    account_id: Uuid,
    id: Uuid,
    aggregate: Uuid,
    event: &'static str,
    body: serde_json::Value,
    traceparent: Option<String>,
}

impl Row {
    fn new<M: Name + Serialize>(account: AccountId, aggregate: Uuid, message: &M) -> Result<Self> {
        let name = M::full_name();
        let event = topology::event_of_message(&name);
        let event = event.ok_or_else(|| Error::internal(anyhow!("{name} is not an event of the topology")))?;
        Ok(Self {
            account_id: account.uuid(),
            id: Uuid::now_v7(),
            aggregate,
            event: event.key,
            body: serde_json::to_value(message).map_err(Error::internal)?,
            traceparent: rpc::trace::traceparent(),
        })
    }

    async fn insert(&self, conn: &mut AsyncPgConnection) -> Result<()> {
        diesel::insert_into(igny8_outbox::table).values(self).execute(conn).await?;
        Ok(())
    }
}
