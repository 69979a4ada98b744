use contracts::rest::v1::Role;
use rpc::token::Claims;
use rpc::{Caller, Kind, Peer};
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use crate::fleet::{Fleet, Server, call, claims, metadata};

const SIGN_IN: &str = "SessionService/SignIn";
const GET_ME: &str = "SessionService/GetMe";
const UPDATE_ME: &str = "SessionService/UpdateMe";
const SIGN_OUT: &str = "SessionService/SignOut";
const EXCHANGE: &str = "SessionService/Exchange";
const PUBLIC_KEYS: &str = "KeyService/ListPublicKeys";
const CREATE_SITE: &str = "SiteService/CreateSite";
const LIST_ACCOUNTS: &str = "AccountService/ListAccounts";

struct Setup {
    fleet: Fleet,
    auth: Server,
}

async fn setup() -> Setup {
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    Setup { fleet, auth }
}

impl Setup {
    async fn call_as(&self, service: &str, method: &str, metadata: MetadataMap) -> rpc::Result<String> {
        call(&self.fleet.channel(service, self.auth.address), method, metadata).await
    }

    /// Through the gateway, with a token of these claims.
    async fn call(&self, method: &str, claims: &Claims) -> rpc::Result<String> {
        let bearer = format!("Bearer {}", self.fleet.signer.sign(claims).unwrap());
        self.call_as("gateway", method, metadata(&[("authorization", &bearer), ("x-request-id", "req-1")])).await
    }

    /// The reason why it is denied.
    async fn denied(&self, method: &str, claims: &Claims) -> String {
        let error = self.call(method, claims).await.unwrap_err();
        assert_eq!(error.kind(), Kind::PermissionDenied, "{error:?}");
        error.reason().to_owned()
    }
}

#[tokio::test]
async fn a_public_method_needs_no_token() {
    let setup = setup().await;
    let call = metadata(&[("x-request-id", "req-1"), ("x-igny8-address", "192.0.2.7")]);
    assert_eq!(setup.call_as("gateway", SIGN_IN, call).await.unwrap(), "req-1 Some(192.0.2.7)");
}

#[tokio::test]
async fn a_token_names_the_caller() {
    let (setup, claims) = (setup().await, claims(Role::Viewer));
    assert_eq!(setup.call(GET_ME, &claims).await.unwrap(), format!("{} Viewer req-1", claims.account));
}

#[tokio::test]
async fn without_a_good_token_nobody_is_signed_in() {
    let setup = setup().await;
    for (authorization, reason) in [
        ("", "TOKEN_REQUIRED"),
        ("Basic YTpi", "TOKEN_REQUIRED"),
        ("Bearer x", "TOKEN_INVALID"),
        ("Bearer ", "TOKEN_INVALID"),
    ] {
        let error = setup.call_as("gateway", GET_ME, metadata(&[("authorization", authorization)])).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (Kind::Unauthenticated, reason));
    }
    let account = Uuid::now_v7().to_string();
    let error = setup.call_as("gateway", GET_ME, metadata(&[("x-igny8-account", &account)])).await.unwrap_err();
    assert_eq!(error.reason(), "TOKEN_REQUIRED", "an account cannot be named where a token is needed");
}

#[tokio::test]
async fn a_role_may_do_what_the_contract_gives_it() {
    let setup = setup().await;
    for role in [Role::Viewer, Role::Editor] {
        assert_eq!(setup.denied(CREATE_SITE, &claims(role)).await, "ROLE_TOO_LOW");
    }
    for role in [Role::Admin, Role::Owner, Role::Developer] {
        assert!(setup.call(CREATE_SITE, &claims(role)).await.is_ok(), "{role:?}");
    }
}

#[tokio::test]
async fn what_is_a_persons_own_is_not_for_programs() {
    let setup = setup().await;
    let program = Claims { user: None, api_key: Some(Uuid::now_v7()), ..claims(Role::Owner) };
    assert!(setup.call(GET_ME, &program).await.is_ok());
    assert_eq!(setup.denied(UPDATE_ME, &program).await, "USER_REQUIRED");
    let key_of_a_person = Claims { api_key: Some(Uuid::now_v7()), ..claims(Role::Owner) };
    assert_eq!(setup.denied(UPDATE_ME, &key_of_a_person).await, "USER_REQUIRED");
}

#[tokio::test]
async fn only_staff_sees_all_accounts() {
    let setup = setup().await;
    assert_eq!(setup.denied(LIST_ACCOUNTS, &claims(Role::Owner)).await, "STAFF_REQUIRED");
    assert!(setup.call(LIST_ACCOUNTS, &claims(Role::Developer)).await.is_ok());
    assert!(setup.call(LIST_ACCOUNTS, &Claims { system: true, ..claims(Role::Viewer) }).await.is_ok());
}

#[tokio::test]
async fn a_suspended_account_can_be_read_and_left_but_not_changed() {
    let setup = setup().await;
    let suspended = Claims { read_only: true, ..claims(Role::Owner) };
    assert_eq!(setup.denied(CREATE_SITE, &suspended).await, "ACCOUNT_SUSPENDED");
    assert!(setup.call(GET_ME, &suspended).await.is_ok());
    assert!(setup.call(SIGN_OUT, &suspended).await.is_ok());
}

#[tokio::test]
async fn an_internal_method_answers_the_services_that_it_names() {
    let setup = setup().await;
    assert_eq!(setup.call_as("planner", PUBLIC_KEYS, MetadataMap::new()).await.unwrap(), "planner None");
    let account = Uuid::now_v7();
    let call = metadata(&[("x-igny8-account", &account.to_string())]);
    assert_eq!(setup.call_as("gateway", EXCHANGE, call).await.unwrap(), format!("gateway Some({account})"));

    let error = setup.call_as("planner", EXCHANGE, MetadataMap::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.reason()), (Kind::PermissionDenied, "SERVICE_NOT_ALLOWED"));
    let error = setup.call_as("gateway", EXCHANGE, metadata(&[("x-igny8-account", "7")])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
}

#[tokio::test]
async fn a_token_does_not_open_an_internal_method() {
    let setup = setup().await;
    let bearer = format!("Bearer {}", setup.fleet.signer.sign(&claims(Role::Developer)).unwrap());
    let error = setup.call_as("planner", EXCHANGE, metadata(&[("authorization", &bearer)])).await.unwrap_err();
    assert_eq!(error.reason(), "SERVICE_NOT_ALLOWED");
}

#[tokio::test]
async fn a_certificate_with_a_name_that_no_contract_knows_opens_nothing() {
    let setup = setup().await;
    for method in [SIGN_IN, PUBLIC_KEYS] {
        let error = setup.call_as("intruder", method, MetadataMap::new()).await.unwrap_err();
        assert_eq!(error.reason(), "SERVICE_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn a_call_goes_on_in_the_callers_name() {
    let (setup, claims) = (setup().await, claims(Role::Editor));
    let token = setup.fleet.verifier.verify(&setup.fleet.signer.sign(&claims).unwrap()).await.unwrap();
    let caller = Caller::new(token, Peer { request_id: "req-7".into(), ..Peer::default() });
    let channel = setup.fleet.channel("planner", setup.auth.address).with(&caller);
    let answer = call(&channel, GET_ME, MetadataMap::new()).await.unwrap();
    assert_eq!(answer, format!("{} Editor req-7", claims.account));
}
