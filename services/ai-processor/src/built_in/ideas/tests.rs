//! What the rules make of clusters as people have them. The snapshot is read by a person before it is accepted: would a content lead?

use std::fmt::Write;

use super::*;

/// A cluster with an id of its own, and keywords with volumes as import files have them.
fn cluster(number: u32, intents: &[&str], keywords: &[(&str, i64)]) -> pb::IdeaCluster {
    let keyword = |(at, (text, volume)): (usize, &(&str, i64))| pb::IdeaKeyword {
        keyword_id: format!("k{at}"),
        text: (*text).to_owned(),
        volume: Some(*volume),
    };
    pb::IdeaCluster {
        cluster_id: format!("01890a5d-ac96-774b-bcce-b3020000{number:04}"),
        name: keywords.first().map(|(text, _)| (*text).to_owned()).unwrap_or_default(),
        intents: intents.iter().map(|intent| (*intent).to_owned()).collect(),
        keywords: keywords.iter().enumerate().map(keyword).collect(),
        existing_titles: Vec::new(),
    }
}

fn input(each: i32, clusters: Vec<pb::IdeaCluster>) -> pb::IdeasInput {
    pb::IdeasInput { language: "en".to_owned(), ideas_per_cluster: each, clusters, ..pb::IdeasInput::default() }
}

fn sneakers() -> pb::IdeaCluster {
    cluster(
        1,
        &["informational"],
        &[
            ("how to clean white sneakers", 12_000),
            ("clean white shoes", 4_400),
            ("how to clean white canvas sneakers", 1_900),
            ("how to clean white leather sneakers", 1_600),
            ("can you put sneakers in the washing machine", 1_300),
            ("best white shoe cleaner", 1_000),
        ],
    )
}

fn crm() -> pb::IdeaCluster {
    cluster(
        2,
        &["commercial", "informational"],
        &[
            ("best crm for small business", 9_900),
            ("crm software", 8_100),
            ("hubspot vs pipedrive", 2_400),
            ("crm pricing", 1_900),
            ("what is a crm", 1_600),
            ("crm implementation checklist", 480),
        ],
    )
}

fn plumber() -> pb::IdeaCluster {
    cluster(
        3,
        &["transactional"],
        &[
            ("emergency plumber near me", 6_600),
            ("24 hour plumber", 2_900),
            ("plumber in austin", 1_300),
            ("how much does an emergency plumber cost", 880),
            ("burst pipe what to do", 390),
        ],
    )
}

fn beans() -> pb::IdeaCluster {
    cluster(
        4,
        &["transactional", "commercial"],
        &[
            ("espresso beans", 14_800),
            ("buy espresso beans online", 2_400),
            ("best espresso beans", 6_600),
            ("espresso beans vs coffee beans", 3_600),
            ("how to store coffee beans", 2_900),
        ],
    )
}

fn kitchen() -> pb::IdeaCluster {
    cluster(
        5,
        &["informational"],
        &[("small kitchen ideas", 33_000), ("small kitchen storage ideas", 5_400), ("galley kitchen", 4_400)],
    )
}

fn written(input: &pb::IdeasInput, brief: &Brief) -> String {
    let mut text = String::new();
    for idea in ideas(input, brief) {
        let pb::IdeaOutcome {
            title,
            description,
            content_type,
            structure,
            primary_keyword,
            keyword_ids,
            outline,
            word_count,
            ..
        } = idea;
        writeln!(
            text,
            "# {title}\n  {content_type}, {structure}, {word_count} words; {primary_keyword} [{}]",
            keyword_ids.join(" ")
        )
        .unwrap();
        writeln!(text, "  {description}").unwrap();
        for section in outline {
            writeln!(text, "  - {section}").unwrap();
        }
    }
    text
}

#[test]
fn five_clusters_become_plans_that_a_person_has_read() {
    let brief = |audience: &str, goal: &str, facts: &str, site: &str| Brief {
        audience: audience.to_owned(),
        goal: goal.to_owned(),
        facts: facts.to_owned(),
        site_name: site.to_owned(),
        ..Brief::default()
    };
    let owners = brief(
        "small business owners",
        "start a free trial",
        "Our CRM imports contacts from any spreadsheet.",
        "Pipeworks",
    );
    let plumbers =
        brief("", "call us", "We are in Austin since 1998. Our plumbers come within 60 minutes.", "Hillside Plumbing");
    let roasters = brief("home baristas", "", "We roast our espresso beans every Monday.", "Monday Coffee");
    let plans = [
        written(&input(4, vec![sneakers(), kitchen()]), &Brief::default()),
        written(&input(4, vec![crm()]), &owners),
        written(&input(4, vec![plumber()]), &plumbers),
        written(&input(5, vec![beans()]), &roasters),
    ];
    insta::assert_snapshot!(plans.join("\n"));
}

#[test]
fn the_same_clusters_always_get_the_same_ideas() {
    let input = input(5, vec![sneakers(), crm(), plumber()]);
    assert_eq!(ideas(&input, &Brief::default()), ideas(&input, &Brief::default()));
}

