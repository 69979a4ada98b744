//! What people write of a keyword, checked beyond what the contract can say and in the form that is stored. Every violation is reported at
//! once.

use std::collections::HashSet;

use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus};
use contracts::{JsonEnum, Violation};
use rpc::{Error, Mask, Result};

use super::row;
use crate::sql::{Sql, Value};

/// What the database stores of a text at most, in bytes.
const MAX_NORMALISED: usize = 2000;

/// A new keyword as it is stored.
#[derive(Debug)]
pub struct New {
    pub keyword: String,
    pub normalised: String,
    pub country: String,
    pub language: String,
    pub volume: Option<i64>,
    pub difficulty: Option<i16>,
    pub cpc_micros: Option<i64>,
    pub competition: Option<f64>,
    pub intents: Vec<String>,
    pub tags: Vec<String>,
}

impl New {
    pub fn read(input: &pb::KeywordInput) -> Result<Self> {
        let mut checks = Checks::default();
        let (keyword, normalised) = checks.keyword(&input.keyword);
        let mut intents = intents(&input.intents);
        if intents.is_empty() {
            intents = found_intents(&keyword);
        }
        let new = Self {
            keyword,
            normalised,
            country: checks.country(&input.country),
            language: checks.language(&input.language),
            volume: input.volume,
            difficulty: input.difficulty.and_then(|difficulty| i16::try_from(difficulty).ok()),
            cpc_micros: checks.cpc(input.cpc),
            competition: checks.competition(input.competition),
            intents,
            tags: checks.tags("tags", &input.tags),
        };
        checks.finish()?;
        Ok(new)
    }
}

/// What a change sets: columns with their values.
#[derive(Debug, Default)]
pub struct Change {
    pub columns: Vec<(&'static str, Value)>,
    pub status: Option<KeywordStatus>,
}

impl Change {
    pub fn read(request: &pb::UpdateKeywordRequest) -> Result<Self> {
        let mask = Mask::of(&request.update_mask);
        let mut checks = Checks::default();
        let mut columns: Vec<(&'static str, Value)> = Vec::new();
        if mask.has("keyword") {
            let (keyword, normalised) = checks.keyword(&request.keyword);
            columns.extend([("keyword", keyword.into()), ("normalised", normalised.into())]);
        }
        if mask.has("country") {
            columns.push(("country", checks.country(&request.country).into()));
        }
        if mask.has("language") {
            columns.push(("language", checks.language(&request.language).into()));
        }
        if mask.has("volume") {
            let quality = request.volume.map(|_| "exact".to_owned());
            columns.extend([("volume", request.volume.into()), ("volume_quality", quality.into())]);
        }
        if mask.has("difficulty") {
            let difficulty = request.difficulty.and_then(|difficulty| i16::try_from(difficulty).ok());
            columns.push(("difficulty", difficulty.into()));
        }
        if mask.has("cpc") {
            columns.push(("cpc_micros", checks.cpc(request.cpc).into()));
        }
        if mask.has("competition") {
            columns.push(("competition", checks.competition(request.competition).into()));
        }
        if mask.has("intents") {
            let intents = intents(&request.intents);
            columns.extend([("intent", intents.first().cloned().into()), ("intents", intents.into())]);
        }
        if mask.has("tags") {
            columns.push(("tags", checks.tags("tags", &request.tags).into()));
        }
        let status = mask.has("status").then(|| checks.status("status", request.status));
        checks.finish()?;
        Ok(Self { columns, status: status.flatten() })
    }

    /// What stands behind SET for the keyword `k`.
    pub fn assignments(&self) -> Sql {
        let mut sql = Sql::new("updated_at = now()");
        for (column, value) in &self.columns {
            sql = sql.text(&format!(", {column} = ")).bind(value.clone());
        }
        match self.status {
            Some(status) => sql.text(", ").add(&status_assignment(status)),
            None => sql,
        }
    }
}

/// Puts keywords aside, or takes back those that were, to where their cluster is.
pub fn status_assignment(status: KeywordStatus) -> Sql {
    Sql::new(match status {
        KeywordStatus::Archived => "status = 'archived'",
        _ => {
            "status = CASE WHEN k.status <> 'archived' THEN k.status WHEN k.cluster_id IS NULL THEN 'new'
                 WHEN EXISTS (SELECT FROM igny8_clusters o WHERE o.account_id = k.account_id AND o.id = k.cluster_id
                              AND o.status = 'mapped') THEN 'mapped' ELSE 'clustered' END"
        }
    })
}

/// Gathers the violations of one request.
#[derive(Debug, Default)]
pub struct Checks(Vec<Violation>);

impl Checks {
    fn keyword(&mut self, text: &str) -> (String, String) {
        let normalised = clustering::normalise(text);
        if normalised.is_empty() {
            self.violated("keyword", "A keyword needs at least one visible character.");
        } else if normalised.len() > MAX_NORMALISED {
            self.violated("keyword", "This keyword is too long. Shorten it.");
        }
        // As it was written, but on one line.
        (text.split_whitespace().collect::<Vec<_>>().join(" "), normalised)
    }

