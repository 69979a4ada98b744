//! What the database refuses by itself, to the service's own role: the rules of the ledger.

use testkit::TestDb;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::harness::{Billing, clustering};

/// SQLSTATE of a missing right.
const REFUSED: &str = "42501";
const PLATFORM: &str = "00000000-0000-7000-8000-000000000002";

/// The service's role in a transaction of this account, for statements that its code does not have.
async fn service(database: &TestDb, account: Uuid) -> Client {
    let client = database.superuser().await;
    client.batch_execute(&format!("SET ROLE igny8_billing; SET app.account_id = '{account}'")).await.unwrap();
    client
}

/// The constraint, or the code where there is none, by which a statement fails.
async fn refused(client: &Client, statement: &str) -> String {
    let error = client.execute(statement, &[]).await.err();
    let error = error.unwrap_or_else(|| panic!("not refused: {statement}"));
    let error = error.as_db_error().unwrap();
    error.constraint().map_or_else(|| format!("{}: {}", error.code().code(), error.message()), ToOwned::to_owned)
}

struct Ledger {
    billing: Billing,
    account: Uuid,
    client: Client,
}

impl Ledger {
    async fn start() -> Self {
        let billing = Billing::start().await;
        let account = billing.account().await;
        let client = service(&billing.database, account).await;
        Self { billing, account, client }
    }

    async fn hold(&self, credits: i64) -> String {
        self.billing.credits().hold(self.account, credits).await
    }

    /// A reservation without its hold.
    async fn reservation(&self, credits: i64) -> Uuid {
        let (id, account) = (Uuid::now_v7(), self.account);
        let statement = format!(
            "INSERT INTO igny8_reservations
                (account_id, id, action, tier, units, credits, job_id, deadline_at, next_check_at)
             VALUES ('{account}', '{id}', 'ideas', 'economy', 1, {credits}, '{id}', now(), now())"
        );
        self.client.execute(&statement, &[]).await.unwrap();
        id
    }

    fn hold_statement(&self, id: impl std::fmt::Display, amount: i64) -> String {
        format!(
            "INSERT INTO igny8_transfers (account_id, id, kind, debit, credit, amount)
             VALUES ('{account}', '{id}', 'held', '{account}', '{PLATFORM}', {amount})",
            account = self.account
        )
    }

    fn end_statement(&self, kind: &str, amount: i64, hold: impl std::fmt::Display, of: i64) -> String {
        format!(
            "INSERT INTO igny8_transfers (account_id, id, kind, debit, credit, amount, pending_id, pending_amount)
             VALUES ('{account}', gen_random_uuid(), '{kind}', '{account}', '{PLATFORM}', {amount}, '{hold}', {of})",
            account = self.account
        )
    }
}

#[tokio::test]
async fn a_hold_above_the_balance_is_refused() {
    let ledger = Ledger::start().await;
    ledger.hold(600).await;
    let second = ledger.reservation(500).await;
    assert_eq!(refused(&ledger.client, &ledger.hold_statement(second, 500)).await, "igny8_wallets_available_check");
}

#[tokio::test]
async fn a_charge_above_its_hold_is_refused() {
    let ledger = Ledger::start().await;
    let hold = ledger.hold(60).await;
    let statement = ledger.end_statement("spent", 61, &hold, 60);
    assert_eq!(refused(&ledger.client, &statement).await, "igny8_transfers_spent_check");
}

#[tokio::test]
async fn a_charge_that_claims_a_larger_hold_is_refused() {
    let ledger = Ledger::start().await;
    let hold = ledger.hold(60).await;
    for statement in [ledger.end_statement("spent", 70, &hold, 70), ledger.end_statement("released", 70, &hold, 70)] {
        assert_eq!(refused(&ledger.client, &statement).await, "igny8_transfers_pending_id_fkey");
    }
    let part = ledger.end_statement("released", 50, &hold, 60);
    assert_eq!(refused(&ledger.client, &part).await, "igny8_transfers_released_check");
}

#[tokio::test]
async fn a_second_end_of_a_hold_is_refused() {
    let ledger = Ledger::start().await;
    let hold = ledger.hold(60).await;
    ledger.billing.credits().settle(ledger.account, &hold, 40).await.unwrap();
    for statement in [ledger.end_statement("released", 60, &hold, 60), ledger.end_statement("spent", 1, &hold, 60)] {
        assert_eq!(refused(&ledger.client, &statement).await, "igny8_transfers_account_id_pending_id_key");
    }
}

#[tokio::test]
async fn the_end_of_an_end_is_refused() {
    let ledger = Ledger::start().await;
    let hold = ledger.hold(60).await;
    ledger.billing.credits().settle(ledger.account, &hold, 60).await.unwrap();
    let end = ledger.billing.texts("SELECT id::text FROM igny8_transfers WHERE kind = 'spent'").await.remove(0);
    let reservation = ledger.end_statement("spent", 60, &end, 60);
    assert_eq!(refused(&ledger.client, &reservation).await, "igny8_transfers_reservation_id_fkey");
}

