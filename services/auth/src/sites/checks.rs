//! What the contract cannot say of a site: names of time zones, codes of languages and countries, colours. Every violation is reported
//! at once, so that a form can show them all.

use std::collections::HashSet;

use contracts::Violation;
use contracts::auth::v1 as pb;

use super::iso;

/// Gathers the violations of one request.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<Violation>);

impl Checks {
    pub(super) fn time_zone(&mut self, text: &str) -> String {
        if text.parse::<chrono_tz::Tz>().is_err() {
            self.violated("time_zone", "This is not a time zone. Use an IANA name, such as Europe/Berlin.");
        }
        text.to_owned()
    }

    pub(super) fn language(&mut self, text: &str) -> String {
        let code = text.to_ascii_lowercase();
        if !iso::is_language(&code) {
            self.violated("language", "This is not a language code. Use two letters of ISO 639-1, such as en.");
        }
        code
    }

    pub(super) fn country(&mut self, text: &str) -> String {
        let code = text.to_ascii_uppercase();
        if !iso::is_country(&code) {
            self.violated("country", "This is not a country code. Use two letters of ISO 3166-1, such as US.");
        }
        code
    }

    pub(super) fn colours(&mut self, texts: &[String]) -> Vec<String> {
        for (at, text) in texts.iter().enumerate() {
            if !is_colour(text) {
                self.violated(
                    format!("colours.{at}"),
                    "This is not a colour. Use six hexadecimal digits, such as #1a2b3c.",
                );
            }
        }
        texts.iter().map(|text| text.to_ascii_lowercase()).collect()
    }

    /// The database would refuse the second of two equal names as well, but without its place in the request.
    pub(super) fn sectors(&mut self, sectors: &[pb::SectorInput]) {
        let mut names = HashSet::new();
        for (at, sector) in sectors.iter().enumerate() {
            if !names.insert(sector.name.to_lowercase()) {
                self.violated(format!("sectors.{at}.name"), "Another sector of this site has the same name.");
            }
        }
    }

    pub(super) fn finish(self) -> rpc::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(rpc::Error::invalid_fields(self.0)) }
    }

    fn violated(&mut self, field: impl Into<String>, message: &str) {
        self.0.push(Violation { field: field.into(), message: message.to_owned() });
    }
}

/// A host name in the form that it is compared in.
pub(super) fn domain(text: &str) -> String {
    text.to_ascii_lowercase()
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(checks: Checks) -> Vec<String> {
        checks.finish().err().map_or(vec![], |error| error.violations().iter().map(|one| one.field.clone()).collect())
    }

    #[test]
    fn every_violation_is_named() {
        let mut checks = Checks::default();
        checks.time_zone("Mars/Olympus");
        checks.language("xx");
        checks.country("UK");
        checks.colours(&["#1a2b3c".to_owned(), "red".to_owned(), "#12345".to_owned()]);
        assert_eq!(fields(checks), ["time_zone", "language", "country", "colours.1", "colours.2"]);
    }

    #[test]
    fn what_is_right_is_kept_in_one_form() {
        let mut checks = Checks::default();
        assert_eq!(checks.time_zone("Europe/Berlin"), "Europe/Berlin");
        assert_eq!(checks.language("DE"), "de");
        assert_eq!(checks.country("de"), "DE");
        assert_eq!(checks.colours(&["#AABBCC".to_owned()]), ["#aabbcc"]);
        assert_eq!(domain("WWW.Example.com"), "www.example.com");
        assert!(checks.finish().is_ok());
    }

    #[test]
    fn sector_names_differ_in_more_than_case() {
        let sectors =
            ["Shoes", "Bags", "SHOES"].map(|name| pb::SectorInput { name: name.to_owned(), ..Default::default() });
        let mut checks = Checks::default();
        checks.sectors(&sectors);
        assert_eq!(fields(checks), ["sectors.2.name"]);
    }

    #[test]
    fn a_colour_is_six_digits_after_a_hash() {
        assert!(is_colour("#09afAF"));
        for text in ["", "#", "09afAF", "#09afa", "#09afaff", "#09afag", "#ééé"] {
            assert!(!is_colour(text), "{text}");
        }
    }
}
