//! What people write of a site, checked and in the form that is stored.

use contracts::auth::v1 as pb;
use diesel::prelude::*;
use rpc::Mask;
use uuid::Uuid;

use super::checks::{Checks, domain};
use crate::schema::igny8_sites;

const TIME_ZONE: &str = "UTC";
const LANGUAGE: &str = "en";
const COUNTRY: &str = "US";
const DAILY_PACE: i32 = 5;

/// The columns of a new site.
#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_sites)]
pub(super) struct New<'r> {
    name: &'r str,
    domain: String,
    industry_id: Option<Uuid>,
    time_zone: String,
    language: String,
    country: String,
    facts: &'r str,
    colours: Vec<String>,
    auto_publish: bool,
    daily_pace: i32,
}

impl<'r> New<'r> {
    pub(super) fn read(input: &'r pb::SiteInput) -> rpc::Result<Self> {
        let mut checks = Checks::default();
        checks.sectors(&input.sectors);
        let new = Self {
            name: &input.name,
            domain: domain(&input.domain),
            industry_id: industry(input.industry_id.as_deref())?,
            time_zone: checks.time_zone(or(&input.time_zone, TIME_ZONE)),
            language: checks.language(or(&input.language, LANGUAGE)),
            country: checks.country(or(&input.country, COUNTRY)),
            facts: &input.facts,
            colours: checks.colours(&input.colours),
            auto_publish: input.auto_publish,
            daily_pace: input.daily_pace.unwrap_or(DAILY_PACE),
        };
        checks.finish()?;
        Ok(new)
    }
}

/// The columns that a PATCH names.
#[derive(Debug, Default, PartialEq, AsChangeset)]
#[diesel(table_name = igny8_sites)]
#[expect(
    clippy::option_option,
    reason = "the outer says whether the change names the column, the inner what it becomes"
)]
pub(super) struct Change<'r> {
    name: Option<&'r str>,
    domain: Option<String>,
    industry_id: Option<Option<Uuid>>,
    time_zone: Option<String>,
    language: Option<String>,
    country: Option<String>,
    facts: Option<&'r str>,
    colours: Option<Vec<String>>,
    active: Option<bool>,
    auto_publish: Option<bool>,
    daily_pace: Option<i32>,
}

impl<'r> Change<'r> {
    pub(super) fn read(request: &'r pb::UpdateSiteRequest) -> rpc::Result<Self> {
        let mask = Mask::of(&request.update_mask);
        let mut checks = Checks::default();
        let change = Self {
            name: mask.when("name", &request.name),
            domain: mask.has("domain").then(|| domain(&request.domain)),
            industry_id: mask.has("industry_id").then(|| industry(request.industry_id.as_deref())).transpose()?,
            time_zone: mask.has("time_zone").then(|| checks.time_zone(&request.time_zone)),
            language: mask.has("language").then(|| checks.language(&request.language)),
            country: mask.has("country").then(|| checks.country(&request.country)),
            facts: mask.when("facts", &request.facts),
            colours: mask.has("colours").then(|| checks.colours(&request.colours)),
            active: mask.when("active", request.active),
            auto_publish: mask.when("auto_publish", request.auto_publish),
            daily_pace: mask.when("daily_pace", request.daily_pace),
        };
        checks.finish()?;
        Ok(change)
    }

    /// An inactive site may be activated, with other changes at once, or be told again that it is not active.
    pub(super) fn may_change_an_inactive_site(&self) -> bool {
        self.active == Some(true) || *self == Self { active: Some(false), ..Self::default() }
    }
}

fn industry(id: Option<&str>) -> rpc::Result<Option<Uuid>> {
    id.map(|id| rpc::id("industry_id", id)).transpose()
}

fn or<'t>(text: &'t str, default: &'t str) -> &'t str {
    if text.is_empty() { default } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[&str]) -> pb::UpdateSiteRequest {
        let paths = fields.iter().map(|&field| field.to_owned()).collect();
        pb::UpdateSiteRequest { update_mask: Some(prost_types::FieldMask { paths }), ..Default::default() }
    }

    #[test]
    fn what_a_change_does_not_name_is_neither_checked_nor_set() {
        let mut request = request(&["name"]);
        "Bakery".clone_into(&mut request.name);
        "nowhere".clone_into(&mut request.time_zone);
        assert_eq!(Change::read(&request).unwrap(), Change { name: Some("Bakery"), ..Change::default() });
        request.update_mask = self::request(&["name", "time_zone"]).update_mask;
        assert_eq!(Change::read(&request).unwrap_err().violations()[0].field, "time_zone");
    }

    #[test]
    fn a_named_field_without_a_value_is_cleared() {
        let request = request(&["industry_id"]);
        assert_eq!(Change::read(&request).unwrap(), Change { industry_id: Some(None), ..Change::default() });
    }

    #[test]
    fn an_inactive_site_can_only_be_activated() {
        let mut request = request(&["active", "facts"]);
        assert!(!Change::read(&request).unwrap().may_change_an_inactive_site());
        request.active = true;
        assert!(Change::read(&request).unwrap().may_change_an_inactive_site());
        assert!(Change::read(&self::request(&["active"])).unwrap().may_change_an_inactive_site());
        assert!(!Change::read(&self::request(&["facts"])).unwrap().may_change_an_inactive_site());
    }

    #[test]
    fn a_new_site_is_given_what_its_maker_left_open() {
        let input = pb::SiteInput { name: "Bakery".into(), domain: "Bakery.Example".into(), ..Default::default() };
        let new = New::read(&input).unwrap();
        assert_eq!((new.domain.as_str(), new.time_zone.as_str(), new.daily_pace), ("bakery.example", "UTC", 5));
        assert_eq!((new.language.as_str(), new.country.as_str()), ("en", "US"));
    }
}
