//! Passwords, and the proof that an e-mail address is one's own.

mod hash;
pub(crate) mod links;

use std::sync::Arc;

use contracts::auth::v1 as pb;
use contracts::auth::v1::password_service_server::PasswordService;
use contracts::rest::v1::Empty;
use db::{AccountConn, audit};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Caller, Error, Result};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::links::Purpose;
use crate::mail::{self, Mail};
use crate::schema::igny8_users as users;
use crate::throttle::{self, Subject};
use crate::{App, email, sessions};

pub use hash::{Hasher, Verdict};

#[derive(Debug)]
pub struct Passwords(pub Arc<App>);

#[tonic::async_trait]
impl PasswordService for Passwords {
    async fn change_password(&self, request: Request<pb::ChangePasswordRequest>) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let user = caller.user_required()?;
        confirm(&self.0, &caller, &request.current_password, "current_password").await?;
        let hash = self.0.passwords.hash(&request.new_password).await?;
        let changed = self.0.db.transaction(&caller, async |conn| {
            replace(conn, &self.0, user, &hash).await?;
            sessions::end_others(conn, user, caller.session()).await?;
            audit::record(conn, &caller, "password.changed", Some(user), []).await
        });
        changed.await?;
        Ok(Response::new(Empty {}))
    }

    async fn request_password_reset(
        &self,
        request: Request<pb::RequestPasswordResetRequest>,
    ) -> Result<Response<Empty>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        let address = email::normalise(&request.email);
        if let Some(user) = sessions::sign_in::find(&self.0, &address).await?.filter(|user| user.active) {
            // In a task of its own: the answer must not come later for addresses that exist.
            let app = Arc::clone(&self.0);
            tokio::spawn(async move {
                if let Err(error) = send_reset_link(&app, user.account_id, user.id, peer.request_id).await {
                    tracing::error!(error = ?error, "could not queue a reset link");
                }
            });
        }
        Ok(Response::new(Empty {}))
    }

    async fn reset_password(&self, request: Request<pb::ResetPasswordRequest>) -> Result<Response<Empty>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        let link = links::find(&self.0, &request.token, Purpose::ResetPassword).await?;
        let hash = self.0.passwords.hash(&request.new_password).await?;
        let reset = self.0.db.account(link.account, async |conn| {
            let user = link.redeem(conn).await?;
            let address = replace(conn, &self.0, user, &hash).await?;
            confirm_address(conn, user).await?;
            sessions::end_all(conn, user).await?;
            let actor =
                audit::Actor { user: Some(user), request_id: peer.request_id.clone(), ..audit::Actor::default() };
            audit::record(conn, actor, "password.reset", Some(user), []).await?;
            Ok(address)
        });
        throttle::forget(&self.0, &reset.await?).await?;
        Ok(Response::new(Empty {}))
    }

    async fn verify_email(&self, request: Request<pb::VerifyEmailRequest>) -> Result<Response<Empty>, Status> {
        let (peer, request) = rpc::open_public(request)?;
        let link = links::find(&self.0, &request.token, Purpose::VerifyEmail).await?;
        let verified = self.0.db.account(link.account, async |conn| {
            let user = link.redeem(conn).await?;
            confirm_address(conn, user).await?;
            let actor =
                audit::Actor { user: Some(user), request_id: peer.request_id.clone(), ..audit::Actor::default() };
            audit::record(conn, actor, "user.email_verified", Some(user), []).await
        });
        verified.await?;
        Ok(Response::new(Empty {}))
    }

    async fn resend_verification(
        &self,
        request: Request<pb::ResendVerificationRequest>,
    ) -> Result<Response<Empty>, Status> {
        let (caller, pb::ResendVerificationRequest {}) = rpc::open(request)?;
        let user = caller.user_required()?;
        let sent = self.0.db.transaction(&caller, async |conn| {
            let row = users::table.find((conn.account().uuid(), user)).for_no_key_update();
            let row = row.select((users::email, users::email_verified_at.is_not_null()));
            let (address, is_verified): (String, bool) = row.first(conn).await?;
            if is_verified {
                return Err(Error::precondition("EMAIL_ALREADY_VERIFIED", "Your e-mail address is confirmed already."));
            }
            if links::is_recent(conn, user, Purpose::VerifyEmail).await? {
                let message = "A mail was sent to you just now. Look for it, or try again in a minute.";
                return Err(Error::exhausted("MAIL_JUST_SENT", message, links::AT_MOST_EVERY));
            }
            let token = links::issue(conn, user, Purpose::VerifyEmail).await?;
            mail::queue(conn, &self.0, &address, Mail::VerifyEmail { token: &token }).await
        });
        sent.await?;
        Ok(Response::new(Empty {}))
    }
}

