//! What the import file knows outweighs the text, and each keyword says what decided.

use clustering::{Cluster, Evidence, Keyword, Links, Member, Thresholds};

use crate::{cluster, grow, id, keywords, members};

fn member(clusters: &[Cluster], number: usize) -> &Member {
    clusters.iter().flat_map(|cluster| &cluster.members).find(|member| member.id == id(number)).unwrap()
}

fn results(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("https://www.example.com/{number}/")).collect()
}

#[test]
fn common_search_results_join_what_has_no_word_in_common() {
    let (shoes, trainers, lamps) = (results(0..10), results(4..14), results(20..30));
    let mut keywords = keywords(&["jogging footwear", "sneaker", "jogging footwear lamp"]);
    for (keyword, urls) in keywords.iter_mut().zip([&shoes, &trainers, &lamps]) {
        keyword.serp_urls = urls;
    }
    let answer = grow(&keywords, &Links::default()).cut(&Thresholds::default());
    assert_eq!(member(&answer.clusters, 1).evidence, Evidence::SearchResults { with: id(0), shared: 6 });
}

#[test]
fn different_search_results_part_what_shares_a_word() {
    let (fruit, phone) = (results(0..10), results(10..20));
    let texts = ["apple tart", "apple phone", "pear", "plum", "phone case"];
    let alone = grow(&keywords(&texts[..2]), &Links::default()).cut(&Thresholds::default());
    let mut with = keywords(&texts[..2]);
    (with[0].serp_urls, with[1].serp_urls) = (&fruit, &phone);
    let parted = grow(&with, &Links::default()).cut(&Thresholds::default());
    assert_eq!((alone.clusters.len(), parted.clusters.len()), (1, 2));
}

#[test]
fn an_equal_page_or_parent_joins() {
    let page = |number, text, page| Keyword { id: id(number), text, page: Some(page), ..Keyword::default() };
    let parent = |number, text, parent| Keyword { id: id(number), text, parent: Some(parent), ..Keyword::default() };
    let keywords = [
        page(0, "jogging footwear", "Shoes"),
        page(1, "sneaker", "shoes"),
        parent(2, "ceiling light", "Lamp"),
        parent(3, "chandelier", "lamp"),
    ];
    let answer = grow(&keywords, &Links::default()).cut(&Thresholds::default());
    assert_eq!(members(&answer), [vec![0, 1], vec![2, 3]]);
    assert_eq!(member(&answer.clusters, 0).evidence, Evidence::Page { with: id(1) });
    assert_eq!(member(&answer.clusters, 2).evidence, Evidence::Parent { with: id(3) });
}

#[test]
fn common_words_are_named_in_the_form_of_the_keyword() {
    let answer = cluster(&["charge electric cars", "charging an electric car"]);
    let words = ["charging", "electric", "car"].map(str::to_owned).to_vec();
    assert_eq!(member(&answer.clusters, 1).evidence, Evidence::Words { with: id(0), words });
}

#[test]
fn a_misspelling_is_recognised_as_spelling() {
    let answer = cluster(&["accommodation", "acommodation", "lawn mower"]);
    assert_eq!(members(&answer), [vec![0, 1], vec![2]]);
    assert_eq!(member(&answer.clusters, 0).evidence, Evidence::Spelling { with: id(1) });
    assert_eq!(member(&answer.clusters, 2).evidence, Evidence::Alone);
}

#[test]
fn a_keyword_between_two_clusters_is_less_sure() {
    let answer = cluster(&[
        "oak dining table",
        "dining table",
        "dining chair",
        "oak dining chair",
        "dining table and chair",
        "oak dining tables",
    ]);
    let sure = member(&answer.clusters, 0).confidence;
    let torn = member(&answer.clusters, 4).confidence;
    assert!((0.0..=1.0).contains(&torn) && torn <= sure, "{torn} {sure}");
}
