//! Counts are those of the rows, whatever changes them and however many at once.

use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus};
use contracts::rest::v1::Role;
use futures_util::future::join_all;

use crate::harness::Planner;

async fn stats(planner: &Planner, actor: &testkit::Actor) -> pb::KeywordStats {
    let request = actor.request(pb::GetKeywordStatsRequest::default());
    planner.keywords().get_keyword_stats(request).await.unwrap().into_inner()
}

/// What the deltas sum up to is what there is, key by key.
async fn agree(planner: &Planner) {
    let differences = planner
        .number(
            "SELECT count(*) FROM (
                 SELECT account_id, site_id, sector_id, status, coalesce(intent, ''), cluster_id IS NOT NULL, count(*), coalesce(sum(volume), 0)::bigint
                 FROM igny8_keywords WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6) there
             FULL JOIN (
                 SELECT account_id, site_id, sector_id, status, intent, clustered, sum(keywords)::bigint, sum(volume)::bigint
                 FROM igny8_keyword_counts GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(keywords) <> 0 OR sum(volume) <> 0) counted
             ON there = counted WHERE there IS NULL OR counted IS NULL",
        )
        .await;
    assert_eq!(differences, 0);
}

#[tokio::test]
async fn statistics_know_every_status_and_intent() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let input = pb::KeywordInput { volume: Some(70), ..place.input("buy bread") };
    let bought = planner.try_create(&place.owner, input).await.unwrap();
    planner.create(&place, "how to bake").await;
    planner.put(&bought, planner.cluster(&place, "Bread").await).await;

    let stats = stats(&planner, &place.owner).await;
    assert_eq!((stats.count, stats.volume, stats.unclustered), (2, 70, 1));
    let by_status: Vec<_> = stats.by_status.iter().map(|one| (one.status(), one.count, one.volume)).collect();
    assert_eq!(
        by_status,
        [
            (KeywordStatus::New, 1, 0),
            (KeywordStatus::Clustered, 1, 70),
            (KeywordStatus::Mapped, 0, 0),
            (KeywordStatus::Archived, 0, 0)
        ]
    );
    let by_intent: Vec<_> = stats.by_intent.iter().map(|one| (one.intent.is_some(), one.intent(), one.count)).collect();
    assert_eq!(
        by_intent,
        [
            (true, Intent::Informational, 1),
            (true, Intent::Commercial, 0),
            (true, Intent::Transactional, 1),
            (true, Intent::Navigational, 0),
            (false, Intent::Unspecified, 0)
        ]
    );
}

#[tokio::test]
async fn counts_stay_exact_while_many_write_and_the_deltas_are_folded() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let writers = join_all((0..8).map(async |writer| {
        for n in 0..12 {
            let keyword = planner.create(&place, &format!("keyword {writer} {n}")).await;
            if n % 3 == 0 {
                let request = pb::DeleteKeywordRequest { id: keyword.id };
                planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap();
            }
        }
    }));
    let folder = async {
        for _ in 0..30 {
            planner::folding::fold(&planner.app.db, 1).await.unwrap();
        }
    };
    let reader = async {
        for _ in 0..30 {
            let page = pb::ListKeywordsRequest { page_size: Some(500), ..Default::default() };
            let seen = planner.page(&place.owner, page).await;
            assert_eq!(usize::try_from(seen.count).unwrap(), seen.results.len());
        }
    };
    futures_util::join!(writers, folder, reader);
    agree(&planner).await;
    planner::folding::fold(&planner.app.db, 1).await.unwrap();
    agree(&planner).await;
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 64);
    // One row for each key is left.
    assert_eq!(planner.number("SELECT count(*) FROM igny8_keyword_counts").await, 1);
}

#[tokio::test]
async fn counts_follow_rows_that_are_overwritten_and_erased() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    crate::lists::fill(&planner, &place, 20).await;
    let (account, site, sector) = (place.owner.account(), place.site, place.sector);
    // As an import meets what is there.
    planner
        .execute(&format!(
            "INSERT INTO igny8_keywords (account_id, id, site_id, sector_id, keyword, normalised, volume)
             SELECT '{account}', gen_random_uuid(), '{site}', '{sector}', k, k, 7
             FROM unnest('{{k00001,k00002,fresh}}'::text[]) k
             ON CONFLICT (account_id, sector_id, normalised, country) WHERE deleted_at IS NULL DO UPDATE SET volume = 7"
        ))
        .await;
    agree(&planner).await;
    planner.execute("UPDATE igny8_keywords SET status = 'archived' WHERE volume = 7").await;
    agree(&planner).await;
    planner.execute("DELETE FROM igny8_keywords WHERE volume > 10").await;
    agree(&planner).await;
}

#[tokio::test]
async fn a_count_is_of_the_sites_that_the_caller_sees() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let hidden = planner.another_place(place.owner.clone()).await;
    planner.create(&place, "bread").await;
    planner.create(&hidden, "rolls").await;
    planner::folding::fold(&planner.app.db, 1).await.unwrap();
    assert_eq!(stats(&planner, &place.owner).await.count, 2);
    assert_eq!(stats(&planner, &place.member(Role::Viewer)).await.count, 1);
}
