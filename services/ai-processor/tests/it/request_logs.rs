//! The log of requests to providers: written by every job, read by admins, gone after 30 days.

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::request_log_service_client::RequestLogServiceClient;
use contracts::rest::v1::Role;
use rpc::Kind;
use rpc::client::Channel;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Processor, refusal};

pub fn request_logs(processor: &Processor) -> RequestLogServiceClient<Channel> {
    RequestLogServiceClient::new(processor.served.channel("gateway"))
}

/// A request that ended this many days ago.
pub async fn logged(processor: &Processor, account: Uuid, days: i32) -> Uuid {
    let id = Uuid::now_v7();
    processor
        .execute(&format!(
            "INSERT INTO igny8_ai_request_logs (account_id, id, job_id, action, provider, model, tier, tokens_in, tokens_out,
                cost_microusd, latency_ms, outcome, request_excerpt, response_excerpt, created_at)
             VALUES ('{account}', '{id}', '{id}', 'ideas', 'built-in', 'built-in', 'economy', 0, 0, 0, 5, 'failed', 'q', 'a',
                now() - interval '{days} days 1 hour')"
        ))
        .await;
    id
}

#[tokio::test]
async fn admins_read_the_log_of_their_account() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let id = logged(&processor, admin.account(), 0).await.to_string();
    logged(&processor, Uuid::now_v7(), 0).await;
    let get = pb::GetRequestLogRequest { id: id.clone() };
    let log = request_logs(&processor).get_request_log(admin.request(get.clone())).await.unwrap().into_inner();
    assert_eq!((log.outcome(), log.latency_ms, log.request_excerpt.as_str()), (pb::RequestOutcome::Failed, 5, "q"));
    for (outcome, count) in [(pb::RequestOutcome::Failed, 1), (pb::RequestOutcome::Succeeded, 0)] {
        let filter = pb::RequestLogFilter {
            job_id: Some(id.clone()),
            action: Some(pb::JobAction::Ideas.into()),
            outcome: Some(outcome.into()),
            provider: "built-in".to_owned(),
            ..Default::default()
        };
        let list = pb::ListRequestLogsRequest { filter: Some(filter), ..Default::default() };
        assert_eq!(
            request_logs(&processor).list_request_logs(admin.request(list)).await.unwrap().into_inner().count,
            count
        );
    }
    let stranger = Actor::new(Uuid::now_v7(), Role::Owner);
    assert_eq!(
        refusal(request_logs(&processor).get_request_log(stranger.request(get.clone())).await).kind(),
        Kind::NotFound
    );
    let editor = Actor::new(admin.account(), Role::Editor);
    assert_eq!(
        refusal(request_logs(&processor).get_request_log(editor.request(get)).await).kind(),
        Kind::PermissionDenied
    );
}

#[tokio::test]
async fn requests_are_kept_for_30_days() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let kept = logged(&processor, account, 29).await;
    logged(&processor, account, 30).await;
    ai_processor::retention::sweep(&processor.app.db).await.unwrap();
    assert_eq!(processor.texts("SELECT id::text FROM igny8_ai_request_logs").await, [kept.to_string()]);
}

#[tokio::test]
async fn the_system_role_cannot_erase_early() {
    let processor = Processor::still().await;
    logged(&processor, Uuid::now_v7(), 29).await;
    let system = processor.database.superuser().await;
    system.batch_execute("SET ROLE igny8_ai_processor_system").await.unwrap();
    assert_eq!(system.execute("DELETE FROM igny8_ai_request_logs WHERE created_at < now()", &[]).await.unwrap(), 0);
    let log = "DELETE FROM igny8_audit_log WHERE account_id IS NOT NULL";
    assert_eq!(system.execute(log, &[]).await.unwrap(), 0);
}
