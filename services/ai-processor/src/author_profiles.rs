//! Author profiles: how an account writes. One of them is the default, as long as there are any.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::author_profile_service_server::AuthorProfileService;
use contracts::rest::v1::Deleted;
use db::{AccountConn, Constraint, OnConstraint, Page, contains_pattern, order_keys, undo};
use diesel::dsl::{And, Eq, IsNull, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Mask, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_author_profiles;

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("name"),
        ..Constraint::new(
            "igny8_author_profiles_account_id_name_key",
            "AUTHOR_PROFILE_NAME_TAKEN",
            "Another author profile has this name. Choose another one.",
        )
    },
    Constraint::new(
        "igny8_author_profiles_account_id_is_default_key",
        "DEFAULT_CHANGED",
        "Another author profile was made the default at the same time. Try again.",
    ),
    Constraint {
        field: Some("language"),
        ..Constraint::new(
            "igny8_author_profiles_language_check",
            "INVALID_FIELD",
            "This is not a language. Languages have two lower-case letters, as en.",
        )
    },
];

#[derive(Debug)]
pub struct AuthorProfiles(pub Arc<App>);

#[tonic::async_trait]
impl AuthorProfileService for AuthorProfiles {
    async fn list_author_profiles(
        &self,
        request: Request<pb::ListAuthorProfilesRequest>,
    ) -> Result<Response<pb::ListAuthorProfilesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.unwrap_or_default());
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<AuthorProfile> = ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(AuthorProfile::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::AuthorProfile::from).collect();
            Ok(pb::ListAuthorProfilesResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_author_profile(
        &self,
        request: Request<pb::GetAuthorProfileRequest>,
    ) -> Result<Response<pb::AuthorProfile>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let profile = self.0.db.transaction(&caller, async |conn| {
            let profile = AuthorProfile::query().filter(owned_by(conn)).filter(live(id));
            let profile: Option<AuthorProfile> = profile.first(conn).await.optional()?;
            profile.ok_or_else(|| Error::not_found("author profile"))
        });
        Ok(Response::new(profile.await?.into()))
    }

    async fn create_author_profile(
        &self,
        request: Request<pb::CreateAuthorProfileRequest>,
    ) -> Result<Response<pb::AuthorProfile>, Status> {
        let (caller, request) = rpc::open(request)?;
        let profile = self.0.db.transaction(&caller, async |conn| {
            let pb::CreateAuthorProfileRequest { name, tone, language, reader, examples, is_default } = &request;
            let is_default = *is_default || default(conn).await?.is_none();
            if is_default {
                unset_default(conn).await?;
            }
            let new = New { id: Uuid::now_v7(), name, tone, language, reader, examples, is_default };
            let profile: AuthorProfile = diesel::insert_into(igny8_author_profiles::table)
                .values((igny8_author_profiles::account_id.eq(conn.account().uuid()), new))
                .returning(AuthorProfile::as_returning())
                .get_result(conn)
                .await
                .constraints(CONSTRAINTS)?;
            let details = [("name", profile.name.clone())];
            db::audit::record(conn, &caller, "author_profile.created", Some(profile.id), details).await?;
            Ok(profile)
        });
        Ok(Response::new(profile.await?.into()))
    }

    async fn update_author_profile(
        &self,
        request: Request<pb::UpdateAuthorProfileRequest>,
    ) -> Result<Response<pb::AuthorProfile>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let change = Change::read(&request);
        let profile = self.0.db.transaction(&caller, async |conn| {
            match change.is_default {
                Some(true) => unset_default(conn).await?,
                Some(false) if default(conn).await?.is_some_and(|profile| profile.id == id) => {
                    return Err(default_needed());
                }
                _ => {}
            }
            let profile: AuthorProfile =
                diesel::update(igny8_author_profiles::table.filter(owned_by(conn)).filter(live(id)))
                    .set((&change, igny8_author_profiles::updated_at.eq(now)))
                    .returning(AuthorProfile::as_returning())
                    .get_result(conn)
                    .await
                    .optional()
                    .constraints(CONSTRAINTS)?
                    .ok_or_else(|| Error::not_found("author profile"))?;
            let details = [("name", profile.name.clone())];
            db::audit::record(conn, &caller, "author_profile.updated", Some(id), details).await?;
            Ok(profile)
        });
        Ok(Response::new(profile.await?.into()))
    }

    async fn delete_author_profile(
        &self,
        request: Request<pb::DeleteAuthorProfileRequest>,
    ) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let deleted: Option<(String, bool)> =
                diesel::update(igny8_author_profiles::table.filter(owned_by(conn)).filter(live(id)))
                    .set(igny8_author_profiles::deleted_at.eq(now))
                    .returning((igny8_author_profiles::name, igny8_author_profiles::is_default))
                    .get_result(conn)
                    .await
                    .optional()?;
            let (name, was_default) = deleted.ok_or_else(|| Error::not_found("author profile"))?;
            if was_default {
                promote_oldest(conn).await?;
            }
            db::audit::record(conn, &caller, "author_profile.deleted", Some(id), [("name", name)]).await?;
            undo::push(conn, "author_profile", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }
}

/// One row of `igny8_author_profiles`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_author_profiles)]
pub struct AuthorProfile {
    pub id: Uuid,
    pub name: String,
    pub tone: String,
    pub language: String,
    pub reader: String,
    pub examples: Vec<String>,
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<AuthorProfile> for pb::AuthorProfile {
    fn from(profile: AuthorProfile) -> Self {
        let AuthorProfile { id, name, tone, language, reader, examples, is_default, created_at, updated_at } = profile;
        Self {
            id: id.to_string(),
            name,
            tone,
            language,
            reader,
            examples,
            is_default,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_author_profiles)]
struct New<'r> {
    id: Uuid,
    name: &'r str,
    tone: &'r str,
    language: &'r str,
    reader: &'r str,
    examples: &'r [String],
    is_default: bool,
}

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_author_profiles)]
struct Change<'r> {
    name: Option<&'r str>,
    tone: Option<&'r str>,
    language: Option<&'r str>,
    reader: Option<&'r str>,
    examples: Option<&'r [String]>,
    is_default: Option<bool>,
}

