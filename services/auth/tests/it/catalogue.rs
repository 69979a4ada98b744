//! What the database itself promises, read from its catalogue and tried on every table that there is.

use std::collections::BTreeSet;

use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::auth::v1::AccountStatus;
use contracts::rest::v1::Role;
use testkit::anonymous;
use uuid::Uuid;

use crate::harness::{Auth, Person, sign_up_request};

/// Unique across the fleet and not within one account, each with its reason.
const FLEET_WIDE: &[&str] = &[
    "igny8_api_keys_secret_hash_key",   // a key must name its account
    "igny8_invitations_token_hash_key", // so must the token of an invitation
    "igny8_refresh_tokens_token_hash_key",
    "igny8_sessions_cookie_hash_key",
    "igny8_user_tokens_token_hash_key",
    "igny8_users_email_key", // an address signs in to one account
];

/// SQLSTATE of a missing right, of a violated policy and of a transaction without account.
const REFUSED: &str = "42501";

struct Table {
    name: String,
    /// The column that holds the account.
    account: &'static str,
}

/// Two accounts with a row each in every table.
struct Accounts {
    auth: Auth,
    one: Uuid,
    other: Uuid,
}

impl Accounts {
    async fn start() -> Self {
        let auth = Auth::start().await;
        let one = fill(&auth, "ada@example.com", "11111111").await;
        let other = fill(&auth, "eve@example.com", "22222222").await;
        Self { auth, one, other }
    }
}

async fn fill(auth: &Auth, email: &str, hash: &str) -> Uuid {
    let site = pb::SiteInput {
        name: "Engines".to_owned(),
        domain: "engines.example.com".to_owned(),
        sectors: vec![pb::SectorInput { name: "Looms".to_owned(), ..pb::SectorInput::default() }],
        ..pb::SiteInput::default()
    };
    let request = pb::SignUpRequest { email: email.to_owned(), site: Some(site), ..sign_up_request() };
    let owner = Person(auth.sessions().sign_up(anonymous(request)).await.unwrap().into_inner());
    let (account, user, id) = (owner.account(), owner.user(), Uuid::now_v7());
    for insert in [
        format!(
            "igny8_site_user_access (account_id, id, user_id, site_id)
             SELECT account_id, '{id}', '{user}', id FROM igny8_sites WHERE account_id = '{account}'"
        ),
        format!(
            "igny8_invitations (account_id, id, email, role, token_hash, invited_by, expires_at)
             VALUES ('{account}', '{id}', 'bob@example.com', 'editor', '{hash}', '{user}', now())"
        ),
        format!(
            "igny8_api_keys (account_id, id, name, prefix, secret_hash, role)
             VALUES ('{account}', '{id}', 'Key', 'igny8_', '{hash}', 'editor')"
        ),
        format!("igny8_inbox (account_id, id) VALUES ('{account}', '{id}')"),
        format!(
            "igny8_parked_messages (account_id, id, event, body, error, next_at)
             VALUES ('{account}', '{id}', 'auth.site.changed', '{{}}', 'on purpose', now())"
        ),
        format!(
            "igny8_undo (account_id, id, object, object_id, payload, expires_at)
             VALUES ('{account}', '{id}', 'site', '{id}', '{{}}', now())"
        ),
        format!(
            "igny8_idempotency_keys (account_id, actor_id, method, key, fingerprint, response, expires_at)
             VALUES ('{account}', '{user}', 'method', 'key', '', '', now())"
        ),
    ] {
        auth.execute(&format!("INSERT INTO {insert}")).await;
    }
    account
}

async fn account_tables(auth: &Auth) -> Vec<Table> {
    let query =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let tables = auth.texts(query).await.into_iter().map(|name| Table { name, account: "account_id" });
    tables.chain([Table { name: "igny8_accounts".to_owned(), account: "id" }]).collect()
}

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
                      ('jsonb', 'Jsonb'), ('text[]', 'Array<Text>'), ('uuid[]', 'Array<Uuid>')) t (type, name)
        ON t.type = format_type(a.atttypid, a.atttypmod)
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> '__diesel_schema_migrations'
    GROUP BY c.oid, c.relname, i.indkey";

#[tokio::test]
async fn schema_rs_is_what_the_catalogue_says() {
    let auth = Auth::start().await;
    let catalogue: BTreeSet<String> = auth.texts(AS_IN_SCHEMA_RS).await.into_iter().collect();
    let blocks = include_str!("../../src/schema.rs").split("\n\n").map(|block| block.trim().to_owned());
    let written: BTreeSet<String> = blocks.filter(|block| block.starts_with("diesel::table!")).collect();
    assert_eq!(written.difference(&catalogue).collect::<Vec<_>>(), Vec::<&String>::new(), "only in schema.rs");
    assert_eq!(catalogue.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "only in the catalogue");
}

#[tokio::test]
async fn enums_in_the_database_are_those_of_the_contracts() {
    let auth = Auth::start().await;
    let values = async |constraint: &str| {
        let names = "regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') name";
        auth.texts(&format!("SELECT name[1] FROM pg_constraint, {names} WHERE conname = '{constraint}'")).await
    };
    assert_eq!(values("igny8_accounts_status_check").await, AccountStatus::NAMES);
    assert_eq!(values("igny8_users_role_check").await, Role::NAMES);
    // A developer is made by the operator.
    let by_invitation = Role::NAMES.split_last().unwrap().1;
    assert_eq!(values("igny8_invitations_role_check").await, by_invitation);
    assert_eq!(values("igny8_api_keys_role_check").await, by_invitation);
}

