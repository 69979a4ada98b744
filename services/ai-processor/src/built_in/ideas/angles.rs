//! The pages that a cluster could have: first those that its own keywords ask for, then those that their readers would ask for next.

use contracts::ai_processor::v1::{IdeaCluster, IdeaKeyword};

use super::Brief;
use super::shape::{Kind, Shape, names_a_service, read};
use super::words::{things, without_article};

/// One page that could be written.
#[derive(Debug, Clone)]
pub(super) struct Angle<'c> {
    pub(super) kind: Kind,
    pub(super) subject: String,
    pub(super) extra: String,
    /// What the page should be found for.
    pub(super) primary: String,
    /// Its keywords with their shapes, the most wanted first. The first is the primary one, unless the angle was derived.
    pub(super) keywords: Vec<(&'c IdeaKeyword, Shape)>,
    /// Whether no keyword of the cluster asks for it.
    pub(super) derived: bool,
    /// Whether the subject is something that is done.
    pub(super) action: bool,
}

/// All angles of a cluster, the best first. Each kind is there once, but for comparisons of different pairs, lists of different things and
/// different places.
pub(super) fn of_cluster<'c>(cluster: &'c IdeaCluster, brief: &Brief) -> Vec<Angle<'c>> {
    let intent = cluster.intents.first().map_or("informational", String::as_str);
    let mut angles = own(&cluster.keywords, intent);
    let further = derived(cluster, &angles, intent);
    // Sorting is stable: the order of the keywords decides where no volume does.
    angles.sort_by_key(|angle| (preference(angle, brief), -wanted(angle)));
    let mut further = further;
    further.sort_by_key(|angle| preference(angle, brief));
    angles.extend(further);
    angles
}

fn preference(angle: &Angle<'_>, brief: &Brief) -> usize {
    brief.structures.iter().position(|structure| structure == angle.kind.structure()).unwrap_or(usize::MAX)
}

fn wanted(angle: &Angle<'_>) -> i64 {
    angle.keywords.iter().filter_map(|(keyword, _)| keyword.volume).fold(0, i64::saturating_add)
}

/// What the keywords ask for themselves.
fn own<'c>(keywords: &'c [IdeaKeyword], intent: &str) -> Vec<Angle<'c>> {
    let mut angles: Vec<(String, Angle<'c>)> = Vec::new();
    let verbs = verbs(keywords);
    for keyword in keywords.iter().filter(|keyword| !keyword.text.trim().is_empty()) {
        let mut shape = read(&keyword.text);
        // `clean white shoes` is something that is done where others ask how to clean.
        if shape.kind.is_none() && shape.subject.split_once(' ').is_some_and(|(first, _)| verbs.contains(&first)) {
            shape.kind = Some(Kind::HowTo);
        }
        let kind = shape.kind.unwrap_or_else(|| plain(intent, &keyword.text));
        let key = key(kind, &shape);
        if let Some((_, angle)) = angles.iter_mut().find(|(other, angle)| angle.kind == kind && *other == key) {
            angle.keywords.push((keyword, shape));
            continue;
        }
        let (subject, extra) = (spoken_of(kind, &shape), shape.extra.clone());
        let primary = keyword.text.trim().to_owned();
        let (keywords, action) = (vec![(keyword, shape)], kind == Kind::HowTo);
        angles.push((key, Angle { kind, subject, extra, primary, keywords, derived: false, action }));
    }
    angles.into_iter().map(|(_, angle)| angle).collect()
}

/// What the keywords ask how to do.
fn verbs(keywords: &[IdeaKeyword]) -> Vec<&str> {
    let actions = keywords.iter().filter_map(|keyword| keyword.text.trim().strip_prefix("how to "));
    actions.filter_map(|action| action.split_whitespace().next()).collect()
}

/// A page for a whole kind of things speaks of them in the plural.
fn spoken_of(kind: Kind, shape: &Shape) -> String {
    match kind {
        // `espresso machine price` keeps its own words.
        Kind::Cost if !shape.extra.is_empty() && !shape.extra.contains(' ') => shape.subject.clone(),
        Kind::Guide | Kind::BuyingGuide | Kind::Offer | Kind::Cost | Kind::Types | Kind::Mistakes | Kind::Faq => {
            things(&shape.subject)
        }
        _ => shape.subject.clone(),
    }
}

