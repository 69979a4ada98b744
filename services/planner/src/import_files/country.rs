//! Countries as exports write them, to two letters of ISO 3166.

/// Names and the codes that are not ISO's.
const NAMES: &[(&str, &str)] = &[
    ("argentina", "AR"),
    ("australia", "AU"),
    ("austria", "AT"),
    ("bangladesh", "BD"),
    ("belgium", "BE"),
    ("brazil", "BR"),
    ("bulgaria", "BG"),
    ("canada", "CA"),
    ("chile", "CL"),
    ("china", "CN"),
    ("colombia", "CO"),
    ("croatia", "HR"),
    ("czech republic", "CZ"),
    ("czechia", "CZ"),
    ("denmark", "DK"),
    ("egypt", "EG"),
    ("estonia", "EE"),
    ("finland", "FI"),
    ("france", "FR"),
    ("germany", "DE"),
    ("greece", "GR"),
    ("hong kong", "HK"),
    ("hungary", "HU"),
    ("india", "IN"),
    ("indonesia", "ID"),
    ("ireland", "IE"),
    ("israel", "IL"),
    ("italy", "IT"),
    ("japan", "JP"),
    ("kenya", "KE"),
    ("latvia", "LV"),
    ("lithuania", "LT"),
    ("luxembourg", "LU"),
    ("malaysia", "MY"),
    ("mexico", "MX"),
    ("morocco", "MA"),
    ("netherlands", "NL"),
    ("new zealand", "NZ"),
    ("nigeria", "NG"),
    ("norway", "NO"),
    ("pakistan", "PK"),
    ("peru", "PE"),
    ("philippines", "PH"),
    ("poland", "PL"),
    ("portugal", "PT"),
    ("romania", "RO"),
    ("russia", "RU"),
    ("saudi arabia", "SA"),
    ("serbia", "RS"),
    ("singapore", "SG"),
    ("slovakia", "SK"),
    ("slovenia", "SI"),
    ("south africa", "ZA"),
    ("south korea", "KR"),
    ("spain", "ES"),
    ("sweden", "SE"),
    ("switzerland", "CH"),
    ("taiwan", "TW"),
    ("thailand", "TH"),
    ("turkey", "TR"),
    ("türkiye", "TR"),
    ("uk", "GB"),
    ("ukraine", "UA"),
    ("united arab emirates", "AE"),
    ("united kingdom", "GB"),
    ("great britain", "GB"),
    ("united states", "US"),
    ("united states of america", "US"),
    ("usa", "US"),
    ("gbr", "GB"),
    ("deu", "DE"),
    ("fra", "FR"),
    ("can", "CA"),
    ("aus", "AU"),
    ("ind", "IN"),
    ("vietnam", "VN"),
];

/// The code of a cell: empty where it says nothing or all countries, `None` where it is no country that we know.
pub fn parse(cell: &str) -> Option<String> {
    let plain = cell.trim().to_lowercase();
    // Semrush's databases of phones: mobile-us; and the larger ones: us-ext.
    let plain = plain.strip_prefix("mobile-").or_else(|| plain.strip_suffix("-ext")).unwrap_or(&plain);
    if matches!(plain, "" | "-" | "n/a" | "all" | "global" | "worldwide" | "all locations" | "all countries") {
        return Some(String::new());
    }
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == plain) {
        return Some((*code).to_owned());
    }
    let is_code = plain.len() == 2 && plain.bytes().all(|byte| byte.is_ascii_lowercase());
    is_code.then(|| plain.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_become_two_letters() {
        for (cell, code) in
            [("us", "US"), ("UK", "GB"), ("United States", "US"), ("mobile-de", "DE"), ("us-ext", "US"), ("", "")]
        {
            assert_eq!(parse(cell).as_deref(), Some(code), "{cell}");
        }
        assert_eq!(parse("Atlantis"), None);
    }
}
