//! What the database itself promises, read from its catalogue.

use std::collections::BTreeSet;

use contracts::JsonEnum;
use contracts::publisher::v1::{ConnectionKind, PublicationState, PublicationWork, WebhookDeliveryState, WebhookEvent};

use crate::harness::Publisher;

/// The tables of the catalogue in the words of `schema.rs`, but for those that stand in every database.
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
                      ('jsonb', 'Jsonb'), ('double precision', 'Double'), ('text[]', 'Array<Text>'), ('uuid[]', 'Array<Uuid>'))
        t (type, name) ON t.type = format_type(a.atttypid, a.atttypmod)
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('__diesel_schema_migrations',
        'igny8_audit_log', 'igny8_undo', 'igny8_idempotency_keys', 'igny8_outbox', 'igny8_inbox', 'igny8_parked_messages')
    GROUP BY c.oid, c.relname, i.indkey";

#[tokio::test]
async fn schema_rs_is_what_the_catalogue_says() {
    let publisher = Publisher::start().await;
    let catalogue: BTreeSet<String> = publisher.texts(AS_IN_SCHEMA_RS).await.into_iter().collect();
    let blocks = include_str!("../../src/schema.rs").split("\n\n").map(|block| block.trim().to_owned());
    let written: BTreeSet<String> = blocks.filter(|block| block.starts_with("diesel::table!")).collect();
    assert_eq!(written.difference(&catalogue).collect::<Vec<_>>(), Vec::<&String>::new(), "only in schema.rs");
    assert_eq!(catalogue.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "only in the catalogue");
}

#[tokio::test]
async fn enums_in_the_database_are_those_of_the_contracts() {
    let publisher = Publisher::start().await;
    let values = async |constraint: &str| {
        let names = "regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') name";
        publisher.texts(&format!("SELECT name[1] FROM pg_constraint, {names} WHERE conname = '{constraint}'")).await
    };
    assert_eq!(values("igny8_connections_kind_check").await, ConnectionKind::NAMES);
    assert_eq!(values("igny8_publications_state_check").await, PublicationState::NAMES);
    assert_eq!(values("igny8_publications_work_check").await, PublicationWork::NAMES);
    assert_eq!(values("igny8_webhook_deliveries_event_check").await, WebhookEvent::NAMES);
    assert_eq!(values("igny8_webhook_deliveries_state_check").await, WebhookDeliveryState::NAMES);
}

#[tokio::test]
async fn names_of_constraints_say_where_they_belong() {
    let publisher = Publisher::start().await;
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
    assert_eq!(publisher.texts(misnamed).await, Vec::<String>::new());
    assert_eq!(publisher.texts("SELECT app.gaps()").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_system_role_may_do_is_reviewed() {
    let publisher = Publisher::start().await;
    let rights =
        "SELECT format('%s: %s', c.relname, string_agg(granted, '; ' ORDER BY granted)) FROM pg_class c, LATERAL (
            SELECT privilege AS granted FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) privilege
            WHERE has_table_privilege('igny8_publisher_system', c.oid, privilege)
            UNION ALL
            SELECT format('%s (%s)', privilege, string_agg(a.attname, ', ' ORDER BY a.attnum))
            FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) privilege, pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND has_column_privilege('igny8_publisher_system', c.oid, a.attnum, privilege)
              AND NOT has_table_privilege('igny8_publisher_system', c.oid, privilege)
            GROUP BY privilege
        ) rights
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname ORDER BY c.relname";
    insta::assert_snapshot!(publisher.texts(rights).await.join("\n"));
}

#[tokio::test]
async fn the_system_role_reads_no_password() {
    let publisher = Publisher::start().await;
    let system = publisher.database.superuser().await;
    system.batch_execute("SET ROLE igny8_publisher_system").await.unwrap();
    for statement in [
        "SELECT password_sealed FROM igny8_connections",
        "SELECT username FROM igny8_connections",
        "UPDATE igny8_connections SET url = ''",
        "DELETE FROM igny8_connections",
    ] {
        let refused = system.execute(statement, &[]).await.expect_err(statement);
        assert_eq!(refused.code().unwrap().code(), "42501", "{statement}");
    }
}
