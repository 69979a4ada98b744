//! What has had its time is erased, and nothing else.

use contracts::planner::v1 as pb;

use crate::harness::Planner;

#[tokio::test]
async fn what_was_deleted_a_month_ago_is_erased() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let cluster = planner.cluster(&place, "Bread").await;
    for keyword in ["kept", "yesterday", "long ago"] {
        planner.put(&planner.create(&place, keyword).await, cluster).await;
    }
    planner
        .execute("UPDATE igny8_keywords SET deleted_at = now() - interval '29 days' WHERE keyword = 'yesterday'")
        .await;
    planner
        .execute("UPDATE igny8_keywords SET deleted_at = now() - interval '31 days' WHERE keyword = 'long ago'")
        .await;
    planner.execute("UPDATE igny8_clusters SET deleted_at = now() - interval '31 days'").await;
    planner::sweeper::sweep(&planner.app.db).await.unwrap();
    assert_eq!(planner.texts("SELECT keyword FROM igny8_keywords ORDER BY 1").await, ["kept", "yesterday"]);
    // A cluster that keywords still name stays.
    assert_eq!(planner.number("SELECT count(*) FROM igny8_clusters").await, 1);
    planner.execute("UPDATE igny8_keywords SET deleted_at = now() - interval '31 days'").await;
    planner::sweeper::sweep(&planner.app.db).await.unwrap();
    planner::sweeper::sweep(&planner.app.db).await.unwrap();
    assert_eq!(planner.number("SELECT count(*) FROM igny8_clusters").await, 0);
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 0);
}
