//! Lists of keywords as people page through them, beside the bare query for one page.

use std::fmt::Write as _;

use anyhow::Result;

use super::accounts::Account;
use super::{Figure, World, load};
use crate::progress::Step;

const ACCOUNTS: usize = 10;
const KEYWORDS: usize = 20_000;
const MANY_KEYWORDS: usize = 2_000_000;

/// The name of a case, and its query; `SECTOR` is the account's.
const READS: [(&str, &str); 3] = [
    ("page", "sector_id=SECTOR&page=2"),
    ("search", "sector_id=SECTOR&search=winter"),
    ("ordering", "sector_id=SECTOR&status=new&ordering=-volume"),
];

pub(super) async fn measure(world: &World<'_>, step: &Step<'_>) -> Result<Vec<Figure>> {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        step.detail(&format!("filling account {number}"));
        let account = world.account(&format!("list-{number}")).await?;
        world.fill(&account, KEYWORDS).await?;
        accounts.push(account);
    }
    world.settle().await?;
    let mut figures = reads(world, step, &accounts, "").await?;
    let page = figures.first().map_or(0.0, |figure| figure.value);
    step.detail("pgbench");
    let pages: Vec<String> = accounts.iter().map(bare_page).collect();
    let bare = load::sql(world, "igny8_planner", &pages).await?;
    figures.push(Figure::new("list", "pgbench", bare, "req/s"));
    figures.push(Figure::new("list", "share_of_pgbench", page / bare, "ratio"));
    step.detail("create");
    figures.extend(told("create", "", &load::http(world, &creations(&accounts)).await?));

    step.detail("filling an account with two million keywords");
    let large = world.account("list-large").await?;
    world.fill(&large, MANY_KEYWORDS).await?;
    world.settle().await?;
    figures.extend(reads(world, step, &[large], "_2m").await?);
    Ok(figures)
}

async fn reads(world: &World<'_>, step: &Step<'_>, accounts: &[Account], suffix: &str) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (case, query) in READS {
        step.detail(&format!("{case}{suffix}"));
        let mut requests = String::new();
        for account in accounts {
            let query = query.replace("SECTOR", &account.sector.to_string());
            let path = format!("/api/v1/planner/keywords/?{query}");
            write!(requests, "{{'GET', '{path}', {{['Authorization'] = 'Bearer {}'}}}}, ", account.token)?;
        }
        figures.extend(told(case, suffix, &load::http(world, &format!("{{{requests}}}")).await?));
    }
    Ok(figures)
}

fn creations(accounts: &[Account]) -> String {
    let one = |account: &Account| {
        let headers = format!("['Authorization'] = 'Bearer {}', ['Content-Type'] = 'application/json'", account.token);
        format!("{{'POST', '/api/v1/planner/keywords/', {{{headers}}}, '{}'}}", account.keyword("brand new %d"))
    };
    format!("{{{}}}", accounts.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn told(case: &str, suffix: &str, load: &load::Load) -> [Figure; 3] {
    [
        Figure::new("list", format!("{case}{suffix}"), load.per_second, "req/s"),
        Figure::new("list", format!("{case}{suffix}_p50"), load.p50_ms, "ms"),
        Figure::new("list", format!("{case}{suffix}_p99"), load.p99_ms, "ms"),
    ]
}

/// The second page as nobody could ask for it faster: one statement, all columns, no count and no policy.
fn bare_page(account: &Account) -> String {
    format!(
        "SELECT * FROM igny8_keywords WHERE account_id = '{}' AND sector_id = '{}' AND deleted_at IS NULL \
         ORDER BY id DESC LIMIT 50 OFFSET 50",
        account.id, account.sector
    )
}
