//! The tables of `migrations/00000000000000_foundation`.

diesel::table! {
    igny8_audit_log (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        entered_by -> Nullable<Uuid>,
        action -> Text,
        object -> Text,
        object_id -> Nullable<Uuid>,
        details -> Jsonb,
        request_id -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_undo (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        object -> Text,
        object_id -> Uuid,
        payload -> Jsonb,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_idempotency_keys (account_id, actor_id, method, key) {
        account_id -> Uuid,
        actor_id -> Uuid,
        method -> Text,
        key -> Text,
        fingerprint -> Bytea,
        response -> Bytea,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}
