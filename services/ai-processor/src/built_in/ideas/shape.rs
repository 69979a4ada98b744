//! What a keyword asks for, by the pattern of its words. The patterns are English.

use super::words::{gerund, listed, without_article};

/// The kinds of pages that answer keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Definition,
    HowTo,
    Guide,
    List,
    Comparison,
    Alternatives,
    BuyingGuide,
    Review,
    Cost,
    Troubleshooting,
    Checklist,
    Mistakes,
    Types,
    Faq,
    Question,
    Local,
    Offer,
}

impl Kind {
    /// The JSON name of planner's ContentStructure.
    pub(super) fn structure(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::HowTo => "how_to",
            Self::Guide | Self::Question => "guide",
            Self::List | Self::Mistakes | Self::Types => "list",
            Self::Comparison | Self::Alternatives => "comparison",
            Self::BuyingGuide => "buying_guide",
            Self::Review => "review",
            Self::Cost => "cost",
            Self::Troubleshooting => "troubleshooting",
            Self::Checklist => "checklist",
            Self::Faq => "faq",
            Self::Local => "local",
            Self::Offer => "offer",
        }
    }
}

/// One keyword, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// Absent where the words alone do not tell.
    pub(super) kind: Option<Kind>,
    /// What it is about: a thing, or for [`Kind::HowTo`] something that is done, or a whole question.
    pub(super) subject: String,
    /// The other side of a comparison, the noun of a list (`ideas`), the place of a search, for whom a thing is the best.
    pub(super) extra: String,
}

impl Shape {
    fn of(kind: Kind, subject: &str, extra: &str) -> Self {
        Self { kind: Some(kind), subject: subject.trim().to_owned(), extra: extra.trim().to_owned() }
    }

    /// The thing that it is about, where it is about one: what other pages for the same searchers can be about too.
    pub(super) fn thing(&self) -> Option<String> {
        match self.kind {
            Some(Kind::HowTo) => Some(gerund(&self.subject)),
            Some(Kind::Question | Kind::Comparison | Kind::Troubleshooting) => None,
            _ => Some(self.subject.clone()),
        }
    }
}

const QUESTIONS: &str = "what why when where which who can could does do did is are should will would how";
const LISTS: &str = "ideas tips examples types benefits mistakes facts recipes symptoms causes ways uses exercises designs styles brands \
    tools apps books gifts features trends statistics hacks tricks strategies methods kinds signs themes names quotes \
    activities questions";
const BUYING: &str = "buy buying order purchase hire rent book cheap cheapest affordable discount discounted";
const SOLD: &str = "sale deals deal coupon coupons discount online shop store wholesale rental quote quotes";
const COSTS: &str = "cost costs price prices pricing fees rates";
const TROUBLE: &str = "problem problems troubleshooting error errors issues fix repair";
const SERVICES: &str = "plumber plumbers dentist dentists lawyer lawyers attorney restaurant restaurants hotel hotels gym gyms salon \
    contractor contractors electrician electricians clinic agency agencies company companies service services school \
    classes therapist doctor roofer photographer movers bakery cafe cafes vet mechanic barber spa repair cleaning \
    cleaners landscaping accountant realtor tutor studio roofers shops stores installation removal rental rentals";

/// Whether a keyword names somebody who comes or whom one goes to.
pub(super) fn names_a_service(keyword: &str) -> bool {
    keyword.to_lowercase().split_whitespace().any(|word| listed(SERVICES, word))
}

/// Reads a keyword.
pub(super) fn read(keyword: &str) -> Shape {
    let text = keyword.trim().trim_end_matches(['?', '!', '.']).trim();
    let lower = text.to_lowercase();
    // Positions in the one are used in the other: where lower case has another length, it is read in lower case.
    let text = if lower.len() == text.len() { text } else { lower.as_str() };
    let words: Vec<&str> = text.split_whitespace().collect();
    let low: Vec<&str> = lower.split_whitespace().collect();
    let found = compared(text, &lower)
        .or_else(|| asked(text, &lower, &low))
        .or_else(|| local(text, &lower, &low))
        .or_else(|| begun(&words, &low))
        .or_else(|| ended(&words, &low))
        .or_else(|| within(text, &lower));
    let found = found.filter(|shape| !shape.subject.is_empty());
    found.unwrap_or_else(|| Shape { kind: None, subject: without_article(text).to_owned(), extra: String::new() })
}

