use std::fmt;
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use diesel::QueryResult;
use diesel::connection::TransactionDepthChange;
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};
use rpc::{AccountId, Caller, Error, Result};
use secrecy::SecretString;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::pool::{Lease, Object, Pool};
use crate::{AccountConn, Config, SystemConn};

const BEGIN: &str = "BEGIN";

/// The only owner of the connections to a service's database. Cheap to clone.
///
/// Each method runs `body` in one transaction: committed when it answers `Ok`, rolled back when it answers `Err`, and ended by closing the
/// connection when its future is dropped. Make no RPC, no provider call and no other transaction in a body: it holds a connection and row
/// locks.
#[derive(Clone)]
pub struct Db {
    requests: Pool,
    system: Option<Pool>,
    statement_timeout: Duration,
    announcements: Arc<Notify>,
}

impl Db {
    /// Reads the settings and connects later, so that a service starts while its database is down. Fails on a malformed address.
    pub fn connect(config: &Config) -> anyhow::Result<Self> {
        let statement_timeout = config.statement_timeout();
        let pool = |name, url: &SecretString, size| Pool::new(name, url, size, statement_timeout);
        let system = config.system_database_url.as_ref();
        Ok(Self {
            requests: pool("request", &config.database_url, config.database_pool_size)?,
            system: system.map(|url| pool("system", url, config.system_database_pool_size)).transpose()?,
            statement_timeout,
            announcements: Arc::default(),
        })
    }

    /// A transaction for the caller's account, on the sites that the caller may see.
    pub async fn transaction<R>(
        &self,
        caller: &Caller,
        body: impl AsyncFnOnce(&mut AccountConn) -> Result<R>,
    ) -> Result<R> {
        let begin = Self::begin_for(caller.account(), caller.sites());
        self.in_account(&begin, |object| AccountConn::of_caller(object, caller), body).await
    }

    /// A transaction for an account without a caller, as after a sign-in or for an event. It sees all sites.
    pub async fn account<R>(
        &self,
        account: AccountId,
        body: impl AsyncFnOnce(&mut AccountConn) -> Result<R>,
    ) -> Result<R> {
        let begin = Self::begin_for(account, &[]);
        self.in_account(&begin, |object| AccountConn::of_account(object, account), body).await
    }

    /// Resolves when a transaction of this process that called [`AccountConn::announce`] has been committed since the last time.
    pub async fn announced(&self) {
        self.announcements.notified().await;
    }

    /// A transaction of the system role, across accounts.
    pub async fn system<R>(&self, body: impl AsyncFnOnce(&mut SystemConn) -> Result<R>) -> Result<R> {
        let missing = || Error::internal(anyhow!("this service has no system database address"));
        let pool = self.system.as_ref().ok_or_else(missing)?;
        self.run(pool, BEGIN, SystemConn::new, body).await
    }

    /// A transaction on tables without accounts. On the others it fails: no account is set.
    pub async fn public<R>(&self, body: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<R>) -> Result<R> {
        self.run(&self.requests, BEGIN, |object| object, async |object: &mut Object| body(object).await).await
    }

    async fn in_account<R>(
        &self,
        begin: &str,
        wrap: impl Fn(Object) -> AccountConn,
        body: impl AsyncFnOnce(&mut AccountConn) -> Result<R>,
    ) -> Result<R> {
        let body = async |conn: &mut AccountConn| Ok((body(conn).await?, conn.announces()));
        let (answer, announces) = self.run(&self.requests, begin, wrap, body).await?;
        if announces {
            self.announcements.notify_one();
        }
        Ok(answer)
    }

    async fn run<C, R>(
        &self,
        pool: &Pool,
        begin: &str,
        wrap: impl Fn(Object) -> C,
        body: impl AsyncFnOnce(&mut C) -> Result<R>,
    ) -> Result<R>
    where
        C: DerefMut<Target = AsyncPgConnection> + Into<Object>,
    {
        let mut lease = pool.begin(begin, wrap).await?;
        let answer = body(lease.conn()?).await;
        self.end(lease, answer).await
    }

    async fn end<C, R>(&self, mut lease: Lease<C>, answer: Result<R>) -> Result<R>
    where
        C: DerefMut<Target = AsyncPgConnection> + Into<Object>,
    {
        let conn: &mut AsyncPgConnection = lease.conn()?;
        let ended = async {
            match &answer {
                Ok(_) => commit(conn).await,
                Err(_) => AnsiTransactionManager::rollback_transaction(conn).await,
            }
        };
        // Whether a commit that got no answer took place is not known: the client may try again.
        let silent = || Error::unavailable(anyhow!("no answer to the end of a transaction"));
        let ended = tokio::time::timeout(self.statement_timeout, ended).await.map_err(|_| silent());
        match (ended, &answer) {
            (Ok(Ok(())), _) => lease.give_back(),
            (_, Err(_)) => {} // the failure of the body says more than that of its rollback
            (Ok(Err(error)), Ok(_)) => return Err(error.into()),
            (Err(error), Ok(_)) => return Err(error),
        }
        answer
    }

    /// BEGIN and whose the transaction is, in one round trip. The values are ids: there is nothing to escape.
    fn begin_for(account: AccountId, sites: &[Uuid]) -> String {
        let sites = sites.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        format!("BEGIN; SET LOCAL app.account_id = '{account}'; SET LOCAL app.site_ids = '{{{sites}}}'")
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

/// PostgreSQL answers COMMIT with success when an earlier statement failed, and rolls back. A body that ignores such a failure would lose its
/// writes without a word; the statement in front fails instead. Of those that do nothing it is one of the cheapest: nothing is planned.
async fn commit(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    conn.batch_execute("SET LOCAL app.site_ids = ''; COMMIT").await?;
    AnsiTransactionManager::transaction_manager_status_mut(conn)
        .transaction_state()?
        .change_transaction_depth(TransactionDepthChange::DecreaseDepth)
}
