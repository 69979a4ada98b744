//! What kind of subject an article has, by its words. The kind decides which advice is at hand.

/// Kinds of subjects, the most particular first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Two things against each other.
    Versus,
    /// Something that one does with one's hands.
    Task,
    /// Somebody who comes, or whom one goes to.
    Service,
    Software,
    Food,
    /// Health, sport, looks.
    Body,
    Money,
    /// A thing that one buys.
    Product,
    General,
}

const SOFTWARE: &str = "software app apps crm erp cms saas plugin plugins hosting website websites api database cloud vpn antivirus \
    wordpress shopify woocommerce analytics dashboard automation chatbot ai tool tools platform platforms seo email newsletter domain \
    server backup password browser excel spreadsheet programming code python linux invoicing helpdesk ecommerce keyword";
const FOOD: &str = "coffee espresso tea bean beans recipe recipes food foods meal meals bread cake wine beer chocolate cheese meat beef \
    chicken fish pasta rice soup salad sauce spice spices fruit vegetable vegetables breakfast lunch dinner snack snacks cooking baking \
    cook bake roast roasts flour sugar honey oil milk yogurt juice smoothie vegan vegetarian drink drinks cocktail latte cappuccino \
    brew brewing dessert cookies pizza herbs nuts oats";
const BODY: &str = "pain diet sleep workout workouts yoga pilates vitamin vitamins supplement supplements skin hair symptom symptoms \
    exercise exercises fitness weight muscle protein massage therapy anxiety stress headache back knee migraine allergy allergies acne \
    skincare makeup beauty nutrition fasting running stretching posture dental teeth pregnancy baby health healthy meditation training";
const MONEY: &str = "insurance loan loans mortgage mortgages credit debt tax taxes invest investing investment investments bank banking \
    pension savings saving budget budgeting retirement stocks fund funds etf crypto finance financing salary accounting leasing interest \
    refinance inheritance";
const THINGS: &str = "machine machines grinder grinders shoes shoe sneakers desk desks chair chairs mattress mattresses laptop laptops phone \
    phones camera cameras bike bikes car cars tent tents backpack backpacks knife knives pan pans vacuum heater fan lamp lamps sofa bed \
    beds table tables watch watches headphones speaker speakers monitor printer tv tablet jacket coat boots bag bags stroller toy toys \
    drill saw mower grill oven fridge dishwasher washer dryer toaster blender kettle scale scales filter filters maker makers gear \
    equipment furniture carpet rug curtains tiles paint flooring windows doors";
const DOING: &str = "clean fix repair install build make paint store wash remove replace grow plant cook bake brew sew assemble sharpen \
    descale organize hang mount grind froth roast";

/// The kinds of a subject, those that know most of it first; the general one is always the last.
pub(super) fn of(texts: &[&str], structure: &str, reading: Reading) -> Vec<Kind> {
    let words: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
    let has = |list: &str| words.iter().any(|word| list.split(' ').any(|other| other == word));
    let food = has(FOOD) && !has(THINGS);
    let found = [
        (Kind::Versus, reading.sides),
        (Kind::Task, reading.action && has(DOING) && !food),
        (Kind::Service, reading.service || structure == "local"),
        (Kind::Software, has(SOFTWARE) && !has(THINGS) && !food),
        (Kind::Food, food),
        (Kind::Body, has(BODY) && !has(THINGS) && !has(SOFTWARE)),
        (Kind::Money, has(MONEY) && !has(SOFTWARE)),
        (Kind::Product, has(THINGS) && !reading.service && !reading.action),
    ];
    let mut kinds: Vec<Kind> = found.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect();
    let particular = kinds.iter().any(|kind| !matches!(kind, Kind::Versus | Kind::Task));
    let bought = matches!(structure, "buying_guide" | "review" | "offer");
    if !particular && bought && !reading.action {
        kinds.push(Kind::Product);
    }
    kinds.push(Kind::General);
    kinds
}

/// What the primary keyword says of the subject.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    pub(super) sides: bool,
    pub(super) action: bool,
    pub(super) service: bool,
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Versus,
        Self::Task,
        Self::Service,
        Self::Software,
        Self::Food,
        Self::Body,
        Self::Money,
        Self::Product,
        Self::General,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_told_by_their_words() {
        let plain = Reading::default();
        let task = Reading { action: true, ..plain };
        let service = Reading { service: true, ..plain };
        for (text, structure, reading, kinds) in [
            ("how to store espresso beans", "how_to", task, &[Kind::Food, Kind::General][..]),
            ("how to clean white sneakers", "how_to", task, &[Kind::Task, Kind::General]),
            ("best espresso machine", "buying_guide", plain, &[Kind::Product, Kind::General]),
            ("espresso machine repair cost", "cost", service, &[Kind::Service, Kind::General]),
            ("crm for small business", "guide", plain, &[Kind::Software, Kind::General]),
            ("best gift for runners", "buying_guide", plain, &[Kind::Product, Kind::General]),
            (
                "drip coffee vs french press",
                "comparison",
                Reading { sides: true, ..plain },
                &[Kind::Versus, Kind::Food, Kind::General],
            ),
            ("mortgage refinance", "guide", plain, &[Kind::Money, Kind::General]),
            ("lower back pain", "guide", plain, &[Kind::Body, Kind::General]),
            ("town twinning", "guide", plain, &[Kind::General]),
        ] {
            assert_eq!(of(&[text], structure, reading), kinds, "{text}");
        }
    }
}