/// The parts of a text before and after a separator that its lower-case form has.
fn split<'t>(text: &'t str, lower: &str, separator: &str) -> Option<(&'t str, &'t str)> {
    let at = lower.find(separator)?;
    Some((text.get(..at)?.trim(), text.get(at + separator.len()..)?.trim()))
        .filter(|(before, after)| !before.is_empty() && !after.is_empty())
}

fn compared(text: &str, lower: &str) -> Option<Shape> {
    for separator in [" vs. ", " vs ", " versus ", " compared to "] {
        if let Some((one, other)) = split(text, lower, separator) {
            return Some(Shape::of(Kind::Comparison, one, other));
        }
    }
    if let Some((_, sides)) =
        split(text, lower, "difference between ").or_else(|| split(text, lower, "differences between ")).or_else(|| {
            text.get("difference between ".len()..)
                .filter(|_| lower.starts_with("difference between "))
                .map(|rest| ("", rest))
        })
    {
        let (one, other) = split(sides, &sides.to_lowercase(), " and ")?;
        return Some(Shape::of(Kind::Comparison, without_article(one), without_article(other)));
    }
    let (one, other) = split(text, lower, " or ")?;
    let short = |side: &str| side.split_whitespace().count() <= 3;
    let asks = lower.split(' ').next().is_some_and(|first| listed(QUESTIONS, first));
    (short(one) && short(other) && !asks).then(|| Shape::of(Kind::Comparison, one, other))
}

/// A keyword that begins as a question.
fn asked(text: &str, lower: &str, low: &[&str]) -> Option<Shape> {
    let after = |beginning: &str| text.get(beginning.len()..).filter(|_| lower.starts_with(beginning)).map(str::trim);
    if let Some(action) = after("how to ") {
        for verb in ["choose ", "pick ", "select ", "find the best ", "buy "] {
            if let Some(thing) = action.to_lowercase().starts_with(verb).then(|| action.get(verb.len()..)).flatten() {
                let thing = without_article(thing);
                return Some(Shape::of(
                    Kind::BuyingGuide,
                    thing.strip_prefix("right ").or(thing.strip_prefix("best ")).unwrap_or(thing),
                    "",
                ));
            }
        }
        return Some(Shape::of(Kind::HowTo, action, ""));
    }
    if lower.starts_with("how much ")
        && (lower.contains(" cost") || lower.starts_with("how much is ") || lower.starts_with("how much are "))
    {
        return Some(Shape::of(Kind::Cost, priced(text, lower), text));
    }
    for beginning in ["what is ", "what are ", "what's ", "whats ", "what does "] {
        if let Some(rest) = after(beginning) {
            if rest.to_lowercase().contains("best ") {
                return split(rest, &rest.to_lowercase(), "best ")
                    .map(|(_, thing)| best(thing))
                    .or_else(|| Some(best(rest)));
            }
            if rest.split_whitespace().count() <= 4 {
                return Some(Shape::of(Kind::Definition, rest.strip_suffix(" mean").unwrap_or(rest), ""));
            }
            return Some(Shape::of(Kind::Question, text, ""));
        }
    }
    let first = *low.first()?;
    let trouble = low
        .iter()
        .any(|word| listed(TROUBLE, word) || matches!(*word, "not" | "won't" | "wont" | "leaking" | "broken"));
    if (first == "why" && (low.contains(&"my") || trouble)) || lower.contains("not working") {
        return Some(Shape::of(Kind::Troubleshooting, text, ""));
    }
    if first == "where" && lower.starts_with("where to buy ") {
        return after("where to buy ").map(|thing| Shape::of(Kind::Offer, thing, "buy"));
    }
    if first == "which" && lower.contains(" best") {
        return Some(Shape::of(Kind::Question, text, ""));
    }
    (listed(QUESTIONS, first) && low.len() > 2).then(|| Shape::of(Kind::Question, text, ""))
}

/// What a question for a price is about.
fn priced<'t>(text: &'t str, lower: &str) -> &'t str {
    let mut rest = text.get("how much ".len()..).unwrap_or(text);
    if let Some((_, thing)) = split(text, lower, " cost to ").or_else(|| split(text, lower, " cost for ")) {
        return without_article(thing);
    }
    for beginning in ["does ", "do ", "is ", "are ", "will ", "should "] {
        rest = rest.strip_prefix(beginning).unwrap_or(rest);
    }
    for end in [" costs", " cost"] {
        rest = rest.strip_suffix(end).unwrap_or(rest);
    }
    without_article(rest)
}

