//! The tables of this service, by hand; a test compares them with the catalogue. Those of jobs first, those of what the AI says after them.

diesel::table! {
    igny8_lanes (account_id, class) {
        account_id -> Uuid,
        class -> Text,
        weight -> Double,
        max_inflight -> Integer,
        inflight -> Integer,
        queued -> Integer,
        head_vft -> Double,
        last_vft -> Double,
    }
}

diesel::table! {
    igny8_vclocks (class) {
        class -> Text,
        v -> Double,
    }
}

diesel::table! {
    igny8_jobs (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        requester -> Text,
        action -> Nullable<Text>,
        class -> Nullable<Text>,
        site_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        reservation_id -> Nullable<Uuid>,
        req_hash -> Binary,
        input_sha256 -> Binary,
        units -> BigInt,
        max_charge -> BigInt,
        state -> Text,
        vft -> Double,
        attempt -> Integer,
        crashes -> Integer,
        epoch -> BigInt,
        dispatch_seq -> BigInt,
        phase -> Text,
        percent -> Integer,
        next_at -> Timestamptz,
        deadline_at -> Timestamptz,
        cancel_requested_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        charge -> Nullable<BigInt>,
        receipt -> Nullable<Jsonb>,
    }
}

diesel::table! {
    igny8_job_leases (account_id, job_id) {
        account_id -> Uuid,
        job_id -> Uuid,
        epoch -> BigInt,
        worker_id -> Uuid,
        lease_until -> Timestamptz,
        attempt_deadline -> Timestamptz,
        phase -> Text,
        percent -> Integer,
        message -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_job_steps (account_id, job_id, step) {
        account_id -> Uuid,
        job_id -> Uuid,
        step -> Integer,
        input_hash -> Binary,
        output -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_job_results (account_id, job_id, piece) {
        account_id -> Uuid,
        job_id -> Uuid,
        piece -> Integer,
        body -> Binary,
    }
}

diesel::table! {
    igny8_job_inputs (account_id, job_id, part) {
        account_id -> Uuid,
        job_id -> Uuid,
        part -> Integer,
        body -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_workers (id, class) {
        id -> Uuid,
        class -> Text,
        slots -> Integer,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_site_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        language -> Text,
        country -> Text,
        facts -> Text,
        active -> Bool,
        deleted -> Bool,
    }
}

diesel::table! {
    igny8_sector_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        name -> Text,
        deleted -> Bool,
    }
}

diesel::table! {
    igny8_ai_prompts (account_id, key) {
        account_id -> Uuid,
        key -> Text,
        template -> Nullable<Text>,
        version -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_author_profiles (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        name -> Text,
        tone -> Text,
        language -> Text,
        reader -> Text,
        examples -> Array<Text>,
        is_default -> Bool,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_strategies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        audience -> Text,
        goal -> Text,
        notes -> Text,
        structures -> Array<Text>,
        avoid -> Array<Text>,
        word_count -> Nullable<Integer>,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_ai_request_logs (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        job_id -> Uuid,
        action -> Text,
        site_id -> Nullable<Uuid>,
        provider -> Text,
        model -> Text,
        tier -> Text,
        prompt_version -> Nullable<Text>,
        tokens_in -> BigInt,
        tokens_out -> BigInt,
        cost_microusd -> BigInt,
        latency_ms -> BigInt,
        outcome -> Text,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        request_excerpt -> Text,
        response_excerpt -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_ended_accounts (account_id) {
        account_id -> Uuid,
        ended_at -> Timestamptz,
    }
}
