//! The order of the input and the number of threads mean nothing.

use clustering::{Links, Settings, Thresholds, tree};
use proptest::prelude::*;

use crate::{id, keywords, texts};

fn links(pairs: &[(usize, usize, bool)]) -> Links {
    let of =
        |together: bool| pairs.iter().filter(|pair| pair.2 == together).map(|pair| (id(pair.0), id(pair.1))).collect();
    Links { must: of(true), cannot: of(false) }
}

proptest! {
    #[test]
    fn any_order_of_keywords_and_links_grows_the_same_tree(
        (texts, shuffled) in texts().prop_flat_map(|texts| {
            let order: Vec<usize> = (0..texts.len()).collect();
            (Just(texts), Just(order).prop_shuffle())
        }),
        (pairs, reversed) in prop::collection::vec((0_usize..40, 0_usize..40, any::<bool>()), 0..12)
            .prop_map(|pairs| (pairs.clone(), pairs.into_iter().rev().map(|(a, b, together)| (b, a, together)).collect::<Vec<_>>())),
    ) {
        let keywords = keywords(&texts);
        let other: Vec<_> = shuffled.iter().map(|at| keywords[*at]).collect();
        let first = tree(&keywords, &links(&pairs), &Settings { threads: 1, ..Settings::default() });
        let second = tree(&other, &links(&reversed), &Settings { threads: 3, ..Settings::default() });
        prop_assert_eq!(first.to_bytes(), second.to_bytes());
        prop_assert_eq!(first.cut(&Thresholds::default()), second.cut(&Thresholds::default()));
    }
}

#[test]
fn a_set_too_large_to_compare_all_pairs_does_not_depend_on_its_order_either() {
    let things = ["shoe", "table", "lamp", "sofa", "desk", "mirror", "rug", "clock", "vase", "shelf"];
    let kinds =
        ["oak", "red", "small", "modern", "cheap", "best", "kids", "garden", "vintage", "round", "blue", "white"];
    let texts: Vec<String> = (0..2400)
        .map(|n| format!("{} {} {} {}", kinds[n % 12], kinds[n / 12 % 12], things[n / 144 % 10], n / 1440))
        .collect();
    let forwards = keywords(&texts);
    let backwards: Vec<_> = forwards.iter().rev().copied().collect();
    let settings = Settings { threads: 2, ..Settings::default() };
    let trees = [&forwards, &backwards].map(|keywords| tree(keywords, &Links::default(), &settings));
    assert_eq!(trees[0], trees[1]);
}
