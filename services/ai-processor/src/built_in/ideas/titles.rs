//! Titles. Several for each kind of page, so that a plan of a hundred pages does not read as one page a hundred times.

use super::Brief;
use super::angles::Angle;
use super::shape::Kind;
use super::words::{first_upper, is_plural, title_case, without_article};

/// What search engines show of a title.
pub(super) const SHOWN: usize = 65;

/// The titles that an angle could have, the first choice first. `seed` turns the order, so that clusters differ.
pub(super) fn of(angle: &Angle<'_>, brief: &Brief, seed: u64) -> Vec<String> {
    let templates = templates(angle, brief, seed);
    let turn = usize::try_from(seed % 7).unwrap_or_default() % templates.len().max(1);
    let mut titles: Vec<String> = templates.iter().map(|template| title_case(template)).collect();
    titles.rotate_left(turn);
    // What is shown whole comes first, and of that what has the words that people search for.
    let searched = searched(&angle.primary);
    titles.sort_by_key(|title| {
        let title_words = searched_words(title);
        (title.chars().count() > SHOWN, !searched.iter().all(|word| title_words.contains(word)))
    });
    titles
}

/// The words of the primary keyword that a title can have.
fn searched(primary: &str) -> Vec<String> {
    let small = ["a", "an", "the", "me", "near", "in", "for", "of"];
    searched_words(primary).into_iter().filter(|word| !small.contains(&word.as_str())).collect()
}

fn searched_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.strip_suffix('s').unwrap_or(word).to_owned()).collect()
}

fn templates(angle: &Angle<'_>, brief: &Brief, seed: u64) -> Vec<String> {
    let Angle { kind, subject: s, extra, action, .. } = angle;
    let plural = is_plural(s);
    let audience = brief.short_audience();
    match kind {
        Kind::Definition => definition(s),
        Kind::HowTo => how_to(s),
        Kind::Guide => guide(s, extra, audience, *action),
        Kind::List => list(s, extra, seed),
        Kind::Comparison => comparison(s, extra),
        Kind::Alternatives => {
            vec![
                format!("{s} alternatives: what to use instead"),
                format!("the best alternatives to {s}, compared"),
                format!("{s} alternatives compared: features, prices, limits"),
            ]
        }
        Kind::BuyingGuide => buying_guide(s, extra, audience),
        Kind::Review => {
            let worth = if plural { "are they worth it" } else { "is it worth it" };
            vec![
                format!("{s} review: {worth}?"),
                format!("{s} review: strengths, weaknesses, verdict"),
                format!("{s} reviewed: who should buy, and who should not"),
            ]
        }
        Kind::Cost => cost(s, extra, plural, *action),
        Kind::Troubleshooting => troubleshooting(s, extra),
        Kind::Checklist => checklist(s, extra, *action),
        Kind::Mistakes => mistakes(s, number(seed), *action),
        Kind::Types => vec![
            format!("types of {s}: which one fits you?"),
            format!("the main types of {s}, explained"),
            format!("{s}: the types and how they differ"),
        ],
        Kind::Faq => {
            vec![format!("{s}: your questions answered"), format!("{s} FAQ: clear answers to common questions")]
        }
        Kind::Question => vec![format!("{s}?"), format!("{s}? what you need to know"), format!("{s}? a clear answer")],
        Kind::Local => local(s, extra, brief),
        Kind::Offer => offer(s, extra, plural, brief),
    }
}

fn definition(s: &str) -> Vec<String> {
    let (bare, plural) = (without_article(s), is_plural(s));
    let (is, it, does) = if plural { ("are", "they", "do") } else { ("is", "it", "does") };
    let work = if plural { "work" } else { "works" };
    vec![
        format!("what {is} {s}? a plain explanation"),
        format!("what {is} {s}, and how {does} {it} work?"),
        format!("{bare} explained: what {it} {is} and how {it} {work}"),
    ]
}

fn how_to(s: &str) -> Vec<String> {
    vec![
        format!("how to {s}: a step-by-step guide"),
        format!("how to {s} the right way"),
        format!("how to {s}: what works and what does not"),
        format!("how to {s} without the usual mistakes"),
        format!("how to {s}"),
    ]
}

