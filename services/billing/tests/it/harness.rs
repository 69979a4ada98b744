//! A served billing service with a database of its own, and the services that call it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use billing::schema::igny8_wallets;
use billing::{App, MIGRATIONS};
use contracts::billing::v1 as pb;
use contracts::billing::v1::balance_service_client::BalanceServiceClient;
use contracts::billing::v1::credit_service_client::CreditServiceClient;
use contracts::billing::v1::{ModelTier, SpendAction};
use contracts::rest::v1::Role;
use db::SystemConn;
use diesel::QueryDsl;
use rpc::AccountId;
use rpc::client::Channel;
use testkit::{Actor, Served, TestDb, internal};
use tonic::Status;
use uuid::Uuid;

/// What a new account begins with.
pub const START: i64 = 1000;

pub struct Billing {
    pub database: TestDb,
    pub app: Arc<App>,
    pub served: Served,
}

impl Billing {
    pub async fn start() -> Self {
        let database = TestDb::new("billing", MIGRATIONS).await;
        let app = Arc::new(App { db: database.db() });
        let served = testkit::serve("billing", billing::routes(&app)).await;
        Self { database, app, served }
    }

    /// As the gateway calls.
    pub fn channel(&self) -> Channel {
        self.served.channel("gateway")
    }

    /// As the services call.
    pub fn credits(&self) -> Credits {
        Credits {
            planner: CreditServiceClient::new(self.served.channel("planner")),
            ai_processor: CreditServiceClient::new(self.served.channel("ai-processor")),
        }
    }

    pub async fn balance(&self, account: Uuid) -> pb::Balance {
        let owner = Actor::new(account, Role::Owner);
        let mut balances = BalanceServiceClient::new(self.channel());
        balances.get_balance(owner.request(pb::GetBalanceRequest {})).await.unwrap().into_inner()
    }

    /// An account that has its wallet.
    pub async fn account(&self) -> Uuid {
        let account = Uuid::now_v7();
        self.balance(account).await;
        account
    }

    /// The proof of who it is, as a row gives it.
    pub async fn known(&self, account: Uuid) -> AccountId {
        let wallet = igny8_wallets::table.find((account, account)).select(igny8_wallets::account_id);
        self.app
            .db
            .system(async |conn: &mut SystemConn| Ok(diesel_async::RunQueryDsl::first(wallet, conn).await?))
            .await
            .unwrap()
    }

    /// What the database says, past all policies.
    pub async fn execute(&self, statement: &str) -> u64 {
        self.database.superuser().await.execute(statement, &[]).await.unwrap()
    }

    pub async fn count(&self, query: &str) -> i64 {
        let query = format!("SELECT count(*) FROM ({query}) counted");
        self.database.superuser().await.query_one(&query, &[]).await.unwrap().get(0)
    }

    /// The first column of what the query finds.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.database.superuser().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn prove(&self) -> billing::proof::Proof {
        billing::proof::prove(&self.app.db).await.unwrap()
    }
}

/// The credit service as its callers know it.
#[derive(Clone)]
pub struct Credits {
    planner: CreditServiceClient<Channel>,
    ai_processor: CreditServiceClient<Channel>,
}

impl Credits {
    pub async fn quote(&self, account: Uuid, request: pb::QuoteRequest) -> Result<pb::Quotation, rpc::Error> {
        Ok(self.planner.clone().quote(internal(account, request)).await?.into_inner())
    }

    pub async fn reserve(&self, account: Uuid, request: pb::ReserveRequest) -> Result<pb::Reservation, rpc::Error> {
        Ok(self.planner.clone().reserve(internal(account, request)).await?.into_inner())
    }

    /// A hold of so many credits, under a new id.
    pub async fn hold(&self, account: Uuid, credits: i64) -> String {
        let request = clustering(credits);
        self.reserve(account, request.clone()).await.unwrap();
        request.reservation_id
    }

    pub async fn settle(&self, account: Uuid, id: &str, charge: i64) -> Result<pb::Reservation, rpc::Error> {
        let request = pb::SettleRequest { reservation_id: id.to_owned(), charge };
        Ok(self.ai_processor.clone().settle(internal(account, request)).await?.into_inner())
    }

    pub async fn release(&self, account: Uuid, id: &str) -> Result<pb::Reservation, rpc::Error> {
        let request = pb::ReleaseRequest { reservation_id: id.to_owned() };
        Ok(self.planner.clone().release(internal(account, request)).await?.into_inner())
    }

    pub async fn limits(&self, account: Uuid) -> pb::Limits {
        let request = internal(account, pb::GetLimitsRequest {});
        self.planner.clone().get_limits(request).await.unwrap().into_inner()
    }
}

/// Clustering that costs so many credits, for a job of the same id.
pub fn clustering(credits: i64) -> pb::ReserveRequest {
    let id = Uuid::now_v7().to_string();
    pb::ReserveRequest {
        reservation_id: id.clone(),
        job_id: id,
        action: SpendAction::Clustering.into(),
        tier: ModelTier::Economy.into(),
        units: credits * 1000,
        deadline_at: Some((SystemTime::now() + Duration::from_hours(1)).into()),
        ..pb::ReserveRequest::default()
    }
}

/// Reads an error as the gateway does.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> rpc::Error {
    answer.unwrap_err().into()
}
