//! The tables as diesel sees them, written by hand; a test compares them with the catalogue.

diesel::table! {
    igny8_clusters (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        name -> Text,
        topic -> Text,
        description -> Text,
        intents -> Array<Text>,
        status -> Text,
        keyword_count -> BigInt,
        volume -> BigInt,
        manual -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_keyword_counts (account_id, id) {
        account_id -> Uuid,
        id -> BigInt,
        site_id -> Uuid,
        sector_id -> Uuid,
        status -> Text,
        intent -> Text,
        clustered -> Bool,
        keywords -> BigInt,
        volume -> BigInt,
        folded -> Bool,
    }
}

diesel::table! {
    igny8_keyword_import_rejects (account_id, import_id, position) {
        account_id -> Uuid,
        import_id -> Uuid,
        position -> BigInt,
        site_id -> Uuid,
        row_number -> BigInt,
        part -> Text,
        column_name -> Text,
        value -> Text,
        reason -> Text,
        fix -> Text,
    }
}

diesel::table! {
    igny8_keyword_imports (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        state -> Text,
        file_name -> Text,
        format -> Nullable<Text>,
        encoding -> Text,
        delimiter -> Text,
        country -> Text,
        fields -> Jsonb,
        preview -> Jsonb,
        warnings -> Array<Text>,
        row_count -> BigInt,
        keyword_count -> BigInt,
        joined_count -> BigInt,
        rejected_count -> BigInt,
        new_count -> BigInt,
        duplicate_count -> BigInt,
        updated_count -> BigInt,
        duplicates -> Nullable<Text>,
        percent -> SmallInt,
        reason -> Nullable<Text>,
        message -> Text,
        lease_id -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        attempts -> SmallInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_keywords (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        keyword -> Text,
        normalised -> Text,
        country -> Text,
        language -> Text,
        volume -> Nullable<BigInt>,
        volume_quality -> Nullable<Text>,
        difficulty -> Nullable<SmallInt>,
        cpc_micros -> Nullable<BigInt>,
        competition -> Nullable<Double>,
        trend -> Array<Double>,
        intent -> Nullable<Text>,
        intents -> Array<Text>,
        status -> Text,
        cluster_id -> Nullable<Uuid>,
        cluster_confidence -> Nullable<Float>,
        cluster_evidence -> Nullable<Text>,
        pinned -> Bool,
        source -> Text,
        serp_urls -> Array<Text>,
        page -> Nullable<Text>,
        topic -> Nullable<Text>,
        parent_keyword -> Nullable<Text>,
        tags -> Array<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_sector_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        name -> Text,
        description -> Text,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_site_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        domain -> Text,
        time_zone -> Text,
        language -> Text,
        country -> Text,
        facts -> Text,
        active -> Bool,
        deleted_at -> Nullable<Timestamptz>,
        auto_publish -> Bool,
    }
}

diesel::table! {
    igny8_keyword_moves (account_id, keyword_id) {
        account_id -> Uuid,
        keyword_id -> Uuid,
        site_id -> Uuid,
        from_cluster_id -> Uuid,
        moved_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_deleted_cluster_keywords (account_id, cluster_id, keyword_id) {
        account_id -> Uuid,
        cluster_id -> Uuid,
        keyword_id -> Uuid,
        site_id -> Uuid,
        status -> Text,
        confidence -> Nullable<Float>,
        evidence -> Nullable<Text>,
        pinned -> Bool,
    }
}

diesel::table! {
    igny8_cluster_trees (account_id, sector_id) {
        account_id -> Uuid,
        sector_id -> Uuid,
        site_id -> Uuid,
        tree -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_content_ideas (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        cluster_id -> Nullable<Uuid>,
        request_id -> Nullable<Uuid>,
        title -> Text,
        description -> Text,
        content_type -> Text,
        structure -> Text,
        primary_keyword -> Text,
        keyword_ids -> Array<Uuid>,
        outline -> Array<Text>,
        word_count -> Integer,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_idea_collisions (account_id, idea_id, kind, other_id) {
        account_id -> Uuid,
        idea_id -> Uuid,
        kind -> Text,
        other_id -> Uuid,
        site_id -> Uuid,
        title -> Text,
        similarity -> Double,
        same_keyword -> Bool,
    }
}

diesel::table! {
    igny8_site_pages (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        kind -> Text,
        task_id -> Nullable<Uuid>,
        content_idea_id -> Nullable<Uuid>,
        title -> Text,
        primary_keyword -> Text,
        url -> Nullable<Text>,
        changed_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_automation_runs (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        state -> Text,
        reason -> Nullable<Text>,
        message -> Text,
        credit_limit -> BigInt,
        item_limit -> Integer,
        publish -> Bool,
        scheduled -> Bool,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        next_at -> Timestamptz,
        lease_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        lease_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    igny8_automation_items (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        run_id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        stage -> Text,
        state -> Text,
        title -> Text,
        cluster_id -> Nullable<Uuid>,
        content_idea_id -> Nullable<Uuid>,
        task_id -> Nullable<Uuid>,
        content_id -> Nullable<Uuid>,
        publication_id -> Nullable<Uuid>,
        images_ready -> Bool,
        job_id -> Nullable<Uuid>,
        attempt -> Integer,
        tries -> Integer,
        reason -> Nullable<Text>,
        message -> Text,
        next_at -> Timestamptz,
        stage_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_automation_jobs (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        run_id -> Uuid,
        item_id -> Uuid,
        stage -> Text,
        credits -> BigInt,
    }
}

diesel::table! {
    igny8_automation_schedules (account_id, site_id) {
        account_id -> Uuid,
        site_id -> Uuid,
        every -> Text,
        weekday -> Nullable<Integer>,
        hour -> Integer,
        minute -> Integer,
        credit_limit -> BigInt,
        item_limit -> Integer,
        publish -> Bool,
        active -> Bool,
        next_at -> Nullable<Timestamptz>,
        last_run_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(igny8_content_ideas, igny8_idea_collisions);