impl<'r> Change<'r> {
    fn read(request: &'r pb::UpdateAuthorProfileRequest) -> Self {
        let mask = Mask::of(&request.update_mask);
        Self {
            name: mask.when("name", &request.name),
            tone: mask.when("tone", &request.tone),
            language: mask.when("language", &request.language),
            reader: mask.when("reader", &request.reader),
            examples: mask.when("examples", &request.examples),
            is_default: mask.when("is_default", request.is_default),
        }
    }
}

#[derive(Debug)]
struct Filter {
    search: Option<String>,
    language: String,
    is_default: Option<bool>,
}

type Query = igny8_author_profiles::BoxedQuery<'static, Pg>;

impl Filter {
    fn read(filter: pb::AuthorProfileFilter) -> Self {
        let pb::AuthorProfileFilter { search, language, is_default } = filter;
        let search = Some(search).filter(|search| !search.is_empty()).map(|search| contains_pattern(&search));
        Self { search, language, is_default }
    }

    fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_author_profiles::deleted_at.is_null();
        let mut query = igny8_author_profiles::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(pattern) = &self.search {
            let found = igny8_author_profiles::name
                .ilike(pattern.clone())
                .or(igny8_author_profiles::tone.ilike(pattern.clone()))
                .or(igny8_author_profiles::reader.ilike(pattern.clone()));
            query = query.filter(found);
        }
        if !self.language.is_empty() {
            query = query.filter(igny8_author_profiles::language.eq(self.language.clone()));
        }
        if let Some(is_default) = self.is_default {
            query = query.filter(igny8_author_profiles::is_default.eq(is_default));
        }
        query
    }
}

fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("name", false) => query.then_order_by(igny8_author_profiles::name.asc()),
            ("name", true) => query.then_order_by(igny8_author_profiles::name.desc()),
            ("created_at", false) => query.then_order_by(igny8_author_profiles::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_author_profiles::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_author_profiles::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_author_profiles::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by((igny8_author_profiles::name.asc(), igny8_author_profiles::id.asc()))
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_author_profiles::account_id, Uuid> {
    igny8_author_profiles::account_id.eq(conn.account().uuid())
}

fn live(id: Uuid) -> And<Eq<igny8_author_profiles::id, Uuid>, IsNull<igny8_author_profiles::deleted_at>> {
    igny8_author_profiles::id.eq(id).and(igny8_author_profiles::deleted_at.is_null())
}

/// The profile that is taken where none is named.
pub async fn default(conn: &mut AccountConn) -> rpc::Result<Option<AuthorProfile>> {
    let profile = AuthorProfile::query()
        .filter(owned_by(conn))
        .filter(igny8_author_profiles::is_default)
        .filter(igny8_author_profiles::deleted_at.is_null());
    Ok(profile.first(conn).await.optional()?)
}

/// The profile of this id, as long as it is there; otherwise the default.
pub async fn chosen(conn: &mut AccountConn, id: Option<Uuid>) -> rpc::Result<Option<AuthorProfile>> {
    if let Some(id) = id {
        let profile = AuthorProfile::query().filter(owned_by(conn)).filter(live(id)).first(conn).await.optional()?;
        if profile.is_some() {
            return Ok(profile);
        }
    }
    default(conn).await
}

async fn unset_default(conn: &mut AccountConn) -> rpc::Result<()> {
    let default = igny8_author_profiles::table
        .filter(owned_by(conn))
        .filter(igny8_author_profiles::is_default)
        .filter(igny8_author_profiles::deleted_at.is_null());
    diesel::update(default).set(igny8_author_profiles::is_default.eq(false)).execute(conn).await?;
    Ok(())
}

async fn promote_oldest(conn: &mut AccountConn) -> rpc::Result<()> {
    let oldest = igny8_author_profiles::table
        .filter(owned_by(conn))
        .filter(igny8_author_profiles::deleted_at.is_null())
        .order_by(igny8_author_profiles::id)
        .select(igny8_author_profiles::id);
    let Some(oldest) = oldest.first::<Uuid>(conn).await.optional()? else { return Ok(()) };
    diesel::update(igny8_author_profiles::table.filter(owned_by(conn)).filter(live(oldest)))
        .set(igny8_author_profiles::is_default.eq(true))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    Ok(())
}

/// Takes the deletion of a profile back. It is the default again only where no other one is by now.
pub async fn restore(conn: &mut AccountConn, id: Uuid) -> rpc::Result<()> {
    let is_default = default(conn).await?.is_none();
    let deleted = igny8_author_profiles::table
        .filter(owned_by(conn))
        .filter(igny8_author_profiles::id.eq(id))
        .filter(igny8_author_profiles::deleted_at.is_not_null());
    let none = igny8_author_profiles::deleted_at.eq(None::<DateTime<Utc>>);
    let restored = diesel::update(deleted)
        .set((none, igny8_author_profiles::is_default.eq(is_default)))
        .execute(conn)
        .await
        .constraints(CONSTRAINTS)?;
    if restored == 0 { Err(Error::not_found("author profile")) } else { Ok(()) }
}

fn default_needed() -> Error {
    let message = "One author profile is the default. Make another one the default instead.";
    Error::precondition("DEFAULT_NEEDED", message).with_violation("is_default", message)
}