fn guide(s: &str, whom: &str, audience: Option<&str>, action: bool) -> Vec<String> {
    if whom == "beginners" {
        return vec![
            format!("{s} for beginners: where to start"),
            format!("a beginner's guide to {s}"),
            format!("{s} for beginners: the first steps"),
        ];
    }
    let mut titles = vec![
        format!("{s}: a practical guide"),
        format!("{s}: what to know before you start"),
        format!("{s}: how to get it right from the start"),
    ];
    if is_plural(s) {
        titles = vec![
            format!("a practical guide to {s}"),
            format!("{s}: what to know before you start"),
            format!("{s}: a practical guide"),
        ];
    }
    if let Some(audience) = audience.filter(|_| !action) {
        titles.insert(0, format!("{s}: a practical guide for {audience}"));
    }
    titles
}

fn list(s: &str, noun: &str, seed: u64) -> Vec<String> {
    let n = number(seed);
    // `gift ideas for runners` has its noun inside.
    let named = if s.contains(noun) { s.to_owned() } else { format!("{s} {noun}") };
    match noun {
        "ideas" | "designs" | "styles" | "themes" | "activities" | "gifts" | "recipes" => {
            vec![
                format!("{n} {named} worth trying"),
                format!("{n} {named} for every budget and taste"),
                format!("{named}: {n} picks to start with"),
            ]
        }
        "tips" | "hacks" | "tricks" | "strategies" | "methods" | "ways" => {
            vec![format!("{n} {named} that make a difference"), format!("{named}: {n} that work in practice")]
        }
        "examples" => vec![format!("{n} {named} to learn from"), format!("{named}: {n} worth copying, and why")],
        "benefits" => vec![format!("benefits of {s}: what you gain"), format!("the benefits of {s}, and their limits")],
        "symptoms" | "causes" | "signs" => {
            vec![format!("{noun} of {s}: what to look for"), format!("{n} {noun} of {s} you should know")]
        }
        "tools" | "apps" | "books" | "brands" => {
            vec![format!("{n} {named} compared"), format!("{named} compared: what each is good for")]
        }
        "uses" => vec![format!("{n} uses of {s}"), format!("uses of {s}: {n} you may not know")],
        _ => vec![format!("{n} {named} worth knowing"), format!("{named}: the ones that matter")],
    }
}

fn comparison(one: &str, other: &str) -> Vec<String> {
    vec![
        format!("{one} vs. {other}: which one is right for you?"),
        format!("{one} vs. {other}: the differences that matter"),
        format!("{one} or {other}? how to decide"),
        format!("{one} vs. {other} compared"),
    ]
}

fn buying_guide(s: &str, whom: &str, audience: Option<&str>) -> Vec<String> {
    if !whom.is_empty() {
        return vec![
            format!("best {s} for {whom}: how to choose"),
            format!("how to choose the right {s} for {whom}"),
            format!("the best {s} for {whom}, compared"),
            format!("{s} for {whom}: a buying guide"),
        ];
    }
    let mut titles = vec![
        format!("how to choose the right {s}"),
        format!("best {s}: what to look for"),
        format!("the best {s} compared"),
        format!("{s} buying guide: what matters and what does not"),
    ];
    if let Some(audience) = audience.filter(|_| !s.contains(" for ")) {
        titles.insert(0, format!("best {s} for {audience}"));
    }
    titles
}

fn cost(s: &str, question: &str, plural: bool, action: bool) -> Vec<String> {
    let drives = "prices and what drives them";
    if matches!(question, "pricing" | "price" | "prices" | "fees" | "rates") {
        return vec![
            format!("{s} {question}: what you pay for"),
            format!("{s} {question} explained, with sample budgets"),
        ];
    }
    if question.contains(' ') {
        return vec![format!("{question}?"), format!("{question}? {drives}"), format!("{s} cost: what to budget for")];
    }
    match (action, plural) {
        (true, _) => vec![format!("what does {s} cost? {drives}"), format!("the cost of {s}: what to budget for")],
        (false, true) => vec![
            format!("how much do {s} cost? {drives}"),
            format!("how much do {s} cost?"),
            format!("{s}: what to budget, and where to save"),
        ],
        (false, false) => vec![
            format!("{s} cost: what to budget for"),
            format!("{s} prices explained: what you pay for"),
            format!("{s} cost: {drives}"),
        ],
    }
}

