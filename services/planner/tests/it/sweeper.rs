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

#[tokio::test]
async fn a_run_of_automation_is_erased_with_its_items_a_year_after_its_end() {
    let planner = Planner::start().await;
    planner.place().await;
    for (days, state) in [("364", "done"), ("366", "cancelled"), ("366", "running")] {
        planner
            .execute(&format!(
                "WITH run AS (
                     INSERT INTO igny8_automation_runs
                         (account_id, id, site_id, state, credit_limit, item_limit, publish, scheduled, finished_at, created_at)
                     SELECT account_id, gen_random_uuid(), id, '{state}', 1, 1, true, false,
                         CASE WHEN '{state}' <> 'running' THEN now() - interval '{days} days' END, now() - interval '{days} days'
                     FROM igny8_site_copies RETURNING *),
                 item AS (
                     INSERT INTO igny8_automation_items (account_id, id, run_id, site_id, sector_id, stage, title)
                     SELECT account_id, gen_random_uuid(), id, site_id, site_id, 'cluster', '{state} {days}' FROM run RETURNING *)
                 INSERT INTO igny8_automation_jobs (account_id, id, site_id, run_id, item_id, stage)
                 SELECT account_id, gen_random_uuid(), site_id, run_id, id, stage FROM item"
            ))
            .await;
    }
    planner::sweeper::sweep(&planner.app.db).await.unwrap();
    let left = "SELECT i.title FROM igny8_automation_runs r JOIN igny8_automation_items i ON i.run_id = r.id
        JOIN igny8_automation_jobs j ON j.item_id = i.id ORDER BY 1";
    assert_eq!(planner.texts(left).await, ["done 364", "running 366"]);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_automation_items").await, 2);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_automation_jobs").await, 2);
    // The policy holds whatever the statement is.
    let all = planner.app.db.system(async |conn| {
        let delete = diesel::sql_query("DELETE FROM igny8_automation_runs");
        Ok(diesel_async::RunQueryDsl::execute(delete, conn).await?)
    });
    assert_eq!(all.await.unwrap(), 0);
}
