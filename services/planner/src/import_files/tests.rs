//! Whole files, as people have them: those of `tests/samples`, and broken ones.

use std::io::{Cursor, Write};

use contracts::planner::v1::Intent::{Commercial, Informational, Navigational, Transactional};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::*;

#[derive(Debug, Default)]
struct Outcome {
    format: Option<ImportFormat>,
    encoding: &'static str,
    delimiter: String,
    keywords: Vec<ImportedKeyword>,
    rejected: Vec<Rejected>,
    warnings: Vec<String>,
    joined: u64,
}

impl Outcome {
    fn of(&self, keyword: &str) -> &ImportedKeyword {
        self.keywords.iter().find(|row| row.keyword == keyword).unwrap_or_else(|| panic!("no {keyword} in {self:?}"))
    }

    fn names(&self) -> Vec<&str> {
        self.keywords.iter().map(|row| row.keyword.as_str()).collect()
    }
}

fn import(bytes: &[u8], list: bool) -> Result<Outcome, FileError> {
    import_within(bytes, list, &Limits::default())
}

fn import_within(bytes: &[u8], list: bool, limits: &Limits) -> Result<Outcome, FileError> {
    let mut file = Cursor::new(bytes);
    let layout = inspect(&mut file, list, limits)?;
    let fields = layout.columns.iter().map(|column| column.field).collect();
    let mapping = Mapping { fields, country: String::new() };
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    let summary = read(&mut file, &layout, &mapping, limits, |item| {
        match item {
            Item::Keyword(keyword) => rows.push(keyword),
            Item::Rejected(row) => rejected.push(row),
        }
        Ok(())
    })?;
    let mut occurrences = Occurrences::default();
    for row in &rows {
        occurrences.add(row);
    }
    let joined = occurrences.joined();
    let mut by_keyword = Joiner::new(occurrences);
    Ok(Outcome {
        format: Some(layout.format),
        encoding: layout.encoding,
        delimiter: layout.delimiter,
        keywords: rows.into_iter().filter_map(|row| by_keyword.add(row)).collect(),
        rejected,
        warnings: layout.warnings.into_iter().chain(summary.warnings).collect(),
        joined,
    })
}

fn sample(name: &str) -> Outcome {
    let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    import(&std::fs::read(path).unwrap(), false).unwrap()
}

fn refusal(bytes: &[u8]) -> &'static str {
    import(bytes, false).unwrap_err().reason
}

fn intents(row: &ImportedKeyword) -> Vec<contracts::planner::v1::Intent> {
    row.intents().collect()
}

#[test]
fn google_keyword_planner() {
    let file = sample("google_keyword_planner.csv");
    assert_eq!((file.format, file.encoding), (Some(ImportFormat::GoogleKeywordPlanner), "UTF-16LE"));
    assert_eq!(file.delimiter, "\t");
    let row = file.of("running shoes");
    assert_eq!((row.row_number, row.volume, row.volume_quality()), (4, Some(500_000), VolumeQuality::Estimate));
    assert_eq!((row.difficulty, row.competition, row.cpc), (None, Some(1.0), Some(2.4)));
    assert_eq!(row.trend, [500_000.0, 500_000.0, 500_000.0]);
    assert_eq!(file.of("café racer shoes").volume, Some(5000));
    assert!(file.warnings.iter().any(|warning| warning.contains("ads")), "{:?}", file.warnings);
    assert!(file.rejected.is_empty());
}

#[test]
fn semrush_keyword_magic() {
    let file = sample("semrush_keyword_magic.csv");
    assert_eq!(file.format, Some(ImportFormat::SemrushKeywordMagic));
    let row = file.of("running shoes");
    assert_eq!((row.volume, row.difficulty, row.cpc), (Some(450_000), Some(84), Some(1.22)));
    assert_eq!(intents(row), [Informational, Transactional]);
    assert_eq!(row.trend.len(), 12);
    assert_eq!(file.of("best running shoes").volume, Some(74_000));
    assert_eq!(file.of("how to lace running shoes").difficulty, None, "empty is unknown, not 0");
    assert_eq!(file.of("nike running shoes outlet").difficulty, None);
}

#[test]
fn semrush_strategy_builder() {
    let file = sample("semrush_strategy_builder.csv");
    assert_eq!(file.format, Some(ImportFormat::SemrushStrategyBuilder));
    let row = file.of("running shoes for men");
    assert_eq!((row.page.as_deref(), row.topic.as_deref()), (Some("Running shoes for men"), Some("Running shoes")));
    assert_eq!(row.country, "US");
    assert_eq!(row.row_number, 3, "a cell of several lines is one row");
    let last = file.of("trail running shoes");
    assert_eq!((last.country.as_str(), intents(last)), ("GB", vec![Commercial, Transactional]));
    assert_eq!(file.of("running shoes").tags, ["spring", "shop"]);
}

