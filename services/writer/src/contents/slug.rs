//! The last part of a page's address.

use db::AccountConn;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

/// As many characters as an address line shows.
const LONGEST: usize = 80;

/// Lower case words joined by hyphens, at most 80 characters; never empty.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    let lower = text.to_lowercase().replace(['\'', '’'], "");
    for word in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() && slug.chars().count() + word.chars().count() >= LONGEST {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(LONGEST));
    }
    if slug.is_empty() { "article".to_owned() } else { slug }
}

#[derive(QueryableByName)]
struct Free {
    #[diesel(sql_type = Text)]
    slug: String,
}

/// The slug of a text, with a number behind it where another article of the site has it. It stays free to the end of the transaction.
pub async fn free_slug(conn: &mut AccountConn, site: Uuid, article: Uuid, text: &str) -> Result<String> {
    let account = conn.account().uuid();
    let statement = db::statement("SELECT app.free_slug($1, $2, $3, $4) AS slug").bind::<SqlUuid, _>(account);
    let statement = statement.bind::<SqlUuid, _>(site).bind::<Text, _>(slug(text)).bind::<SqlUuid, _>(article);
    let free: Free = statement.get_result(conn).await?;
    Ok(free.slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_words_and_hyphens_and_settles() {
        assert_eq!(slug("How to Bake Rye Bread: A Baker’s Guide!"), "how-to-bake-rye-bread-a-bakers-guide");
        assert_eq!(slug("--already-a-slug--"), "already-a-slug");
        assert_eq!(slug("Brötchen & Brezeln"), "brötchen-brezeln");
        assert_eq!(slug("?!"), "article");
        let long = slug(&"word ".repeat(100));
        assert!(long.chars().count() <= 80 && long.ends_with("word"), "{long}");
        assert_eq!(slug(&long), long);
        assert_eq!(slug(&"x".repeat(300)).len(), 80);
    }
}
