//! Bringing a database to the version that a binary was built for.

use anyhow::{Context, Result, anyhow, bail};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::{Array, Text};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};

/// What every database stands on; [`run`] applies it before a service's own migrations.
pub const FOUNDATION: EmbeddedMigrations = embed_migrations!("migrations");

type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

/// One at a time for each database: advisory locks do not reach beyond one.
const LOCK: &str = "SET lock_timeout = '5min'; SELECT pg_advisory_lock(7305805); SET lock_timeout = '10s'";

/// Applies the foundation and then `migrations`, as far as they are missing, and answers how many it applied.
///
/// The address is that of a login that acts as the service's owner (`options=-c role=igny8_auth_owner`). Two runs at once take turns. A
/// migration that waits ten seconds for a lock on a table fails, rather than stop the requests that queue up behind it. A run that leaves
/// data open fails too: a table with an account and no forced row-level security, a foreign key that leaves the account out, a view that
/// asks with its owner's rights.
pub async fn run(url: &SecretString, migrations: EmbeddedMigrations) -> Result<usize> {
    let url = url.clone();
    tokio::task::spawn_blocking(move || apply(url.expose_secret(), migrations)).await?
}

fn apply(url: &str, migrations: EmbeddedMigrations) -> Result<usize> {
    let conn =
        &mut <Blocking as diesel::Connection>::establish(url).context("cannot connect to the database to migrate")?;
    conn.batch_execute(LOCK).context("cannot take the lock on migrations")?;
    let applied = pending(conn, FOUNDATION)? + pending(conn, migrations)?;
    let gaps: Vec<String> = diesel::select(sql::<Array<Text>>("ARRAY(SELECT app.gaps())")).get_result(conn)?;
    if !gaps.is_empty() {
        bail!("the migrations leave data open: {}", gaps.join("; "));
    }
    Ok(applied)
}

fn pending(conn: &mut Blocking, migrations: EmbeddedMigrations) -> Result<usize> {
    let applied = conn.run_pending_migrations(migrations).map_err(|error| anyhow!(error))?;
    Ok(applied.len())
}

/// The versions that must have been applied before a binary with `migrations` may serve.
pub(crate) fn expected(migrations: &EmbeddedMigrations) -> Result<Vec<String>> {
    let mut versions = Vec::new();
    for source in [&FOUNDATION, migrations] {
        let migrations = MigrationSource::<Pg>::migrations(source).map_err(|error| anyhow!(error))?;
        versions.extend(migrations.iter().map(|migration| migration.name().version().to_string()));
    }
    Ok(versions)
}