#[test]
fn semrush_api() {
    let file = sample("semrush_api.csv");
    assert_eq!((file.format, file.delimiter.as_str()), (Some(ImportFormat::SemrushApi), ";"));
    assert_eq!(intents(file.of("running shoes")), [Informational, Transactional]);
    assert_eq!(intents(file.of("best running shoes")), [Commercial]);
    let row = file.of("running store login");
    assert_eq!((intents(row), row.difficulty, row.volume), (vec![Navigational], None, Some(480)));
}

#[test]
fn semrush_positions_are_joined_and_never_summed() {
    let file = sample("semrush_positions.csv");
    assert_eq!((file.format, file.joined), (Some(ImportFormat::SemrushPositions), 1));
    let row = file.of("running shoes");
    assert_eq!((row.volume, row.page.as_deref()), (Some(450_000), Some("https://shop.example.com/running")));
    assert_eq!(file.keywords.len(), 2);
}

#[test]
fn ahrefs_keywords_explorer() {
    let file = sample("ahrefs_keywords_explorer.csv");
    assert_eq!((file.format, file.encoding), (Some(ImportFormat::AhrefsKeywordsExplorer), "UTF-16LE"));
    let row = file.of("shoes for running");
    assert_eq!(
        (row.volume, row.parent_keyword.as_deref()),
        (Some(9900), Some("running shoes")),
        "not the global volume"
    );
    let german = file.of("laufschuhe damen");
    assert_eq!((german.country.as_str(), german.difficulty), ("DE", None));
    assert!(file.warnings.is_empty(), "{:?}", file.warnings);
}

#[test]
fn ahrefs_site_explorer() {
    let file = sample("ahrefs_site_explorer.csv");
    assert_eq!(file.format, Some(ImportFormat::AhrefsSiteExplorer));
    let row = file.of("running shoes sale");
    assert_eq!(intents(row), [Transactional, Commercial]);
    assert_eq!((row.difficulty, row.page.as_deref()), (Some(41), Some("https://shop.example.com/sale")));
    assert_eq!(intents(file.of("shop example login")), [Navigational]);
}

#[test]
fn search_console_as_zip_and_as_workbook() {
    for name in ["search_console.zip", "search_console.xlsx"] {
        let file = sample(name);
        assert_eq!(file.format, Some(ImportFormat::SearchConsole), "{name}");
        let row = file.of("best trail shoes");
        assert_eq!((row.volume, row.volume_quality()), (Some(2310), VolumeQuality::Impressions), "{name}");
        assert!(file.names().iter().all(|keyword| !keyword.starts_with("http")), "{name}: pages are no keywords");
        assert!(file.warnings.iter().any(|warning| warning.contains("1,000 rows")), "{name}: {:?}", file.warnings);
    }
}

#[test]
fn moz_and_ubersuggest() {
    let moz = sample("moz.csv");
    assert_eq!(moz.format, Some(ImportFormat::Moz));
    let row = moz.of("zero drop shoes for beginners");
    assert_eq!((row.volume, row.volume_quality()), (Some(31), VolumeQuality::Estimate));
    let ubersuggest = sample("ubersuggest.csv");
    assert_eq!(ubersuggest.format, Some(ImportFormat::Ubersuggest));
    let row = ubersuggest.of("barefoot running shoes");
    assert_eq!((row.difficulty, row.cpc), (Some(27), None), "the paid difficulty is another thing");
}

#[test]
fn ones_own_tables() {
    let file = sample("search_results.csv");
    assert_eq!(file.format, Some(ImportFormat::SearchResults));
    assert_eq!(file.of("running shoes").serp_urls.len(), 3);
    assert_eq!(
        file.of("coffee table").serp_urls,
        ["https://www.ikea.com/coffee-tables", "https://www.wayfair.com/coffee-tables"]
    );
    let original = sample("igny8.csv");
    assert_eq!((original.format, original.of("winter boots").country.as_str()), (Some(ImportFormat::Igny8), "CA"));
    assert!(original.warnings.iter().any(|warning| warning.contains("sector")));
    let western = sample("windows_1252.csv");
    assert_eq!(western.encoding, "windows-1252");
    let row = western.of("café crème");
    assert_eq!((row.volume, row.cpc), (Some(1234), Some(1.25)));
}

#[test]
fn every_sheet_with_a_keyword_column_is_read() {
    let file = sample("two_sheets.xlsx");
    assert_eq!(file.names(), ["blue shoes", "winter boots", "red shoes"]);
    let row = file.of("red shoes");
    assert_eq!((row.row_number, row.volume, row.difficulty), (4, Some(1234), Some(13)));
    assert_eq!(row.tags, ["sale"], "joined from both sheets");
}

#[test]
fn a_rejected_row_says_where_why_and_what_to_do() {
    let file = sample("rejected.csv");
    assert_eq!(file.names(), ["running shoes", "marathon shoes"]);
    let said: Vec<_> =
        file.rejected.iter().map(|row| (row.row_number, row.column.as_str(), row.value.as_str())).collect();
    let expected =
        [(3, "Keyword", "=HYPERLINK(\"https://example.com\")"), (4, "Volume", "many"), (5, "Volume", ""), (6, "", "")];
    assert_eq!(said, expected);
    assert!(file.rejected.iter().all(|row| row.reason.ends_with('.') && row.fix.ends_with('.')));
}

