//! The address of a site as people paste it.

use rpc::Error;
use url::Url;

/// What is behind the site's own address when it was copied from a page of WordPress itself.
const INSIDE: &[&str] = &["/wp-admin", "/wp-login.php", "/wp-json", "/index.php", "/xmlrpc.php"];

/// The address with its scheme, and without what does not belong to it: a query, a page of WordPress, a slash in the end.
pub(super) fn read(text: &str) -> rpc::Result<String> {
    let text = text.trim();
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let mut url = Url::parse(&text).map_err(|_| invalid())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid());
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message = "The address holds a user or a password. Leave them out, and give them in their own fields.";
        return Err(Error::invalid("url", message));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().to_owned();
    let end = INSIDE.iter().filter_map(|inside| path.find(inside)).min();
    url.set_path(end.and_then(|end| path.get(..end)).unwrap_or(&path).trim_end_matches('/'));
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn invalid() -> Error {
    Error::invalid(
        "url",
        "This is not the address of a site. Give it as https://example.com or https://example.com/blog.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_paste_it() {
        for (pasted, read_as) in [
            ("example.com", "https://example.com"),
            (" https://Example.com/ ", "https://example.com"),
            ("https://example.com/blog/", "https://example.com/blog"),
            ("https://example.com/blog/wp-admin/profile.php?user=1#top", "https://example.com/blog"),
            ("https://example.com/wp-json/", "https://example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(read(pasted).unwrap(), read_as, "{pasted}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_site_is_refused() {
        for pasted in ["", "ftp://example.com", "https://", "https://ada:secret@example.com", "not an address"] {
            assert_eq!(read(pasted).unwrap_err().violations()[0].field, "url", "{pasted}");
        }
    }
}
