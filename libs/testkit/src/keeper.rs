//! Who makes a test's database, shows that it is in use, and drops it.

use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use service::registry::Database;
use tokio::sync::oneshot;
use tokio_postgres::Client;

use crate::{
    postgres::{connect, drop_database, execute},
    template::Template,
};

/// Databases of tests whose process is gone: a living one holds a connection with the name of its database.
const LEFT_OVER: &str = "SELECT datname FROM pg_database d WHERE starts_with(datname, 'test_') \
    AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.application_name = d.datname)";

/// A thread with a runtime of its own, because that of the test may be blocked or gone when the database is to be dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    release: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Resolves when the database is there. It lives until the keeper is dropped.
    pub(crate) async fn start(database: Database, template: Template) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (release, released) = oneshot::channel();
        let (made, when_made) = oneshot::channel();
        let keep = async move {
            let admin = match copy(&database, template).await {
                Ok(admin) => admin,
                Err(error) => return drop(made.send(Err(error))),
            };
            // Where nobody waits for it any more, it is dropped at once: both channels are closed.
            if made.send(Ok(())).is_ok() {
                let _ = released.await;
            }
            // It fails when the server is gone, and the database with it; otherwise the next run drops it.
            let _ = drop_database(&admin, &database.name).await;
        };
        let thread = thread::Builder::new().name("testkit".to_owned()).spawn(move || runtime.block_on(keep))?;
        let keeper = Self { release: Some(release), thread: Some(thread) };
        when_made.await.context("the thread that keeps a test database panicked")??;
        Ok(keeper)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

async fn copy(database: &Database, template: Template) -> Result<Client> {
    let admin = connect(&template.server, &database.name).await?;
    let template = template.ensure(&admin).await?;
    drop_left_overs(&admin).await?;
    let mut statements = vec![database.copy_statement(&template)];
    statements.extend(database.connect_statements());
    execute(&admin, &statements).await.with_context(|| format!("could not copy {template}"))?;
    Ok(admin)
}

async fn drop_left_overs(admin: &Client) -> Result<()> {
    for row in admin.query(LEFT_OVER, &[]).await? {
        // Another process may be dropping it too.
        let _ = drop_database(admin, row.try_get(0)?).await;
    }
    Ok(())
}
