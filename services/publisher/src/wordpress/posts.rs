//! Posts of a site: found by their marker, made as drafts, and written by their id.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Fault, Site};

const POSTS: &str = "/wp/v2/posts";

/// A post as the site has it.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: i64,
    /// Its address; while it is a draft, that of the draft.
    pub(crate) url: String,
    pub(crate) page: Page,
}

/// What we write of a post. Empty values are not sent: the site's own stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Page {
    pub(crate) status: String,
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) excerpt: String,
    pub(crate) featured_media: i64,
    pub(crate) categories: Vec<i64>,
    pub(crate) tags: Vec<i64>,
    pub(crate) meta: BTreeMap<String, String>,
    /// When it was changed last, as the site writes it. Never sent.
    pub(crate) modified: String,
}

impl Page {
    /// The body of the request that writes it.
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        let texts = [
            ("status", &self.status),
            ("slug", &self.slug),
            ("title", &self.title),
            ("content", &self.content),
            ("excerpt", &self.excerpt),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            body.insert(name.to_owned(), json!(text));
        }
        if self.featured_media > 0 {
            body.insert("featured_media".to_owned(), json!(self.featured_media));
        }
        for (name, ids) in [("categories", &self.categories), ("tags", &self.tags)] {
            if !ids.is_empty() {
                body.insert(name.to_owned(), json!(ids));
            }
        }
        if !self.meta.is_empty() {
            body.insert("meta".to_owned(), json!(self.meta));
        }
        Value::Object(body)
    }

    fn read(post: &Value) -> Self {
        let text = |path: &str| post.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ids = |name: &str| {
            let ids = post.get(name).and_then(Value::as_array).into_iter().flatten();
            let mut ids: Vec<i64> = ids.filter_map(Value::as_i64).collect();
            ids.sort_unstable();
            ids
        };
        let meta = post.get("meta").and_then(Value::as_object).into_iter().flatten();
        let meta = meta.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        Self {
            status: text("/status"),
            slug: text("/slug"),
            title: text("/title/raw"),
            content: text("/content/raw"),
            excerpt: text("/excerpt/raw"),
            featured_media: post.get("featured_media").and_then(Value::as_i64).unwrap_or_default(),
            categories: ids("categories"),
            tags: ids("tags"),
            meta: meta.collect(),
            modified: text("/modified_gmt"),
        }
    }
}

impl Post {
    fn read(post: &Value) -> Option<Self> {
        let url = post.get("link").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Self { id: post.get("id")?.as_i64()?, url, page: Page::read(post) })
    }
}

/// The posts that carry the marker, drafts too, the oldest first. Those in the bin are not among them.
pub(crate) async fn marked(site: &Site, marker: &str) -> Result<Vec<Post>, Fault> {
    let query = [
        ("search", marker),
        ("status", "any"),
        ("context", "edit"),
        ("orderby", "id"),
        ("order", "asc"),
        ("per_page", "50"),
    ];
    let answer = site.get(POSTS, &query).await?;
    let posts = answer.body.as_array().ok_or_else(|| site.unreadable())?;
    // The search also finds a page that quotes the marker in its text.
    let comment = format!("<!-- {marker} -->");
    Ok(posts.iter().filter_map(Post::read).filter(|post| post.page.content.contains(&comment)).collect())
}

pub(crate) async fn get(site: &Site, id: i64) -> Result<Post, Fault> {
    let answer = site.get(&format!("{POSTS}/{id}"), &[("context", "edit")]).await?;
    Post::read(&answer.body).ok_or_else(|| site.unreadable())
}

/// When each of these posts, a hundred at most, was changed last. Those in the bin, and those that are gone, are not among them.
pub(crate) async fn dates(site: &Site, ids: &[i64]) -> Result<HashMap<i64, String>, Fault> {
    let ids = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let query = [("include", ids.as_str()), ("status", "any"), ("per_page", "100"), ("_fields", "id,modified_gmt")];
    let answer = site.get(POSTS, &query).await?;
    let posts = answer.body.as_array().ok_or_else(|| site.unreadable())?;
    let date = |post: &Value| Some((post.get("id")?.as_i64()?, post.get("modified_gmt")?.as_str()?.to_owned()));
    Ok(posts.iter().filter_map(date).collect())
}

/// Not to be repeated without a look for what the first one has made.
pub(crate) async fn create(site: &Site, page: &Page) -> Result<Post, Fault> {
    let answer = site.post(POSTS, &[], &page.body()).await?;
    Post::read(&answer.body).ok_or_else(|| site.unreadable())
}

/// May be repeated: it names the one post that it writes.
pub(crate) async fn write(site: &Site, id: i64, page: &Page) -> Result<Post, Fault> {
    let answer = site.post(&format!("{POSTS}/{id}"), &[], &page.body()).await?;
    Post::read(&answer.body).ok_or_else(|| site.unreadable())
}

pub(crate) async fn trash(site: &Site, id: i64) -> Result<(), Fault> {
    site.delete(&format!("{POSTS}/{id}"), &[]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_are_not_sent() {
        let page = Page { title: "Rye".into(), tags: vec![3], ..Page::default() };
        assert_eq!(page.body(), json!({"title": "Rye", "tags": [3]}));
    }

    #[test]
    fn a_post_is_read_as_it_is_edited_and_not_as_it_is_shown() {
        let post = json!({
            "id": 7, "link": "https://site.example/rye/", "status": "publish", "slug": "rye",
            "title": {"raw": "Rye & spelt", "rendered": "Rye &#038; spelt"},
            "content": {"raw": "<p>a</p>"}, "tags": [9, 2], "meta": {"seo": "x", "footnotes": 3},
        });
        let post = Post::read(&post).unwrap();
        assert_eq!((post.id, post.page.title.as_str(), post.page.tags.as_slice()), (7, "Rye & spelt", &[2, 9][..]));
        assert_eq!(post.page.meta.len(), 1);
        assert!(Post::read(&json!({"code": "x"})).is_none());
    }
}
