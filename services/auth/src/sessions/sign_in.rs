//! An address and a password against a session. Every failure has the same text and takes the same time.

use contracts::auth::v1 as pb;
use db::{SystemConn, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Peer, Result};
use tonic::Response;
use uuid::Uuid;

use super::start::start;
use crate::passwords::Verdict;
use crate::schema::igny8_users as users;
use crate::throttle::{self, Subject};
use crate::{App, email, passwords};

/// What the system role may know of a user, to find the account of an address.
#[derive(HasQuery)]
#[diesel(table_name = users)]
pub(crate) struct Known {
    pub(crate) account_id: AccountId,
    pub(crate) id: Uuid,
    pub(crate) password_hash: String,
    pub(crate) active: bool,
}

pub(super) async fn sign_in(app: &App, peer: &Peer, request: pb::SignInRequest) -> Result<Response<pb::Tokens>> {
    let address = email::normalise(&request.email);
    let attempt = throttle::admit(app, Subject::email(&address), peer.address).await?;
    let user = find(app, &address).await?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let verdict = app.passwords.check(&request.password, hash).await?;
    match user {
        Some(user) if verdict != Verdict::Wrong && user.active => {
            attempt.succeeded(app).await?;
            let rehashed = passwords::rehash_outdated(app, verdict, &request.password).await?;
            let started = app.db.account(user.account_id, async |conn| {
                if let Some(hash) = &rehashed {
                    passwords::store(conn, user.id, hash).await?;
                }
                start(conn, user.id, peer, request.cookie).await
            });
            started.await?.respond(app).await
        }
        user => {
            attempt.failed(app).await?;
            if let Some(user) = user {
                record_failure(app, &user, peer);
            }
            Err(Error::unauthenticated(
                "SIGN_IN_FAILED",
                "The e-mail address or the password is wrong. Check both and try again.",
            ))
        }
    }
}

/// The live user with this address, in any account.
pub(crate) async fn find(app: &App, address: &str) -> Result<Option<Known>> {
    let by_address = Known::query().filter(users::email.eq(address)).filter(users::deleted_at.is_null());
    app.db.system(async |conn: &mut SystemConn| Ok(by_address.first(conn).await.optional()?)).await
}

/// In a task of its own: an answer that waited for this entry would come later for addresses that exist.
fn record_failure(app: &App, user: &Known, peer: &Peer) {
    let (db, account, id, request_id) = (app.db.clone(), user.account_id, user.id, peer.request_id.clone());
    tokio::spawn(async move {
        let actor = audit::Actor { request_id, ..audit::Actor::default() };
        let recorded =
            db.account(account, async |conn| audit::record(conn, actor, "session.sign_in_failed", Some(id), []).await);
        if let Err(error) = recorded.await {
            tracing::warn!(error = ?error, "could not record a failed sign-in");
        }
    });
}
