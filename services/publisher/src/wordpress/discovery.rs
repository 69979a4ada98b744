//! Finding the API of an address: what the home page names in its `Link` header, else the two places where it usually is.
//!
//! Redirects are followed by hand, three at most and without credentials. Credentials will go to what is found here, so it has to be on the
//! host that the person typed, with or without `www.`.

use bytes::Bytes;
use http::header::{ACCEPT, LINK, LOCATION};
use http::{Method, Request, Response};
use outbound::Body;
use serde_json::Value;
use url::Url;

use super::answer::{self, Answer, header};
use super::fault::{Class, Fault};
use super::{Root, Wire};

const REDIRECTS: usize = 3;
const RELATION: &str = "https://api.w.org/";

/// A WordPress with its API.
#[derive(Debug, Clone)]
pub struct Found {
    pub root: Root,
    /// What the API says of itself.
    pub index: Value,
    /// The address under `/wp-json/` that the home page names does not answer, but the API does elsewhere.
    pub is_detour: bool,
}

/// The home page, and what it says of the API.
struct Home {
    url: Url,
    named: Option<Url>,
    response: Response<Bytes>,
}

/// Finds the API of a site.
pub async fn discover(wire: &Wire, address: &str) -> Result<Found, Fault> {
    let address = Url::parse(address).map_err(|_| Fault::before(Class::WrongRoot, address))?;
    let home = visit(wire, &address).await?;
    let mut first = None;
    for (number, place) in places(&home).into_iter().enumerate() {
        match index(wire, &place).await {
            Ok(index) => {
                let is_detour = number > 0 && home.named.is_some();
                return Ok(Found { root: Root::new(place), index, is_detour });
            }
            Err(fault) if is_final(&fault) => return Err(fault),
            Err(fault) => drop(first.get_or_insert(fault)),
        }
    }
    Err(explain(&home, first))
}

/// Goes to the home page, wherever on its host that is.
async fn visit(wire: &Wire, address: &Url) -> Result<Home, Fault> {
    let mut url = address.clone();
    for _ in 0..=REDIRECTS {
        let response = ask_home(wire, &url).await?;
        if !response.status().is_redirection() {
            return arrive(url, response, address);
        }
        let target = header(response.headers(), LOCATION.as_str()).and_then(|target| url.join(target).ok());
        let target = target.ok_or_else(|| Fault::before(Class::BrokenAnswer, host(&url)))?;
        if target.path().ends_with("/wp-login.php") {
            return Err(Fault::before(Class::SignInWall, host(&url)));
        }
        if !is_same_site(address, &target) {
            return Err(moved(address, &target));
        }
        url = target;
    }
    Err(Fault::before(Class::BrokenAnswer, host(address)))
}

/// HEAD is enough where the header is; the page itself is fetched where it is not.
async fn ask_home(wire: &Wire, url: &Url) -> Result<Response<Bytes>, Fault> {
    let head = wire.send(request(Method::HEAD, url)?).await?;
    if head.status().is_redirection() || named(url, &head).is_some() {
        return Ok(head);
    }
    wire.send(request(Method::GET, url)?).await
}

fn arrive(url: Url, response: Response<Bytes>, address: &Url) -> Result<Home, Fault> {
    let named = named(&url, &response);
    if let Some(root) = named.as_ref().filter(|root| !is_same_site(address, root)) {
        return Err(moved(address, root));
    }
    let is_page = response.status().is_success() || response.status() == http::StatusCode::NOT_FOUND;
    if named.is_none() && !is_page {
        return Err(answer::fault(host(&url), &response, None));
    }
    Ok(Home { url, named, response })
}

/// What the `Link` header names.
fn named(url: &Url, response: &Response<Bytes>) -> Option<Url> {
    let links = response.headers().get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let target = links.flat_map(|value| value.split(',')).find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        parameters.contains(RELATION).then_some(target)
    })?;
    let mut root = url.join(target).ok()?;
    // Sites behind a proxy that ends TLS name themselves without it.
    if url.scheme() == "https" && root.scheme() == "http" {
        root.set_scheme("https").ok()?;
    }
    Some(root)
}

/// Where to look, the likeliest first.
fn places(home: &Home) -> Vec<Url> {
    let mut readable = home.url.clone();
    readable.set_query(None);
    readable.set_path(&format!("{}/wp-json/", home.url.path().trim_end_matches('/')));
    let mut plain = home.url.clone();
    plain.set_query(Some("rest_route=/"));
    let named = home.named.clone().unwrap_or(readable);
    if Root::new(named.clone()).is_plain() { vec![named] } else { vec![named, plain] }
}

