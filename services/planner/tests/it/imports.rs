//! Imports from the first byte to the stored keyword.

use std::sync::Arc;

use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{DuplicatePolicy, ImportField, ImportFormat, ImportState};
use contracts::rest::v1::Role;
use futures_util::TryStreamExt;
use testkit::{TestDb, metadata};

use crate::harness::{Planner, nowhere, refusal};
use crate::importing::hold_up;

fn counts(import: &pb::KeywordImport) -> (i64, i64, i64, i64) {
    let counts = import.counts.unwrap();
    (counts.rows, counts.new, counts.duplicate, counts.rejected)
}

#[tokio::test]
async fn a_file_is_shown_before_anything_is_stored_and_stored_as_it_was_shown() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let import = planner.sample(&place, "semrush_strategy_builder.csv").await;
    assert_eq!((import.state(), import.format()), (ImportState::Previewed, ImportFormat::SemrushStrategyBuilder));
    assert_eq!(counts(&import), (3, 3, 0, 0));
    assert_eq!(planner.keyword_count().await, 0);

    let done = planner.imported(&place, &import, DuplicatePolicy::Keep).await;
    assert_eq!((counts(&done), done.percent), ((3, 3, 0, 0), 100));
    let stored = planner.list(&place.owner, pb::KeywordFilter::default()).await;
    assert_eq!(stored.count, 3);
    for shown in &import.preview {
        let row = stored.results.iter().find(|row| row.keyword == shown.keyword).unwrap();
        assert_eq!((row.volume, row.difficulty, &row.country), (shown.volume, shown.difficulty, &shown.country));
        assert_eq!((&row.page, &row.topic, &row.tags), (&shown.page, &shown.topic, &shown.tags));
        assert_eq!((&row.intents, row.source.as_str()), (&shown.intents, "semrush_strategy_builder"));
    }
    let events = planner.texts("SELECT body::text FROM igny8_outbox WHERE event = 'planner.keywords.imported'").await;
    assert_eq!(events.len(), 1);
    assert!(events[0].contains(&import.id), "{events:?}");
}

#[tokio::test]
async fn every_sample_can_be_imported() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let _worker = planner.worker();
    for entry in std::fs::read_dir(format!("{}/tests/samples", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let import = planner.sample(&place, &name).await;
        planner.start_as(&place, &import, DuplicatePolicy::Update, true).await.unwrap();
        let done = planner.awaited(&place, &import, ImportState::Succeeded).await;
        let counts = done.counts.unwrap();
        assert_eq!(counts.keywords, counts.new + counts.duplicate, "{name}");
    }
    let running = pb::KeywordFilter { search: "running shoes".to_owned(), ..Default::default() };
    assert!(planner.list(&place.owner, running).await.count > 10);
}

#[tokio::test]
async fn duplicates_are_kept_updated_or_skipped() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let first =
        planner.paste(&place, "keyword,volume,difficulty,tags\nshoes,100,,old\nboots,1K - 10K,30,").await.unwrap();
    planner.imported(&place, &first, DuplicatePolicy::Skip).await;
    let again = "keyword,volume,difficulty,tags\nShoes,200,40,new\nboots,7000,35,\nsandals,5,5,";
    let read = async |keyword: &str| {
        let found =
            planner.list(&place.owner, pb::KeywordFilter { search: keyword.to_owned(), ..Default::default() }).await;
        let row = found.results[0].clone();
        (row.volume, row.difficulty, row.tags)
    };
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();

    let skipped = planner.paste(&place, again).await.unwrap();
    assert_eq!(counts(&skipped), (3, 1, 2, 0));
    let done = planner.imported(&place, &skipped, DuplicatePolicy::Skip).await;
    assert_eq!((counts(&done), done.counts.unwrap().updated), ((3, 1, 2, 0), 0));
    assert_eq!(read("shoes").await, (Some(100), None, tags(&["old"])));

    let kept = planner.paste(&place, again).await.unwrap();
    let done = planner.imported(&place, &kept, DuplicatePolicy::Keep).await;
    assert_eq!(done.counts.unwrap().updated, 1, "only the difficulty of shoes was empty");
    assert_eq!(read("shoes").await, (Some(100), Some(40), tags(&["old"])));

    let updated = planner.paste(&place, again).await.unwrap();
    let done = planner.imported(&place, &updated, DuplicatePolicy::Update).await;
    assert_eq!(done.counts.unwrap().updated, 2, "sandals say the same");
    assert_eq!(read("shoes").await, (Some(200), Some(40), tags(&["new", "old"])));
    assert_eq!(read("boots").await, (Some(7000), Some(35), tags(&[])), "exact beats an estimate");

    let worse = planner.paste(&place, "keyword,volume\nboots,10K - 100K").await.unwrap();
    planner.imported(&place, &worse, DuplicatePolicy::Update).await;
    assert_eq!(read("boots").await.0, Some(7000), "an estimate never replaces an exact volume");
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 3);
}

