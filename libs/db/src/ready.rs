use std::time::Duration;

use anyhow::anyhow;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_migrations::EmbeddedMigrations;
use rpc::{Error, Result};

use crate::schema::__diesel_schema_migrations as applied;
use crate::{Db, migrate};

/// A database that takes longer to answer than this does not carry requests.
const PATIENCE: Duration = Duration::from_secs(1);

impl Db {
    /// Whether requests can be served: the database answers within a second, and has all of `migrations`. Newer ones do no harm: they are
    /// those of the next release, whose migrations run before its pods.
    pub async fn ready(&self, migrations: &EmbeddedMigrations) -> Result<()> {
        let expected = migrate::expected(migrations).map_err(Error::internal)?;
        let versions =
            self.public(async |conn| Ok(applied::table.select(applied::version).load::<String>(conn).await?));
        let versions = tokio::time::timeout(PATIENCE, versions)
            .await
            .map_err(|_| Error::unavailable(anyhow!("the database did not answer within {PATIENCE:?}")))??;
        match expected.iter().find(|version| !versions.contains(version)) {
            Some(missing) => Err(Error::unavailable(anyhow!("the database lacks migration {missing}"))),
            None => Ok(()),
        }
    }
}
