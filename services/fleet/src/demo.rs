//! `demo`: the product's main job on a fleet of this machine, from two keyword files to a published article with pictures. Everything goes
//! through REST, as a program of a customer would do it; nothing is prepared behind its back.

mod api;
mod planning;
mod publishing;
mod stages;
mod wordpress;
mod writing;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cli::Demo;
use crate::launch::Launch;
use crate::progress::Progress;
use crate::services::{self, Manner};
use crate::signals::Signals;
use crate::state::State;
use crate::state::record::Phase;
use crate::up::{self, Reported, Wishes};
use crate::{errors, ready};
use api::Api;
use planning::Place;
use publishing::Page;
use stages::Stages;
use wordpress::WordPress;
use writing::Article;

/// The private WordPress listens on loopback, where the services send nothing otherwise.
const ALLOWED: (&str, &str) = ("IGNY8_OUTBOUND_ALLOW", "127.0.0.1/32");

/// Starts the fleet, does the job, and stays until a signal.
pub async fn run(state: State, wishes: &Wishes, wish: &Demo, progress: Progress) -> Result<()> {
    let signals = Signals::listen()?;
    let Some(lock) = state.lock()? else { return Err(errors::already_running(&state.dir).into()) };
    let mut launch = Launch::begin(state, progress, lock)?;
    let ended = tokio::select! {
        ended = start(&mut launch, wishes, wish) => ended,
        () = signals.first() => Ok(()),
    };
    if let Err(error) = &ended {
        launch.progress.line(&format!("error: {error:#}"));
    }
    up::stop(&launch, &signals).await;
    ended.map_err(|_| Reported.into())
}

async fn start(launch: &mut Launch, wishes: &Wishes, wish: &Demo) -> Result<()> {
    up::prepare(launch, wishes).await?;
    let launch = &*launch;
    let manner = Manner { dist: false, settings: vec![ALLOWED] };
    let site = async { if wish.no_wordpress { Ok(None) } else { wordpress::start(launch).await.map(Some) } };
    // The first time, WordPress is installed while cargo builds.
    let (mut specs, site) = tokio::try_join!(up::start(launch, wishes, &manner), site)?;
    specs.extend(site.iter().map(|site| site.spec.clone()));
    let work = async {
        let shown = work(launch, site.as_ref()).await?;
        launch.progress.line(&shown);
        if wish.once {
            return Ok(());
        }
        launch
            .progress
            .line("\n  It all stays until Ctrl-C. The next demo goes on from here and writes another article.");
        launch.processes.set_phase(Phase::Ready)?;
        std::future::pending().await
    };
    tokio::select! {
        ended = up::watch(launch, specs) => ended,
        ended = work => ended,
    }
}

/// The job; answers what a person reads in the end.
async fn work(launch: &Launch, site: Option<&WordPress>) -> Result<String> {
    let begun = Instant::now();
    launch.progress.line("\nfrom keyword files to a published article");
    let api = Api::sign_in(launch).await?;
    let mut stages = Stages::new(&launch.progress);
    let place = stages.run("site", async |_| planning::site(&api).await).await?;
    stages.run("keywords", async |step| planning::import(&api, &place, step).await).await?;
    stages.run("clusters", async |step| planning::cluster(&api, &place, step).await).await?;
    stages.run("ideas", async |step| planning::ideas(&api, &place, step).await).await?;
    let ideas = stages.run("approval", async |_| planning::queue(&api, &place).await).await?;
    let task = stages.run("tasks", async |_| writing::tasks(&api, &ideas).await).await?;
    let article = stages.run("article", async |step| writing::article(&api, &task, step).await).await?;
    stages.run("images", async |step| writing::images(&api, &article, step).await).await?;
    stages.run("review", async |_| writing::approve(&api, &article).await).await?;
    let page = match site {
        Some(site) => Some(publish(&api, &mut stages, &place, &article, site).await?),
        None => None,
    };
    let table = stages.table(begun.elapsed());
    let credits = api.get("/api/v1/billing/balance/").await?;
    let available = credits.pointer("/data/available").and_then(serde_json::Value::as_i64).unwrap_or_default();
    Ok(format!("\n{table}\n\n{}", addresses(launch, site, page.as_ref(), available)?))
}

/// The job's last part.
async fn publish(
    api: &Api,
    stages: &mut Stages<'_>,
    place: &Place,
    article: &Article,
    site: &WordPress,
) -> Result<Page> {
    let connection = stages.run("connection", async |_| publishing::connect(api, place, site).await).await?;
    let page =
        stages.run("publication", async |step| publishing::publish(api, article, &connection, step).await).await?;
    stages.run("page", async |_| publishing::look(api, article, &page).await).await?;
    Ok(page)
}

/// Where a person looks at what came of it.
fn addresses(launch: &Launch, site: Option<&WordPress>, page: Option<&Page>, credits: i64) -> Result<String> {
    let (url, password) = (services::public_url(launch)?, launch.password(ready::DEMO_PASSWORD)?);
    let mut lines = vec![
        format!("  IGNY8      {url}  user {}  password {password}  ({credits} credits left)", ready::DEMO_EMAIL),
        format!("  API        {url}/api/docs/"),
    ];
    lines.extend(page.map(|page| format!("  article    {}", page.url)));
    lines.extend(site.map(|site| {
        format!("  WordPress  {}/wp-admin/  user {}  password {}", site.url, site.admin, site.admin_password)
    }));
    Ok(lines.join("\n"))
}

/// How often something is looked at that comes by itself.
const LOOK: Duration = Duration::from_millis(100);
/// How long what services tell each other may take.
const PATIENCE: Duration = Duration::from_secs(30);
