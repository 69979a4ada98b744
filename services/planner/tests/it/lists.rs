//! Lists: filters, orders, pages and what is counted.

use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus};
use uuid::Uuid;

use crate::harness::{Place, Planner, refusal, wrong_fields};

fn filter() -> pb::KeywordFilter {
    pb::KeywordFilter::default()
}

/// Bread (100 searches), rolls (20), cake (none known), Café (5).
async fn bakery(planner: &Planner) -> (Place, Vec<pb::Keyword>) {
    let place = planner.place().await;
    let mut keywords = Vec::new();
    for (keyword, volume, difficulty, cpc, country) in [
        ("bread", Some(100), Some(50), Some(0.5), "US"),
        ("buy rolls", Some(20), Some(10), None, "DE"),
        ("cake", None, None, Some(2.0), ""),
        ("Café 100%", Some(5), Some(90), Some(1.0), ""),
    ] {
        let country = country.to_owned();
        let input = pb::KeywordInput { volume, difficulty, cpc, country, ..place.input(keyword) };
        keywords.push(planner.try_create(&place.owner, input).await.unwrap());
    }
    (place, keywords)
}

async fn ordered(planner: &Planner, place: &Place, ordering: &str) -> Vec<String> {
    let request = pb::ListKeywordsRequest { ordering: ordering.to_owned(), ..Default::default() };
    planner.page(&place.owner, request).await.results.into_iter().map(|keyword| keyword.keyword).collect()
}

#[tokio::test]
async fn each_order_is_one_and_the_newest_come_first_without() {
    let planner = Planner::start().await;
    let (place, _) = bakery(&planner).await;
    for (ordering, expected) in [
        ("", ["Café 100%", "cake", "buy rolls", "bread"]),
        ("created_at", ["bread", "buy rolls", "cake", "Café 100%"]),
        ("keyword", ["bread", "buy rolls", "Café 100%", "cake"]),
        ("-keyword", ["cake", "Café 100%", "buy rolls", "bread"]),
        ("-volume", ["bread", "buy rolls", "Café 100%", "cake"]),
        ("volume", ["cake", "Café 100%", "buy rolls", "bread"]),
        ("-difficulty", ["Café 100%", "bread", "buy rolls", "cake"]),
        ("cpc", ["buy rolls", "bread", "Café 100%", "cake"]),
        ("status,-volume", ["bread", "buy rolls", "Café 100%", "cake"]),
    ] {
        assert_eq!(ordered(&planner, &place, ordering).await, expected, "{ordering}");
    }
}

#[tokio::test]
async fn each_filter_finds_its_own() {
    let planner = Planner::start().await;
    let (place, keywords) = bakery(&planner).await;
    let cluster = planner.cluster(&place, "Bread").await;
    planner.put(&keywords[0], cluster).await;
    planner.execute("UPDATE igny8_keywords SET tags = '{sweet,big}', source = 'moz' WHERE keyword = 'cake'").await;
    let after_rolls = planner
        .texts(
            "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
        FROM igny8_keywords WHERE keyword = 'buy rolls'",
        )
        .await
        .remove(0);

    for (filter, expected) in [
        (
            pb::KeywordFilter { site_id: Some(place.site.to_string()), ..filter() },
            vec!["Café 100%", "cake", "buy rolls", "bread"],
        ),
        (pb::KeywordFilter { sector_id: Some(Uuid::now_v7().to_string()), ..filter() }, vec![]),
        (pb::KeywordFilter { cluster_id: Some(cluster.to_string()), ..filter() }, vec!["bread"]),
        (pb::KeywordFilter { unclustered: Some(true), ..filter() }, vec!["Café 100%", "cake", "buy rolls"]),
        (pb::KeywordFilter { unclustered: Some(false), ..filter() }, vec!["bread"]),
        (pb::KeywordFilter { status: vec![KeywordStatus::Clustered.into()], ..filter() }, vec!["bread"]),
        (
            pb::KeywordFilter { status: vec![KeywordStatus::Clustered.into(), KeywordStatus::New.into()], ..filter() },
            vec!["Café 100%", "cake", "buy rolls", "bread"],
        ),
        (pb::KeywordFilter { intent: vec![Intent::Transactional.into()], ..filter() }, vec!["buy rolls"]),
        (pb::KeywordFilter { country: "de".into(), ..filter() }, vec!["buy rolls"]),
        (pb::KeywordFilter { tag: "sweet".into(), ..filter() }, vec!["cake"]),
        (pb::KeywordFilter { tag: "swee".into(), ..filter() }, vec![]),
        (pb::KeywordFilter { source: "moz".into(), ..filter() }, vec!["cake"]),
        (pb::KeywordFilter { volume_gte: Some(20), ..filter() }, vec!["buy rolls", "bread"]),
        (pb::KeywordFilter { volume_gte: Some(6), volume_lte: Some(99), ..filter() }, vec!["buy rolls"]),
        (pb::KeywordFilter { difficulty_lte: Some(50), ..filter() }, vec!["buy rolls", "bread"]),
        (pb::KeywordFilter { cpc_gte: Some(0.5), cpc_lte: Some(1.0), ..filter() }, vec!["Café 100%", "bread"]),
        (pb::KeywordFilter { created_at_lte: after_rolls.clone(), ..filter() }, vec!["buy rolls", "bread"]),
        (pb::KeywordFilter { created_at_gte: after_rolls, ..filter() }, vec!["Café 100%", "cake", "buy rolls"]),
        (pb::KeywordFilter { search: "CAFÉ".into(), ..filter() }, vec!["Café 100%"]),
        (pb::KeywordFilter { search: "0%".into(), ..filter() }, vec!["Café 100%"]),
        (pb::KeywordFilter { search: "_".into(), ..filter() }, vec![]),
        (pb::KeywordFilter { search: "ea".into(), volume_gte: Some(1), ..filter() }, vec!["bread"]),
    ] {
        let found = planner.list(&place.owner, filter.clone()).await;
        let texts: Vec<&str> = found.results.iter().map(|keyword| keyword.keyword.as_str()).collect();
        assert_eq!(texts, expected, "{filter:?}");
        assert_eq!((found.count, found.count_is_exact), (i64::try_from(expected.len()).unwrap(), true), "{filter:?}");
    }
}

