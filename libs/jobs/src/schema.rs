//! The tables of `migrations/job_requests`.

diesel::table! {
    igny8_job_requests (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        action -> Text,
        step -> Text,
        actor_id -> Uuid,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        idempotency_key -> Nullable<Text>,
        req_hash -> Binary,
        target_id -> Uuid,
        exclusive -> Bool,
        params -> Jsonb,
        units -> BigInt,
        max_credits -> Nullable<BigInt>,
        input_sha256 -> Binary,
        credits -> Nullable<BigInt>,
        charge -> Nullable<BigInt>,
        tries -> Integer,
        next_at -> Timestamptz,
        deadline_at -> Timestamptz,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        figures -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_job_inputs (account_id, request_id, part) {
        account_id -> Uuid,
        request_id -> Uuid,
        part -> Integer,
        body -> Binary,
    }
}
