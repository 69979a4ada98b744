//! Who did what: one row for each deed, in the transaction of the deed, never changed.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Result};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::AccountConn;
use crate::schema::igny8_audit_log;

/// Who acted. A [`Caller`] is one; a public method, as sign-in, names the user that it has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user: Option<Uuid>,
    /// The API key.
    pub api_key: Option<Uuid>,
    /// The staff member behind an entered account.
    pub entered_by: Option<Uuid>,
    /// The request in which it happened.
    pub request_id: String,
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self {
            user: caller.user(),
            api_key: caller.api_key(),
            entered_by: caller.acting(),
            request_id: caller.request_id().to_owned(),
        }
    }
}

/// Writes one entry. `action` is the object and what happened to it, as `site.created`; `details` are short texts and never a secret.
///
/// ```no_run
/// # async fn f(conn: &mut db::AccountConn, caller: &rpc::Caller, id: uuid::Uuid) -> rpc::Result<()> {
/// db::audit::record(conn, caller, "site.created", Some(id), [("domain", "example.com".to_owned())]).await?;
/// # Ok(())
/// # }
/// ```
pub async fn record(
    conn: &mut AccountConn,
    actor: impl Into<Actor>,
    action: &str,
    object_id: Option<Uuid>,
    details: impl IntoIterator<Item = (&str, String)>,
) -> Result<()> {
    let actor = actor.into();
    let object = action.split_once('.').map_or(action, |(object, _)| object);
    let details: Map<_, _> = details.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
    diesel::insert_into(igny8_audit_log::table)
        .values((
            igny8_audit_log::account_id.eq(conn.account().uuid()),
            igny8_audit_log::id.eq(Uuid::now_v7()),
            igny8_audit_log::user_id.eq(actor.user),
            igny8_audit_log::api_key_id.eq(actor.api_key),
            igny8_audit_log::entered_by.eq(actor.entered_by),
            igny8_audit_log::action.eq(action),
            igny8_audit_log::object.eq(object),
            igny8_audit_log::object_id.eq(object_id),
            igny8_audit_log::details.eq(Value::Object(details)),
            igny8_audit_log::request_id.eq(actor.request_id),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