#[tokio::test]
async fn what_a_filter_cannot_mean_is_named() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    for (filter, field) in [
        (pb::KeywordFilter { created_at_gte: "today".into(), ..filter() }, "created_at__gte"),
        (pb::KeywordFilter { cpc_lte: Some(-0.5), ..filter() }, "cpc__lte"),
        (pb::KeywordFilter { cluster_id: Some("x".into()), ..filter() }, "cluster_id"),
    ] {
        let request = pb::ListKeywordsRequest { filter: Some(filter), ..Default::default() };
        let refused = refusal(planner.keywords().list_keywords(place.owner.request(request)).await);
        assert_eq!(wrong_fields(&refused), [field]);
    }
}

/// Keywords `k00000`, `k00001`, … with falling volumes, straight into the table.
pub async fn fill(planner: &Planner, place: &Place, count: u32) {
    let (account, site, sector) = (place.owner.account(), place.site, place.sector);
    planner
        .execute(&format!(
            "INSERT INTO igny8_keywords (account_id, id, site_id, sector_id, keyword, normalised, volume)
             SELECT '{account}', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{site}', '{sector}',
                    'k' || lpad(n::text, 5, '0'), 'k' || lpad(n::text, 5, '0'), {count} - n
             FROM generate_series(0, {count} - 1) n"
        ))
        .await;
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end_and_beyond() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    fill(&planner, &place, 1205).await;
    for filter in [filter(), pb::KeywordFilter { search: "k".into(), ..filter() }] {
        for (page, expected) in [(1, 0..500), (2, 500..1000), (3, 1000..1205), (4, 0..0)] {
            let request = pb::ListKeywordsRequest {
                page: Some(page),
                page_size: Some(500),
                ordering: "keyword".into(),
                filter: Some(filter.clone()),
            };
            let found = planner.page(&place.owner, request).await;
            let texts: Vec<String> = found.results.into_iter().map(|keyword| keyword.keyword).collect();
            assert_eq!(texts, expected.map(|n| format!("k{n:05}")).collect::<Vec<_>>(), "{page} {filter:?}");
            assert_eq!((found.count, found.count_is_exact), (1205, true));
        }
    }
}

#[tokio::test]
async fn what_must_be_counted_is_counted_to_ten_thousand() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    fill(&planner, &place, 10_050).await;
    let all = planner.list(&place.owner, filter()).await;
    assert_eq!((all.count, all.count_is_exact, all.results.len()), (10_050, true, 50));

    let request = pb::ListKeywordsRequest {
        ordering: "-volume".into(),
        filter: Some(pb::KeywordFilter { volume_gte: Some(1), ..filter() }),
        ..Default::default()
    };
    let many = planner.page(&place.owner, request.clone()).await;
    assert_eq!((many.count, many.count_is_exact), (10_000, false));
    assert_eq!((many.results[0].keyword.as_str(), many.results.len()), ("k00000", 50));
    let last = planner.page(&place.owner, pb::ListKeywordsRequest { page: Some(201), ..request }).await;
    assert_eq!((last.results.len(), last.results[49].volume), (50, Some(1)));

    let few = pb::KeywordFilter { volume_gte: Some(51), ..filter() };
    let few = planner.list(&place.owner, few).await;
    assert_eq!((few.count, few.count_is_exact), (10_000, true));

    // A cluster knows how many it has.
    let cluster = planner.cluster(&place, "Everything").await;
    planner.execute(&format!("UPDATE igny8_keywords SET cluster_id = '{cluster}', status = 'clustered'")).await;
    let in_cluster = pb::KeywordFilter { cluster_id: Some(cluster.to_string()), ..filter() };
    let request = pb::ListKeywordsRequest { page: Some(201), filter: Some(in_cluster.clone()), ..Default::default() };
    let last = planner.page(&place.owner, request).await;
    assert_eq!((last.count, last.count_is_exact, last.results.len()), (10_050, true, 50));
    let searched = pb::KeywordFilter { volume_gte: Some(1), ..in_cluster };
    let searched = planner.list(&place.owner, searched).await;
    assert_eq!((searched.count, searched.count_is_exact), (10_000, false));
}