async fn index(wire: &Wire, place: &Url) -> Result<Value, Fault> {
    let url = Root::new(place.clone()).at("/", &[("_fields", "name,authentication,namespaces")]);
    let response = wire.send(request(Method::GET, &url)?).await?;
    let answer = Answer::read(host(place), &response)?;
    if answer.body.get("namespaces").is_some() {
        Ok(answer.body)
    } else {
        Err(Fault::before(Class::NoRoute, host(place)))
    }
}

/// Another place would not answer better, and asking would be a burden.
fn is_final(fault: &Fault) -> bool {
    !matches!(
        fault.class(),
        Class::NoRoute | Class::Page | Class::Firewall | Class::Gone | Class::RestDisabled | Class::Moved
    )
}

/// What it means that no place answered.
fn explain(home: &Home, first: Option<Fault>) -> Fault {
    let name = host(&home.url);
    let text = String::from_utf8_lossy(home.response.body());
    match first {
        Some(fault) if !matches!(fault.class(), Class::NoRoute | Class::Page | Class::Gone | Class::Moved) => fault,
        _ if home.named.is_some() => Fault::before(Class::RestDisabled, name),
        _ => match folder(&home.url, &text) {
            Some(at) if at.as_str().trim_end_matches('/') == home.url.as_str().trim_end_matches('/') => {
                Fault::before(Class::RestDisabled, name)
            }
            Some(at) => Fault::before(Class::WrongRoot, name).with_detail(at.as_str().trim_end_matches('/')),
            None if home.response.status() == http::StatusCode::NOT_FOUND => Fault::before(Class::WrongRoot, name),
            None => Fault::before(Class::NotWordpress, name),
        },
    }
}

/// Where the WordPress is whose files a page uses, if they are on the same host.
fn folder(home: &Url, text: &str) -> Option<Url> {
    let (before, _) = ["/wp-content/", "/wp-includes/"].iter().find_map(|inside| text.split_once(inside))?;
    let start = before.rfind(['"', '\'', '(', ' ', '=']).map_or(0, |at| at + 1);
    let folder = home.join(&format!("{}/", before.get(start..)?)).ok()?;
    is_same_site(home, &folder).then_some(folder)
}

fn request(method: Method, url: &Url) -> Result<Request<Body>, Fault> {
    let request =
        Request::builder().method(method).uri(url.as_str()).header(ACCEPT, "text/html, application/json, */*");
    request.body(Body::from("")).map_err(|_| Fault::before(Class::WrongRoot, host(url)))
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Whether what was given for one address may be sent to the other.
fn is_same_site(address: &Url, other: &Url) -> bool {
    let plain = |url: &Url| host(url).trim_start_matches("www.").to_owned();
    let is_safe = address.scheme() == other.scheme() || other.scheme() == "https";
    plain(address) == plain(other) && is_safe && matches!(other.scheme(), "http" | "https")
}

fn moved(address: &Url, target: &Url) -> Fault {
    Fault::before(Class::Moved, host(address)).with_detail(host(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_api_is_what_the_link_says() {
        let named_in = |link: &str| {
            let response = Response::builder().header(LINK, link).body(Bytes::new()).unwrap();
            named(&url("https://example.com/"), &response).map(|root| root.to_string())
        };
        let both =
            "<https://example.com/feed>; rel=alternate, <http://example.com/blog/wp-json/>; rel=\"https://api.w.org/\"";
        assert_eq!(named_in(both).unwrap(), "https://example.com/blog/wp-json/");
        assert_eq!(named_in("<https://example.com/feed>; rel=alternate"), None);
    }

    #[test]
    fn a_password_goes_to_the_host_that_it_was_given_for() {
        let same = |one, other| is_same_site(&url(one), &url(other));
        assert!(same("https://example.com", "https://www.example.com/"));
        assert!(same("http://example.com", "https://example.com/"));
        assert!(!same("https://example.com", "http://example.com/"));
        assert!(!same("https://example.com", "https://example.com.evil.test/"));
        assert!(!same("https://example.com", "https://blog.example.com/"));
    }

    #[test]
    fn a_page_gives_away_in_which_folder_its_wordpress_is() {
        let at = |text: &str| folder(&url("https://example.com/"), text).map(|url| url.to_string());
        assert_eq!(at(r#"<link href="/blog/wp-content/themes/a.css">"#).unwrap(), "https://example.com/blog/");
        assert_eq!(at("<img src='https://example.com/wp-content/a.png'>").unwrap(), "https://example.com/");
        assert_eq!(at(r#"<img src="https://cdn.test/wp-content/a.png">"#), None);
        assert_eq!(at("<h1>Hello</h1>"), None);
    }
}