#[tokio::test]
async fn a_file_with_rejected_rows_is_refused_whole_unless_only_the_good_rows_are_wanted() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let import = planner.sample(&place, "rejected.csv").await;
    assert_eq!(counts(&import), (6, 2, 0, 4));
    let refused = planner.start_import(&place, &import).await.unwrap_err();
    assert_eq!(refused.reason(), "REJECTED_ROWS");
    assert!(refused.message().contains("4 rows"), "{}", refused.message());
    assert_eq!(planner.keyword_count().await, 0);

    let listed = planner.rejected(&place, &import).await;
    let rows: Vec<i64> = listed.results.iter().map(|row| row.row_number).collect();
    assert_eq!((listed.count, rows), (4, vec![3, 4, 5, 6]));
    let request = place.owner.request(pb::DownloadRejectedRowsRequest { id: import.id.clone() });
    let pieces: Vec<pb::RejectedRowsFile> =
        planner.imports().download_rejected_rows(request).await.unwrap().into_inner().try_collect().await.unwrap();
    let text = String::from_utf8(pieces.iter().flat_map(|piece| piece.body.clone()).collect()).unwrap();
    assert_eq!(pieces[0].file_name, "rejected-rejected.csv");
    assert_eq!(text.lines().count(), 5);
    assert!(text.contains("'=HYPERLINK"), "a formula comes back as text: {text}");

    planner.start_as(&place, &import, DuplicatePolicy::Skip, true).await.unwrap();
    let _worker = planner.worker();
    planner.awaited(&place, &import, ImportState::Succeeded).await;
    assert_eq!(planner.keyword_count().await, 2);
}

#[tokio::test]
async fn columns_can_be_given_another_meaning() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let import =
        planner.upload(&place, "own.csv", b"keyword,amount,volume\nshoes,many,10\nboots,few,20\n").await.unwrap();
    let change = async |choices: &[(i32, ImportField)]| {
        let columns =
            choices.iter().map(|(index, field)| pb::ImportColumnChoice { index: *index, field: (*field).into() });
        let update_mask = Some(prost_types::FieldMask { paths: vec!["columns".to_owned()] });
        let request = pb::UpdateImportRequest {
            id: import.id.clone(),
            update_mask,
            columns: columns.collect(),
            ..Default::default()
        };
        planner.imports().update_import(place.owner.request(request)).await.map(tonic::Response::into_inner)
    };
    let wrong = change(&[(0, ImportField::Keyword), (1, ImportField::Volume)]).await.unwrap();
    assert_eq!(counts(&wrong), (2, 0, 0, 2), "\"many\" is no number");
    let right = change(&[(0, ImportField::Keyword), (2, ImportField::Volume), (1, ImportField::Tags)]).await.unwrap();
    assert_eq!((counts(&right), right.preview[0].tags[0].as_str()), ((2, 2, 0, 0), "many"));
    assert_eq!(planner.rejected(&place, &import).await.count, 0, "of the last reading only");
    assert_eq!(refusal(change(&[(2, ImportField::Volume)]).await).reason(), "INVALID_MAPPING");
    assert_eq!(refusal(change(&[(9, ImportField::Keyword)]).await).reason(), "INVALID_FIELD");
    planner.imported(&place, &import, DuplicatePolicy::Skip).await;
    assert_eq!(refusal(change(&[(0, ImportField::Keyword)]).await).reason(), "IMPORT_STARTED");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_with_its_reason_and_leaves_nothing() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let odd = [b"\xff\xfe".as_slice(), b"k\0e\0y\0w\0o\0r\0d\0\n\0a"].concat();
    for (bytes, reason) in [
        (b"".as_slice(), "EMPTY_FILE"),
        (b"%PDF-1.7", "WRONG_FILE_TYPE"),
        (b"name,age\nada,36\n", "NO_KEYWORD_COLUMN"),
        (&odd, "INVALID_ENCODING"),
        (&vec![b'x'; 2 << 20], "ROW_TOO_LONG"),
        (&[b"keyword\n".as_slice(), &vec![b'x'; 2 << 20]].concat(), "ROW_TOO_LONG"),
        (&vec![b'x'; 17 << 20], "FILE_TOO_LARGE"),
    ] {
        let refused = planner.upload(&place, "file.csv", bytes).await.unwrap_err();
        assert_eq!(refused.reason(), reason);
        assert!(refused.message().ends_with('.'), "{}", refused.message());
    }
    assert_eq!(planner.number("SELECT count(*) FROM igny8_keyword_imports").await, 0);
}

