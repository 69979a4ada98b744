//! Which program wrote a file, by the set of its column names.

use contracts::planner::v1::ImportFormat;

/// Names that a format's header has: all of `all`, one of `any` (if there are some), none of `none`.
struct Signature {
    format: ImportFormat,
    all: &'static [&'static str],
    any: &'static [&'static str],
    none: &'static [&'static str],
}

/// The first that fits counts: the narrow ones stand before the wide ones.
const SIGNATURES: &[Signature] = &[
    Signature {
        format: ImportFormat::GoogleKeywordPlanner,
        all: &["keyword", "avg. monthly searches"],
        any: &[],
        none: &[],
    },
    Signature {
        format: ImportFormat::SemrushStrategyBuilder,
        all: &["keyword", "seed keyword"],
        any: &["page", "topic", "page type"],
        none: &[],
    },
    Signature {
        format: ImportFormat::SemrushPositions,
        all: &["keyword", "position", "search volume", "url"],
        any: &[],
        none: &[],
    },
    Signature {
        format: ImportFormat::AhrefsKeywordsExplorer,
        all: &["keyword", "difficulty"],
        any: &["parent keyword", "parent topic", "traffic potential", "global volume", "cps"],
        none: &["kd"],
    },
    Signature {
        format: ImportFormat::AhrefsSiteExplorer,
        all: &["keyword", "kd"],
        any: &["current url", "current position", "organic traffic", "current organic traffic", "informational"],
        none: &[],
    },
    Signature {
        format: ImportFormat::SearchConsole,
        all: &["clicks", "impressions"],
        any: &["top queries", "query", "queries"],
        none: &[],
    },
    Signature { format: ImportFormat::Ubersuggest, all: &[], any: &["seo difficulty", "paid difficulty"], none: &[] },
    Signature { format: ImportFormat::Moz, all: &["keyword", "monthly volume"], any: &[], none: &[] },
    Signature {
        format: ImportFormat::SearchResults,
        all: &[],
        any: &["serp urls", "serp url", "top urls", "top 10 urls"],
        none: &[],
    },
    Signature { format: ImportFormat::Igny8, all: &["keyword", "industry", "sector"], any: &[], none: &[] },
    Signature {
        format: ImportFormat::SemrushApi,
        all: &["keyword", "search volume"],
        any: &["keyword difficulty index", "number of results", "trends"],
        none: &["position"],
    },
    Signature {
        format: ImportFormat::SemrushKeywordMagic,
        all: &["keyword"],
        any: &["keyword difficulty", "competitive density", "serp features"],
        none: &["search volume", "position"],
    },
];

/// The format of a header, given as plain names.
pub(super) fn recognise(names: &[String]) -> ImportFormat {
    let has = |name: &&str| names.iter().any(|present| present == *name);
    let fits = |signature: &&Signature| {
        signature.all.iter().all(&has)
            && (signature.any.is_empty() || signature.any.iter().any(&has))
            && !signature.none.iter().any(&has)
    };
    SIGNATURES.iter().find(fits).map_or(ImportFormat::Table, |signature| signature.format)
}

/// What a person should know of every file of the format.
pub(super) fn warnings(format: ImportFormat, names: &[String]) -> Vec<&'static str> {
    let has = |name: &str| names.iter().any(|present| present == name);
    match format {
        ImportFormat::SearchConsole => vec![
            "Search Console has no search volumes: the impressions of your own site stand in their place. It exports at most 1,000 rows: what comes after them is not in the file.",
        ],
        ImportFormat::GoogleKeywordPlanner => {
            vec!["Competition in the Keyword Planner is about ads: it is not taken as the difficulty."]
        }
        ImportFormat::Igny8 => {
            let inactive = has("is active").then_some("Whether a keyword is active is not imported: all rows are.");
            std::iter::once("The columns industry and sector are not read: all rows go into the sector that you chose.")
                .chain(inactive)
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import_files::header::plain;

    #[test]
    fn each_format_is_known_by_its_header() {
        for (header, format) in [
            (
                "Keyword,Currency,Avg. monthly searches,Three month change,Competition",
                ImportFormat::GoogleKeywordPlanner,
            ),
            (
                "Keyword,Intent,Volume,Trend,Keyword Difficulty,CPC (USD),Competitive Density",
                ImportFormat::SemrushKeywordMagic,
            ),
            ("Keyword,Volume,CPC (USD),SERP Features", ImportFormat::SemrushKeywordMagic),
            ("Database,Keyword,Seed keyword,Page,Topic,Page type,Tags,Volume", ImportFormat::SemrushStrategyBuilder),
            (
                "Keyword,Search Volume,CPC,Competition,Number of Results,Keyword Difficulty Index,Intent",
                ImportFormat::SemrushApi,
            ),
            (
                "Keyword,Position,Previous position,Search Volume,Keyword Difficulty,CPC,URL,Traffic",
                ImportFormat::SemrushPositions,
            ),
            (
                "#,Keyword,Country,Difficulty,Volume,CPC,CPS,Parent Keyword,Global volume",
                ImportFormat::AhrefsKeywordsExplorer,
            ),
            ("Keyword,Volume,KD,CPC,Current URL,Informational,Commercial", ImportFormat::AhrefsSiteExplorer),
            ("Top queries,Clicks,Impressions,CTR,Position", ImportFormat::SearchConsole),
            ("Keyword,Monthly Volume,Difficulty,Organic CTR,Priority", ImportFormat::Moz),
            ("Keyword,Search Volume,CPC,Paid Difficulty,SEO Difficulty", ImportFormat::Ubersuggest),
            ("keyword,serp_urls", ImportFormat::SearchResults),
            ("keyword,industry,sector,volume,difficulty,country,is_active", ImportFormat::Igny8),
            ("keyword,volume", ImportFormat::Table),
        ] {
            let names: Vec<String> = header.split(',').map(plain).collect();
            assert_eq!(recognise(&names), format, "{header}");
        }
    }
}
