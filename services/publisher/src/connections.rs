//! Connections: where a site's articles are published. One of them is the site's default, as long as there are any.

mod address;
mod list;
mod password;
mod row;
mod test;

use std::sync::Arc;

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::connection_service_server::ConnectionService;
use contracts::rest::v1::Deleted;
use db::{AccountConn, Constraint, OnConstraint, undo};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Mask};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_connections;
use crate::{App, site_copies};

pub use password::{forget_deleted, reseal};
pub use row::{Connection, default_of, is_of, restore};
pub use test::open;

use row::{default_needed, find, live, owned_by, promote_oldest, unset_default};

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("url"),
        ..Constraint::new(
            "igny8_connections_account_id_site_id_url_username_key",
            "CONNECTION_TAKEN",
            "This site has a connection with this address and user. Change that one instead.",
        )
    },
    Constraint::new(
        "igny8_connections_account_id_site_id_is_default_key",
        "DEFAULT_CHANGED",
        "Another connection was made the default at the same time. Try again.",
    ),
];

#[derive(Debug)]
pub struct Connections(pub Arc<App>);

#[tonic::async_trait]
impl ConnectionService for Connections {
    async fn list_connections(
        &self,
        request: Request<pb::ListConnectionsRequest>,
    ) -> Result<Response<pb::ListConnectionsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let response = self.0.db.transaction(&caller, async |conn| list::list(conn, request).await);
        Ok(Response::new(response.await?))
    }

    async fn get_connection(
        &self,
        request: Request<pb::GetConnectionRequest>,
    ) -> Result<Response<pb::Connection>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let connection = self.0.db.transaction(&caller, async |conn| find(conn, id).await);
        Ok(Response::new(connection.await?.into()))
    }

    async fn create_connection(
        &self,
        request: Request<pb::CreateConnectionRequest>,
    ) -> Result<Response<pb::Connection>, Status> {
        let (caller, request) = rpc::open(request)?;
        let pb::CreateConnectionRequest { site_id, kind: _, url, username, application_password, is_default } = request;
        let site = rpc::id("site_id", &site_id)?;
        let (id, url, username) = (Uuid::now_v7(), address::read(&url)?, username.trim().to_owned());
        let sealed = password::seal(&self.0, caller.account(), id, &application_password)?;
        site_copies::fetch(&self.0, &caller, site).await?;
        let connection = self.0.db.transaction(&caller, async |conn| {
            site_copies::open(conn, site).await?;
            let is_default = is_default || default_of(conn, site).await?.is_none();
            if is_default {
                unset_default(conn, site).await?;
            }
            let connection: Connection = diesel::insert_into(igny8_connections::table)
                .values((
                    igny8_connections::account_id.eq(conn.account().uuid()),
                    igny8_connections::id.eq(id),
                    igny8_connections::site_id.eq(site),
                    igny8_connections::kind.eq("wordpress"),
                    igny8_connections::url.eq(&url),
                    igny8_connections::username.eq(&username),
                    igny8_connections::password_sealed.eq(&sealed),
                    igny8_connections::is_default.eq(is_default),
                ))
                .returning(Connection::as_returning())
                .get_result(conn)
                .await
                .constraints(CONSTRAINTS)?;
            let details = [("url", url.clone()), ("username", username.clone())];
            db::audit::record(conn, &caller, "connection.created", Some(id), details).await?;
            Ok(connection)
        });
        Ok(Response::new(connection.await?.into()))
    }

    async fn update_connection(
        &self,
        request: Request<pb::UpdateConnectionRequest>,
    ) -> Result<Response<pb::Connection>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let mask = Mask::of(&request.update_mask);
        let change = Change {
            url: mask.has("url").then(|| address::read(&request.url)).transpose()?,
            username: mask.when("username", request.username.trim().to_owned()),
            password_sealed: mask
                .has("application_password")
                .then(|| password::seal(&self.0, caller.account(), id, &request.application_password))
                .transpose()?,
            is_default: mask.when("is_default", request.is_default),
        };
        let connection = self.0.db.transaction(&caller, async |conn| {
            let connection = change.apply(conn, id).await?;
            let details = [("url", connection.url.clone()), ("username", connection.username.clone())];
            db::audit::record(conn, &caller, "connection.updated", Some(id), details).await?;
            Ok(connection)
        });
        Ok(Response::new(connection.await?.into()))
    }

    async fn delete_connection(
        &self,
        request: Request<pb::DeleteConnectionRequest>,
    ) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let connection = find(conn, id).await?;
            let deleted = diesel::update(igny8_connections::table.filter(owned_by(conn)).filter(live(id)))
                .set(igny8_connections::deleted_at.eq(now))
                .execute(conn)
                .await?;
            if deleted == 0 {
                return Err(Error::not_found("connection"));
            }
            if connection.is_default {
                promote_oldest(conn, connection.site_id).await?;
            }
            db::audit::record(conn, &caller, "connection.deleted", Some(id), [("url", connection.url)]).await?;
            undo::push(conn, "connection", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn test_connection(
        &self,
        request: Request<pb::TestConnectionRequest>,
    ) -> Result<Response<pb::ConnectionDiagnosis>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        Ok(Response::new(test::test(&self.0, &caller, id).await?))
    }
}

/// What a person changes of a connection.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_connections)]
struct Change {
    url: Option<String>,
    username: Option<String>,
    password_sealed: Option<String>,
    is_default: Option<bool>,
}

impl Change {
    async fn apply(&self, conn: &mut AccountConn, id: Uuid) -> rpc::Result<Connection> {
        let before = find(conn, id).await?;
        if self.url.as_ref().is_some_and(|url| *url != before.url) && self.password_sealed.is_none() {
            let message =
                "Another address needs the application password again: it is sent nowhere but where it was given for.";
            return Err(Error::invalid("application_password", message));
        }
        match self.is_default {
            Some(true) => unset_default(conn, before.site_id).await?,
            Some(false) if before.is_default => return Err(default_needed()),
            _ => {}
        }
        let touched = (
            igny8_connections::updated_at.eq(now),
            igny8_connections::diagnosis.eq(before.diagnosis.filter(|_| self.changes_nothing_tested())),
            igny8_connections::rest_root.eq(before.rest_root.filter(|_| self.url.is_none())),
        );
        diesel::update(igny8_connections::table.filter(owned_by(conn)).filter(live(id)))
            .set((self, touched))
            .returning(Connection::as_returning())
            .get_result(conn)
            .await
            .optional()
            .constraints(CONSTRAINTS)?
            .ok_or_else(|| Error::not_found("connection"))
    }

    fn changes_nothing_tested(&self) -> bool {
        self.url.is_none() && self.username.is_none() && self.password_sealed.is_none()
    }
}
