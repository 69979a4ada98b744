//! Clusters and topics of small sets, of odd ones, and of every threshold.

use clustering::{Links, Settings, Thresholds, tree};
use proptest::prelude::*;

use crate::{cluster, grow, keywords, members, texts};

#[test]
fn keywords_group_by_what_they_are_about() {
    let answer = cluster(&[
        "running shoes",
        "best running shoes",
        "shoes for running",
        "coffee table",
        "round coffee tables",
        "how to descale a kettle",
        "descaling kettles",
    ]);
    assert_eq!(members(&answer), [vec![0, 1, 2], vec![3, 4], vec![5, 6]]);
    let names: Vec<&str> = answer.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["running shoes", "coffee table", "descaling kettles"]);
}

#[test]
fn nothing_gives_nothing_and_one_gives_one() {
    let none: [&str; 0] = [];
    assert!(cluster(&none).clusters.is_empty());
    let one = cluster(&["  Running   Shoes "]);
    assert_eq!((one.clusters.len(), one.topics.len()), (1, 1));
    assert_eq!(one.clusters[0].name, "Running Shoes");
    assert!((one.clusters[0].confidence - 1.0).abs() < f64::EPSILON);
}

#[test]
fn equal_keywords_are_one_cluster_at_every_threshold() {
    let texts = vec!["Running shoes"; 500];
    let answer = grow(&keywords(&texts), &Links::default()).cut(&Thresholds { page: 1.0, topic: 1.0 });
    assert_eq!(answer.clusters.len(), 1);
}

#[test]
fn a_keyword_given_twice_counts_once() {
    let once = keywords(&["running shoes", "coffee table"]);
    let twice = [once.as_slice(), once.as_slice()].concat();
    assert_eq!(grow(&once, &Links::default()), grow(&twice, &Links::default()));
}

#[test]
fn texts_without_a_word_stay_alone() {
    assert_eq!(
        cluster(&["", " ", "!!!", "🙂", "running shoes"]).clusters.iter().map(|c| c.members.len()).max(),
        Some(2)
    );
}

#[test]
fn other_scripts_are_grouped_like_english() {
    let answer = cluster(&[
        "купить кроссовки",
        "кроссовки купить онлайн",
        "東京旅行",
        "東京旅行ガイド",
        "Schöne Möbel",
        "schone mobel",
    ]);
    assert_eq!(members(&answer), [vec![0, 1], vec![2, 3], vec![4, 5]]);
}

#[test]
fn numbers_tell_models_apart() {
    let answer = grow(&keywords(&["iphone 15 case", "iphone 15 cases", "205 55 r16", "195 65 r15"]), &Links::default())
        .cut(&Thresholds::default());
    assert_eq!(members(&answer), [vec![0, 1], vec![2], vec![3]]);
}

#[test]
fn a_pasted_page_is_a_keyword_like_another() {
    let page = "where to buy running shoes ".repeat(20_000);
    let answer = cluster(&[page.as_str(), "where to buy running shoes", "lamp"]);
    assert_eq!(answer.clusters.len(), 2);
    assert_eq!(answer.clusters[0].name, "where to buy running shoes");
}

#[test]
fn names_are_unique() {
    let links = Links { cannot: vec![(crate::id(0), crate::id(1))], ..Links::default() };
    let answer = grow(&keywords(&["lamp", "lamp", "lamp (2)"]), &links).cut(&Thresholds { page: 1.0, topic: 1.0 });
    let mut names: Vec<&str> = answer.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), answer.clusters.len());
}

#[test]
fn thresholds_out_of_range_count_as_the_nearest() {
    let tree = tree(&keywords(&["red lamp", "blue lamp"]), &Links::default(), &Settings::default());
    let cut = |page, topic| tree.cut(&Thresholds { page, topic });
    assert_eq!(cut(7.0, 9.0), cut(1.0, 1.0));
    assert_eq!(cut(-7.0, f64::NAN), cut(0.0, 0.0));
}

proptest! {
    #[test]
    fn a_lower_threshold_only_joins(texts in texts(), low in 0.0..1.0_f64, high in 0.0..1.0_f64) {
        let (low, high) = (low.min(high), low.max(high));
        let tree = grow(&keywords(&texts), &Links::default());
        let (wide, narrow) = (tree.cut(&Thresholds { page: low, topic: 0.0 }), tree.cut(&Thresholds { page: high, topic: low }));
        let wide = members(&wide);
        for part in members(&narrow) {
            prop_assert!(wide.iter().any(|whole| part.iter().all(|keyword| whole.contains(keyword))));
        }
    }

    #[test]
    fn each_keyword_is_in_one_cluster_and_each_cluster_in_one_topic(texts in texts(), page in 0.0..1.0_f64, topic in 0.0..1.0_f64) {
        let answer = grow(&keywords(&texts), &Links::default()).cut(&Thresholds { page, topic });
        let mut all: Vec<usize> = members(&answer).concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..texts.len()).collect::<Vec<_>>());
        let mut listed = vec![0; answer.clusters.len()];
        for (at, topic) in answer.topics.iter().enumerate() {
            for cluster in &topic.clusters {
                listed[*cluster] += 1;
                prop_assert_eq!(answer.clusters[*cluster].topic, at);
            }
        }
        prop_assert!(listed.iter().all(|times| *times == 1));
        let members = answer.clusters.iter().flat_map(|cluster| &cluster.members);
        prop_assert!(members.map(|member| member.confidence).all(|confidence| (0.0..=1.0).contains(&confidence)));
    }

    #[test]
    fn any_text_is_taken(texts in prop::collection::vec(".*", 0..12)) {
        prop_assert_eq!(cluster(&texts).clusters.iter().map(|cluster| cluster.members.len()).sum::<usize>(), texts.len());
    }
}