fn local(text: &str, lower: &str, low: &[&str]) -> Option<Shape> {
    for end in [" near me", " nearby", " close to me", " near you", " around me", " open now"] {
        if lower.ends_with(end) {
            let thing = text.get(..text.len().checked_sub(end.len())?)?;
            return Some(Shape::of(Kind::Local, thing.strip_prefix("best ").unwrap_or(thing), ""));
        }
    }
    let (thing, place) = split(text, lower, " in ").or_else(|| split(text, lower, " near "))?;
    let serves = low.iter().any(|word| listed(SERVICES, word));
    let thing = thing.strip_prefix("best ").unwrap_or(thing);
    (serves && place.split_whitespace().count() <= 3).then(|| Shape::of(Kind::Local, thing, place))
}

/// By the first word.
fn begun(words: &[&str], low: &[&str]) -> Option<Shape> {
    let (first, rest) = (*low.first()?, words.get(1..)?.join(" "));
    if rest.is_empty() {
        return None;
    }
    match first {
        "best" | "recommended" => Some(best(&rest)),
        "top" => {
            let counted = rest.split_once(' ').filter(|(number, _)| number.parse::<u32>().is_ok());
            Some(best(counted.map_or(rest.as_str(), |(_, thing)| thing)))
        }
        "types" | "benefits" | "examples" | "uses" | "causes" | "signs" | "ideas" | "tips" | "ways" | "kinds"
        | "symptoms" => {
            let thing =
                rest.strip_prefix("of ").or_else(|| rest.strip_prefix("for ")).or_else(|| rest.strip_prefix("to "))?;
            Some(Shape::of(if matches!(first, "types" | "kinds") { Kind::Types } else { Kind::List }, thing, first))
        }
        "cost" | "price" => rest.strip_prefix("of ").map(|thing| Shape::of(Kind::Cost, without_article(thing), "")),
        "alternatives" => rest.strip_prefix("to ").map(|thing| Shape::of(Kind::Alternatives, thing, "")),
        "fix" | "fixing" | "troubleshooting" => Some(Shape::of(Kind::Troubleshooting, &rest, "")),
        _ if listed(BUYING, first) => Some(Shape::of(Kind::Offer, &rest, first)),
        _ => None,
    }
}

/// The best of a thing, for somebody or something where that is named.
fn best(thing: &str) -> Shape {
    match thing.split_once(" for ") {
        Some((thing, whom)) => Shape::of(Kind::BuyingGuide, thing, whom),
        None => Shape::of(Kind::BuyingGuide, without_article(thing), ""),
    }
}

/// By the last word.
fn ended(words: &[&str], low: &[&str]) -> Option<Shape> {
    let (last, before) = (*low.last()?, words.get(..words.len().checked_sub(1)?)?);
    let rest = before.join(" ");
    let rest = rest.strip_suffix(" for").unwrap_or(&rest);
    match last {
        "review" | "reviews" => Some(Shape::of(Kind::Review, rest, "")),
        "alternative" | "alternatives" => Some(Shape::of(Kind::Alternatives, rest, "")),
        "meaning" | "definition" | "explained" => Some(Shape::of(Kind::Definition, rest, "")),
        "template" | "templates" | "checklist" => Some(Shape::of(Kind::Checklist, rest, last)),
        "types" | "kinds" => Some(Shape::of(Kind::Types, rest, "")),
        "guide" | "tutorial" | "basics" | "101" => Some(Shape::of(Kind::Guide, rest, "")),
        "comparison" | "compared" => Some(best(rest)),
        "mistakes" => Some(Shape::of(Kind::Mistakes, rest, "")),
        "faq" | "faqs" => Some(Shape::of(Kind::Faq, rest, "")),
        _ if listed(LISTS, last) => Some(Shape::of(Kind::List, rest, last)),
        _ if listed(COSTS, last) => Some(Shape::of(Kind::Cost, rest, last)),
        _ if listed(TROUBLE, last) => Some(Shape::of(Kind::Troubleshooting, rest, "")),
        _ if listed(SOLD, last) => Some(Shape::of(Kind::Offer, rest, last)),
        _ => None,
    }
}

