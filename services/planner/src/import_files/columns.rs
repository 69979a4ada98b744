//! What the columns mean: by their names at first, and then as a person says.

use contracts::planner::v1::{ImportField, ImportFormat};

use super::{FileError, header};

/// Names that mean a field, the best first: of two columns for one field, the one that stands earlier here is taken.
const NAMES: &[(ImportField, &[&str])] = &[
    (
        ImportField::Volume,
        &[
            "volume",
            "search volume",
            "avg. monthly searches",
            "monthly volume",
            "avg monthly searches",
            "monthly searches",
            "searches",
            "sv",
        ],
    ),
    (ImportField::Impressions, &["impressions"]),
    (
        ImportField::Difficulty,
        &[
            "keyword difficulty",
            "keyword difficulty index",
            "seo difficulty",
            "difficulty",
            "kd",
            "kd %",
            "kd%",
            "keyword difficulty %",
        ],
    ),
    (ImportField::Cpc, &["cpc", "avg. cpc", "top of page bid (high range)", "cost per click"]),
    (ImportField::Competition, &["competitive density", "competition (indexed value)", "competition"]),
    (ImportField::Trend, &["trend", "trends"]),
    (ImportField::Intent, &["intents", "intent", "keyword intent", "keyword intents", "search intent"]),
    (ImportField::IsInformational, &["informational"]),
    (ImportField::IsCommercial, &["commercial"]),
    (ImportField::IsTransactional, &["transactional"]),
    (ImportField::IsNavigational, &["navigational"]),
    (ImportField::Country, &["country", "database", "country code"]),
    (ImportField::SerpUrls, &["serp urls", "serp url", "top urls", "top 10 urls", "serp"]),
    (ImportField::Page, &["page", "current url", "target page", "landing page", "url"]),
    (ImportField::Topic, &["topic", "topics"]),
    (ImportField::ParentKeyword, &["parent keyword", "parent topic"]),
    (ImportField::Tags, &["tags", "tag", "labels"]),
];

/// A column of the file, over all its sheets or parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub field: ImportField,
    pub samples: Vec<String>,
}

/// What the columns of these names mean in a file of this format.
pub(super) fn fields(names: &[String], format: ImportFormat) -> Vec<ImportField> {
    let plain: Vec<String> = names.iter().map(|name| header::plain(name)).collect();
    let mut fields = vec![ImportField::Ignored; names.len()];
    let mut take = |at: Option<usize>, field| {
        if let Some(slot) = at.and_then(|at| fields.get_mut(at)).filter(|slot| **slot == ImportField::Ignored) {
            *slot = field;
        }
    };
    take(plain.iter().position(|name| header::is_keyword(name)), ImportField::Keyword);
    for (field, synonyms) in NAMES {
        let of_ads = *field == ImportField::Difficulty && format == ImportFormat::GoogleKeywordPlanner;
        if !of_ads {
            take(synonyms.iter().find_map(|synonym| plain.iter().position(|name| name == synonym)), *field);
        }
    }
    // The Keyword Planner has a column for each month.
    for (at, _) in plain.iter().enumerate().filter(|(_, name)| name.starts_with("searches: ")) {
        take(Some(at), ImportField::Trend);
    }
    fields
}

/// A mapping that a person made: one column for each field, and one of them the keyword. The months of a trend and lists of search results
/// may come in several columns.
pub fn check(fields: &[ImportField]) -> Result<(), FileError> {
    if !fields.contains(&ImportField::Keyword) {
        return Err(FileError::no_keyword_chosen());
    }
    let several = [ImportField::Ignored, ImportField::Trend, ImportField::SerpUrls, ImportField::Tags];
    let twice = |(at, field): &(usize, &ImportField)| fields.iter().take(*at).any(|earlier| earlier == *field);
    let single = fields.iter().enumerate().filter(|(_, field)| !several.contains(field));
    match single.filter(twice).map(|(_, field)| *field).next() {
        Some(field) => Err(FileError::field_twice(contracts::JsonEnum::json_name(field).unwrap_or_default())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(header: &str, format: ImportFormat) -> Vec<(String, ImportField)> {
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        let fields = fields(&names, format);
        names.into_iter().zip(fields).filter(|(_, field)| *field != ImportField::Ignored).collect()
    }

    fn field(header: &str, format: ImportFormat, name: &str) -> ImportField {
        mapped(header, format).into_iter().find(|(n, _)| n == name).map_or(ImportField::Ignored, |(_, field)| field)
    }

    #[test]
    fn competition_of_ads_is_never_difficulty() {
        let planner = "Keyword,Currency,Avg. monthly searches,Competition,Competition (indexed value)";
        let fields = mapped(planner, ImportFormat::GoogleKeywordPlanner);
        assert!(fields.iter().all(|(_, field)| *field != ImportField::Difficulty));
        let ubersuggest = "Keyword,Search Volume,CPC,Paid Difficulty,SEO Difficulty";
        assert_eq!(field(ubersuggest, ImportFormat::Ubersuggest, "Paid Difficulty"), ImportField::Ignored);
        assert_eq!(field(ubersuggest, ImportFormat::Ubersuggest, "SEO Difficulty"), ImportField::Difficulty);
    }

    #[test]
    fn the_global_volume_is_never_the_volume() {
        let header = "#,Keyword,Global volume,Volume,Parent Keyword";
        assert_eq!(field(header, ImportFormat::AhrefsKeywordsExplorer, "Global volume"), ImportField::Ignored);
        assert_eq!(field(header, ImportFormat::AhrefsKeywordsExplorer, "Volume"), ImportField::Volume);
        assert_eq!(field(header, ImportFormat::AhrefsKeywordsExplorer, "Parent Keyword"), ImportField::ParentKeyword);
    }

    #[test]
    fn months_are_a_trend() {
        let header = "Keyword,Avg. monthly searches,Searches: May 2025,Searches: Jun 2025";
        let months = mapped(header, ImportFormat::GoogleKeywordPlanner);
        assert_eq!(months.iter().filter(|(_, field)| *field == ImportField::Trend).count(), 2);
    }

    #[test]
    fn a_mapping_has_one_keyword_column() {
        use ImportField::{Ignored, Keyword, Trend, Volume};
        assert!(check(&[Keyword, Volume, Trend, Trend, Ignored, Ignored]).is_ok());
        assert_eq!(check(&[Volume]).unwrap_err().reason, "INVALID_MAPPING");
        assert!(check(&[Keyword, Volume, Volume]).unwrap_err().message.contains("volume"));
    }
}
