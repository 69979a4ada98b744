//! What a revision is made of: everything in an article that is written.

use contracts::writer::v1 as pb;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Mask, Result};
use uuid::Uuid;

use super::{owned_by, slug};
use crate::schema::igny8_content;

/// The written columns of `igny8_content`. The markup is clean, and the words are those that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = igny8_content)]
pub struct Texts {
    pub title: String,
    pub meta_title: String,
    pub meta_description: String,
    pub slug: String,
    pub excerpt: String,
    pub html: String,
    pub primary_keyword: String,
    pub secondary_keywords: Vec<String>,
    pub tags: Vec<String>,
    pub categories: Vec<String>,
    pub word_count: i32,
}

impl Texts {
    /// Makes it fit to be stored: clean markup with its words counted, a slug, and no lists with the same twice.
    pub(super) fn settled(mut self) -> Self {
        self.html = html::clean(&self.html);
        self.word_count = i32::try_from(html::words(&self.html)).unwrap_or(i32::MAX);
        self.title = self.title.trim().to_owned();
        self.slug = slug(if self.slug.trim().is_empty() { &self.title } else { &self.slug });
        for list in [&mut self.secondary_keywords, &mut self.tags, &mut self.categories] {
            *list = once_each(list);
        }
        self
    }

    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let row = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq(id));
        Ok(row.select(Self::as_select()).first(conn).await?)
    }

    /// With what a change names.
    pub(super) fn with(self, request: &pb::UpdateContentRequest) -> Self {
        let mask = Mask::of(&request.update_mask);
        let text = |field: &str, new: &str, old: String| mask.when(field, new.to_owned()).unwrap_or(old);
        let list = |field: &str, new: &[String], old: Vec<String>| mask.when(field, new.to_vec()).unwrap_or(old);
        let changed = Self {
            title: text("title", &request.title, self.title),
            meta_title: text("meta_title", &request.meta_title, self.meta_title),
            meta_description: text("meta_description", &request.meta_description, self.meta_description),
            slug: text("slug", &request.slug, self.slug),
            excerpt: text("excerpt", &request.excerpt, self.excerpt),
            html: text("html", &request.html, self.html),
            primary_keyword: text("primary_keyword", &request.primary_keyword, self.primary_keyword),
            secondary_keywords: list("secondary_keywords", &request.secondary_keywords, self.secondary_keywords),
            tags: list("tags", &request.tags, self.tags),
            categories: list("categories", &request.categories, self.categories),
            word_count: self.word_count,
        };
        changed.settled()
    }
}

impl From<&pb::CreateContentRequest> for Texts {
    fn from(request: &pb::CreateContentRequest) -> Self {
        Self {
            title: request.title.clone(),
            meta_title: request.meta_title.clone(),
            meta_description: request.meta_description.clone(),
            slug: request.slug.clone(),
            excerpt: request.excerpt.clone(),
            html: request.html.clone(),
            primary_keyword: request.primary_keyword.clone(),
            secondary_keywords: request.secondary_keywords.clone(),
            tags: request.tags.clone(),
            categories: request.categories.clone(),
            word_count: 0,
        }
    }
}

fn once_each(texts: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.filter(|text| seen.insert(text.to_lowercase())).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_clean_and_counted() {
        let texts = Texts {
            title: " Rye Bread ".to_owned(),
            html: "<h1>Rye</h1><p onclick=\"steal()\">Two words</p><script>steal()</script>".to_owned(),
            tags: vec!["Bread".to_owned(), " bread".to_owned(), String::new()],
            ..Texts::default()
        };
        let texts = texts.settled();
        assert_eq!(texts.html, "<h2>Rye</h2><p>Two words</p>");
        assert_eq!((texts.slug.as_str(), texts.word_count, texts.tags.len()), ("rye-bread", 3, 1));
        assert_eq!(texts.clone().settled(), texts);
    }
}
