//! English as titles need it: capitals, articles, plurals, gerunds.

/// Not capitalised inside of a title.
const SMALL: &str = "a an the and or nor but for of in on to at by from with as vs vs. per via than";

/// Words that have a form of their own.
const SPELT: &str = "AI API AWS B2B B2C BMI CBD CMS CPA CPU CRM CSS DIY DNS EV ERP FAQ GDPR GPS GPU HDMI HIIT HR HTML HVAC IBS IP IRA IT \
    KPI LED LLC MBA NAS NYC OLED PC PDF PHP POS PPC PTO QR RAM ROI RV SEO SQL SSD SUV TV UI UK URL USA USB UX VPN VPS \
    WiFi iPad iPhone iOS macOS eBay WordPress YouTube GitHub LinkedIn JavaScript TypeScript PayPal HubSpot QuickBooks \
    PostgreSQL MySQL I French English Italian Spanish German Greek Japanese Chinese Indian American Mexican Thai Swiss Korean Christmas \
    Easter Halloween";

/// Prepositions that end the noun of a phrase: in `shoes for flat feet` the shoes are what it is about.
const LINKS: &str = "for with without in of to on under from near at after before";

const PLURALS: &str = "people children feet teeth men women kids mice";
const NO_PLURALS: &str = "news yoga gas bus lens tennis business fitness wireless glass grass dress mattress process access physics \
    mathematics economics analytics diabetes canvas atlas sales logistics";

/// Nouns of things that can be counted, which keywords mostly name in the singular. A word that is not here stays as it is: it may be a
/// name, and names have no plural.
const COUNTED: &str = "accountant apartment electrician mechanic photographer plumber roofer tutor backpack bag bed bike boat boot \
    business cabinet camera campaign car card chair clinic coat computer contract course dentist desk dishwasher dress \
    drill fence floor fridge garden grill gym hotel house jacket kitchen knife lamp laptop lawyer loan machine mattress \
    mortgage oven pan phone pipe plan plant pool pump remodel restaurant ring roof room saw shed shoe sneaker sofa \
    stove suit system table tent tool tree truck van watch website window workout";

const DOUBLING: &str = "begin cut dig drop fit forget get hit knit let plan put quit run set ship shop shut sit stop swap swim trim win \
    wrap mop map prep grip skip";

/// Whether a word is one of a list whose words have a space between.
pub(super) fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|other| other == word)
}

/// A phrase in the capitals of a title. Words that have capitals already keep theirs.
pub(super) fn title_case(phrase: &str) -> String {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let last = words.len().saturating_sub(1);
    let mut opens = true;
    let mut cased = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let bare = word.trim_matches(|character: char| !character.is_alphanumeric()).to_lowercase();
        let small = listed(SMALL, bare.as_str()) && !opens && at != last;
        cased.push(if small { word.to_lowercase() } else { capitalised(word) });
        opens = word.ends_with([':', '?', '!', '.']) && bare != "vs";
    }
    cased.join(" ")
}

fn capitalised(word: &str) -> String {
    if let Some(spelt) = spelt(word) {
        return spelt;
    }
    if word.chars().any(char::is_uppercase) {
        return word.to_owned();
    }
    let parts = word
        .split('-')
        .enumerate()
        .map(|(at, part)| if at > 0 && listed(SMALL, part) { part.to_owned() } else { first_upper(part) });
    parts.collect::<Vec<_>>().join("-")
}

/// A phrase as it stands inside of a sentence.
pub(super) fn inside(phrase: &str) -> String {
    let words = phrase.split_whitespace().map(|word| spelt(word).unwrap_or_else(|| word.to_owned()));
    words.collect::<Vec<_>>().join(" ")
}

fn spelt(word: &str) -> Option<String> {
    let start = word.find(char::is_alphanumeric)?;
    let (before, rest) = word.split_at(start);
    let end = rest.find(|character: char| !character.is_alphanumeric()).unwrap_or(rest.len());
    let (bare, after) = rest.split_at(end);
    // "it" is a word far more often than a department.
    let form = SPELT.split(' ').find(|form| form.eq_ignore_ascii_case(bare) && (*form != "IT" || bare == "IT"))?;
    Some(format!("{before}{form}{after}"))
}

