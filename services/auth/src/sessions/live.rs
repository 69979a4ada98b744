//! A session that neither has ended nor is over.

use chrono::{DateTime, TimeDelta, Utc};
use db::AccountConn;
use diesel::dsl::{And, Eq, Gt, IsNull};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use crate::schema::igny8_sessions::{self, dsl};

/// When a session was last seen is kept to the minute: not every call writes a row.
const SEEN_AT_MOST_EVERY: TimeDelta = TimeDelta::minutes(1);

#[derive(HasQuery)]
#[diesel(table_name = igny8_sessions)]
pub(super) struct Live {
    pub(super) user_id: Uuid,
    seen_at: DateTime<Utc>,
}

impl Live {
    pub(super) async fn read(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        Ok(Self::query().filter(owned_by(conn)).filter(dsl::id.eq(id)).filter(live()).first(conn).await.optional()?)
    }

    /// Held to the end of the transaction.
    pub(super) async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        let row = Self::query().filter(owned_by(conn)).filter(dsl::id.eq(id)).filter(live()).for_update();
        Ok(row.first(conn).await.optional()?)
    }

    pub(super) async fn touch(&self, conn: &mut AccountConn, id: Uuid) -> Result<()> {
        let now = Utc::now();
        if self.seen_at + SEEN_AT_MOST_EVERY < now {
            let row = diesel::update(dsl::igny8_sessions.find((conn.account().uuid(), id)));
            row.set(dsl::seen_at.eq(now)).execute(conn).await?;
        }
        Ok(())
    }
}

/// Every statement on this table names its account through here.
pub(super) fn owned_by(conn: &AccountConn) -> Eq<igny8_sessions::account_id, Uuid> {
    dsl::account_id.eq(conn.account().uuid())
}

pub(super) fn live() -> And<IsNull<igny8_sessions::ended_at>, Gt<igny8_sessions::expires_at, DateTime<Utc>>> {
    dsl::ended_at.is_null().and(dsl::expires_at.gt(Utc::now()))
}
