//! The tables as diesel sees them, written by hand; a test compares them with the catalogue.

diesel::table! {
    igny8_accounts (id) {
        id -> Uuid,
        name -> Text,
        status -> Text,
        system -> Bool,
        status_before_cancel -> Nullable<Text>,
        cancelled_at -> Nullable<Timestamptz>,
        deletes_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_api_keys (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        name -> Text,
        prefix -> Text,
        secret_hash -> Binary,
        role -> Text,
        site_ids -> Array<Uuid>,
        daily_credit_cap -> Nullable<BigInt>,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        created_by -> Nullable<Uuid>,
        revoked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

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
    igny8_idempotency_keys (account_id, actor_id, method, key) {
        account_id -> Uuid,
        actor_id -> Uuid,
        method -> Text,
        key -> Text,
        fingerprint -> Binary,
        response -> Binary,
        expires_at -> Timestamptz,
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
    igny8_industries (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        description -> Text,
    }
}

diesel::table! {
    igny8_industry_sectors (id) {
        industry_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        name -> Text,
        description -> Text,
    }
}

diesel::table! {
    igny8_invitations (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        email -> Text,
        role -> Text,
        site_ids -> Array<Uuid>,
        token_hash -> Binary,
        invited_by -> Uuid,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_mails (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        recipient -> Text,
        sealed -> Text,
        attempts -> Integer,
        next_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

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

diesel::table! {
    igny8_refresh_tokens (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        session_id -> Uuid,
        token_hash -> Binary,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_sectors (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        name -> Text,
        description -> Text,
        industry_sector_id -> Nullable<Uuid>,
        slot -> SmallInt,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_sessions (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        cookie_hash -> Nullable<Binary>,
        user_agent -> Text,
        address -> Nullable<Text>,
        created_at -> Timestamptz,
        seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_sign_in_attempts (subject) {
        subject -> Binary,
        failures -> Integer,
        blocked_until -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_signing_keys (key_id) {
        key_id -> Text,
        sealed -> Text,
        public_key -> Binary,
        state -> Text,
        created_at -> Timestamptz,
        current_at -> Nullable<Timestamptz>,
        not_after -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_site_user_access (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        site_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_sites (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        name -> Text,
        domain -> Text,
        industry_id -> Nullable<Uuid>,
        time_zone -> Text,
        language -> Text,
        country -> Text,
        facts -> Text,
        colours -> Array<Text>,
        active -> Bool,
        auto_publish -> Bool,
        daily_pace -> Integer,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> BigInt,
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
    igny8_user_tokens (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        purpose -> Text,
        token_hash -> Binary,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_users (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        name -> Text,
        email -> Text,
        password_hash -> Text,
        role -> Text,
        active -> Bool,
        epoch -> BigInt,
        email_verified_at -> Nullable<Timestamptz>,
        last_sign_in_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    igny8_accounts,
    igny8_api_keys,
    igny8_audit_log,
    igny8_idempotency_keys,
    igny8_inbox,
    igny8_industries,
    igny8_industry_sectors,
    igny8_invitations,
    igny8_mails,
    igny8_outbox,
    igny8_parked_messages,
    igny8_refresh_tokens,
    igny8_sectors,
    igny8_sessions,
    igny8_sign_in_attempts,
    igny8_signing_keys,
    igny8_site_user_access,
    igny8_sites,
    igny8_undo,
    igny8_user_tokens,
    igny8_users,
);
