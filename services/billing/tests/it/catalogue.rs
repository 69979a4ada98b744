//! What the database itself promises, read from its catalogue and tried on every table that there is.

use std::collections::BTreeSet;

use contracts::JsonEnum;
use contracts::billing::v1 as pb;
use contracts::billing::v1::spending_cap_service_client::SpendingCapServiceClient;
use contracts::billing::v1::{
    CreditTransactionKind, ModelTier, ReservationState, SpendAction, SpendingCapScope, SubscriptionStatus,
};
use contracts::rest::v1::Role;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Billing, clustering};

/// SQLSTATE of a missing right, of a violated policy and of a transaction without account.
const REFUSED: &str = "42501";

/// Two accounts with a row each in every table.
struct Accounts {
    billing: Billing,
    one: Uuid,
    other: Uuid,
}

impl Accounts {
    async fn start() -> Self {
        let billing = Billing::start().await;
        let (one, other) = (fill(&billing).await, fill(&billing).await);
        Self { billing, one, other }
    }
}

async fn fill(billing: &Billing) -> Uuid {
    let owner = Actor::new(billing.account().await, Role::Owner);
    let (account, id) = (owner.account(), Uuid::now_v7());
    let work = pb::ReserveRequest { site_id: Some(Uuid::now_v7().to_string()), ..clustering(1) };
    billing.credits().reserve(account, work).await.unwrap();
    let cap = pb::CreateSpendingCapRequest { scope: SpendingCapScope::Account.into(), ..Default::default() };
    SpendingCapServiceClient::new(billing.channel()).create_spending_cap(owner.request(cap)).await.unwrap();
    for insert in [
        format!(
            "igny8_undo (account_id, id, object, object_id, payload, expires_at)
             VALUES ('{account}', '{id}', 'none', '{id}', '{{}}', now())"
        ),
        format!(
            "igny8_idempotency_keys (account_id, actor_id, method, key, fingerprint, response, expires_at)
             VALUES ('{account}', '{id}', 'method', 'key', '', '', now())"
        ),
        format!(
            "igny8_outbox (account_id, id, aggregate, event, body) VALUES ('{account}', '{id}', '{id}', 'event', '{{}}')"
        ),
        format!(
            "igny8_api_key_cap_copies (account_id, api_key_id, daily_credits, changed_at)
             VALUES ('{account}', '{id}', 5, now())"
        ),
        format!("igny8_inbox (account_id, id) VALUES ('{account}', '{id}')"),
        format!(
            "igny8_parked_messages (account_id, id, event, body, error, next_at)
             VALUES ('{account}', '{id}', 'event', '{{}}', 'error', now())"
        ),
    ] {
        billing.execute(&format!("INSERT INTO {insert}")).await;
    }
    account
}

async fn account_tables(billing: &Billing) -> Vec<String> {
    let query =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    billing.texts(query).await
}

/// The columns that an INSERT may name.
async fn columns(billing: &Billing, table: &str) -> String {
    let query = format!(
        "SELECT string_agg(attname, ', ' ORDER BY attnum)::text FROM pg_attribute
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    );
    billing.texts(&query).await.remove(0)
}

/// Tables that the libraries keep in every service.
const OF_LIBRARIES: &[&str] = &[
    "igny8_audit_log",
    "igny8_idempotency_keys",
    "igny8_inbox",
    "igny8_outbox",
    "igny8_parked_messages",
    "igny8_undo",
];

/// The tables of the catalogue in the words of `schema.rs`.
const AS_IN_SCHEMA_RS: &str = r"
    SELECT format(E'diesel::table! {\n    %s (%s) {\n%s    }\n}', c.relname,
        (SELECT string_agg(k.attname, ', ' ORDER BY k.attnum) FROM pg_attribute k
         WHERE k.attrelid = c.oid AND k.attnum = ANY (i.indkey)),
        string_agg(
            format(E'        %s -> %s,\n', a.attname, CASE WHEN a.attnotnull THEN t.name ELSE 'Nullable<' || t.name || '>' END),
            '' ORDER BY a.attnum))
    FROM pg_class c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN (VALUES ('uuid', 'Uuid'), ('text', 'Text'), ('boolean', 'Bool'), ('timestamp with time zone', 'Timestamptz'),
                      ('bigint', 'BigInt'), ('integer', 'Integer'), ('smallint', 'SmallInt'), ('bytea', 'Binary'),
                      ('jsonb', 'Jsonb'), ('date', 'Date'), ('text[]', 'Array<Text>'), ('uuid[]', 'Array<Uuid>')) t (type, name)
        ON t.type = format_type(a.atttypid, a.atttypmod)
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> '__diesel_schema_migrations'
    GROUP BY c.oid, c.relname, i.indkey";

