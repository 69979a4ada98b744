//! The article goes to WordPress, and its page is read as a visitor reads it.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::api::{Api, text};
use super::planning::Place;
use super::stages::Done;
use super::wordpress::WordPress;
use super::writing::Article;
use crate::progress::Step;

/// A page that everybody can read.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: String,
}

/// Connects the site, or brings its connection up to date, and tries it. Answers the connection's id.
pub(super) async fn connect(api: &Api, place: &Place, site: &WordPress) -> Result<Done<String>> {
    let login = json!({ "url": site.url, "username": site.user, "application_password": site.application_password });
    let found = api.rows(&format!("/api/v1/publisher/connections/?site_id={}", place.site)).await?;
    let connection = if let Some(connection) = found.first() {
        let path = format!("/api/v1/publisher/connections/{}/", text(connection, "/id")?);
        api.patch(&path, &login).await?
    } else {
        let mut body = login;
        body.as_object_mut().context("an object")?.insert("site_id".to_owned(), json!(place.site));
        api.post("/api/v1/publisher/connections/", &body).await?
    };
    let id = text(&connection, "/data/id")?;
    let diagnosis = api.post(&format!("/api/v1/publisher/connections/{id}/test/"), &json!({})).await?;
    let works = diagnosis.pointer("/data/works").and_then(serde_json::Value::as_bool) == Some(true);
    anyhow::ensure!(works, "{} {}", text(&diagnosis, "/data/what")?, text(&diagnosis, "/data/fix")?);
    Ok(Done::free(id, format!("{} works", site.url)))
}

pub(super) async fn publish(api: &Api, article: &Article, connection: &str, step: &Step<'_>) -> Result<Done<Page>> {
    let body = json!({ "content_id": article.id, "connection_id": connection });
    let publication = api.post("/api/v1/publisher/publications/", &body).await?;
    api.follow(&text(&publication, "/data/progress_url")?, step).await?;
    let path = format!("/api/v1/publisher/publications/{}/", text(&publication, "/data/id")?);
    let publication = api.get(&path).await?;
    let state = text(&publication, "/data/state")?;
    anyhow::ensure!(state == "published", "the publication is {state}: {publication}");
    let page = Page { url: text(&publication, "/data/url")? };
    let made = page.url.clone();
    Ok(Done::free(page, made))
}

/// Reads the page without signing in, and one of its pictures.
pub(super) async fn look(api: &Api, article: &Article, page: &Page) -> Result<Done<()>> {
    let answer = api.http.get(&page.url).send().await.context("read the page")?;
    anyhow::ensure!(answer.status().is_success(), "{} answered {}", page.url, answer.status());
    let html = answer.text().await?;
    anyhow::ensure!(plain(&html).contains(&plain(&article.title)), "the page does not show `{}`", article.title);
    let picture = uploads(&html).next().context("the page shows no picture of ours")?;
    let picture = url::Url::parse(&page.url)?.join(picture)?;
    let shown = api.http.get(picture.clone()).send().await.context("read a picture of the page")?;
    let kind = shown.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    anyhow::ensure!(shown.status().is_success() && kind.starts_with("image/"), "{picture} answered {}", shown.status());
    let size = shown.bytes().await?.len();
    Ok(Done::free((), format!("shows the title and its pictures; the first is {kind} of {} KiB", size / 1024)))
}

/// Letters and digits only: WordPress makes its own quotes and dashes.
fn plain(html: &str) -> String {
    let mut plain = String::new();
    let mut rest = html;
    while let Some(next) = rest.chars().next() {
        let entity = rest.strip_prefix('&').and_then(|after| after.split_once(';')).filter(|(name, _)| {
            !name.is_empty() && name.len() < 10 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
        });
        if let Some((_, after)) = entity {
            rest = after;
            continue;
        }
        plain.extend(Some(next).filter(|next| next.is_alphanumeric()).into_iter().flat_map(char::to_lowercase));
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    plain
}

/// The addresses of pictures that were uploaded to the site.
fn uploads(html: &str) -> impl Iterator<Item = &str> {
    let sources = html.split("src=\"").skip(1).filter_map(|after| after.split_once('"')).map(|(source, _)| source);
    sources.filter(|source| source.contains("/wp-content/uploads/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_however_wordpress_writes_its_signs() {
        let page = "<h1>Why Is My Espresso Sour? Salt &amp; Water: A Buyer&#8217;s Guide &#8211; Part 2</h1>";
        assert!(plain(page).contains(&plain("Why is my espresso sour? Salt & water: a buyer's guide - part 2")));
        assert!(!plain(page).contains(&plain("Part 3")));
        assert_eq!(plain("A & B; C"), "abc", "no entity");
    }

    #[test]
    fn only_uploaded_pictures_count() {
        let page = r#"<img src="/wp-includes/a.png"><img class="x" src="http://b/wp-content/uploads/2026/c.webp">"#;
        assert_eq!(uploads(page).collect::<Vec<_>>(), ["http://b/wp-content/uploads/2026/c.webp"]);
    }
}
