//! API keys: what programs sign in with. The secret is shown once; only its hash is kept.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::auth::v1::api_key_service_server::ApiKeyService;
use contracts::rest::v1::{Empty, Role};
use db::{AccountConn, Page, Stored};
use diesel::dsl::{And, Eq, IsNull, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use prost_types::Timestamp;
use rpc::{Error, Mask, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_api_keys;
use crate::secrets::{self, Secret};
use crate::{App, audit, sites, users};

/// How much of a secret is kept to tell keys apart: six of its random characters, too few to guess from.
const PREFIX_CHARACTERS: usize = secrets::API_KEY.len() + 6;

#[derive(Debug)]
pub struct ApiKeys(pub Arc<App>);

#[tonic::async_trait]
impl ApiKeyService for ApiKeys {
    async fn list_api_keys(
        &self,
        request: Request<pb::ListApiKeysRequest>,
    ) -> Result<Response<pb::ListApiKeysResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let keys = || igny8_api_keys::table.filter(igny8_api_keys::revoked_at.is_null());
            let count = keys().filter(owned_by(conn)).count().get_result(conn).await?;
            let rows: Vec<ApiKey> = keys()
                .filter(owned_by(conn))
                .order_by((igny8_api_keys::name, igny8_api_keys::id))
                .limit(page.limit)
                .offset(page.offset)
                .select(ApiKey::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::ApiKey::from).collect();
            Ok(pb::ListApiKeysResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_api_key(&self, request: Request<pb::GetApiKeyRequest>) -> Result<Response<pb::ApiKey>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let key = self.0.db.transaction(&caller, async |conn| {
            let key = ApiKey::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
            key.ok_or_else(|| Error::not_found("API key"))
        });
        Ok(Response::new(key.await?.into()))
    }

    async fn create_api_key(
        &self,
        request: Request<pb::CreateApiKeyRequest>,
    ) -> Result<Response<pb::CreatedApiKey>, Status> {
        let (caller, request) = rpc::open(request)?;
        let user = caller.user_required()?;
        let role = users::grantable(&caller, request.role)?;
        let site_ids = sites::ids("site_ids", &request.site_ids)?;
        let expires_at = request.expires_at.as_ref().map(in_the_future).transpose()?;
        let secret = Secret::api_key();
        let new = New {
            name: &request.name,
            prefix: secret.text().chars().take(PREFIX_CHARACTERS).collect(),
            secret_hash: secret.hash(),
            role: Stored(role),
            site_ids,
            daily_credit_cap: request.daily_credit_cap,
            expires_at,
            created_by: user,
        };
        let key = self.0.db.transaction(&caller, async |conn| {
            sites::all_live(conn, "site_ids", &new.site_ids).await?;
            let key = insert(conn, &new).await?;
            tell_of_change(conn, key.id, key.daily_credit_cap, false).await?;
            let details = [("name", key.name.clone()), ("role", role.json_name().unwrap_or_default().to_owned())];
            db::audit::record(conn, &caller, "api_key.created", Some(key.id), details).await?;
            Ok(key)
        });
        let api_key = Some(key.await?.into());
        Ok(Response::new(pb::CreatedApiKey { api_key, secret: secret.text().to_owned() }))
    }

    async fn update_api_key(&self, request: Request<pb::UpdateApiKeyRequest>) -> Result<Response<pb::ApiKey>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let mask = Mask::of(&request.update_mask);
        let change = Change {
            name: mask.when("name", &request.name),
            daily_credit_cap: mask.when("daily_credit_cap", request.daily_credit_cap),
        };
        let key = self.0.db.transaction(&caller, async |conn| {
            let changed = diesel::update(igny8_api_keys::table.filter(owned_by(conn)).filter(live(id)))
                // The id is written as it is: a PATCH that names nothing is a statement as well.
                .set((igny8_api_keys::id.eq(id), &change))
                .returning(ApiKey::as_returning())
                .get_result(conn)
                .await
                .optional()?;
            let key: ApiKey = changed.ok_or_else(|| Error::not_found("API key"))?;
            tell_of_change(conn, id, key.daily_credit_cap, false).await?;
            db::audit::record(conn, &caller, "api_key.updated", Some(id), audit::fields(&request.update_mask)).await?;
            Ok(key)
        });
        Ok(Response::new(key.await?.into()))
    }

    async fn delete_api_key(&self, request: Request<pb::DeleteApiKeyRequest>) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let revoked = self.0.db.transaction(&caller, async |conn| {
            let name: Option<String> = diesel::update(igny8_api_keys::table.filter(owned_by(conn)).filter(live(id)))
                .set(igny8_api_keys::revoked_at.eq(now))
                .returning(igny8_api_keys::name)
                .get_result(conn)
                .await
                .optional()?;
            let name = name.ok_or_else(|| Error::not_found("API key"))?;
            tell_of_change(conn, id, None, true).await?;
            db::audit::record(conn, &caller, "api_key.deleted", Some(id), [("name", name)]).await
        });
        revoked.await?;
        Ok(Response::new(Empty {}))
    }
}