#[tokio::test]
async fn a_worker_that_dies_leaves_nothing_half_done_and_another_does_all_of_it() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let rows: Vec<String> = (0..10_000).map(|n| format!("keyword number {n},{n}")).collect();
    let text = format!("keyword,volume\n{}", rows.join("\n"));
    let import = planner.upload(&place, "many.csv", text.as_bytes()).await.unwrap();
    let held = hold_up(&planner).await;
    planner.start_import(&place, &import).await.unwrap();
    let worker = planner.worker();
    planner.awaited(&place, &import, ImportState::Running).await;
    drop(worker);
    held.batch_execute("COMMIT").await.unwrap();
    assert_eq!(planner.keyword_count().await, 0);
    planner.execute("UPDATE igny8_keyword_imports SET lease_until = now()").await;
    let _worker = planner.worker();
    planner.awaited(&place, &import, ImportState::Succeeded).await;
    assert_eq!(planner.keyword_count().await, 10_000);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_outbox WHERE event = 'planner.keywords.imported'").await, 1);
    let counted = planner.list(&place.owner, pb::KeywordFilter::default()).await;
    assert_eq!((counted.count, counted.count_is_exact), (10_000, true));
}

#[tokio::test]
async fn a_cancelled_import_stores_nothing() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let import = planner.paste(&place, "shoes\nboots").await.unwrap();
    let held = hold_up(&planner).await;
    planner.start_import(&place, &import).await.unwrap();
    let _worker = planner.worker();
    planner.awaited(&place, &import, ImportState::Running).await;
    let delete = async || {
        let request = place.owner.request(pb::DeleteImportRequest { id: import.id.clone() });
        planner.imports().delete_import(request).await.unwrap();
    };
    delete().await;
    held.batch_execute("COMMIT").await.unwrap();
    planner.awaited(&place, &import, ImportState::Cancelled).await;
    assert_eq!(planner.keyword_count().await, 0);
    delete().await;
    assert_eq!(planner.import_of(&place.owner, &import.id).await.unwrap_err().reason(), "NOT_FOUND");
}

#[tokio::test]
async fn an_import_is_started_once() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let import = planner.paste(&place, "shoes").await.unwrap();
    let start = async || {
        let request = pb::StartImportRequest {
            id: import.id.clone(),
            duplicates: DuplicatePolicy::Skip.into(),
            ..Default::default()
        };
        let request = metadata(place.owner.request(request), "idempotency-key", "one");
        planner.imports().start_import(request).await.map(tonic::Response::into_inner)
    };
    assert_eq!(start().await.unwrap(), start().await.unwrap());
    assert_eq!(planner.start_import(&place, &import).await.unwrap_err().reason(), "IMPORT_STARTED");
}

