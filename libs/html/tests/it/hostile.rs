//! Markup that wants something else than to be read.

use proptest::prelude::*;

/// Each with words that must not survive.
const ATTACKS: &[(&str, &[&str])] = &[
    ("<script>steal()</script>", &["script", "steal"]),
    ("<ScRiPt src=//evil.example></sCrIpT>", &["evil"]),
    ("<img src=x onerror=steal()>", &["onerror", "steal", "<img"]),
    ("<img src=\"https://tracker.example/p.gif\">", &["tracker", "<img"]),
    ("<img src=\"data:image/png;base64,AAAA\">", &["data:", "<img"]),
    ("<p onclick=\"steal()\" style=\"background:url(javascript:steal())\">x</p>", &["onclick", "style", "steal"]),
    ("<a href=\"javascript:steal()\">x</a>", &["javascript", "steal"]),
    ("<a href=\" jAvAsCrIpT&colon;steal()\">x</a>", &["steal"]),
    ("<a href=\"java\nscript:steal()\">x</a>", &["steal"]),
    ("<a href=\"data:text/html,<script>steal()</script>\">x</a>", &["data:", "steal"]),
    ("<a href=\"vbscript:steal()\">x</a>", &["vbscript"]),
    ("<iframe src=\"https://evil.example\"></iframe>", &["iframe", "evil"]),
    ("<object data=\"evil.swf\"></object><embed src=\"evil.swf\">", &["object", "embed", "evil"]),
    ("<form action=\"https://evil.example\"><input name=password></form>", &["form", "input", "evil"]),
    ("<svg><script>steal()</script></svg>", &["svg", "steal"]),
    ("<svg><style><img src=x onerror=steal()></style></svg>", &["svg", "onerror"]),
    ("<math><mi//xlink:href=\"data:x,<script>steal()</script>\">", &["math", "steal"]),
    (
        "<math><annotation-xml encoding=\"text/html\"><style><img src=x onerror=steal()></style></annotation-xml></math>",
        &["onerror", "annotation"],
    ),
    ("<form><math><mtext></form><form><mglyph><style></math><img src onerror=steal()>", &["onerror", "<form"]),
    ("<svg></p><style><a id=\"</style><img src=1 onerror=steal()>\">", &["onerror", "<svg"]),
    ("<noscript><p title=\"</noscript><img src=x onerror=steal()>\"></noscript>", &["onerror"]),
    ("<template><img src=x onerror=steal()></template>", &["onerror", "template"]),
    ("<!--><img src=x onerror=steal()>-->", &["onerror"]),
    ("<base href=\"https://evil.example/\">", &["base", "evil"]),
    ("<meta http-equiv=refresh content=\"0;url=https://evil.example\">", &["meta", "evil"]),
    ("<link rel=stylesheet href=\"https://evil.example\">", &["link", "evil"]),
    ("<textarea><img src=x onerror=steal()></textarea>", &["<img", "textarea"]),
    ("<title><img src=x onerror=steal()></title>", &["<img", "<title"]),
    ("<a href=\"igny8-image:0190b3a4-0000-7000-8000-000000000000\">x</a>", &["igny8-image"]),
];

#[test]
fn nothing_that_acts_survives() {
    for (attack, gone) in ATTACKS {
        let cleaned = html::clean(attack).to_lowercase();
        for word in *gone {
            assert!(!tags(&cleaned).contains(word), "{attack} left {word}: {cleaned}");
        }
    }
}

/// Only the tags: as text the same words are harmless.
fn tags(html: &str) -> String {
    html.split('<').skip(1).flat_map(|tag| ["<", tag.split_once('>').map_or(tag, |(tag, _)| tag)]).collect()
}

#[test]
fn the_text_of_a_script_goes_with_it() {
    assert_eq!(html::clean("a<script>let x = 1</script><style>p {}</style>b"), "ab");
}

proptest! {
    #[test]
    fn cleaning_twice_changes_nothing(start in prop::sample::select(ATTACKS), parts in prop::collection::vec(piece(), 0..12)) {
        let once = html::clean(&format!("{}{}", start.0, parts.concat()));
        prop_assert_eq!(&html::clean(&once), &once);
        prop_assert!(!tags(&once.to_lowercase()).contains("onerror"));
    }

    #[test]
    fn any_text_can_be_read(text in ".{0,200}") {
        let cleaned = html::clean(&text);
        html::words(&cleaned);
        html::images(&cleaned);
    }

    #[test]
    fn escaped_text_comes_back_as_it_was(text in "[a-z<>&\" ]{0,40}") {
        let words: Vec<_> = text.split_whitespace().collect();
        prop_assert_eq!(html::text(&html::clean(&html::escape(&text))), words.join(" "));
    }
}

fn piece() -> impl Strategy<Value = String> {
    let markup = [
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<table>",
        "<tr>",
        "<td colspan=2>",
        "</table>",
        "<a href='/x'>",
        "</a>",
        "<svg>",
        "</svg>",
        "<math>",
        "<style>",
        "</style>",
        "<h1 id=x>",
        "</h1>",
        "<li>",
        "<ul>",
        "<img src=x onerror=y>",
        "\"",
        "'",
        "&lt;",
        "<!--",
        "-->",
        "<mtext>",
    ];
    prop_oneof![prop::sample::select(markup.to_vec()).prop_map(str::to_owned), "[a-z <>\"&=]{0,8}"]
}
