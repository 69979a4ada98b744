//! Plans, prices and the ledger of credits.
//!
//! One file is one aggregate of the contracts: its RPCs, its row, its SQL. [`ledger`] is the way to the functions of the database that move
//! credits; what comes without a request stands in [`events`], [`reconciler`], [`proof`] and [`sweeper`].

pub mod adjustments;
mod api_key_caps;
pub mod balance;
mod cli;
mod closure;
mod config;
pub mod credit_transactions;
pub mod credits;
pub mod events;
pub mod ledger;
pub mod plans;
pub mod prices;
pub mod proof;
pub mod receipts;
pub mod reconciler;
pub mod schema;
pub mod spending_caps;
pub mod subscriptions;
pub mod sweeper;
pub mod usage_logs;

use std::sync::Arc;

use contracts::billing::v1::{
    adjustment_service_server::AdjustmentServiceServer, balance_service_server::BalanceServiceServer,
    credit_service_server::CreditServiceServer, credit_transaction_service_server::CreditTransactionServiceServer,
    plan_service_server::PlanServiceServer, price_service_server::PriceServiceServer,
    receipt_service_server::ReceiptServiceServer, spending_cap_service_server::SpendingCapServiceServer,
    subscription_service_server::SubscriptionServiceServer, usage_log_service_server::UsageLogServiceServer,
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tonic::service::Routes;

pub use cli::{Cli, run, start};
pub use closure::close_account;
pub use config::Config;

/// The tables of this service, on top of those of every service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What the handlers and the background tasks share.
#[derive(Debug)]
pub struct App {
    pub db: db::Db,
}

impl App {
    /// Reads the settings; connects to nothing yet.
    pub fn new(config: &db::Config) -> anyhow::Result<Self> {
        Ok(Self { db: db::Db::connect(config)? })
    }
}

/// The gRPC services, one for each aggregate.
pub fn routes(app: &Arc<App>) -> Routes {
    let app = || Arc::clone(app);
    Routes::new(AdjustmentServiceServer::new(adjustments::Adjustments(app())))
        .add_service(BalanceServiceServer::new(balance::Balances(app())))
        .add_service(CreditServiceServer::new(credits::Credits(app())))
        .add_service(CreditTransactionServiceServer::new(credit_transactions::CreditTransactions(app())))
        .add_service(PlanServiceServer::new(plans::Plans(app())))
        .add_service(PriceServiceServer::new(prices::Prices(app())))
        .add_service(ReceiptServiceServer::new(receipts::Receipts(app())))
        .add_service(SpendingCapServiceServer::new(spending_caps::SpendingCaps(app())))
        .add_service(SubscriptionServiceServer::new(subscriptions::Subscriptions(app())))
        .add_service(UsageLogServiceServer::new(usage_logs::UsageLogs(app())))
}
