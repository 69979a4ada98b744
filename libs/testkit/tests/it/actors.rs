use contracts::{
    auth::v1::{
        AuditEntry, ListAuditEntriesRequest, ListAuditEntriesResponse, ListPublicKeysRequest, ListPublicKeysResponse,
        PublicKey,
        audit_service_client::AuditServiceClient,
        audit_service_server::{AuditService, AuditServiceServer},
        key_service_client::KeyServiceClient,
        key_service_server::{KeyService, KeyServiceServer},
    },
    rest::v1::Role,
};
use rpc::{client::Channel, token::Keys};
use testkit::{Actor, anonymous, internal, metadata};
use tonic::{Code, Request, Response, Status, service::Routes};
use uuid::Uuid;

/// Answers who called.
struct Echo;

#[tonic::async_trait]
impl AuditService for Echo {
    async fn list_audit_entries(
        &self,
        request: Request<ListAuditEntriesRequest>,
    ) -> Result<Response<ListAuditEntriesResponse>, Status> {
        let (caller, _) = rpc::open(request)?;
        let entry = AuditEntry {
            user_id: caller.user().map(|id| id.to_string()),
            api_key_id: caller.api_key().map(|id| id.to_string()),
            entered_by: caller.acting().map(|id| id.to_string()),
            object_id: Some(caller.account().uuid().to_string()),
            action: caller.idempotency_key().unwrap_or_default().to_owned(),
            ..AuditEntry::default()
        };
        Ok(Response::new(ListAuditEntriesResponse { results: vec![entry], ..ListAuditEntriesResponse::default() }))
    }
}

#[tonic::async_trait]
impl KeyService for Echo {
    async fn list_public_keys(
        &self,
        request: Request<ListPublicKeysRequest>,
    ) -> Result<Response<ListPublicKeysResponse>, Status> {
        let (service, _) = rpc::open_internal(request)?;
        let key_id = format!("{} {}", service.name(), service.account_required()?.uuid());
        Ok(Response::new(ListPublicKeysResponse { keys: vec![PublicKey { key_id, ..PublicKey::default() }] }))
    }
}

fn routes() -> Routes {
    Routes::new(AuditServiceServer::new(Echo)).add_service(KeyServiceServer::new(Echo))
}

async fn list(channel: Channel, request: Request<ListAuditEntriesRequest>) -> Result<AuditEntry, Status> {
    let answer = AuditServiceClient::new(channel).list_audit_entries(request).await?;
    Ok(answer.into_inner().results.remove(0))
}

fn query() -> ListAuditEntriesRequest {
    ListAuditEntriesRequest::default()
}

#[tokio::test]
async fn the_service_knows_the_actor() {
    let served = testkit::serve("auth", routes()).await;
    let (account, user, staff) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let actor = Actor::new(account, Role::Owner).user(user).entered_by(staff);
    let request = metadata(actor.request(query()), "idempotency-key", "once");
    let seen = list(served.channel("gateway"), request).await.unwrap();
    assert_eq!(seen.object_id, Some(account.to_string()));
    assert_eq!(seen.user_id, Some(user.to_string()));
    assert_eq!(seen.entered_by, Some(staff.to_string()));
    assert_eq!(seen.action, "once");
}

#[tokio::test]
async fn a_program_has_a_key_and_no_user() {
    let served = testkit::serve("auth", routes()).await;
    let key = Uuid::now_v7();
    let program = Actor::program(Uuid::now_v7(), Role::Admin, key);
    let seen = list(served.channel("gateway"), program.request(query())).await.unwrap();
    assert_eq!((seen.api_key_id, seen.user_id), (Some(key.to_string()), None));
}

#[tokio::test]
async fn the_real_access_layer_stands_before_the_service() {
    let served = testkit::serve("auth", routes()).await;
    let code = async |request| list(served.channel("gateway"), request).await.unwrap_err().code();
    assert_eq!(code(anonymous(query())).await, Code::Unauthenticated);
    assert_eq!(code(Actor::new(Uuid::now_v7(), Role::Editor).request(query())).await, Code::PermissionDenied);
}

#[tokio::test]
async fn a_service_is_known_by_its_certificate() {
    let served = testkit::serve("auth", routes()).await;
    let account = Uuid::now_v7();
    let mut keys = KeyServiceClient::new(served.channel("planner"));
    let answer = keys.list_public_keys(internal(account, ListPublicKeysRequest {})).await.unwrap();
    assert_eq!(answer.into_inner().keys[0].key_id, format!("planner {account}"));
    let mut keys = KeyServiceClient::new(served.channel("auth"));
    let refused = keys.list_public_keys(internal(account, ListPublicKeysRequest {})).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn actors_are_trusted_only_where_their_key_is() {
    let nobody = Keys::new(async || Ok(Vec::new()));
    let served = testkit::serve_with("auth", routes(), nobody).await;
    let actor = Actor::new(Uuid::now_v7(), Role::Owner);
    let refused = list(served.channel("gateway"), actor.request(query())).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}