#[tokio::test]
async fn schema_rs_is_what_the_catalogue_says() {
    let billing = Billing::start().await;
    let ours = |block: &String| !OF_LIBRARIES.iter().any(|table| block.contains(&format!("    {table} (")));
    let catalogue: BTreeSet<String> = billing.texts(AS_IN_SCHEMA_RS).await.into_iter().filter(ours).collect();
    let blocks = include_str!("../../src/schema.rs").split("\n\n").map(|block| block.trim().to_owned());
    let written: BTreeSet<String> = blocks.filter(|block| block.starts_with("diesel::table!")).collect();
    assert_eq!(written.difference(&catalogue).collect::<Vec<_>>(), Vec::<&String>::new(), "only in schema.rs");
    assert_eq!(catalogue.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "only in the catalogue");
}

#[tokio::test]
async fn enums_in_the_database_are_those_of_the_contracts() {
    let billing = Billing::start().await;
    let values = async |constraint: &str| {
        let names = "regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') name";
        billing.texts(&format!("SELECT name[1] FROM pg_constraint, {names} WHERE conname = '{constraint}'")).await
    };
    for (constraint, names) in [
        ("igny8_prices_action_check", SpendAction::NAMES),
        ("igny8_prices_tier_check", ModelTier::NAMES),
        ("igny8_reservations_action_check", SpendAction::NAMES),
        ("igny8_reservations_tier_check", ModelTier::NAMES),
        ("igny8_reservations_state_check", ReservationState::NAMES),
        ("igny8_transfers_kind_check", CreditTransactionKind::NAMES),
        ("igny8_spending_caps_scope_check", SpendingCapScope::NAMES),
        ("igny8_subscriptions_status_check", SubscriptionStatus::NAMES),
    ] {
        assert_eq!(values(constraint).await, names, "{constraint}");
    }
}

#[tokio::test]
async fn every_table_of_an_account_forces_its_policy_and_begins_its_keys_with_the_account() {
    let billing = Billing::start().await;
    let open =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)";
    assert_eq!(billing.texts(open).await, Vec::<String>::new());
    assert_eq!(billing.texts("SELECT app.gaps()").await, Vec::<String>::new());

    let keys = "SELECT k.relname::text FROM pg_index i
        JOIN pg_class k ON k.oid = i.indexrelid
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'account_id'
        WHERE i.indisunique AND k.relnamespace = 'public'::regnamespace AND i.indkey[0] <> a.attnum ORDER BY 1";
    assert_eq!(billing.texts(keys).await, Vec::<String>::new());
}

#[tokio::test]
async fn names_of_constraints_say_where_they_belong() {
    let billing = Billing::start().await;
    let misnamed = "
        SELECT conname::text FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 't'
          AND conrelid::regclass::text NOT LIKE '%diesel%'
          AND conname !~ ('^' || conrelid::regclass || '_([a-z0-9_]+_)?(key|fkey|check|pkey)$')
        UNION ALL
        SELECT k.relname::text FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid
        WHERE k.relnamespace = 'public'::regnamespace AND i.indrelid::regclass::text NOT LIKE '%diesel%'
          AND k.relname !~ ('^' || i.indrelid::regclass || '_([a-z0-9_]+_)?' ||
                            CASE WHEN i.indisunique THEN '(key|pkey)$' ELSE 'idx$' END)";
    assert_eq!(billing.texts(misnamed).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_system_role_may_do_is_reviewed() {
    let billing = Billing::start().await;
    let rights =
        "SELECT format('%s: %s', c.relname, string_agg(granted, '; ' ORDER BY granted)) FROM pg_class c, LATERAL (
            SELECT privilege AS granted FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) privilege
            WHERE has_table_privilege('igny8_billing_system', c.oid, privilege)
            UNION ALL
            SELECT format('%s (%s)', privilege, string_agg(a.attname, ', ' ORDER BY a.attnum))
            FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) privilege, pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND has_column_privilege('igny8_billing_system', c.oid, a.attnum, privilege)
              AND NOT has_table_privilege('igny8_billing_system', c.oid, privilege)
            GROUP BY privilege
        ) rights
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname ORDER BY c.relname";
    insta::assert_snapshot!(billing.texts(rights).await.join("\n"));
}