#[tokio::test]
async fn a_hold_needs_its_reservation_and_the_same_amount() {
    let ledger = Ledger::start().await;
    let nothing = ledger.hold_statement(Uuid::now_v7(), 5);
    assert_eq!(refused(&ledger.client, &nothing).await, "igny8_transfers_reservation_id_fkey");
    let reservation = ledger.reservation(5).await;
    let other = refused(&ledger.client, &ledger.hold_statement(reservation, 6)).await;
    assert!(other.contains("moves no reservation"), "{other}");
}

#[tokio::test]
async fn amounts_are_positive_and_have_the_account_on_one_side() {
    let ledger = Ledger::start().await;
    let account = ledger.account;
    let direct = |debit: &str, credit: &str, amount: i64| {
        format!(
            "INSERT INTO igny8_transfers (account_id, id, kind, debit, credit, amount)
             VALUES ('{account}', gen_random_uuid(), 'adjustment', '{debit}', '{credit}', {amount})"
        )
    };
    let ours = account.to_string();
    for (statement, constraint) in [
        (direct(PLATFORM, &ours, 0), "igny8_transfers_amount_check"),
        (direct(PLATFORM, &ours, -5), "igny8_transfers_amount_check"),
        (direct(&ours, &ours, 5), "igny8_transfers_sides_check"),
        (direct(PLATFORM, PLATFORM, 5), "igny8_transfers_sides_check"),
        (direct(&Uuid::now_v7().to_string(), &ours, 5), "igny8_transfers_account_id_debit_fkey"),
        (direct(&ours, PLATFORM, 1001), "igny8_wallets_available_check"),
    ] {
        assert_eq!(refused(&ledger.client, &statement).await, constraint, "{statement}");
    }
}

#[tokio::test]
async fn entries_and_balances_cannot_be_changed() {
    let ledger = Ledger::start().await;
    ledger.hold(60).await;
    for statement in [
        "UPDATE igny8_transfers SET amount = 1",
        "DELETE FROM igny8_transfers",
        "TRUNCATE igny8_transfers",
        "UPDATE igny8_wallets SET posted = posted + 1",
        "DELETE FROM igny8_wallets",
        "UPDATE igny8_reservations SET state = 'released'",
        "UPDATE igny8_usage_logs SET held = 0",
    ] {
        let refused = refused(&ledger.client, statement).await;
        assert!(refused.starts_with(REFUSED), "{statement}: {refused}");
    }
    // Nor by whoever has all rights.
    let superuser = ledger.billing.database.superuser().await;
    for statement in ["UPDATE igny8_transfers SET amount = 1", "DELETE FROM igny8_transfers"] {
        assert!(refused(&superuser, statement).await.contains("insert-only"), "{statement}");
    }
}

#[tokio::test]
async fn a_transfer_that_moves_nothing_fails() {
    // Without its policy the trigger sees no row, and an UPDATE of none is no error to PostgreSQL.
    for (table, what) in
        [("igny8_wallets", "wallet"), ("igny8_reservations", "reservation"), ("igny8_usage_logs", "usage")]
    {
        let ledger = Ledger::start().await;
        let hold = ledger.hold(60).await;
        ledger.billing.execute(&format!("DROP POLICY ledger ON {table}")).await;
        let refused = refused(&ledger.client, &ledger.end_statement("spent", 60, &hold, 60)).await;
        assert!(refused.contains(&format!("moves no {what}")), "{table}: {refused}");
        assert!(ledger.billing.credits().settle(ledger.account, &hold, 60).await.is_err());
        assert!(ledger.billing.credits().reserve(ledger.account, clustering(1)).await.is_err());
    }
}

#[tokio::test]
async fn the_proof_finds_a_balance_that_was_changed_past_all_rules() {
    let ledger = Ledger::start().await;
    let other = ledger.billing.account().await;
    let (spent, held) = (ledger.hold(60).await, ledger.hold(50).await);
    ledger.billing.credits().settle(ledger.account, &spent, 20).await.unwrap();
    let proof = ledger.billing.prove().await;
    assert_eq!((proof.accounts, proof.imbalance, proof.outstanding, proof.overdue_holds), (2, 0, 1980, 0));

    ledger.billing.execute(&format!("UPDATE igny8_wallets SET posted = posted + 7 WHERE id = '{other}'")).await;
    assert_eq!(ledger.billing.prove().await.imbalance, 7);
    let old = format!("UPDATE igny8_reservations SET deadline_at = now() - interval '25 hours' WHERE id = '{held}'");
    ledger.billing.execute(&old).await;
    assert_eq!(ledger.billing.prove().await.overdue_holds, 1);
}
