//! The markup of articles.

use uuid::Uuid;

const ONE: &str = "0190b3a4-0000-7000-8000-000000000001";
const OTHER: &str = "0190b3a4-0000-7000-8000-000000000002";

fn article() -> String {
    html::clean(&format!(
        r#"<h2>Shoes</h2><p>Run <strong>fast</strong>, run&nbsp;far &amp; <em>safe</em>ly.</p>
        <figure><img src="igny8-image:{ONE}" alt="a > b"><figcaption>One</figcaption></figure>
        <table><tr><th scope="col">A</th><td colspan="2">B</td></tr></table>
        <p><a href="https://example.com/x?a=1&amp;b=2">there</a></p><img src="igny8-image:{OTHER}" alt="">"#
    ))
}

#[test]
fn an_article_keeps_its_markup() {
    let article = article();
    for kept in [
        "<h2>Shoes</h2>",
        "<strong>fast</strong>",
        "<figcaption>One</figcaption>",
        r#"<th scope="col">"#,
        r#"colspan="2""#,
    ] {
        assert!(article.contains(kept), "{kept} is gone: {article}");
    }
    assert!(article.contains(r#"<a href="https://example.com/x?a=1&amp;b=2" rel="noopener">there</a>"#), "{article}");
}

#[test]
fn the_first_heading_is_left_to_the_page() {
    assert_eq!(html::clean("<h1 class=\"x\">Shoes</h1>"), "<h2>Shoes</h2>");
}

#[test]
fn pictures_are_found_in_their_order() {
    assert_eq!(html::images(&article()), [ONE, OTHER].map(|id| Uuid::parse_str(id).unwrap()));
}

#[test]
fn a_picture_gets_its_address_and_one_without_goes() {
    let shown = html::rewrite_images(&article(), |id| {
        (id.to_string() == ONE).then(|| "https://cdn.example/a?b=1&c=\"".to_owned())
    });
    assert!(shown.contains(r#"src="https://cdn.example/a?b=1&amp;c=&quot;""#), "{shown}");
    assert_eq!(shown.matches("<img").count(), 1, "{shown}");
    assert!(shown.contains("<figcaption>One</figcaption>") && shown.contains(">there</a>"), "{shown}");
}

#[test]
fn words_are_what_a_reader_would_count() {
    assert_eq!(html::text(&article()), "Shoes Run fast, run far & safely. One A B there");
    assert_eq!(html::words(&article()), 10);
    assert_eq!(html::words(""), 0);
}
