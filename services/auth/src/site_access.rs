//! Site access: which sites an editor or viewer may see. Admins and owners see all.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::auth::v1 as pb;
use contracts::auth::v1::site_access_service_server::SiteAccessService;
use contracts::rest::v1::Empty;
use db::{AccountConn, Constraint, OnConstraint, Page};
use diesel::dsl::Eq;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::{igny8_site_user_access, igny8_sites, igny8_users};
use crate::{App, sites, users};

const CONSTRAINTS: &[Constraint] = &[Constraint::new(
    "igny8_site_user_access_account_id_user_id_site_id_key",
    "ACCESS_ALREADY_GRANTED",
    "This user may see this site already.",
)];

#[derive(Debug)]
pub struct SiteAccesses(pub Arc<App>);

#[tonic::async_trait]
impl SiteAccessService for SiteAccesses {
    async fn list_site_access(
        &self,
        request: Request<pb::ListSiteAccessRequest>,
    ) -> Result<Response<pb::ListSiteAccessResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(&request.filter.unwrap_or_default())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<SiteAccess> = filter
                .query(conn)
                .order_by(igny8_site_user_access::id)
                .limit(page.limit)
                .offset(page.offset)
                .select(SiteAccess::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::SiteAccess::from).collect();
            Ok(pb::ListSiteAccessResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn create_site_access(
        &self,
        request: Request<pb::CreateSiteAccessRequest>,
    ) -> Result<Response<pb::SiteAccess>, Status> {
        let (caller, request) = rpc::open(request)?;
        let user = rpc::id("user_id", &request.user_id)?;
        let site = rpc::id("site_id", &request.site_id)?;
        let access = self.0.db.transaction(&caller, async |conn| {
            users::hold(conn, user).await?.ok_or_else(|| Error::invalid("user_id", "There is no such user."))?;
            sites::lock(conn, site).await?.ok_or_else(|| Error::invalid("site_id", "There is no such site."))?;
            let access = grant(conn, user, site).await?;
            db::audit::record(conn, &caller, "site_access.created", Some(access.id), details(user, site)).await?;
            Ok(access)
        });
        Ok(Response::new(access.await?.into()))
    }

    async fn delete_site_access(
        &self,
        request: Request<pb::DeleteSiteAccessRequest>,
    ) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let access = igny8_site_user_access::table.filter(owned_by(conn)).filter(igny8_site_user_access::id.eq(id));
            let access = diesel::delete(access).returning(SiteAccess::as_returning()).get_result(conn).await;
            let access: SiteAccess = access.optional()?.ok_or_else(|| Error::not_found("site access"))?;
            let details = details(access.user_id, access.site_id);
            db::audit::record(conn, &caller, "site_access.deleted", Some(id), details).await
        });
        deleted.await?;
        Ok(Response::new(Empty {}))
    }
}

/// One row of `igny8_site_user_access`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_site_user_access)]
pub struct SiteAccess {
    pub id: Uuid,
    pub user_id: Uuid,
    pub site_id: Uuid,
    pub created_at: DateTime<Utc>,
}

impl From<SiteAccess> for pb::SiteAccess {
    fn from(access: SiteAccess) -> Self {
        let SiteAccess { id, user_id, site_id, created_at } = access;
        Self {
            id: id.to_string(),
            user_id: user_id.to_string(),
            site_id: site_id.to_string(),
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

#[derive(Debug)]
struct Filter {
    user: Option<Uuid>,
    site: Option<Uuid>,
}

impl Filter {
    fn read(filter: &pb::SiteAccessFilter) -> rpc::Result<Self> {
        let user = filter.user_id.as_deref().map(|id| rpc::id("user_id", id)).transpose()?;
        let site = filter.site_id.as_deref().map(|id| rpc::id("site_id", id)).transpose()?;
        Ok(Self { user, site })
    }

    /// Grants outlive a user or site that was deleted, in case that is taken back; they are shown of those that live.
    fn query(&self, conn: &AccountConn) -> igny8_site_user_access::BoxedQuery<'static, Pg> {
        let account = conn.account().uuid();
        let users = igny8_users::table.filter(igny8_users::account_id.eq(account));
        let sites = igny8_sites::table.filter(igny8_sites::account_id.eq(account));
        let users = users.filter(igny8_users::deleted_at.is_null()).select(igny8_users::id);
        let sites = sites.filter(igny8_sites::deleted_at.is_null()).select(igny8_sites::id);
        let mut query = igny8_site_user_access::table
            .filter(owned_by(conn))
            .filter(igny8_site_user_access::user_id.eq_any(users))
            .filter(igny8_site_user_access::site_id.eq_any(sites))
            .into_boxed();
        if let Some(user) = self.user {
            query = query.filter(igny8_site_user_access::user_id.eq(user));
        }
        if let Some(site) = self.site {
            query = query.filter(igny8_site_user_access::site_id.eq(site));
        }
        query
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_site_user_access::account_id, Uuid> {
    igny8_site_user_access::account_id.eq(conn.account().uuid())
}

/// Lets a user see a site. The foreign keys keep both inside the account.
pub async fn grant(conn: &mut AccountConn, user: Uuid, site: Uuid) -> rpc::Result<SiteAccess> {
    diesel::insert_into(igny8_site_user_access::table)
        .values((
            igny8_site_user_access::account_id.eq(conn.account().uuid()),
            igny8_site_user_access::id.eq(Uuid::now_v7()),
            igny8_site_user_access::user_id.eq(user),
            igny8_site_user_access::site_id.eq(site),
        ))
        .returning(SiteAccess::as_returning())
        .get_result(conn)
        .await
        .constraints(CONSTRAINTS)
}

fn details(user: Uuid, site: Uuid) -> [(&'static str, String); 2] {
    [("user_id", user.to_string()), ("site_id", site.to_string())]
}