/// By a phrase inside.
fn within(text: &str, lower: &str) -> Option<Shape> {
    const WHAT_TO_DO: &str = " what to do";
    if let Some(trouble) = lower.ends_with(WHAT_TO_DO).then(|| text.get(..text.len() - WHAT_TO_DO.len())).flatten() {
        return Some(Shape::of(Kind::Troubleshooting, trouble, "what to do"));
    }
    if let Some(thing) =
        lower.ends_with(" for beginners").then(|| text.get(..text.len() - " for beginners".len())).flatten()
    {
        return Some(Shape::of(Kind::Guide, thing, "beginners"));
    }
    let noun =
        LISTS.split(' ').find_map(|noun| split(text, lower, &format!(" {noun} for ")).map(|sides| (noun, sides)))?;
    let (noun, (thing, whom)) = noun;
    Some(Shape::of(Kind::List, &format!("{thing} {noun} for {whom}"), noun))
}

#[cfg(test)]
mod tests {
    use contracts::JsonEnum;
    use contracts::planner::v1::ContentStructure;

    use super::*;

    #[test]
    fn a_keyword_is_read_by_its_words() {
        for (keyword, kind, subject, extra) in [
            ("how to clean white sneakers", Kind::HowTo, "clean white sneakers", ""),
            ("how to choose a standing desk", Kind::BuyingGuide, "standing desk", ""),
            (
                "how much does a kitchen remodel cost",
                Kind::Cost,
                "kitchen remodel",
                "how much does a kitchen remodel cost",
            ),
            ("what is a crm", Kind::Definition, "a crm", ""),
            ("crm vs erp", Kind::Comparison, "crm", "erp"),
            ("difference between latte and flat white", Kind::Comparison, "latte", "flat white"),
            ("best running shoes for flat feet", Kind::BuyingGuide, "running shoes", "flat feet"),
            ("top 10 crm software", Kind::BuyingGuide, "crm software", ""),
            ("Nike Pegasus 40 review", Kind::Review, "Nike Pegasus 40", ""),
            ("trello alternatives", Kind::Alternatives, "trello", ""),
            ("emergency plumber near me", Kind::Local, "emergency plumber", ""),
            ("plumber in austin", Kind::Local, "plumber", "austin"),
            ("buy espresso beans", Kind::Offer, "espresso beans", "buy"),
            ("espresso machine price", Kind::Cost, "espresso machine", "price"),
            ("types of coffee beans", Kind::Types, "coffee beans", "types"),
            ("small kitchen ideas", Kind::List, "small kitchen", "ideas"),
            ("why is my dishwasher leaking", Kind::Troubleshooting, "why is my dishwasher leaking", ""),
            ("how often should you water succulents?", Kind::Question, "how often should you water succulents", ""),
            ("yoga for beginners", Kind::Guide, "yoga", "beginners"),
            ("burst pipe what to do", Kind::Troubleshooting, "burst pipe", "what to do"),
            ("moving checklist", Kind::Checklist, "moving", "checklist"),
        ] {
            let shape = read(keyword);
            assert_eq!(
                (shape.kind, shape.subject.as_str(), shape.extra.as_str()),
                (Some(kind), subject, extra),
                "{keyword}"
            );
        }
    }

    #[test]
    fn what_no_pattern_knows_is_its_own_subject() {
        for keyword in ["running shoes", "reviews", "shoes in winter", "Laufschuhe für Damen", "ランニングシューズ"]
        {
            let shape = read(keyword);
            assert_eq!((shape.kind, shape.subject.as_str()), (None, keyword), "{keyword}");
        }
    }

    #[test]
    fn every_structure_is_one_of_planners() {
        use Kind::*;
        for kind in [
            Definition,
            HowTo,
            Guide,
            List,
            Comparison,
            Alternatives,
            BuyingGuide,
            Review,
            Cost,
            Troubleshooting,
            Checklist,
            Mistakes,
            Types,
            Faq,
            Question,
            Local,
            Offer,
        ] {
            assert!(ContentStructure::from_json_name(kind.structure()).is_some(), "{kind:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(keyword in ".*") {
            let _ = read(&keyword);
        }

        #[test]
        fn any_order_of_known_words_is_read(words in proptest::collection::vec("(how|to|best|vs|for|in|near|me|shoes|cost|of|İ|review|or|difference between)", 1..7)) {
            let _ = read(&words.join(" "));
        }
    }
}
