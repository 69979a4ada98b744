//! Connections: made lazily, waited for briefly, and closed rather than reused when in doubt.

use std::ops::DerefMut;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection};
use rpc::{Error, Result};
use secrecy::{ExposeSecret, SecretString};

/// A connection that goes back to its pool when dropped.
pub(crate) type Object = deadpool::Object<AsyncPgConnection>;

/// The longest that a request waits for a connection, its making and its BEGIN.
const WAIT: Duration = Duration::from_secs(2);

/// How long the network may keep silent before a connection counts as lost.
const SILENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Pool {
    name: &'static str,
    objects: deadpool::Pool<AsyncPgConnection>,
}

impl Pool {
    /// A pool that connects when first used.
    pub(crate) fn new(
        name: &'static str,
        url: &SecretString,
        size: usize,
        statement_timeout: Duration,
    ) -> anyhow::Result<Self> {
        let settings = settings(url).with_context(|| format!("cannot read the address of the {name} database"))?;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| Box::pin(establish(settings.clone(), statement_timeout)));
        // The address stays out of the manager: the settings carry it.
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let objects = deadpool::Pool::builder(manager)
            .max_size(size)
            .build()
            .with_context(|| format!("cannot make the pool of the {name} database"))?;
        Ok(Self { name, objects })
    }

    /// A connection on which `begin` has run, within [`WAIT`].
    pub(crate) async fn begin<C>(&self, begin: &str, wrap: impl Fn(Object) -> C) -> Result<Lease<C>>
    where
        C: DerefMut<Target = AsyncPgConnection> + Into<Object>,
    {
        let started = Instant::now();
        let lease = tokio::time::timeout(WAIT, self.begin_on_any(begin, wrap)).await;
        metrics::histogram!("db.client.connection.wait_time", "db.client.connection.pool.name" => self.name)
            .record(started.elapsed());
        lease.unwrap_or_else(|_| {
            Err(Error::unavailable(anyhow!("no connection to the {} database within {WAIT:?}", self.name)))
        })
    }

    /// A connection that rested in the pool may have died there: then nothing has happened yet, and the next one is tried. One that was
    /// just made is the last.
    async fn begin_on_any<C>(&self, begin: &str, wrap: impl Fn(Object) -> C) -> Result<Lease<C>>
    where
        C: DerefMut<Target = AsyncPgConnection> + Into<Object>,
    {
        loop {
            let object = self.objects.get().await.map_err(|error| {
                Error::unavailable(
                    anyhow::Error::new(error).context(format!("no connection to the {} database", self.name)),
                )
            })?;
            let rested = Object::metrics(&object).recycle_count > 0;
            let mut lease = Lease::new(wrap(object));
            match AnsiTransactionManager::begin_transaction_sql::<AsyncPgConnection>(lease.conn()?, begin).await {
                Ok(()) => return Ok(lease),
                Err(_) if rested => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Closes its connection when dropped, unless it is told that the transaction ended cleanly.
///
/// A body that fails to roll back, panics, or is dropped in the middle because its client went away thus ends its transaction at once. And
/// diesel-async does not notice when the second statement of a BEGIN batch fails: it would hand the aborted transaction on.
pub(crate) struct Lease<C: Into<Object>>(Option<C>);

impl<C: Into<Object>> Lease<C> {
    fn new(conn: C) -> Self {
        Self(Some(conn))
    }

    pub(crate) fn conn(&mut self) -> Result<&mut C> {
        self.0.as_mut().ok_or_else(|| Error::internal(anyhow!("a lease without its connection")))
    }

    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<C: Into<Object>> Drop for Lease<C> {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Object::take(conn.into()));
        }
    }
}

fn settings(url: &SecretString) -> anyhow::Result<tokio_postgres::Config> {
    let mut settings: tokio_postgres::Config = url.expose_secret().parse()?;
    settings.connect_timeout(WAIT).tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
    if settings.get_application_name().is_none()
        && let Some(role) = settings.get_user().map(ToOwned::to_owned)
    {
        settings.application_name(role);
    }
    Ok(settings)
}

/// The server ends what a vanished client left: a statement whose connection is gone, a transaction that nobody continues.
async fn establish(
    settings: tokio_postgres::Config,
    statement_timeout: Duration,
) -> ConnectionResult<AsyncPgConnection> {
    let failed = |error: tokio_postgres::Error| {
        ConnectionError::CouldntSetupConfiguration(diesel::result::Error::QueryBuilderError(error.into()))
    };
    let (client, connection) = settings.connect(tokio_postgres::NoTls).await.map_err(failed)?;
    let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    let timeout = statement_timeout.as_millis();
    let limits = format!(
        "SET statement_timeout = {timeout}; SET idle_in_transaction_session_timeout = {timeout}; \
         SET client_connection_check_interval = 1000"
    );
    conn.batch_execute(&limits).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
