//! One row of a file to one keyword as it will be stored, or to the reason why not.

use contracts::planner::v1::{ImportField, ImportFormat, ImportedKeyword, Intent, VolumeQuality};
use csv::StringRecord;

use super::cell::{self, Fault};
use super::{country, intent};

const MAX_SERP_URLS: usize = 10;
const MAX_TREND: usize = 120;

/// What the Keyword Planner shows to those who buy no ads: ten times five, each time.
const PLANNER_BUCKETS: &[i64] = &[0, 10, 50, 500, 5000, 50_000, 500_000, 5_000_000, 50_000_000];

/// How the rows of one table are read.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) format: ImportFormat,
    /// For rows that name none.
    pub(super) country: String,
    /// The columns of the table in their order.
    pub(super) columns: Vec<(String, ImportField)>,
    pub(super) delimiter: Option<u8>,
}

/// A keyword, and whether all of its intents were understood. `None`: the row is blank.
pub(super) fn read(record: &StringRecord, number: u64, plan: &Plan) -> Result<Option<(ImportedKeyword, bool)>, Fault> {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(None);
    }
    check_width(record, plan)?;
    let mut row =
        Row { plan, keyword: ImportedKeyword::default(), flagged: Vec::new(), impressions: None, understood: true };
    row.keyword.row_number = i64::try_from(number).unwrap_or(i64::MAX);
    row.keyword.country.clone_from(&plan.country);
    for (cell, (name, field)) in record.iter().zip(&plan.columns) {
        row.take(cell, name, *field)?;
    }
    row.finish().map(Some)
}

fn check_width(record: &StringRecord, plan: &Plan) -> Result<(), Fault> {
    let (here, header) = (record.len(), plan.columns.len());
    if let Some((first, _)) = plan.columns.get(here) {
        let reason = format!("The row has {here} of {header} columns: \"{first}\" and all after it are missing.");
        return Err(Fault {
            column: first.clone(),
            ..Fault::row(reason, "Fill in the missing columns, or delete the row.")
        });
    }
    if record.iter().skip(header).any(|cell| !cell.trim().is_empty()) {
        let delimiter = plan.delimiter.map_or_else(String::new, |byte| format!(" ({:?})", char::from(byte)));
        let reason =
            format!("The row has {here} columns, the header only {header}: a cell contains the delimiter{delimiter}.");
        return Err(Fault::row(reason, "Put the cell that contains it in quotation marks."));
    }
    Ok(())
}

struct Row<'p> {
    plan: &'p Plan,
    keyword: ImportedKeyword,
    flagged: Vec<Intent>,
    impressions: Option<i64>,
    understood: bool,
}

