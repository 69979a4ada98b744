//! Categories and tags: made, or found where they are there already.

use serde_json::{Value, json};

use super::{Fault, Site};

/// What a post is filed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taxonomy {
    Categories,
    Tags,
}

impl Taxonomy {
    fn path(self) -> &'static str {
        match self {
            Self::Categories => "/wp/v2/categories",
            Self::Tags => "/wp/v2/tags",
        }
    }
}

/// The id of the term with this name; none where the user may not make it and it is not there. May be repeated: the site refuses to make a
/// term twice and names the one that it has.
pub(crate) async fn ensure(site: &Site, taxonomy: Taxonomy, name: &str) -> Result<Option<i64>, Fault> {
    match site.post(taxonomy.path(), &[], &json!({ "name": name })).await {
        Ok(answer) => Ok(Some(answer.body.get("id").and_then(Value::as_i64).ok_or_else(|| site.unreadable())?)),
        Err(fault) if fault.term_id().is_some() => Ok(fault.term_id()),
        Err(fault) if fault.code() == "rest_cannot_create" => find(site, taxonomy, name).await,
        Err(fault) => Err(fault),
    }
}

async fn find(site: &Site, taxonomy: Taxonomy, name: &str) -> Result<Option<i64>, Fault> {
    let answer = site.get(taxonomy.path(), &[("search", name), ("per_page", "100")]).await?;
    let terms = answer.body.as_array().ok_or_else(|| site.unreadable())?;
    // Names come back as markup.
    let same = |term: &&Value| {
        let found = term.get("name").and_then(Value::as_str).unwrap_or_default();
        html::text(found).eq_ignore_ascii_case(name)
    };
    Ok(terms.iter().find(same).and_then(|term| term.get("id")?.as_i64()))
}