fn checklist(s: &str, extra: &str, action: bool) -> Vec<String> {
    if action {
        return vec![format!("a checklist for {s}"), format!("{s}: a checklist from start to finish")];
    }
    if extra.starts_with("template") {
        return vec![
            format!("{s} template: what belongs in it, and how to use it"),
            format!("a {s} template you can copy"),
        ];
    }
    if is_plural(s) {
        return vec![format!("a checklist for choosing {s}"), format!("{s}: what to check before you buy")];
    }
    vec![format!("the {s} checklist: what to do, in order"), format!("{s} checklist: before, during and after")]
}

fn mistakes(s: &str, n: u64, action: bool) -> Vec<String> {
    if action {
        return vec![
            format!("{n} mistakes to avoid when {s}"),
            format!("what goes wrong when {s}, and how to avoid it"),
        ];
    }
    let plain =
        if is_plural(s) { format!("{n} mistakes to avoid with {s}") } else { format!("{n} {s} mistakes to avoid") };
    vec![plain, format!("{s}: {n} mistakes that cost time and money")]
}

fn troubleshooting(s: &str, extra: &str) -> Vec<String> {
    if extra == "what to do" {
        return vec![
            format!("{s}: what to do first"),
            format!("{s}? what to do, step by step"),
            format!("{s}: what to do, and what to leave alone"),
        ];
    }
    let first = s.split(' ').next().unwrap_or_default().to_lowercase();
    if matches!(first.as_str(), "why" | "how" | "what" | "is" | "are" | "can" | "does") {
        return vec![format!("{s}? causes and fixes"), format!("{s}? how to find out and fix it")];
    }
    if s.to_lowercase().contains("not working") {
        return vec![format!("{s}? what to try first"), format!("{s}: causes and fixes")];
    }
    vec![format!("{s} problems: causes and fixes"), format!("how to find and fix {s} problems")]
}

fn local(s: &str, place: &str, brief: &Brief) -> Vec<String> {
    let services = is_plural(s);
    let one = if services { format!("the right {s}") } else { format!("a good {s}") };
    let site = &brief.site_name;
    let mut titles = if place.is_empty() {
        vec![format!("{s} near you: services, prices, booking"), format!("how to find {one} near you")]
    } else {
        vec![format!("{s} in {place}: services, prices, booking"), format!("how to find {one} in {place}")]
    };
    if !site.is_empty() && !place.is_empty() {
        titles.push(format!("{s} in {place}: what {site} does for you"));
    }
    titles
}

fn offer(s: &str, word: &str, plural: bool, brief: &Brief) -> Vec<String> {
    let site = &brief.site_name;
    let mut titles = match word {
        "hire" | "rent" | "book" | "rental" => vec![
            format!("{} {s}: options, prices, booking", if word == "rental" { "rent" } else { word }),
            format!("{s}: how to book, and what it costs"),
        ],
        "cheap" | "cheapest" | "affordable" | "discount" | "discounted" | "deals" | "deal" | "sale" => {
            vec![format!("affordable {s}: good value without regret"), format!("{s} at a good price: what to look for")]
        }
        _ if plural => vec![
            format!("{s}: compare and order online"),
            format!("buy {s}: selection, prices, delivery"),
            format!("shop {s}: find the ones that fit"),
        ],
        _ => vec![format!("buy {s}: options, prices, delivery"), format!("{s}: what you get, and how to order")],
    };
    if !site.is_empty() {
        titles.push(format!("{s} at {site}"));
    }
    titles
}

/// How many things a list promises.
fn number(seed: u64) -> u64 {
    const NUMBERS: [u64; 5] = [7, 9, 10, 8, 12];
    usize::try_from(seed % 5).ok().and_then(|at| NUMBERS.get(at)).copied().unwrap_or(7)
}

/// Titles where the rules know no grammar: the keywords themselves, joined.
pub(super) fn neutral(angle: &Angle<'_>) -> Vec<String> {
    let primary = first_upper(&angle.primary);
    let others = angle.keywords.iter().skip(1).map(|(keyword, _)| keyword.text.trim());
    let mut titles: Vec<String> = others.map(|other| format!("{primary}: {other}")).collect();
    titles.push(primary);
    titles.sort_by_key(|title| title.chars().count() > SHOWN);
    titles
}