/// One row of `igny8_api_keys`, without the hash of the secret.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_api_keys)]
struct ApiKey {
    id: Uuid,
    name: String,
    prefix: String,
    role: Stored<Role>,
    site_ids: Vec<Uuid>,
    daily_credit_cap: Option<i64>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<ApiKey> for pb::ApiKey {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, prefix, role, site_ids, daily_credit_cap, expires_at, last_used_at, created_at } = key;
        Self {
            id: id.to_string(),
            name,
            prefix,
            role: role.0.into(),
            site_ids: site_ids.into_iter().map(|id| id.to_string()).collect(),
            daily_credit_cap,
            expires_at: expires_at.map(timestamp::of),
            last_used_at: last_used_at.map(timestamp::of),
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_api_keys)]
struct New<'r> {
    name: &'r str,
    prefix: String,
    secret_hash: Vec<u8>,
    role: Stored<Role>,
    site_ids: Vec<Uuid>,
    daily_credit_cap: Option<i64>,
    expires_at: Option<DateTime<Utc>>,
    created_by: Uuid,
}

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_api_keys)]
#[expect(
    clippy::option_option,
    reason = "the outer says whether the change names the column, the inner what it becomes"
)]
struct Change<'r> {
    name: Option<&'r str>,
    daily_credit_cap: Option<Option<i64>>,
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_api_keys::account_id, Uuid> {
    igny8_api_keys::account_id.eq(conn.account().uuid())
}

fn live(id: Uuid) -> And<Eq<igny8_api_keys::id, Uuid>, IsNull<igny8_api_keys::revoked_at>> {
    igny8_api_keys::id.eq(id).and(igny8_api_keys::revoked_at.is_null())
}

async fn insert(conn: &mut AccountConn, new: &New<'_>) -> rpc::Result<ApiKey> {
    let key = diesel::insert_into(igny8_api_keys::table)
        .values((igny8_api_keys::account_id.eq(conn.account().uuid()), igny8_api_keys::id.eq(Uuid::now_v7()), new))
        .returning(ApiKey::as_returning());
    Ok(key.get_result(conn).await?)
}

/// Tells the other services what the key may spend.
async fn tell_of_change(conn: &mut AccountConn, id: Uuid, cap: Option<i64>, revoked: bool) -> rpc::Result<()> {
    let changed_at = Some(timestamp::of(Utc::now()));
    let changed = pb::ApiKeyChanged { api_key_id: id.to_string(), daily_credit_cap: cap, revoked, changed_at };
    bus::push(conn, id, &changed).await
}

fn in_the_future(time: &Timestamp) -> rpc::Result<DateTime<Utc>> {
    timestamp::read(time)
        .filter(|time| *time > Utc::now())
        .ok_or_else(|| Error::invalid("expires_at", "This time has passed. Choose one in the future, or none."))
}

/// Ends the keys that a user made, in the moment in which the user is deleted.
pub async fn revoke_with_user(conn: &mut AccountConn, user: Uuid) -> rpc::Result<()> {
    let keys = igny8_api_keys::table.filter(owned_by(conn)).filter(igny8_api_keys::created_by.eq(user));
    let keys = keys.filter(igny8_api_keys::revoked_at.is_null());
    let revoked = diesel::update(keys).set(igny8_api_keys::revoked_at.eq(now)).returning(igny8_api_keys::id);
    for id in revoked.get_results(conn).await? {
        tell_of_change(conn, id, None, true).await?;
    }
    Ok(())
}

/// Restores the keys that ended in that moment, and not those that were revoked one by one before.
pub async fn restore_with_user(conn: &mut AccountConn, user: Uuid, deleted_at: DateTime<Utc>) -> rpc::Result<()> {
    let keys = igny8_api_keys::table.filter(owned_by(conn)).filter(igny8_api_keys::created_by.eq(user));
    let keys = keys.filter(igny8_api_keys::revoked_at.eq(deleted_at));
    let restored = diesel::update(keys)
        .set(igny8_api_keys::revoked_at.eq(None::<DateTime<Utc>>))
        .returning((igny8_api_keys::id, igny8_api_keys::daily_credit_cap));
    for (id, cap) in restored.get_results::<(Uuid, Option<i64>)>(conn).await? {
        tell_of_change(conn, id, cap, false).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_key_ends_in_the_future_or_never() {
        let soon = Utc::now() + TimeDelta::minutes(1);
        assert_eq!(in_the_future(&timestamp::of(soon)).unwrap(), soon);
        let never = Timestamp { seconds: i64::MAX, nanos: 0 };
        for time in [timestamp::of(Utc::now() - TimeDelta::seconds(1)), never] {
            assert_eq!(in_the_future(&time).unwrap_err().violations()[0].field, "expires_at");
        }
    }
}
