//! Lists of keywords as people page through them, beside the bare query for one page.

use std::fmt::Write as _;

use anyhow::Result;

use super::World;
use super::accounts::Account;
use super::load::{self, Load};
use crate::progress::Step;

const ACCOUNTS: usize = 10;
const KEYWORDS: usize = 20_000;
const MANY_KEYWORDS: usize = 2_000_000;

/// The name of a case, and its query; `SECTOR` is the account's.
const READS: [(&str, &str); 4] = [
    ("page", "sector_id=SECTOR&page=2"),
    ("search", "sector_id=SECTOR&search=lamp"),
    ("search_miss", "sector_id=SECTOR&search=submarine"),
    ("ordering", "sector_id=SECTOR&status=new&ordering=-volume"),
];

pub(super) async fn measure(world: &World<'_>, step: &Step<'_>) -> Result<()> {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        step.detail(&format!("filling account {number}"));
        let account = world.account(&format!("list-{number}")).await?;
        world.fill(&account, KEYWORDS).await?;
        accounts.push(account);
    }
    world.settle().await?;
    let page = reads(world, step, &accounts, "").await?;
    step.detail("pgbench");
    let pages: Vec<String> = accounts.iter().map(bare_page).collect();
    let bare = load::sql(world, "igny8_planner", &pages).await?;
    world.tell("list", "pgbench", bare, "req/s")?;
    world.tell("list", "share_of_pgbench", page / bare, "ratio")?;
    step.detail("create");
    told(world, "create", "", &load::http(world, &creations(&accounts)).await?)?;

    step.detail("filling an account with two million keywords");
    let large = world.account("list-large").await?;
    world.fill(&large, MANY_KEYWORDS).await?;
    world.settle().await?;
    reads(world, step, &[large], "_2m").await?;
    Ok(())
}

/// Answers how many pages a second there were.
async fn reads(world: &World<'_>, step: &Step<'_>, accounts: &[Account], suffix: &str) -> Result<f64> {
    let mut pages = 0.0;
    for (case, query) in READS {
        step.detail(&format!("{case}{suffix}"));
        let mut requests = String::new();
        for account in accounts {
            let query = query.replace("SECTOR", &account.sector.to_string());
            let path = format!("/api/v1/planner/keywords/?{query}");
            write!(requests, "{{'GET', '{path}', {{['Authorization'] = 'Bearer {}'}}}}, ", account.token)?;
        }
        let load = load::http(world, &format!("{{{requests}}}")).await?;
        told(world, case, suffix, &load)?;
        if case == "page" {
            pages = load.per_second;
        }
    }
    Ok(pages)
}

fn creations(accounts: &[Account]) -> String {
    let one = |account: &Account| {
        let headers = format!("['Authorization'] = 'Bearer {}', ['Content-Type'] = 'application/json'", account.token);
        format!("{{'POST', '/api/v1/planner/keywords/', {{{headers}}}, '{}'}}", account.keyword("brand new %d"))
    };
    format!("{{{}}}", accounts.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn told(world: &World<'_>, case: &str, suffix: &str, load: &Load) -> Result<()> {
    world.tell("list", format!("{case}{suffix}"), load.per_second, "req/s")?;
    world.tell("list", format!("{case}{suffix}_p50"), load.p50_ms, "ms")?;
    world.tell("list", format!("{case}{suffix}_p99"), load.p99_ms, "ms")?;
    for (part, micros) in &load.processor_us {
        world.tell("list", format!("{case}{suffix}_cpu_{part}"), *micros, "us")?;
    }
    if load.failed > 0.0 {
        world.tell("list", format!("{case}{suffix}_failed"), load.failed, "requests")?;
    }
    Ok(())
}

/// The second page as nobody could ask for it faster: one statement, all columns, no count and no policy.
fn bare_page(account: &Account) -> String {
    format!(
        "SELECT * FROM igny8_keywords WHERE account_id = '{}' AND sector_id = '{}' AND deleted_at IS NULL \
         ORDER BY id DESC LIMIT 50 OFFSET 50",
        account.id, account.sector
    )
}
