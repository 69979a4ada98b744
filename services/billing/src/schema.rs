//! The tables as diesel sees them, written by hand; a test compares them with the catalogue.

diesel::table! {
    igny8_api_key_cap_copies (account_id, api_key_id) {
        account_id -> Uuid,
        api_key_id -> Uuid,
        daily_credits -> Nullable<BigInt>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_plans (id) {
        id -> Text,
        name -> Text,
        description -> Text,
        monthly_price_cents -> BigInt,
        currency -> Text,
        starting_credits -> BigInt,
        max_sites -> BigInt,
        max_users -> BigInt,
        max_keywords -> BigInt,
        max_running_jobs -> Integer,
        is_default -> Bool,
        listed -> Bool,
    }
}

diesel::table! {
    igny8_prices (action, tier) {
        action -> Text,
        tier -> Text,
        credits -> BigInt,
        units -> BigInt,
    }
}

diesel::table! {
    igny8_reservations (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        action -> Text,
        tier -> Text,
        units -> BigInt,
        credits -> BigInt,
        site_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        job_id -> Uuid,
        deadline_at -> Timestamptz,
        state -> Text,
        charge -> Nullable<BigInt>,
        next_check_at -> Timestamptz,
        checks -> Integer,
        created_at -> Timestamptz,
        day -> Date,
        resolved_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_spending_caps (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        scope -> Text,
        subject_id -> Nullable<Uuid>,
        daily_credits -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_subscriptions (account_id) {
        account_id -> Uuid,
        plan_id -> Text,
        status -> Text,
        provider -> Nullable<Text>,
        provider_subscription_id -> Nullable<Text>,
        started_at -> Timestamptz,
        current_period_ends_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_transfers (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        op -> Text,
        debit -> Uuid,
        credit -> Uuid,
        amount -> BigInt,
        pending_id -> Nullable<Uuid>,
        pending_amount -> Nullable<BigInt>,
        pending_op -> Nullable<Text>,
        reservation_id -> Nullable<Uuid>,
        note -> Text,
        made_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_usage_logs (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        day -> Date,
        action -> Text,
        site_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        held -> BigInt,
        spent -> BigInt,
        jobs -> BigInt,
    }
}

diesel::table! {
    igny8_wallets (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        posted -> BigInt,
        pending -> BigInt,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(igny8_plans, igny8_subscriptions);
diesel::joinable!(igny8_subscriptions -> igny8_plans (plan_id));
