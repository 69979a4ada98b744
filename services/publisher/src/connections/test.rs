//! Using a connection: its test, and the way to its site for whoever publishes there.

use chrono::{SubsecRound as _, Utc};
use contracts::publisher::v1 as pb;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Caller, Error, timestamp};
use uuid::Uuid;

use super::password;
use super::row::{Connection, live, owned_by};
use crate::App;
use crate::schema::igny8_connections;
use crate::wordpress::{Fault, Root, Site, Wire, discovery, doctor};

/// Examines the site of a connection and keeps what was found.
pub(super) async fn test(app: &App, caller: &Caller, id: Uuid) -> rpc::Result<pb::ConnectionDiagnosis> {
    let (connection, sealed) = app.db.transaction(caller, async |conn| with_password(conn, id).await).await?;
    let password = password::unseal(app, caller.account(), id, &sealed)?;
    let patient = doctor::Patient { address: &connection.url, username: &connection.username, password: &password };
    let doctor::Examination { root, mut diagnosis } = doctor::examine(&wire(app), patient).await;
    diagnosis.tested_at = Some(timestamp::of(Utc::now().trunc_subsecs(6)));
    let kept = serde_json::to_value(&diagnosis).map_err(Error::internal)?;
    let keep = async |conn: &mut AccountConn| {
        // Unless somebody changed the connection meanwhile.
        let same = igny8_connections::password_sealed
            .eq(&sealed)
            .and(igny8_connections::url.eq(&connection.url))
            .and(igny8_connections::username.eq(&connection.username));
        diesel::update(igny8_connections::table.filter(owned_by(conn)).filter(live(id)).filter(same))
            .set((
                igny8_connections::diagnosis.eq(Some(&kept)),
                igny8_connections::rest_root.eq(root.as_ref().map(Root::as_str)),
            ))
            .execute(conn)
            .await?;
        let outcome = if diagnosis.works { "works" } else { "does not work" };
        db::audit::record(conn, caller, "connection.tested", Some(id), [("outcome", outcome.to_owned())]).await
    };
    app.db.transaction(caller, keep).await?;
    Ok(diagnosis)
}

/// The site of a connection, ready to be written to. The inner fault is the site's. Never call it inside a transaction: it may have to look
/// for the API.
pub async fn open(app: &App, account: AccountId, id: Uuid) -> rpc::Result<Result<Site, Fault>> {
    let (connection, sealed) = app.db.account(account, async |conn| with_password(conn, id).await).await?;
    let password = password::unseal(app, account, id, &sealed)?;
    let wire = wire(app);
    let root = match connection.rest_root.as_deref().and_then(Root::parse) {
        Some(root) => root,
        None => match discovery::discover(&wire, &connection.url).await {
            Ok(found) => {
                app.db.account(account, async |conn| keep_root(conn, &connection, &found.root).await).await?;
                found.root
            }
            Err(fault) => return Ok(Err(fault)),
        },
    };
    Ok(Ok(Site::new(wire, root, &connection.username, &password)))
}

fn wire(app: &App) -> Wire {
    Wire::new(app.outbound.clone(), app.site_timeout)
}

async fn with_password(conn: &mut AccountConn, id: Uuid) -> rpc::Result<(Connection, String)> {
    let row: Option<(Connection, String)> = igny8_connections::table
        .filter(owned_by(conn))
        .filter(live(id))
        .select((Connection::as_select(), igny8_connections::password_sealed))
        .first(conn)
        .await
        .optional()?;
    row.ok_or_else(|| Error::not_found("connection"))
}

async fn keep_root(conn: &mut AccountConn, connection: &Connection, root: &Root) -> rpc::Result<()> {
    let same = igny8_connections::url.eq(&connection.url);
    diesel::update(igny8_connections::table.filter(owned_by(conn)).filter(live(connection.id)).filter(same))
        .set(igny8_connections::rest_root.eq(root.as_str()))
        .execute(conn)
        .await?;
    Ok(())
}