impl Row<'_> {
    fn take(&mut self, cell: &str, name: &str, field: ImportField) -> Result<(), Fault> {
        let keyword = &mut self.keyword;
        match field {
            ImportField::Ignored | ImportField::Unspecified => {}
            ImportField::Keyword => keyword.keyword = cell::keyword_text(cell, name)?,
            ImportField::Volume => self.volume(cell, name)?,
            ImportField::Impressions => self.impressions = cell::count(cell, name)?.map(|(value, _)| value),
            ImportField::Difficulty => keyword.difficulty = cell::difficulty(cell, name)?,
            ImportField::Cpc => keyword.cpc = cell::cpc(cell, name)?,
            ImportField::Competition => keyword.competition = cell::competition(cell, name)?,
            ImportField::Trend => keyword.trend.extend(cell::trend(cell, name)?),
            ImportField::Intent => {
                let (intents, understood) = intent::parse(cell);
                keyword.intents = intents.into_iter().map(i32::from).collect();
                self.understood = understood;
            }
            ImportField::IsInformational => self.flag(cell, name, Intent::Informational)?,
            ImportField::IsCommercial => self.flag(cell, name, Intent::Commercial)?,
            ImportField::IsTransactional => self.flag(cell, name, Intent::Transactional)?,
            ImportField::IsNavigational => self.flag(cell, name, Intent::Navigational)?,
            ImportField::Country => self.country(cell, name)?,
            ImportField::SerpUrls => keyword.serp_urls.extend(cell::serp_urls(cell)),
            ImportField::Page => keyword.page = cell::text(cell, name)?,
            ImportField::Topic => keyword.topic = cell::text(cell, name)?,
            ImportField::ParentKeyword => keyword.parent_keyword = cell::text(cell, name)?,
            ImportField::Tags => keyword.tags.extend(cell::tags(cell, name)?),
        }
        Ok(())
    }

    fn volume(&mut self, cell: &str, name: &str) -> Result<(), Fault> {
        if let Some((value, estimate)) = cell::count(cell, name)? {
            let bucket = self.plan.format == ImportFormat::GoogleKeywordPlanner && PLANNER_BUCKETS.contains(&value);
            let quality = if estimate || bucket { VolumeQuality::Estimate } else { VolumeQuality::Exact };
            self.keyword.volume = Some(value);
            self.keyword.volume_quality = Some(quality.into());
        }
        Ok(())
    }

    fn flag(&mut self, cell: &str, name: &str, which: Intent) -> Result<(), Fault> {
        match intent::flag(cell) {
            Some(true) => self.flagged.push(which),
            Some(false) => {}
            None => {
                let fix = "Write true or false.";
                return Err(Fault::cell(name, cell, format!("\"{name}\" is neither true nor false."), fix));
            }
        }
        Ok(())
    }

    fn country(&mut self, cell: &str, name: &str) -> Result<(), Fault> {
        let fix = "Write the two letters of the country, as US or GB.";
        let code =
            country::parse(cell).ok_or_else(|| Fault::cell(name, cell, "This is no country that we know.", fix))?;
        if !code.is_empty() {
            self.keyword.country = code;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(ImportedKeyword, bool), Fault> {
        if self.keyword.keyword.is_empty() {
            return Err(Fault::row("The row has no keyword.".to_owned(), "Fill in the keyword, or delete the row."));
        }
        if self.keyword.volume.is_none() && self.impressions.is_some() {
            self.keyword.volume = self.impressions;
            self.keyword.volume_quality = Some(VolumeQuality::Impressions.into());
        }
        if self.keyword.intents.is_empty() {
            self.keyword.intents = intent::ranked(self.flagged).into_iter().map(i32::from).collect();
        }
        self.keyword.serp_urls.truncate(MAX_SERP_URLS);
        self.keyword.trend.truncate(MAX_TREND);
        Ok((self.keyword, self.understood))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(columns: &[(&str, ImportField)]) -> Plan {
        let columns = columns.iter().map(|(name, field)| ((*name).to_owned(), *field)).collect();
        Plan { format: ImportFormat::Table, country: "US".to_owned(), columns, delimiter: Some(b',') }
    }

    fn one(field: ImportField, name: &str, cell: &str) -> Result<ImportedKeyword, Fault> {
        let plan = plan(&[("Keyword", ImportField::Keyword), (name, field)]);
        read(&StringRecord::from(vec!["shoes", cell]), 2, &plan).map(|row| row.unwrap().0)
    }

    fn keyword(cell: &str) -> Result<String, String> {
        let plan = plan(&[("Keyword", ImportField::Keyword), ("V", ImportField::Volume)]);
        let row = read(&StringRecord::from(vec![cell, "1"]), 2, &plan);
        row.map(|row| row.unwrap().0.keyword).map_err(|fault| fault.reason)
    }

    #[test]
    fn a_keyword_is_a_line_of_text() {
        assert_eq!(keyword("  Red   Shoes\t"), Ok("Red Shoes".to_owned()));
        assert_eq!(keyword("+running +shoes"), Ok("+running +shoes".to_owned()));
        assert_eq!(keyword("'=sum"), Ok("=sum".to_owned()));
        for (cell, reason) in [
            ("=HYPERLINK(\"http://x\")", "formula"),
            ("@SUM(1+1)", "formula"),
            ("#REF!", "error"),
            ("a\u{0}b", "characters"),
            ("a\nb", "lines"),
            ("???", "letters"),
            ("", "no keyword"),
        ] {
            assert!(keyword(cell).unwrap_err().contains(reason), "{cell:?}");
        }
        assert!(keyword(&"x".repeat(201)).unwrap_err().contains("200"));
    }

    #[test]
    fn an_empty_difficulty_is_unknown_and_not_zero() {
        assert_eq!(one(ImportField::Difficulty, "KD", "").unwrap().difficulty, None);
        assert_eq!(one(ImportField::Difficulty, "KD", "0").unwrap().difficulty, Some(0));
        assert_eq!(one(ImportField::Difficulty, "KD", "35.4%").unwrap().difficulty, Some(35));
        let fault = one(ImportField::Difficulty, "KD", "easy").unwrap_err();
        assert_eq!((fault.column.as_str(), fault.value.as_str()), ("KD", "easy"));
        assert!(one(ImportField::Difficulty, "KD", "101").is_err());
    }

    #[test]
    fn competition_is_a_share() {
        for (name, cell, share) in [
            ("Competitive Density", "0.9", 0.9),
            ("Competition (indexed value)", "1", 0.01),
            ("C", "45", 0.45),
            ("C", "High", 0.835),
        ] {
            let found = one(ImportField::Competition, name, cell).unwrap().competition.unwrap();
            assert!((found - share).abs() < 1e-9, "{name} {cell}: {found}");
        }
    }

    #[test]
    fn search_results_come_in_many_forms() {
        let expected = ["https://a.com/x,y", "https://b.com/"];
        for cell in [
            "https://a.com/x,y,https://b.com/",
            "https://a.com/x,y\nhttps://b.com/",
            "[\"https://a.com/x,y\", \"https://b.com/\"]",
            "https://a.com/x,y | https://b.com/",
        ] {
            assert_eq!(one(ImportField::SerpUrls, "serp_urls", cell).unwrap().serp_urls, expected, "{cell}");
        }
    }

    #[test]
    fn a_row_too_short_says_from_where() {
        let plan = plan(&[
            ("Keyword", ImportField::Keyword),
            ("Volume", ImportField::Volume),
            ("KD", ImportField::Difficulty),
        ]);
        let fault = read(&StringRecord::from(vec!["shoes"]), 17, &plan).unwrap_err();
        assert_eq!(fault.reason, "The row has 1 of 3 columns: \"Volume\" and all after it are missing.");
        let fault = read(&StringRecord::from(vec!["a", "1", "2", "3"]), 17, &plan).unwrap_err();
        assert!(fault.reason.contains("4 columns, the header only 3"));
        assert!(read(&StringRecord::from(vec!["a", "1", "2", ""]), 17, &plan).is_ok());
        assert_eq!(read(&StringRecord::from(vec!["", " "]), 17, &plan), Ok(None));
    }

    proptest! {
        #[test]
        fn any_cells_are_a_keyword_or_a_fault(cells in proptest::collection::vec("\\PC{0,20}|[0-9.,;:|/&%$-]{0,12}", 0..22)) {
            let fields = (1..20).map(|n| ("x: name", ImportField::try_from(n).unwrap())).collect::<Vec<_>>();
            let _ = read(&StringRecord::from(cells), 1, &plan(&fields));
        }
    }
}
