//! Signing up, in and out, and what follows from a session.

pub(crate) mod claims;
mod exchange;
mod list;
mod live;
mod me;
mod refresh;
pub(crate) mod sign_in;
mod sign_up;
mod start;

use std::sync::Arc;

use contracts::auth::v1 as pb;
use contracts::auth::v1::session_service_server::SessionService;
use contracts::rest::v1::Empty;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_sessions;

use live::Live;
pub use start::{Started, start};
pub(crate) use start::{answer, lifetime_seconds};

#[derive(Debug)]
pub struct Sessions(pub Arc<App>);

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn sign_up(&self, request: Request<pb::SignUpRequest>) -> Result<Response<pb::Tokens>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        Ok(sign_up::sign_up(&self.0, &peer, request).await?)
    }

    async fn sign_in(&self, request: Request<pb::SignInRequest>) -> Result<Response<pb::Tokens>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        Ok(sign_in::sign_in(&self.0, &peer, request).await?)
    }

    async fn refresh(&self, request: Request<pb::RefreshRequest>) -> Result<Response<pb::Tokens>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        Ok(refresh::refresh(&self.0, &peer, &request.refresh_token).await?)
    }

    async fn sign_out(&self, request: Request<pb::SignOutRequest>) -> Result<Response<Empty>, Status> {
        let (caller, pb::SignOutRequest {}) = rpc::open(request)?;
        if let Some(session) = caller.session() {
            self.0.db.transaction(&caller, async |conn| list::end_one(conn, &caller, session).await).await?;
        }
        Ok(start::with_cookie(Response::new(Empty {}), "", 0)?)
    }

    async fn get_me(&self, request: Request<pb::GetMeRequest>) -> Result<Response<pb::Me>, Status> {
        let (caller, pb::GetMeRequest {}) = rpc::open(request)?;
        let me = self.0.db.transaction(&caller, async |conn| me::read(conn, &caller).await);
        Ok(Response::new(me.await?))
    }

    async fn update_me(&self, request: Request<pb::UpdateMeRequest>) -> Result<Response<pb::Me>, Status> {
        let (caller, request) = rpc::open(request)?;
        let me = self.0.db.transaction(&caller, async |conn| {
            me::update(conn, &caller, &request).await?;
            me::read(conn, &caller).await
        });
        Ok(Response::new(me.await?))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let sessions = self.0.db.transaction(&caller, async |conn| list::list(conn, &caller, &request).await);
        Ok(Response::new(sessions.await?))
    }

    async fn delete_session(&self, request: Request<pb::DeleteSessionRequest>) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let session = rpc::id("id", &request.id)?;
        let ended = self.0.db.transaction(&caller, async |conn| list::end_one(conn, &caller, session).await);
        if !ended.await? {
            return Err(rpc::Error::not_found("session").into());
        }
        Ok(Response::new(Empty {}))
    }

    async fn exchange(&self, request: Request<pb::ExchangeRequest>) -> Result<Response<pb::ExchangeResponse>, Status> {
        let (_gateway, request) = rpc::open_internal(request)?;
        Ok(Response::new(exchange::exchange(&self.0, request).await?))
    }
}

/// Ends every session of a user.
pub async fn end_all(conn: &mut AccountConn, user: Uuid) -> Result<()> {
    end_others(conn, user, None).await
}

/// Ends every session of a user but the one to keep.
pub async fn end_others(conn: &mut AccountConn, user: Uuid, keep: Option<Uuid>) -> Result<()> {
    use igny8_sessions::dsl;
    let others = dsl::igny8_sessions
        .filter(dsl::account_id.eq(conn.account().uuid()).and(dsl::user_id.eq(user)).and(dsl::ended_at.is_null()))
        .filter(dsl::id.ne_all(keep));
    diesel::update(others).set(dsl::ended_at.eq(diesel::dsl::now)).execute(conn).await?;
    Ok(())
}
