//! The tables of this service, by hand; a test compares them with the catalogue.

diesel::table! {
    igny8_site_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        time_zone -> Text,
        language -> Text,
        active -> Bool,
        auto_publish -> Bool,
        daily_pace -> Integer,
        deleted -> Bool,
    }
}

diesel::table! {
    igny8_connections (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        kind -> Text,
        url -> Text,
        username -> Text,
        password_sealed -> Text,
        password_key -> Text,
        rest_root -> Nullable<Text>,
        diagnosis -> Nullable<Jsonb>,
        is_default -> Bool,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_ended_accounts (account_id) {
        account_id -> Uuid,
        ended_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_publications (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        connection_id -> Uuid,
        content_id -> Uuid,
        cluster_id -> Nullable<Uuid>,
        title -> Text,
        primary_keyword -> Text,
        state -> Text,
        work -> Nullable<Text>,
        overwrite -> Bool,
        work_since -> Timestamptz,
        due_at -> Timestamptz,
        lease_id -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        attempts -> SmallInt,
        scheduled_for -> Nullable<Timestamptz>,
        create_sent_at -> Nullable<Timestamptz>,
        tidy_left -> SmallInt,
        remote_id -> Nullable<BigInt>,
        url -> Nullable<Text>,
        published_at -> Nullable<Timestamptz>,
        published_revision -> Nullable<BigInt>,
        content_revision -> BigInt,
        written -> Nullable<Jsonb>,
        refused -> Jsonb,
        drift -> Jsonb,
        checked_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_site_media (account_id, connection_id, sha256) {
        account_id -> Uuid,
        connection_id -> Uuid,
        sha256 -> Binary,
        site_id -> Uuid,
        remote_id -> Nullable<BigInt>,
        url -> Nullable<Text>,
        created_at -> Timestamptz,
        sent_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_webhooks (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Nullable<Uuid>,
        url -> Text,
        secret -> Text,
        events -> Array<Text>,
        is_active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        secret_key -> Text,
    }
}

diesel::table! {
    igny8_webhook_deliveries (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        webhook_id -> Uuid,
        event -> Text,
        body -> Text,
        state -> Text,
        attempts -> SmallInt,
        next_at -> Timestamptz,
        response_status -> Nullable<Integer>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        delivered_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(igny8_webhooks, igny8_webhook_deliveries);