#[test]
fn every_cluster_gets_as_many_ideas_as_are_wanted_each_of_another_sort() {
    for each in 1..=5 {
        let input = input(each, vec![sneakers(), crm(), plumber(), beans()]);
        let ideas = ideas(&input, &Brief::default());
        assert_eq!(ideas.len(), wanted(each) * 4);
        check(&input, &ideas).unwrap();
    }
    let lone = input(4, vec![cluster(9, &["informational"], &[("standing desk", 900)])]);
    let ideas = ideas(&lone, &Brief::default());
    let structures: BTreeSet<&str> = ideas.iter().map(|idea| idea.structure.as_str()).collect();
    let primary: BTreeSet<&str> = ideas.iter().map(|idea| idea.primary_keyword.as_str()).collect();
    assert_eq!((ideas.len(), structures.len() >= 3, primary.len()), (4, true, 4), "{ideas:?}");
}

#[test]
fn together_the_ideas_answer_every_keyword_of_the_cluster() {
    for each in [1, 2, 4] {
        let ideas = ideas(&input(each, vec![crm()]), &Brief::default());
        let answered: BTreeSet<&String> = ideas.iter().flat_map(|idea| &idea.keyword_ids).collect();
        assert_eq!(answered.len(), crm().keywords.len());
    }
}

#[test]
fn a_title_that_exists_is_not_promised_again_in_other_words() {
    let fresh = ideas(&input(3, vec![sneakers()]), &Brief::default());
    let mut cluster = sneakers();
    cluster.existing_titles = fresh.iter().map(|idea| idea.title.clone()).collect();
    cluster.existing_titles.push("How To Clean White Sneakers (The Right Way)".to_owned());
    let again = ideas(&input(3, vec![cluster.clone()]), &Brief::default());
    assert!(!again.is_empty());
    for idea in &again {
        assert!(
            !cluster.existing_titles.iter().any(|title| similar::same_promise(title, &idea.title)),
            "{}",
            idea.title
        );
    }
}

#[test]
fn clusters_with_the_same_keywords_do_not_share_a_title() {
    let twins = input(3, vec![crm(), pb::IdeaCluster { cluster_id: "another".to_owned(), ..crm() }]);
    let ideas = ideas(&twins, &Brief::default());
    let titles: BTreeSet<String> = ideas.iter().map(|idea| normalise(&idea.title)).collect();
    assert_eq!(titles.len(), ideas.len());
}

#[test]
fn the_strategy_of_the_sector_decides_what_comes_first_what_is_left_out_and_how_long_it_is() {
    let brief = Brief {
        structures: vec!["cost".to_owned(), "definition".to_owned()],
        avoid: vec!["HubSpot".to_owned(), "best".to_owned()],
        word_count: Some(900),
        ..Brief::default()
    };
    let ideas = ideas(&input(6, vec![crm()]), &brief);
    assert_eq!(ideas.iter().take(2).map(|idea| idea.structure.as_str()).collect::<Vec<_>>(), ["cost", "definition"]);
    for idea in ideas {
        assert!(!idea.title.contains("HubSpot") && !idea.title.contains("Best"), "{}", idea.title);
        assert_eq!(idea.word_count, 900);
    }
}

#[test]
fn keywords_of_another_language_keep_their_own_words() {
    let german = cluster(
        7,
        &["informational"],
        &[("laufschuhe damen", 900), ("laufschuhe test", 700), ("laufschuhe kaufen", 300)],
    );
    let input = pb::IdeasInput { language: "de".to_owned(), ..input(3, vec![german]) };
    let ideas = ideas(&input, &Brief { language: "de".to_owned(), ..Brief::default() });
    assert_eq!(ideas.iter().map(|idea| idea.title.as_str()).collect::<Vec<_>>(), ["Laufschuhe damen: laufschuhe test"]);
    assert_eq!(ideas[0].outline, ["Laufschuhe damen", "Laufschuhe test", "Laufschuhe kaufen"]);
    check(&input, &ideas).unwrap();
}

#[test]
fn less_than_was_wanted_costs_less() {
    assert_eq!((done(10, 5, 10), done(10, 1, 3), done(10, 0, 5), done(3, 9, 3)), (5, 4, 0, 3));
}

proptest::proptest! {
    #[test]
    fn whatever_the_keywords_say_the_ideas_pass_their_check(
        keywords in proptest::collection::vec("(how to |best |what is |cheap )?[a-zA-Zäß' ]{0,20}( vs | for | near me| cost| review| ideas|\\?)?[a-z ]{0,12}", 0..12),
        intent in "(informational|commercial|transactional|navigational|)",
        each in -1..15i32,
    ) {
        let keywords: Vec<(&str, i64)> = keywords.iter().map(|text| (text.as_str(), 10)).collect();
        let input = input(each, vec![cluster(8, &[&intent], &keywords)]);
        let ideas = ideas(&input, &Brief::default());
        proptest::prop_assert!(check(&input, &ideas).is_ok());
        proptest::prop_assert!(ideas.len() <= MOST);
    }
}
