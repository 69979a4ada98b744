//! An import of a file, beside `COPY` of as many rows into the same table with the same indexes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::accounts::{Account, answer, text};
use super::{World, keywords};
use crate::progress::Step;

const ROWS: usize = 200_000;
/// An upload is read whole before it is answered.
const UPLOAD_LIMIT: Duration = Duration::from_mins(2);
const LIMIT: Duration = Duration::from_mins(5);
const LOOK: Duration = Duration::from_millis(50);

pub(super) async fn measure(world: &World<'_>, step: &Step<'_>) -> Result<()> {
    step.detail("COPY");
    let copied = world.fill(&world.account("copy").await?, ROWS).await?;
    step.detail("uploading");
    let account = world.account("import").await?;
    let begun = Instant::now();
    let import = upload(world, &account).await?;
    let uploaded = begun.elapsed().as_secs_f64();
    step.detail("importing");
    let begun = Instant::now();
    start_and_wait(world, &account, &import).await?;
    let imported = begun.elapsed().as_secs_f64();
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "it is small")]
    let rows = ROWS as f64;
    world.tell("import", "copy", rows / copied, "rows/s")?;
    world.tell("import", "import", rows / imported, "rows/s")?;
    world.tell("import", "upload_and_preview", uploaded, "s")?;
    world.tell("import", "share_of_copy", copied / imported, "ratio")
}

async fn upload(world: &World<'_>, account: &Account) -> Result<String> {
    let mut file = "keyword,volume,difficulty\n".to_owned();
    for n in 0..ROWS {
        let keywords::Facts { volume, difficulty, .. } = keywords::facts(n);
        writeln!(file, "{},{volume},{difficulty}", keywords::keyword(n))?;
    }
    let form = Form::new().text("site_id", account.site.to_string()).text("sector_id", account.sector.to_string());
    let form = form.part("file", Part::bytes(file.into_bytes()).file_name("keywords.csv"));
    let request = world.http.post(format!("{}/api/v1/planner/imports/", world.base)).timeout(UPLOAD_LIMIT);
    text(&answer(request.bearer_auth(&account.token).multipart(form), "the upload").await?, "/data/id")
}

async fn start_and_wait(world: &World<'_>, account: &Account, import: &str) -> Result<()> {
    let path = format!("/api/v1/planner/imports/{import}/");
    let choices = json!({ "duplicates": "skip", "only_good_rows": true });
    world.post(&format!("{path}start/"), Some(&account.token), &choices).await?;
    let begun = Instant::now();
    loop {
        let import = world.get(&path, &account.token).await?;
        match text(&import, "/data/state")?.as_str() {
            "succeeded" => return Ok(()),
            "pending" | "running" if begun.elapsed() < LIMIT => tokio::time::sleep(LOOK).await,
            state => anyhow::bail!("the import is {state}: {import}"),
        }
    }
}
