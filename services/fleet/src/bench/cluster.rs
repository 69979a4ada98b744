//! Clustering of large sectors, from the click to clusters in the table, and what it takes of the memory.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::accounts::{Account, text};
use super::{World, memory};
use crate::progress::Step;

const SIZES: [(&str, usize); 3] = [("10k", 10_000), ("50k", 50_000), ("200k", 200_000)];
const LIMIT: Duration = Duration::from_mins(5);
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn measure(world: &World<'_>, step: &Step<'_>) -> Result<()> {
    for (case, size) in SIZES {
        step.detail(case);
        let account = world.account(&format!("cluster-{case}")).await?;
        world.fill(&account, size).await?;
        world.settle().await?;
        for service in ["ai-processor", "planner"] {
            memory::forget_peak(world, service)?;
        }
        let begun = Instant::now();
        cluster(world, &account).await?;
        world.tell("cluster", case, begun.elapsed().as_secs_f64(), "s")?;
        for service in ["ai-processor", "planner"] {
            world.tell("cluster", format!("{case}_peak_{service}"), memory::peak(world, service)?, "MiB")?;
        }
    }
    Ok(())
}

async fn cluster(world: &World<'_>, account: &Account) -> Result<()> {
    let body = json!({ "site_id": account.site, "sector_id": account.sector });
    let started = world.post("/api/v1/planner/keywords/auto_cluster/", Some(&account.token), &body).await?;
    let path = format!("/api/v1/system/settings/task_progress/{}/", text(&started, "/data/task_id")?);
    let begun = Instant::now();
    loop {
        let progress = world.get(&path, &account.token).await?;
        match text(&progress, "/data/state")?.as_str() {
            "succeeded" => return Ok(()),
            "pending" | "running" if begun.elapsed() < LIMIT => tokio::time::sleep(LOOK).await,
            state => anyhow::bail!("the clustering is {state}: {progress}"),
        }
    }
}
