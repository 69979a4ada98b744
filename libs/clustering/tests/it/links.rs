//! What people decided holds on the next run.

use std::collections::HashMap;

use clustering::{Evidence, Links, Previous, Thresholds, match_clusters};
use proptest::prelude::*;

use crate::{cluster, grow, id, keywords, members, texts};

const TEXTS: &[&str] =
    &["running shoes", "best running shoes", "trail running shoes", "coffee table", "round coffee table"];

fn homes(answer: &clustering::Clusters) -> HashMap<[u8; 16], usize> {
    let of =
        |(at, cluster): (usize, &clustering::Cluster)| cluster.members.iter().map(|m| (m.id, at)).collect::<Vec<_>>();
    answer.clusters.iter().enumerate().flat_map(of).collect()
}

#[test]
fn a_moved_keyword_stays_where_a_person_put_it_and_says_so() {
    let links = Links { must: vec![(id(2), id(3))], cannot: vec![(id(2), id(0)), (id(2), id(1))] };
    let answer = grow(&keywords(TEXTS), &links).cut(&Thresholds::default());
    assert_eq!(members(&answer), [vec![0, 1], vec![2, 3, 4]]);
    let moved = answer.clusters.iter().flat_map(|cluster| &cluster.members).find(|member| member.id == id(2)).unwrap();
    assert_eq!(moved.evidence, Evidence::Person { with: id(3) });
    assert!((moved.confidence - 1.0).abs() < f64::EPSILON);
}

#[test]
fn what_is_kept_apart_may_share_a_topic() {
    let links = Links { cannot: vec![(id(0), id(1))], ..Links::default() };
    let answer = grow(&keywords(&TEXTS[..2]), &links).cut(&Thresholds::default());
    assert_eq!((answer.clusters.len(), answer.topics.len()), (2, 1));
}

#[test]
fn apart_wins_over_together_and_unknown_ids_are_ignored() {
    let links = Links {
        must: vec![(id(0), id(1)), (id(1), id(2)), (id(7), id(0)), (id(0), id(0))],
        cannot: vec![(id(0), id(2)), (id(9), id(1)), (id(3), id(3))],
    };
    let homes = homes(&grow(&keywords(TEXTS), &links).cut(&Thresholds { page: 1.0, topic: 1.0 }));
    assert_eq!(homes[&id(0)], homes[&id(1)]);
    assert_ne!(homes[&id(0)], homes[&id(2)]);
}

#[test]
fn equal_texts_can_be_kept_apart() {
    let links = Links { cannot: vec![(id(0), id(1))], ..Links::default() };
    assert_eq!(grow(&keywords(&["a lamp", "a lamp"]), &links).cut(&Thresholds::default()).clusters.len(), 2);
}

#[test]
fn ids_survive_a_run_with_more_keywords() {
    let before = cluster(TEXTS);
    let previous: Vec<Previous> = (1..)
        .zip(&before.clusters)
        .map(|(number, cluster)| Previous { id: [number; 16], members: cluster.members.iter().map(|m| m.id).collect() })
        .collect();
    let more =
        [TEXTS, &["running shoes for women", "glass coffee table", "garden hose", "hose for the garden"]].concat();
    let after = cluster(&more);
    let new: Vec<Vec<_>> =
        after.clusters.iter().map(|cluster| cluster.members.iter().map(|m| m.id).collect()).collect();
    let matched = match_clusters(&previous, &new);
    let id_of = |keyword: usize| matched[homes(&after)[&id(keyword)]];
    let was = |keyword: usize| Some(previous[homes(&before)[&id(keyword)]].id);
    assert!((0..TEXTS.len()).all(|keyword| id_of(keyword) == was(keyword)));
    assert_eq!(id_of(7), None);
}

proptest! {
    #[test]
    fn links_hold_at_every_threshold(
        texts in texts(), page in 0.0..1.0_f64,
        must in prop::collection::vec((0_usize..40, 0_usize..40), 0..6), cannot in prop::collection::vec((0_usize..40, 0_usize..40), 0..6),
    ) {
        let known = |pairs: &[(usize, usize)]| -> Vec<_> {
            let known = |pair: &&(usize, usize)| pair.0.max(pair.1) < texts.len() && pair.0 != pair.1;
            pairs.iter().filter(known).map(|(left, right)| (id(*left), id(*right))).collect()
        };
        let links = Links { must: known(&must), cannot: known(&cannot) };
        let homes = homes(&grow(&keywords(&texts), &links).cut(&Thresholds { page, topic: page / 2.0 }));
        prop_assert_eq!(homes.len(), texts.len());
        prop_assert!(links.cannot.iter().all(|(left, right)| homes[left] != homes[right]));
        if links.cannot.is_empty() {
            prop_assert!(links.must.iter().all(|(left, right)| homes[left] == homes[right]));
        }
    }
}