/// With a capital at the beginning, and otherwise as it is.
pub(super) fn first_upper(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A phrase without the article that it begins with.
pub(super) fn without_article(phrase: &str) -> &str {
    ["a ", "an ", "the ", "my ", "your "].iter().find_map(|article| phrase.strip_prefix(article)).unwrap_or(phrase)
}

/// Whether a phrase speaks of several things.
pub(super) fn is_plural(phrase: &str) -> bool {
    let words = phrase.split_whitespace();
    let head = words.take_while(|word| !listed(LINKS, word)).last().unwrap_or_default().to_lowercase();
    if listed(PLURALS, head.as_str()) {
        return true;
    }
    head.ends_with('s')
        && !head.ends_with("ss")
        && !head.ends_with("us")
        && !head.ends_with("is")
        && !listed(NO_PLURALS, head.as_str())
}

/// A phrase as it speaks of all things of its kind: `standing desk` becomes `standing desks`.
pub(super) fn things(phrase: &str) -> String {
    let phrase = without_article(phrase);
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let end = words.iter().position(|word| listed(LINKS, word)).unwrap_or(words.len());
    let Some((head, before)) = words.get(..end).and_then(<[&str]>::split_last) else { return phrase.to_owned() };
    let counted =
        listed(COUNTED, head) || (end > 1 && (head.ends_with("er") || head.ends_with("or")) && head.is_ascii());
    if is_plural(phrase) || !counted {
        return phrase.to_owned();
    }
    let plural = match *head {
        "knife" => "knives".to_owned(),
        _ if head.ends_with("ss") || head.ends_with("ch") || head.ends_with("sh") || head.ends_with('x') => {
            format!("{head}es")
        }
        _ => format!("{head}s"),
    };
    let rest = words.get(end..).unwrap_or_default();
    before.iter().copied().chain([plural.as_str()]).chain(rest.iter().copied()).collect::<Vec<_>>().join(" ")
}

/// `clean white shoes` becomes `cleaning white shoes`.
pub(super) fn gerund(action: &str) -> String {
    let (verb, rest) = action.split_once(' ').map_or((action, ""), |(verb, rest)| (verb, rest));
    let gerund = match verb {
        _ if verb.ends_with("ing") => verb.to_owned(),
        _ if listed(DOUBLING, verb) => format!("{verb}{}ing", verb.chars().last().unwrap_or_default()),
        "be" | "see" => format!("{verb}ing"),
        _ if verb.ends_with("ie") => format!("{}ying", verb.trim_end_matches("ie")),
        _ if verb.ends_with('e') && !verb.ends_with("ee") && !verb.ends_with("oe") && !verb.ends_with("ye") => {
            format!("{}ing", verb.trim_end_matches('e'))
        }
        _ => format!("{verb}ing"),
    };
    if rest.is_empty() { gerund } else { format!("{gerund} {rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_capitals_where_english_puts_them() {
        for (phrase, title) in [
            ("how to clean white shoes", "How to Clean White Shoes"),
            ("best crm for small business", "Best CRM for Small Business"),
            ("iphone 15 vs. pixel 8: which one to buy?", "iPhone 15 vs. Pixel 8: Which One to Buy?"),
            ("what it is for", "What It Is For"),
            ("a step-by-step guide: the basics", "A Step-by-Step Guide: The Basics"),
            ("nikE Air and Łódź", "nikE Air and Łódź"),
        ] {
            assert_eq!(title_case(phrase), title);
        }
    }

    #[test]
    fn plurals_are_told_by_their_noun() {
        for plural in ["running shoes", "shoes for a flat foot", "wood stoves with oven", "toys for kids"] {
            assert!(is_plural(plural), "{plural}");
        }
        for singular in ["mattress", "crm software", "gift for kids", "yoga for beginners", "small business"] {
            assert!(!is_plural(singular), "{singular}");
        }
    }

    #[test]
    fn things_are_spoken_of_in_the_plural_where_their_noun_is_known() {
        for (phrase, all) in [
            ("standing desk", "standing desks"),
            ("the mattress for side sleepers", "mattresses for side sleepers"),
            ("emergency plumber", "emergency plumbers"),
            ("crm software", "crm software"),
            ("twitter", "twitter"),
            ("espresso beans", "espresso beans"),
        ] {
            assert_eq!(things(phrase), all);
        }
    }

    #[test]
    fn gerunds_are_spelt_right() {
        for (action, gerund_of_it) in [
            ("clean shoes", "cleaning shoes"),
            ("make soap", "making soap"),
            ("get rid of ants", "getting rid of ants"),
            ("tie", "tying"),
        ] {
            assert_eq!(gerund(action), gerund_of_it);
        }
    }
}