#[tokio::test]
async fn every_table_of_an_account_forces_its_policy_and_begins_its_keys_with_the_account() {
    let auth = Auth::start().await;
    let open =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)";
    assert_eq!(auth.texts(open).await, Vec::<String>::new());
    assert_eq!(auth.texts("SELECT app.gaps()").await, Vec::<String>::new());

    let keys = "SELECT k.relname::text FROM pg_index i
        JOIN pg_class k ON k.oid = i.indexrelid
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'account_id'
        WHERE i.indisunique AND k.relnamespace = 'public'::regnamespace AND i.indkey[0] <> a.attnum ORDER BY 1";
    assert_eq!(auth.texts(keys).await, FLEET_WIDE);
}

#[tokio::test]
async fn names_of_constraints_say_where_they_belong() {
    let auth = Auth::start().await;
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
    assert_eq!(auth.texts(misnamed).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_system_role_may_do_is_reviewed() {
    let auth = Auth::start().await;
    let rights =
        "SELECT format('%s: %s', c.relname, string_agg(granted, '; ' ORDER BY granted)) FROM pg_class c, LATERAL (
            SELECT privilege AS granted FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) privilege
            WHERE has_table_privilege('igny8_auth_system', c.oid, privilege)
            UNION ALL
            SELECT format('%s (%s)', privilege, string_agg(a.attname, ', ' ORDER BY a.attnum))
            FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) privilege, pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND has_column_privilege('igny8_auth_system', c.oid, a.attnum, privilege)
              AND NOT has_table_privilege('igny8_auth_system', c.oid, privilege)
            GROUP BY privilege
        ) rights
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname ORDER BY c.relname";
    insta::assert_snapshot!(auth.texts(rights).await.join("\n"));
}

#[tokio::test]
async fn without_an_account_no_table_of_accounts_answers() {
    let Accounts { auth, .. } = Accounts::start().await;
    let app = auth.database.superuser().await;
    app.batch_execute("SET ROLE igny8_auth").await.unwrap();
    for Table { name, account } in account_tables(&auth).await {
        for statement in [
            format!("SELECT FROM {name}"),
            format!("UPDATE {name} SET {account} = {account}"),
            format!("DELETE FROM {name}"),
            format!("INSERT INTO {name} SELECT * FROM {name}"),
        ] {
            let refused = app.execute(&statement, &[]).await.expect_err(&statement);
            assert_eq!(refused.code().unwrap().code(), REFUSED, "{statement}: {refused}");
        }
    }
}

#[tokio::test]
async fn rows_of_another_account_cannot_be_read_written_or_moved() {
    let Accounts { auth, one, other } = Accounts::start().await;
    let app = auth.database.superuser().await;
    for Table { name, account } in account_tables(&auth).await {
        let row = format!("SELECT to_json(t)::text FROM {name} t WHERE {account} = '{other}' LIMIT 1");
        let row = auth.texts(&row).await.pop().unwrap_or_else(|| panic!("`fill` makes no row of {name} to try on"));
        app.batch_execute(&format!("SET ROLE igny8_auth; SET app.account_id = '{one}'")).await.unwrap();

        let seen = app.query(&format!("SELECT DISTINCT {account}::text FROM {name}"), &[]).await.unwrap();
        assert_eq!(seen.iter().map(|row| row.get(0)).collect::<Vec<String>>(), [one.to_string()], "{name}");
        for statement in [
            format!("UPDATE {name} SET {account} = {account} WHERE {account} = '{other}'"),
            format!("DELETE FROM {name} WHERE {account} = '{other}'"),
        ] {
            match app.execute(&statement, &[]).await {
                Ok(changed) => assert_eq!(changed, 0, "{statement}"),
                Err(refused) => assert_eq!(refused.code().unwrap().code(), REFUSED, "{statement}: {refused}"),
            }
        }
        for statement in [
            format!("UPDATE {name} SET {account} = '{other}' WHERE {account} = '{one}'"),
            format!("INSERT INTO {name} SELECT * FROM json_populate_record(NULL::{name}, $row${row}$row$)"),
        ] {
            let refused = app.execute(&statement, &[]).await.expect_err(&statement);
            assert_eq!(refused.code().unwrap().code(), REFUSED, "{statement}: {refused}");
        }
        app.batch_execute("RESET ROLE").await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_with_other_sites_sees_nothing_that_belongs_to_a_site() {
    let Accounts { auth, one, .. } = Accounts::start().await;
    let app = auth.database.superuser().await;
    app.batch_execute(&format!("SET ROLE igny8_auth; SET app.account_id = '{one}'")).await.unwrap();
    for table in ["igny8_sites", "igny8_sectors", "igny8_site_user_access"] {
        for (sites, rows) in [(String::new(), 1), (Uuid::nil().to_string(), 0)] {
            app.batch_execute(&format!("SET app.site_ids = '{{{sites}}}'")).await.unwrap();
            let seen = app.query(&format!("SELECT FROM {table}"), &[]).await.unwrap().len();
            assert_eq!(seen, rows, "{table} with sites {sites:?}");
        }
    }
}
