//! Pictures on a site. Each is named by its content, so that it can be found again and is never uploaded twice.

use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Fault, Site};

const MEDIA: &str = "/wp/v2/media";

/// A picture on the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Medium {
    pub(crate) id: i64,
    pub(crate) url: String,
}

impl Medium {
    fn read(medium: &Value) -> Option<Self> {
        let url = medium.get("source_url")?.as_str()?.to_owned();
        Some(Self { id: medium.get("id")?.as_i64()?, url })
    }
}

/// What a picture is called there.
pub(crate) fn slug(sha256: &[u8]) -> String {
    let mut slug = "igny8-".to_owned();
    for byte in sha256.iter().take(16) {
        let _ = write!(slug, "{byte:02x}"); // a String takes whatever is written
    }
    slug
}

/// The picture with this id, unless it was deleted.
pub(crate) async fn get(site: &Site, id: i64) -> Result<Option<Medium>, Fault> {
    match site.get(&format!("{MEDIA}/{id}"), &[("_fields", "id,source_url")]).await {
        Ok(answer) => Ok(Medium::read(&answer.body)),
        Err(fault) if fault.is_missing() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The picture of this name.
pub(crate) async fn find(site: &Site, slug: &str) -> Result<Option<Medium>, Fault> {
    let answer = site.get(MEDIA, &[("slug", slug), ("_fields", "id,source_url")]).await?;
    let found = answer.body.as_array().ok_or_else(|| site.unreadable())?;
    Ok(found.iter().find_map(Medium::read))
}

/// Puts a picture on the site. Not to be repeated without a look for what the first one has made.
pub(crate) async fn upload(site: &Site, slug: &str, content_type: &str, file: Bytes) -> Result<Medium, Fault> {
    let ending = match content_type {
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        _ => "jpg",
    };
    let answer = site.upload(&format!("{slug}.{ending}"), content_type, file).await?;
    Medium::read(&answer.body).ok_or_else(|| site.unreadable())
}

/// Says what a picture shows, for those who do not see it.
pub(crate) async fn describe(site: &Site, id: i64, alt: &str) -> Result<(), Fault> {
    site.post(&format!("{MEDIA}/{id}"), &[], &json!({ "alt_text": alt })).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_named_by_the_beginning_of_its_hash() {
        assert_eq!(slug(&[0xab; 32]), format!("igny8-{}", "ab".repeat(16)));
    }
}
