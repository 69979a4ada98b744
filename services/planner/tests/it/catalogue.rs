//! What the database itself promises, read from its catalogue.

use std::collections::BTreeSet;

use contracts::JsonEnum;
use contracts::planner::v1::{
    AutomationEvery, AutomationItemState, AutomationRunState, AutomationStage, ClusterStatus, CollisionKind, Intent,
    KeywordStatus, VolumeQuality,
};

use crate::harness::Planner;

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
                      ('real', 'Float'), ('double precision', 'Double'), ('double precision[]', 'Array<Double>'),
                      ('jsonb', 'Jsonb'), ('text[]', 'Array<Text>'), ('uuid[]', 'Array<Uuid>')) t (type, name)
        ON t.type = format_type(a.atttypid, a.atttypmod)
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> '__diesel_schema_migrations'
    GROUP BY c.oid, c.relname, i.indkey";

/// Tables that libraries read and write.
const OF_LIBRARIES: &[&str] = &[
    "igny8_audit_log",
    "igny8_idempotency_keys",
    "igny8_inbox",
    "igny8_job_inputs",
    "igny8_job_requests",
    "igny8_outbox",
    "igny8_parked_messages",
    "igny8_undo",
];

#[tokio::test]
async fn schema_rs_is_what_the_catalogue_says() {
    let planner = Planner::start().await;
    let of_library = |block: &String| OF_LIBRARIES.iter().any(|table| block.contains(&format!(" {table} (")));
    let catalogue = planner.texts(AS_IN_SCHEMA_RS).await;
    let catalogue: BTreeSet<String> = catalogue.into_iter().filter(|block| !of_library(block)).collect();
    let blocks = include_str!("../../src/schema.rs").split("\n\n").map(|block| block.trim().to_owned());
    let written: BTreeSet<String> =
        blocks.filter(|block| block.starts_with("diesel::table!") && !of_library(block)).collect();
    assert_eq!(written.difference(&catalogue).collect::<Vec<_>>(), Vec::<&String>::new(), "only in schema.rs");
    assert_eq!(catalogue.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "only in the catalogue");
}

#[tokio::test]
async fn enums_in_the_database_are_those_of_the_contracts() {
    let planner = Planner::start().await;
    let values = async |constraint: &str| {
        let names = "regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') name";
        planner.texts(&format!("SELECT name[1] FROM pg_constraint, {names} WHERE conname = '{constraint}'")).await
    };
    assert_eq!(values("igny8_keywords_status_check").await, KeywordStatus::NAMES);
    assert_eq!(values("igny8_keywords_intent_check").await, Intent::NAMES);
    assert_eq!(values("igny8_keywords_volume_quality_check").await, VolumeQuality::NAMES);
    assert_eq!(values("igny8_clusters_status_check").await, ClusterStatus::NAMES);
    assert_eq!(values("igny8_idea_collisions_kind_check").await, CollisionKind::NAMES);
    assert_eq!(values("igny8_automation_runs_state_check").await, AutomationRunState::NAMES);
    assert_eq!(values("igny8_automation_items_stage_check").await, AutomationStage::NAMES);
    assert_eq!(values("igny8_automation_items_state_check").await, AutomationItemState::NAMES);
    assert_eq!(values("igny8_automation_schedules_every_check").await, AutomationEvery::NAMES);
}

#[tokio::test]
async fn every_table_of_an_account_forces_its_policy_and_begins_its_keys_with_the_account() {
    let planner = Planner::start().await;
    let open =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)";
    assert_eq!(planner.texts(open).await, Vec::<String>::new());
    assert_eq!(planner.texts("SELECT app.gaps()").await, Vec::<String>::new());
    let keys = "SELECT k.relname::text FROM pg_index i
        JOIN pg_class k ON k.oid = i.indexrelid
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'account_id'
        WHERE i.indisunique AND k.relnamespace = 'public'::regnamespace AND i.indkey[0] <> a.attnum ORDER BY 1";
    assert_eq!(planner.texts(keys).await, Vec::<String>::new());
}

#[tokio::test]
async fn names_of_constraints_say_where_they_belong() {
    let planner = Planner::start().await;
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
    assert_eq!(planner.texts(misnamed).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_account_that_ends_takes_every_table_along() {
    let planner = Planner::start().await;
    let tables =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace";
    let there: BTreeSet<String> = planner.texts(tables).await.into_iter().collect();
    // Insert-only; its rows hold ids only.
    let erased: BTreeSet<String> =
        planner::erasure::TABLES.iter().chain(&["igny8_audit_log"]).map(|&table| table.to_owned()).collect();
    assert_eq!(there, erased);
}
