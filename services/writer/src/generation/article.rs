//! An article of its parts: introduction, sections, questions and conclusion, with a figure where an image is to stand.

use std::fmt::Write as _;

use contracts::ai_processor::v1::ContentResult;
use contracts::writer::v1::ImageSlot;
use uuid::Uuid;

/// An image of a new article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: Uuid,
    pub(super) slot: ImageSlot,
    /// Among those of its slot, from 0.
    pub(super) at: i32,
    /// The section that it stands before.
    pub(super) section: Option<usize>,
    pub(super) purpose: String,
    pub(super) alt: String,
    pub(super) prompt: String,
}

/// The images that an article wants: one featured at most, the others in the order of the text.
pub(super) fn places(result: &ContentResult) -> Vec<Place> {
    let section = |image: &contracts::ai_processor::v1::ContentImage| usize::try_from(image.section).ok();
    let mut in_text: Vec<_> = result.images.iter().filter(|image| image.slot != "featured").collect();
    in_text.sort_by_key(|image| section(image));
    let featured = result.images.iter().find(|image| image.slot == "featured");
    let mut places: Vec<Place> = Vec::new();
    for image in featured.into_iter().chain(in_text) {
        let slot = if image.slot == "featured" { ImageSlot::Featured } else { ImageSlot::Section };
        let before = places.iter().filter(|other| other.slot == slot).count();
        places.push(Place {
            id: Uuid::now_v7(),
            slot,
            at: i32::try_from(before).unwrap_or(i32::MAX),
            section: section(image).filter(|_| slot == ImageSlot::Section),
            purpose: image.purpose.clone(),
            alt: image.alt.clone(),
            prompt: image.prompt.clone(),
        });
    }
    places
}

/// The whole text, safe to store.
pub(super) fn html(result: &ContentResult, places: &[Place]) -> String {
    let mut text = result.intro_html.clone();
    for (at, section) in result.sections.iter().enumerate() {
        figures(&mut text, places, |place| place.section == Some(at));
        let _ = write!(text, "<h2>{}</h2>{}", html::escape(&section.heading), section.html);
    }
    figures(&mut text, places, |place| place.section.is_none_or(|section| section >= result.sections.len()));
    if !result.faq.is_empty() {
        text.push_str("<h2>Frequently asked questions</h2>");
    }
    for question in &result.faq {
        let _ = write!(text, "<h3>{}</h3>{}", html::escape(&question.question), question.answer_html);
    }
    text.push_str(&result.conclusion_html);
    html::clean(&text)
}

fn figures(text: &mut String, places: &[Place], here: impl Fn(&Place) -> bool) {
    for place in places.iter().filter(|place| place.slot == ImageSlot::Section && here(place)) {
        let (scheme, id, alt) = (html::IMAGE_SCHEME, place.id, html::escape(&place.alt));
        let _ = write!(text, "<figure><img src=\"{scheme}{id}\" alt=\"{alt}\"></figure>"); // a String takes whatever is written
    }
}

#[cfg(test)]
mod tests {
    use contracts::ai_processor::v1::{ContentImage, ContentQuestion, ContentSection};

    use super::*;

    fn image(slot: &str, section: i32, alt: &str) -> ContentImage {
        ContentImage { slot: slot.into(), section, alt: alt.into(), ..ContentImage::default() }
    }

    fn section(heading: &str) -> ContentSection {
        ContentSection { heading: heading.into(), html: "<p>Text.</p>".into() }
    }

    fn result(images: Vec<ContentImage>) -> ContentResult {
        ContentResult {
            intro_html: "<p>Intro.</p>".into(),
            sections: vec![section("One"), section("Two & three")],
            faq: vec![ContentQuestion { question: "Why <b>?".into(), answer_html: "<p>So.</p>".into() }],
            conclusion_html: "<p>End.</p><script>steal()</script>".into(),
            images,
            ..ContentResult::default()
        }
    }

    #[test]
    fn the_parts_stand_in_their_order_and_what_is_not_safe_goes() {
        let result = result(Vec::new());
        assert_eq!(
            html(&result, &[]),
            "<p>Intro.</p><h2>One</h2><p>Text.</p><h2>Two &amp; three</h2><p>Text.</p><h2>Frequently asked questions</h2>\
             <h3>Why &lt;b&gt;?</h3><p>So.</p><p>End.</p>"
        );
    }

    #[test]
    fn images_stand_before_their_sections_and_the_featured_one_in_none() {
        let result = result(vec![image("section", 1, "B \"b\""), image("featured", -1, "A"), image("section", 0, "C")]);
        let places = places(&result);
        let order: Vec<_> = places.iter().map(|place| (place.slot, place.at, place.alt.as_str())).collect();
        let expected =
            [(ImageSlot::Featured, 0, "A"), (ImageSlot::Section, 0, "C"), (ImageSlot::Section, 1, "B \"b\"")];
        assert_eq!(order, expected);
        let html = html(&result, &places);
        assert_eq!(html::images(&html), [places[1].id, places[2].id]);
        let second = html.find(&places[2].id.to_string()).unwrap();
        assert!(html.find("<h2>One").unwrap() < second && second < html.find("<h2>Two").unwrap(), "{html}");
    }

    #[test]
    fn an_image_of_no_section_stands_behind_the_last_one() {
        let result = result(vec![image("section", 9, "A")]);
        let html = html(&result, &places(&result));
        assert_eq!(html::images(&html).len(), 1);
        assert!(html.find("<img").unwrap() > html.find("Two").unwrap());
    }

    #[test]
    fn a_second_featured_image_is_left_out() {
        let result = result(vec![image("featured", -1, "A"), image("featured", -1, "B")]);
        assert_eq!(places(&result).len(), 1);
    }
}