#[tokio::test]
async fn without_an_account_no_table_of_accounts_answers() {
    let Accounts { billing, .. } = Accounts::start().await;
    let app = billing.database.superuser().await;
    app.batch_execute("SET ROLE igny8_billing").await.unwrap();
    for name in account_tables(&billing).await {
        let columns = columns(&billing, &name).await;
        for statement in [
            format!("SELECT FROM {name}"),
            format!("UPDATE {name} SET account_id = account_id"),
            format!("DELETE FROM {name}"),
            format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}"),
        ] {
            let refused = app.execute(&statement, &[]).await.expect_err(&statement);
            assert_eq!(refused.code().unwrap().code(), REFUSED, "{statement}: {refused}");
        }
    }
}

#[tokio::test]
async fn rows_of_another_account_cannot_be_read_written_or_moved() {
    let Accounts { billing, one, other } = Accounts::start().await;
    let app = billing.database.superuser().await;
    for name in account_tables(&billing).await {
        let columns = columns(&billing, &name).await;
        let row = format!("SELECT to_json(t)::text FROM {name} t WHERE account_id = '{other}' LIMIT 1");
        let row = billing.texts(&row).await.pop().unwrap_or_else(|| panic!("`fill` makes no row of {name} to try on"));
        app.batch_execute(&format!("SET ROLE igny8_billing; SET app.account_id = '{one}'")).await.unwrap();

        let seen = app.query(&format!("SELECT DISTINCT account_id::text FROM {name}"), &[]).await.unwrap();
        assert_eq!(seen.iter().map(|row| row.get(0)).collect::<Vec<String>>(), [one.to_string()], "{name}");
        for statement in [
            format!("UPDATE {name} SET account_id = account_id WHERE account_id = '{other}'"),
            format!("DELETE FROM {name} WHERE account_id = '{other}'"),
        ] {
            match app.execute(&statement, &[]).await {
                Ok(changed) => assert_eq!(changed, 0, "{statement}"),
                Err(refused) => assert_eq!(refused.code().unwrap().code(), REFUSED, "{statement}: {refused}"),
            }
        }
        for statement in [
            format!("UPDATE {name} SET account_id = '{other}' WHERE account_id = '{one}'"),
            format!(
                "INSERT INTO {name} ({columns}) SELECT {columns} FROM json_populate_record(NULL::{name}, $row${row}$row$)"
            ),
        ] {
            let refused = app.execute(&statement, &[]).await.expect_err(&statement);
            assert_eq!(refused.code().unwrap().code(), REFUSED, "{statement}: {refused}");
        }
        app.batch_execute("RESET ROLE").await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_with_other_sites_sees_nothing_that_belongs_to_a_site() {
    let Accounts { billing, one, .. } = Accounts::start().await;
    let app = billing.database.superuser().await;
    app.batch_execute(&format!("SET ROLE igny8_billing; SET app.account_id = '{one}'")).await.unwrap();
    for table in ["igny8_reservations", "igny8_usage_logs"] {
        for (sites, rows) in [(String::new(), 1), (Uuid::nil().to_string(), 0)] {
            app.batch_execute(&format!("SET app.site_ids = '{{{sites}}}'")).await.unwrap();
            let seen = app.query(&format!("SELECT FROM {table}"), &[]).await.unwrap().len();
            assert_eq!(seen, rows, "{table} with sites {sites:?}");
        }
    }
}
