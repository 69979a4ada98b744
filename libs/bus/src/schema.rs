//! The tables of `libs/db/migrations/00000000000000-1_messages`.

diesel::table! {
    igny8_outbox (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        aggregate -> Uuid,
        event -> Text,
        body -> Jsonb,
        traceparent -> Nullable<Text>,
        attempts -> Integer,
        next_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_inbox (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        processed_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_parked_messages (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        event -> Text,
        body -> Text,
        traceparent -> Nullable<Text>,
        error -> Text,
        attempts -> Integer,
        next_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}