#[test]
fn a_row_without_forty_columns_is_named() {
    let header: Vec<String> = std::iter::once("Keyword".to_owned()).chain((1..43).map(|n| format!("C{n}"))).collect();
    let full = format!("{}\n", ["shoes"; 43].join(","));
    let text = format!("{}\n{}a,b,c\n{full}", header.join(","), full.repeat(15));
    let file = import(text.as_bytes(), false).unwrap();
    assert_eq!(file.rejected.len(), 1);
    assert_eq!(file.rejected[0].row_number, 17);
    assert_eq!(file.rejected[0].reason, "The row has 3 of 43 columns: \"C3\" and all after it are missing.");
}

#[test]
fn pasted_lists() {
    let lines = import("running shoes\n\n  trail shoes \nRunning  Shoes\n".as_bytes(), true).unwrap();
    assert_eq!(
        (lines.format, lines.names(), lines.joined),
        (Some(ImportFormat::List), vec!["trail shoes", "running shoes"], 1)
    );
    let commas = import(as_lines("red shoes, blue shoes; green shoes").as_bytes(), true).unwrap();
    assert_eq!(commas.names(), ["red shoes", "blue shoes", "green shoes"]);
    let table = import(b"keyword\tvolume\nshoes\t1,000\n", true).unwrap();
    assert_eq!((table.format, table.of("shoes").volume), (Some(ImportFormat::Table), Some(1000)));
    let copied = import(b"red shoes\t10\nblue shoes\n", true).unwrap();
    assert_eq!(
        copied.names(),
        ["red shoes", "blue shoes"],
        "a column without a name is left out until somebody names it"
    );
}

#[test]
fn files_that_are_no_tables_of_keywords() {
    assert_eq!(refusal(b""), "EMPTY_FILE");
    assert_eq!(refusal(b"Keyword,Volume\n"), "EMPTY_FILE");
    assert_eq!(refusal(b"name,age\nada,36\n"), "NO_KEYWORD_COLUMN");
    assert_eq!(refusal(b"%PDF-1.7 ..."), "WRONG_FILE_TYPE");
    assert_eq!(refusal(b"PK\x03\x04 cut off"), "DAMAGED_FILE");
    assert_eq!(refusal(&zipped(&[("word/document.xml", b"<w/>")])), "WRONG_FILE_TYPE");
    assert_eq!(refusal(&zipped(&[("picture.png", b"\x89PNG")])), "NO_KEYWORD_COLUMN");
    assert_eq!(refusal(&zipped(&[("xl/workbook.xml", b"<no")])), "DAMAGED_FILE");
    let long = [b"Keyword\n\"never closed".as_slice(), &b"x".repeat(2 << 20)].concat();
    assert_eq!(refusal(&long), "ROW_TOO_LONG");
    let few = Limits { rows: 2, ..Limits::default() };
    assert_eq!(import_within(b"Keyword\na\nb\nc\n", false, &few).unwrap_err().reason, "TOO_MANY_ROWS");
}

#[test]
fn a_nul_rejects_its_row_only() {
    let mut bytes = b"Keyword,Volume\n".to_vec();
    bytes.extend(b"shoes,1\n".repeat(1000));
    bytes.extend(b"bo\0ots,2\n");
    let file = import(&bytes, false).unwrap();
    assert_eq!((file.rejected.len(), file.rejected[0].row_number), (1, 1002));
}

#[test]
fn a_zip_bomb_is_not_unpacked() {
    let zeros = vec![b'x'; 40 << 20];
    assert_eq!(refusal(&zipped(&[("keywords.csv", &zeros)])), "ARCHIVE_TOO_LARGE");
    assert_eq!(
        refusal(&zipped(&[("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", &zeros)])),
        "ARCHIVE_TOO_LARGE"
    );
    let honest = "running shoes,1\n".repeat(1000);
    let small = Limits { unpacked_bytes: 1000, ..Limits::default() };
    let bytes = zipped(&[("keywords.csv", format!("keyword,volume\n{honest}").as_bytes())]);
    assert_eq!(import_within(&bytes, false, &small).unwrap_err().reason, "ARCHIVE_TOO_LARGE");
    assert_eq!(import(&bytes, false).unwrap().joined, 999);
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), list: bool) {
        let _ = import(&bytes, list);
    }

    #[test]
    fn any_text_below_a_header_is_read_or_refused(text in "[a-zA-Z0-9,;\"\n\r\t=| .-]{0,300}") {
        let _ = import(format!("Keyword,Volume,CPC\n{text}").as_bytes(), false);
    }

    #[test]
    fn a_damaged_sample_is_read_or_refused(at in 0_usize..2000, byte: u8, cut in 0_usize..2400) {
        for name in ["search_console.xlsx", "search_console.zip", "google_keyword_planner.csv"] {
            let mut bytes = std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            if let Some(slot) = bytes.get_mut(at) { *slot = byte; }
            bytes.truncate(cut.max(1));
            let _ = import(&bytes, false);
        }
    }
}