    fn country(&mut self, text: &str) -> String {
        let code = text.to_ascii_uppercase();
        if !code.is_empty() && !is_code(&code) {
            self.violated("country", "This is not a country code. Use two letters of ISO 3166-1, such as US, or none.");
        }
        code
    }

    fn language(&mut self, text: &str) -> String {
        let code = text.to_ascii_lowercase();
        if !code.is_empty() && !is_code(&code) {
            self.violated(
                "language",
                "This is not a language code. Use two letters of ISO 639-1, such as en, or none.",
            );
        }
        code
    }

    fn cpc(&mut self, cpc: Option<f64>) -> Option<i64> {
        if cpc.is_some_and(|cpc| !(0.0..=100_000.0).contains(&cpc)) {
            self.violated("cpc", "This is not a price of a click. Use a number from 0 to 100,000.");
            return None;
        }
        cpc.map(row::micros)
    }

    fn competition(&mut self, competition: Option<f64>) -> Option<f64> {
        if competition.is_some_and(|competition| !(0.0..=1.0).contains(&competition)) {
            self.violated("competition", "Competition is a number from 0 to 1.");
        }
        competition
    }

    /// Each once, in their order, without spaces around them.
    pub fn tags(&mut self, field: &str, texts: &[String]) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut tags = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let tag = tag(text);
            if tag.is_empty() {
                self.violated(format!("{field}.{at}"), "A tag needs at least one visible character.");
            } else if seen.insert(tag.clone()) {
                tags.push(tag);
            }
        }
        tags
    }

    /// People put keywords aside and take them back; the rest follows from clusters and ideas.
    pub fn status(&mut self, field: &str, status: i32) -> Option<KeywordStatus> {
        if let Ok(status @ (KeywordStatus::New | KeywordStatus::Archived)) = KeywordStatus::try_from(status) {
            return Some(status);
        }
        self.violated(field, "Only archived and new can be set. The others follow from clusters and ideas.");
        None
    }

    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid_fields(self.0)) }
    }

    fn violated(&mut self, field: impl Into<String>, message: &str) {
        self.0.push(Violation { field: field.into(), message: message.to_owned() });
    }
}

/// A tag as it is stored.
pub fn tag(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_code(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_alphabetic())
}

/// Each once, in their order.
fn intents(values: &[i32]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in values.iter().filter_map(|&value| Intent::try_from(value).ok()?.json_name()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// What the words of a keyword speak for, the main one first.
pub fn found_intents(keyword: &str) -> Vec<String> {
    let name = |intent| match intent {
        clustering::Intent::Informational => "informational",
        clustering::Intent::Commercial => "commercial",
        clustering::Intent::Transactional => "transactional",
        clustering::Intent::Navigational => "navigational",
    };
    clustering::intents(keyword).all.into_iter().map(|intent| name(intent).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(keyword: &str) -> pb::KeywordInput {
        pb::KeywordInput { keyword: keyword.to_owned(), ..pb::KeywordInput::default() }
    }

    fn wrong(input: &pb::KeywordInput) -> Vec<String> {
        New::read(input).unwrap_err().violations().iter().map(|one| one.field.clone()).collect()
    }

    #[test]
    fn a_keyword_is_kept_as_written_and_compared_as_normalised() {
        let new = New::read(&input("  Running \t SHOES ")).unwrap();
        assert_eq!((new.keyword.as_str(), new.normalised.as_str()), ("Running SHOES", "running shoes"));
        assert_eq!(new.intents, ["informational"]);
        assert_eq!(New::read(&input("buy shoes")).unwrap().intents[0], "transactional");
    }

    #[test]
    fn every_violation_is_named() {
        let input = pb::KeywordInput {
            country: "U1".into(),
            language: "e!".into(),
            cpc: Some(f64::INFINITY),
            competition: Some(1.5),
            tags: vec!["good".into(), " \t".into()],
            ..input("\u{200B}")
        };
        assert_eq!(wrong(&input), ["keyword", "country", "language", "cpc", "competition", "tags.1"]);
        // Eighteen letters each once they are normalised.
        assert_eq!(wrong(&self::input(&"\u{FDFA}".repeat(150))), ["keyword"]);
    }

    #[test]
    fn people_set_no_status_that_follows_from_other_things() {
        let mut checks = Checks::default();
        assert_eq!(checks.status("status", KeywordStatus::Archived.into()), Some(KeywordStatus::Archived));
        assert_eq!(checks.status("status", KeywordStatus::Mapped.into()), None);
        assert!(checks.finish().is_err());
    }

    #[test]
    fn tags_are_written_one_way_and_once() {
        let mut checks = Checks::default();
        let tags = ["  a  b ", "a b", "c"].map(str::to_owned);
        assert_eq!(checks.tags("tags", &tags), ["a b", "c"]);
    }
}