/// The page for a keyword that names a thing and no more.
fn plain(intent: &str, keyword: &str) -> Kind {
    match intent {
        "commercial" => Kind::BuyingGuide,
        "transactional" if names_a_service(keyword) => Kind::Local,
        "transactional" => Kind::Offer,
        _ => Kind::Guide,
    }
}

/// What keeps two angles of one kind apart.
fn key(kind: Kind, shape: &Shape) -> String {
    let (subject, extra) = (shape.subject.to_lowercase(), shape.extra.to_lowercase());
    match kind {
        Kind::Comparison if subject <= extra => format!("{subject}|{extra}"),
        Kind::Comparison => format!("{extra}|{subject}"),
        Kind::List | Kind::Local => extra,
        _ => String::new(),
    }
}

/// What the same readers ask next, about the thing that the most wanted keyword names.
fn derived<'c>(cluster: &'c IdeaCluster, own: &[Angle<'c>], intent: &str) -> Vec<Angle<'c>> {
    let all: Vec<&(&IdeaKeyword, Shape)> = own.iter().flat_map(|angle| &angle.keywords).collect();
    let position =
        |keyword: &IdeaKeyword| cluster.keywords.iter().position(|other| other.keyword_id == keyword.keyword_id);
    // A keyword that is a thing and no more names it best.
    let named = |shape: &Shape| u8::from(shape.kind.is_some());
    let with_things = all.into_iter().filter_map(|(keyword, shape)| Some((*keyword, shape, shape.thing()?)));
    let Some((keyword, shape, thing)) =
        with_things.min_by_key(|(keyword, shape, _)| (named(shape), position(keyword).unwrap_or(usize::MAX)))
    else {
        return Vec::new();
    };
    let action = shape.kind == Some(Kind::HowTo);
    let phrase_of = without_article(&thing).to_owned();
    let thing = if action { phrase_of.clone() } else { things(&thing) };
    let there = |kind: &Kind| own.iter().any(|angle| angle.kind == *kind);
    let kinds = next(intent, own, action).iter().copied().filter(|kind| !there(kind));
    let angle = |kind: Kind| Angle {
        kind,
        subject: thing.clone(),
        extra: String::new(),
        primary: phrase(kind, &phrase_of),
        keywords: vec![(keyword, shape.clone())],
        derived: true,
        action,
    };
    kinds.map(angle).collect()
}

fn next(intent: &str, own: &[Angle<'_>], action: bool) -> &'static [Kind] {
    use Kind::{BuyingGuide, Checklist, Cost, Definition, Faq, Guide, Mistakes, Offer, Types};
    if action {
        return &[Mistakes, Checklist, Faq, Cost];
    }
    if own.iter().any(|angle| angle.kind == Kind::Local) {
        return &[Cost, Checklist, Faq, Mistakes];
    }
    match intent {
        "commercial" => &[BuyingGuide, Types, Cost, Mistakes, Checklist, Faq],
        "transactional" => &[Offer, BuyingGuide, Cost, Types, Checklist, Faq],
        "navigational" => &[Guide, Faq],
        _ => &[Guide, Mistakes, Types, Faq, Checklist, Definition, Cost],
    }
}

/// What people would search for to find such a page.
fn phrase(kind: Kind, thing: &str) -> String {
    match kind {
        Kind::Guide => format!("{thing} guide"),
        Kind::Definition => format!("what is {thing}"),
        Kind::BuyingGuide => format!("best {thing}"),
        Kind::Cost => format!("{thing} cost"),
        Kind::Checklist => format!("{thing} checklist"),
        Kind::Mistakes => format!("{thing} mistakes"),
        Kind::Types => format!("types of {thing}"),
        Kind::Faq => format!("{thing} faq"),
        Kind::Offer => format!("buy {thing}"),
        _ => thing.to_owned(),
    }
}
