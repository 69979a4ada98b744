//! What an article must be before it is given out, whoever wrote it.

use std::collections::BTreeSet;

use contracts::ai_processor::v1 as pb;

use super::meta::{self, LONGEST_META_DESCRIPTION, LONGEST_META_TITLE};

const PLACEHOLDERS: &[&str] =
    &["lorem ipsum", "{s}", "{k}", "{q}", "{a}", "{b}", "{x}", "[insert", "todo:", "your text here"];

/// The article as one text of HTML, as the writer puts it together.
pub(super) fn whole(article: &pb::ContentResult) -> String {
    let mut html = article.intro_html.clone();
    for section in &article.sections {
        html.extend(["\n<h2>", &html::escape(&section.heading), "</h2>\n", &section.html]);
    }
    if !article.faq.is_empty() {
        html.push_str("\n<h2>Frequently asked questions</h2>");
    }
    for question in &article.faq {
        html.extend(["\n<h3>", &html::escape(&question.question), "</h3>\n", &question.answer_html]);
    }
    html.push('\n');
    html.push_str(&article.conclusion_html);
    html
}

/// The first thing that is wrong with an article.
pub(super) fn problem(input: &pb::ContentInput, article: &pb::ContentResult, wanted: usize) -> Option<&'static str> {
    let html = whole(article);
    let words = html::words(&html);
    let lower = html.to_lowercase();
    let first = article.sections.first().map(|section| html::text(&section.html)).unwrap_or_default();
    let given = given(input).to_lowercase();
    let left = |placeholder: &&&str| lower.contains(**placeholder) && !given.contains(**placeholder);
    let targets: BTreeSet<String> = input.links.iter().map(|link| html::escape(&link.url)).collect();
    let problems = [
        (
            article.title.trim().is_empty() || article.sections.is_empty() || article.intro_html.is_empty(),
            "a part is missing",
        ),
        (
            article.sections.iter().any(|section| section.html.is_empty() || section.heading.is_empty()),
            "an empty section",
        ),
        (words * 100 < wanted * 85 || words * 100 > wanted * 115, "it is too short or too long"),
        (article.meta_title.chars().count() > LONGEST_META_TITLE, "the meta title is too long"),
        (article.meta_description.chars().count() > LONGEST_META_DESCRIPTION, "the meta description is too long"),
        (!meta::holds(&article.title, &input.primary_keyword), "the title lacks the keyword"),
        (!meta::holds(&first, &input.primary_keyword), "the first section lacks the keyword"),
        (!(3..=5).contains(&article.faq.len()), "not three to five questions"),
        (links(&html).any(|link| !targets.contains(link)), "a link to a page that was not given"),
        (PLACEHOLDERS.iter().find(left).is_some(), "a placeholder"),
    ];
    problems.into_iter().find(|(wrong, _)| *wrong).map(|(_, problem)| problem)
}

/// All that the account itself wrote: a title may speak of what would be a placeholder elsewhere.
fn given(input: &pb::ContentInput) -> String {
    let pb::ContentInput { title, primary_keyword, cluster_name, site_name, site_facts, .. } = input;
    let lists = input.secondary_keywords.iter().chain(&input.outline);
    let names = input.links.iter().flat_map(|link| [&link.title, &link.primary_keyword]);
    let all = [title, primary_keyword, cluster_name, site_name, site_facts].into_iter().chain(lists).chain(names);
    all.map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The addresses of all links, as they stand in the HTML.
pub(super) fn links(html: &str) -> impl Iterator<Item = &str> {
    html.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"').map(|(address, _)| address))
}
