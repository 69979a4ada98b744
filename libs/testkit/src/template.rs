//! The migrated database of a service from which each test gets a copy: migrations cost a second, a copy costs 30 ms.

use anyhow::{Context as _, Result, bail};
use diesel_migrations::EmbeddedMigrations;
use secrecy::SecretString;
use service::registry::{Database, Passwords, quote_identifier};
use tokio_postgres::Client;
use url::Url;

use crate::postgres::{as_owner, at, connect, drop_database, execute};

/// Of the login roles on the test server, which keeps nothing worth protecting.
pub(crate) const PASSWORD: &str = "test";
/// Session lock of whoever makes roles or a template.
const LOCK: &str = "SELECT pg_advisory_lock(7305806)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(7305806)";
/// Databases with this prefix are templates.
const PREFIX: &str = "template_test_";
const STALE: &str = "SELECT datname FROM pg_database \
    WHERE starts_with(datname, $1) AND shobj_description(oid, 'pg_database')::timestamptz < now() - interval '7 days'";

/// What a template is made of.
pub(crate) struct Template {
    pub(crate) server: Url,
    pub(crate) roles: Database,
    /// Which state of the migrations it is.
    pub(crate) key: String,
    pub(crate) migrations: EmbeddedMigrations,
}

impl Template {
    /// Its name, once it exists. Of the processes that want it at once, one makes it.
    pub(crate) async fn ensure(self, admin: &Client) -> Result<String> {
        let name = format!("{PREFIX}{}_{}", self.roles.app, self.key);
        if exists(admin, &name).await? {
            return Ok(name);
        }
        admin.batch_execute(LOCK).await?;
        if !exists(admin, &name).await? {
            self.make(admin, &format!("{name}_new")).await?;
            finish(admin, &name).await?;
            drop_stale(admin).await?;
        }
        admin.batch_execute(UNLOCK).await?; // after a failure the end of the connection does it
        Ok(name)
    }

    async fn make(self, admin: &Client, name: &str) -> Result<()> {
        let Self { server, roles, migrations, .. } = self;
        if exists(admin, &roles.name).await? {
            bail!("the server has the database {} of a fleet, whose passwords the tests would change", roles.name);
        }
        let new = roles.named(name);
        execute(admin, &new.role_statements(Passwords { app: PASSWORD, system: PASSWORD })).await?;
        drop_database(admin, name).await?; // of a run that was killed
        execute(admin, &[new.create_statement()]).await?;
        let inside = connect(&at(&server, name), "testkit").await?;
        execute(&inside, &new.right_statements()).await?;
        drop(inside);
        let owner = SecretString::from(as_owner(&server, &new).to_string());
        db::migrate::run(&owner, migrations).await.with_context(|| format!("could not migrate {}", roles.name))?;
        Ok(())
    }
}

async fn exists(admin: &Client, name: &str) -> Result<bool> {
    Ok(admin.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await?.is_some())
}

/// The name tells that it is complete, and nobody can connect and spoil it.
async fn finish(admin: &Client, template: &str) -> Result<()> {
    let (new, template) = (quote_identifier(&format!("{template}_new")), quote_identifier(template));
    let now: String = admin.query_one("SELECT now()::text", &[]).await?.try_get(0)?;
    let statements = [
        format!("ALTER DATABASE {new} ALLOW_CONNECTIONS false"),
        format!("COMMENT ON DATABASE {new} IS '{now}'"),
        format!("ALTER DATABASE {new} RENAME TO {template}"),
    ];
    execute(admin, &statements).await
}

async fn drop_stale(admin: &Client) -> Result<()> {
    for row in admin.query(STALE, &[&PREFIX]).await? {
        drop_database(admin, row.try_get(0)?).await?;
    }
    Ok(())
}