#[tokio::test]
async fn a_full_plan_is_noticed_before_the_start() {
    let database = TestDb::new("billing", billing::MIGRATIONS).await;
    let app = Arc::new(billing::App::new(&database.config()).unwrap());
    let billing = testkit::serve("billing", billing::routes(&app)).await;
    database.superuser().await.execute("UPDATE igny8_plans SET max_keywords = 2", &[]).await.unwrap();
    let planner = Planner::start_with(&nowhere("auth"), &billing.target()).await;
    let place = planner.place().await;
    let import = planner.paste(&place, "shoes\nboots\nsandals").await.unwrap();
    assert_eq!(planner.start_import(&place, &import).await.unwrap_err().reason(), "KEYWORD_LIMIT");
    let fewer = planner.paste(&place, "shoes\nboots").await.unwrap();
    planner.imported(&place, &fewer, DuplicatePolicy::Skip).await;
    assert_eq!(planner.keyword_count().await, 2);
}

#[tokio::test]
async fn imports_belong_to_an_account_and_to_the_sites_that_a_member_sees() {
    let planner = Planner::start().await;
    let (place, stranger) = (planner.place().await, planner.place().await);
    let other_site = planner.another_place(place.owner.clone()).await;
    let import = planner.paste(&place, "shoes\n=1+1").await.unwrap();
    for actor in [&stranger.owner, &other_site.member(Role::Viewer)] {
        assert_eq!(planner.import_of(actor, &import.id).await.unwrap_err().reason(), "NOT_FOUND");
        let list = planner.imports().list_imports(actor.request(pb::ListImportsRequest::default())).await.unwrap();
        assert_eq!(list.into_inner().count, 0);
        let rows = pb::ListRejectedRowsRequest { id: import.id.clone(), ..Default::default() };
        let refused = planner.imports().list_rejected_rows(actor.request(rows)).await;
        assert_eq!(refusal(refused).reason(), "NOT_FOUND");
    }
    assert!(planner.import_of(&place.member(Role::Viewer), &import.id).await.is_ok());
    planner.deactivate(&place).await;
    assert_eq!(planner.paste(&place, "shoes").await.unwrap_err().reason(), "SITE_INACTIVE");
    assert_eq!(
        planner.start_as(&place, &import, DuplicatePolicy::Skip, true).await.unwrap_err().reason(),
        "SITE_INACTIVE"
    );
}

#[tokio::test]
async fn what_nobody_starts_is_forgotten_after_a_day() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let (old, new) = (planner.paste(&place, "shoes").await.unwrap(), planner.paste(&place, "boots").await.unwrap());
    planner
        .execute(&format!(
            "UPDATE igny8_keyword_imports SET updated_at = now() - interval '25 hours' WHERE id = '{}'",
            old.id
        ))
        .await;
    planner::imports::sweep(&planner.app).await.unwrap();
    assert!(planner.import_of(&place.owner, &old.id).await.is_err());
    assert!(planner.import_of(&place.owner, &new.id).await.is_ok());
}

#[tokio::test]
async fn two_imports_into_one_sector_wait_for_each_other_and_both_are_stored() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let lines = |from: u32| (from..from + 3000).map(|n| format!("keyword {n}")).collect::<Vec<_>>();
    let mut backwards = lines(1500);
    backwards.reverse();
    let one = planner.paste(&place, &lines(0).join("\n")).await.unwrap();
    let other = planner.paste(&place, &backwards.join("\n")).await.unwrap();
    for import in [&one, &other] {
        planner.start_import(&place, import).await.unwrap();
    }
    let _worker = planner.worker();
    let (one, other) = tokio::join!(
        planner.awaited(&place, &one, ImportState::Succeeded),
        planner.awaited(&place, &other, ImportState::Succeeded)
    );
    assert_eq!(planner.keyword_count().await, 4500);
    assert_eq!(one.counts.unwrap().new + other.counts.unwrap().new, 4500);
}

#[tokio::test]
async fn the_states_of_the_table_are_those_of_the_contract() {
    let planner = Planner::start().await;
    let values = async |constraint: &str| {
        let names = "regexp_matches(pg_get_constraintdef(oid), '''([a-z0-9_]+)''', 'g') name";
        planner.texts(&format!("SELECT name[1] FROM pg_constraint, {names} WHERE conname = '{constraint}'")).await
    };
    assert_eq!(values("igny8_keyword_imports_state_check").await, ImportState::NAMES);
    assert_eq!(values("igny8_keyword_imports_format_check").await, ImportFormat::NAMES);
    assert_eq!(values("igny8_keyword_imports_duplicates_check").await, DuplicatePolicy::NAMES);
}
