//! The tables as diesel sees them, written by hand; a test compares them with the catalogue.

diesel::table! {
    igny8_site_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        language -> Text,
        facts -> Text,
        colours -> Array<Text>,
        active -> Bool,
        auto_publish -> Bool,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_sector_copies (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        name -> Text,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_tasks (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        content_idea_id -> Nullable<Uuid>,
        cluster_id -> Nullable<Uuid>,
        cluster_name -> Text,
        title -> Text,
        description -> Text,
        content_type -> Text,
        structure -> Text,
        primary_keyword -> Text,
        secondary_keywords -> Array<Text>,
        keyword_ids -> Array<Uuid>,
        outline -> Array<Text>,
        word_count -> Integer,
        author_profile_id -> Nullable<Uuid>,
        due_at -> Nullable<Timestamptz>,
        status -> Text,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_content (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        task_id -> Nullable<Uuid>,
        content_idea_id -> Nullable<Uuid>,
        cluster_id -> Nullable<Uuid>,
        cluster_name -> Text,
        title -> Text,
        meta_title -> Text,
        meta_description -> Text,
        slug -> Text,
        excerpt -> Text,
        html -> Text,
        primary_keyword -> Text,
        secondary_keywords -> Array<Text>,
        tags -> Array<Text>,
        categories -> Array<Text>,
        word_count -> Integer,
        claims -> Array<Text>,
        built_in_draft -> Bool,
        status -> Text,
        review_note -> Nullable<Text>,
        revision -> BigInt,
        url -> Nullable<Text>,
        scheduled_for -> Nullable<Timestamptz>,
        published_at -> Nullable<Timestamptz>,
        publish_error -> Nullable<Text>,
        publication_changed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_content_revisions (account_id, content_id, number) {
        account_id -> Uuid,
        content_id -> Uuid,
        number -> BigInt,
        site_id -> Uuid,
        change_reason -> Text,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        receipt -> Nullable<Jsonb>,
        title -> Text,
        meta_title -> Text,
        meta_description -> Text,
        slug -> Text,
        excerpt -> Text,
        html -> Text,
        primary_keyword -> Text,
        secondary_keywords -> Array<Text>,
        tags -> Array<Text>,
        categories -> Array<Text>,
        word_count -> Integer,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    igny8_files (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sha256 -> Binary,
        content_type -> Text,
        size -> BigInt,
        width -> Integer,
        height -> Integer,
        stored_at -> Timestamptz,
        swept_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_images (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        sector_id -> Uuid,
        content_id -> Uuid,
        slot -> Text,
        place -> Integer,
        purpose -> Text,
        alt -> Text,
        prompt -> Text,
        width -> Integer,
        height -> Integer,
        state -> Text,
        error_message -> Nullable<Text>,
        file_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    igny8_pictures (account_id, image_id, file_id) {
        account_id -> Uuid,
        image_id -> Uuid,
        file_id -> Uuid,
        site_id -> Uuid,
        receipt -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}
