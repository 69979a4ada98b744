//! Databases and roles of the services, made from the registry's statements.

use anyhow::{Context as _, Result};
use service::registry::{Database, Passwords, Service};
use tokio_postgres::error::SqlState;
use url::Url;

use crate::launch::Launch;
use crate::postgres;
use crate::settings::Settings;

/// The addresses of one service's database.
#[derive(Debug)]
pub struct Addresses {
    pub app: Url,
    pub system: Url,
    /// For migrations, which act as the owner.
    pub migrate: Url,
}

/// Makes every service's roles and database, or brings them to their form.
pub async fn bootstrap(launch: &Launch, server: &Url) -> Result<()> {
    let step = launch.progress.step("databases and roles");
    let admin = postgres::connect(server).await.context("connect to PostgreSQL")?;
    for service in service::registry::services() {
        let Some(database) = &service.database else { continue };
        let (app, system) = (launch.password(&database.app)?, launch.password(&database.system)?);
        let what = || format!("make the database of {}", service.name);
        for statement in database.role_statements(Passwords { app: &app, system: &system }) {
            admin.batch_execute(&statement).await.with_context(what)?;
        }
        match admin.batch_execute(&database.create_statement()).await {
            Err(error) if error.code() != Some(&SqlState::DUPLICATE_DATABASE) => return Err(error).with_context(what),
            _ => {}
        }
        let inside = postgres::connect(&at(server, &database.name)).await.with_context(what)?;
        for statement in database.right_statements() {
            inside.batch_execute(&statement).await.with_context(what)?;
        }
    }
    step.done();
    Ok(())
}

/// Where a service finds its database; `None` when it has none.
pub fn addresses(settings: &Settings, server: &Url, service: &Service) -> Result<Option<Addresses>> {
    let Some(database) = &service.database else { return Ok(None) };
    let mut migrate = at(server, &database.name);
    migrate.query_pairs_mut().append_pair("options", &format!("-c role={}", database.owner));
    // A form's `+` for a space would be taken literally here.
    let query = migrate.query().unwrap_or_default().replace('+', "%20");
    migrate.set_query(Some(&query));
    Ok(Some(Addresses {
        app: login(settings, server, database, &database.app)?,
        system: login(settings, server, database, &database.system)?,
        migrate,
    }))
}

fn login(settings: &Settings, server: &Url, database: &Database, role: &str) -> Result<Url> {
    let mut url = at(server, &database.name);
    let password = settings.password(role)?;
    let set = url.set_username(role).and_then(|()| url.set_password(Some(&password)));
    set.map_err(|()| anyhow::anyhow!("the address of PostgreSQL cannot carry a user"))?;
    Ok(url)
}

/// The same server, another database.
pub fn at(server: &Url, database: &str) -> Url {
    let mut url = server.clone();
    url.set_path(database);
    url
}
