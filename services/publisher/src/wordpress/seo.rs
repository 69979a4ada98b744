//! What search engines are told: fields of the plugins that the site lets us write.
//!
//! A plugin that is there but does not open its fields would ignore them and answer success, so the site is asked which it takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Fault, Site};

/// Title, description and keyword in the words of Yoast SEO, Rank Math and SEOPress.
const FIELDS: &[[&str; 3]] = &[
    ["_yoast_wpseo_title", "_yoast_wpseo_metadesc", "_yoast_wpseo_focuskw"],
    ["rank_math_title", "rank_math_description", "rank_math_focus_keyword"],
    ["_seopress_titles_title", "_seopress_titles_desc", "_seopress_analysis_target_kw"],
];

/// What an article says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seo<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    pub(crate) keyword: &'a str,
}

/// The fields that this site takes, with their values.
pub(crate) async fn fields(site: &Site, seo: Seo<'_>) -> Result<BTreeMap<String, String>, Fault> {
    let answer = site.options("/wp/v2/posts").await?;
    Ok(taken(&answer.body, seo))
}

fn taken(options: &Value, seo: Seo<'_>) -> BTreeMap<String, String> {
    let Some(writable) = options.pointer("/schema/properties/meta/properties").and_then(Value::as_object) else {
        return BTreeMap::new();
    };
    let values = [seo.title, seo.description, seo.keyword];
    let pairs = FIELDS.iter().flat_map(|names| names.iter().zip(values));
    let pairs = pairs.filter(|(name, value)| !value.is_empty() && writable.contains_key(**name));
    pairs.map(|(name, value)| ((*name).to_owned(), value.to_owned())).collect()
}

/// Whether the description is among them.
pub(crate) fn describes(fields: &BTreeMap<String, String>) -> bool {
    FIELDS.iter().any(|[_, description, _]| fields.contains_key(*description))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SEO: Seo<'_> = Seo { title: "T", description: "D", keyword: "K" };

    #[test]
    fn only_what_the_site_takes_is_sent() {
        let options = json!({"schema": {"properties": {"meta": {"properties": {
            "_seopress_titles_title": {}, "_seopress_titles_desc": {}, "footnotes": {}}}}}});
        let fields = taken(&options, SEO);
        assert_eq!(fields.into_values().collect::<Vec<_>>(), ["D", "T"]);
        assert!(taken(&json!({"schema": []}), SEO).is_empty());
    }

    #[test]
    fn a_site_without_a_plugin_takes_no_description() {
        assert!(!describes(&BTreeMap::new()));
        assert!(describes(&BTreeMap::from([("rank_math_description".to_owned(), "D".to_owned())])));
    }
}
