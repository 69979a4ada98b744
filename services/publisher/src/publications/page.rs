//! An article made ready for one site: its pictures and terms are there, and its text names them.

use std::collections::HashMap;

use contracts::writer::v1::PublishableImage;
use uuid::Uuid;

use super::Publication;
use super::article::Article;
use super::driver::Claim;
use super::media;
use super::settle::Stop;
use crate::App;
use crate::wordpress::seo::{self, Seo};
use crate::wordpress::terms::{self, Taxonomy};
use crate::wordpress::{Medium, Page, Site};

/// What is sent, but for its status.
pub(super) async fn assemble(
    app: &App,
    claim: &Claim,
    publication: &Publication,
    (site, article): (&Site, &Article),
) -> Result<Page, Stop> {
    let pictures = media::ensure(app, claim, publication, (site, &article.whole.images)).await?;
    let categories = terms(site, Taxonomy::Categories, &article.whole.categories).await?;
    let tags = terms(site, Taxonomy::Tags, &article.whole.tags).await?;
    let whole = &article.whole;
    let title = if whole.meta_title.is_empty() { &whole.title } else { &whole.meta_title };
    let seo = Seo { title, description: &whole.meta_description, keyword: &whole.primary_keyword };
    let meta = seo::fields(site, seo).await?;
    // Themes show the excerpt to search engines where no plugin does better.
    let excerpt = if seo::describes(&meta) || whole.meta_description.is_empty() {
        whole.excerpt.clone()
    } else {
        whole.meta_description.clone()
    };
    Ok(Page {
        status: String::new(),
        slug: whole.slug.clone(),
        title: whole.title.clone(),
        content: content(&publication.marker(), &whole.html, &pictures),
        excerpt,
        featured_media: featured(&whole.images, &pictures),
        categories,
        tags,
        meta,
        modified: String::new(),
    })
}

async fn terms(site: &Site, taxonomy: Taxonomy, names: &[String]) -> Result<Vec<i64>, Stop> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        ids.extend(terms::ensure(site, taxonomy, name).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Cleaned again: what was stored may be older than the policy. The marker goes in afterwards, which cleaning would take out.
fn content(marker: &str, html: &str, pictures: &HashMap<Uuid, Medium>) -> String {
    let html = html::clean(html);
    let html = html::rewrite_images(&html, |id| pictures.get(&id).map(|picture| picture.url.clone()));
    format!("<!-- {marker} -->\n{html}")
}

fn featured(images: &[PublishableImage], pictures: &HashMap<Uuid, Medium>) -> i64 {
    let featured = images.iter().find(|image| image.featured);
    let id = featured.and_then(|image| Uuid::try_parse(&image.image_id).ok());
    id.and_then(|id| pictures.get(&id)).map_or(0, |picture| picture.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_cleaned_marked_and_shows_the_pictures_of_the_site() {
        let (there, missing) = (Uuid::now_v7(), Uuid::now_v7());
        let html = format!(
            "<p onclick=\"x()\">Rye</p><script>x()</script><img src=\"igny8-image:{there}\" alt=\"Loaf\"><img src=\"igny8-image:{missing}\" alt=\"\">"
        );
        let medium = Medium { id: 4, url: "https://site.example/loaf.webp".into() };
        let content = content("igny8:0a", &html, &HashMap::from([(there, medium)]));
        assert!(
            content.starts_with("<!-- igny8:0a -->\n<p>Rye</p><img src=\"https://site.example/loaf.webp\""),
            "{content}"
        );
        assert!(!content.contains("script") && !content.contains("igny8-image"), "{content}");
    }
}