/// The hash of a new password.
pub async fn hash(app: &App, password: &str) -> Result<String> {
    app.passwords.hash(password).await
}

/// A new hash of a password that was right, where the stored one is made with parameters of the past.
pub(crate) async fn rehash_outdated(app: &App, verdict: Verdict, password: &str) -> Result<Option<String>> {
    match verdict {
        Verdict::Outdated => Ok(Some(app.passwords.hash(password).await?)),
        Verdict::Right | Verdict::Wrong => Ok(None),
    }
}

/// Stores the hash of the password that the user has.
pub(crate) async fn store(conn: &mut AccountConn, user: Uuid, hash: &str) -> Result<()> {
    let row = diesel::update(users::table.find((conn.account().uuid(), user)));
    row.set(users::password_hash.eq(hash)).execute(conn).await?;
    Ok(())
}

/// Asks a signed-in user for the password again. Wrong answers count as failed sign-ins do.
pub(crate) async fn confirm(app: &App, caller: &Caller, password: &str, field: &str) -> Result<()> {
    let user = caller.user_required()?;
    let attempt = throttle::admit(app, Subject::user(user), None).await?;
    let stored = app.db.transaction(caller, async |conn| {
        let row = users::table.find((conn.account().uuid(), user)).select(users::password_hash);
        Ok(row.first::<String>(conn).await.optional()?)
    });
    match app.passwords.check(password, stored.await?.as_deref()).await? {
        Verdict::Right | Verdict::Outdated => attempt.succeeded(app).await,
        Verdict::Wrong => {
            attempt.failed(app).await?;
            Err(Error::invalid(field, "This is not your password. Type it again."))
        }
    }
}

/// Sets another password, says so by mail, and answers the address. Access tokens made before are not exchanged any more.
async fn replace(conn: &mut AccountConn, app: &App, user: Uuid, hash: &str) -> Result<String> {
    let row = diesel::update(users::table.find((conn.account().uuid(), user)));
    let changed = row.set((users::password_hash.eq(hash), users::epoch.eq(users::epoch + 1)));
    let address: String = changed.returning(users::email).get_result(conn).await?;
    mail::queue(conn, app, &address, Mail::PasswordChanged).await?;
    Ok(address)
}

/// Whoever opened a link that was sent to an address can read what is sent there.
async fn confirm_address(conn: &mut AccountConn, user: Uuid) -> Result<()> {
    let row = users::table.find((conn.account().uuid(), user)).filter(users::email_verified_at.is_null());
    diesel::update(row).set(users::email_verified_at.eq(diesel::dsl::now)).execute(conn).await?;
    Ok(())
}

/// At most one in a minute: nobody's mailbox is flooded through us.
async fn send_reset_link(app: &App, account: AccountId, user: Uuid, request_id: String) -> Result<()> {
    let send = async |conn: &mut AccountConn| {
        let row = users::table.find((conn.account().uuid(), user)).for_no_key_update();
        let address: String = row.select(users::email).first(conn).await?;
        if links::is_recent(conn, user, Purpose::ResetPassword).await? {
            return Ok(());
        }
        let token = links::issue(conn, user, Purpose::ResetPassword).await?;
        let actor = audit::Actor { request_id, ..audit::Actor::default() };
        audit::record(conn, actor, "password.reset_requested", Some(user), []).await?;
        mail::queue(conn, app, &address, Mail::ResetPassword { token: &token }).await
    };
    app.db.account(account, send).await
}
