//! Trees survive storage, and damage is noticed.

use clustering::{Damaged, Links, MergeTree, Thresholds};
use proptest::prelude::*;

use crate::{grow, id, keywords, texts};

fn example() -> Vec<u8> {
    let links = Links { must: vec![(id(0), id(2))], cannot: vec![(id(0), id(1))] };
    grow(&keywords(&["running shoes", "best running shoes", "Café", "東京 旅行"]), &links).to_bytes()
}

#[test]
fn an_empty_tree_is_stored_too() {
    let tree = MergeTree::from_bytes(&grow(&[], &Links::default()).to_bytes()).unwrap();
    assert!(tree.is_empty());
    assert!(tree.cut(&Thresholds::default()).clusters.is_empty());
}

#[test]
fn every_changed_byte_and_every_cut_is_noticed() {
    let bytes = example();
    assert!(MergeTree::from_bytes(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        assert!(MergeTree::from_bytes(&changed).is_err(), "byte {at}");
        assert!(MergeTree::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(MergeTree::from_bytes(&[bytes, vec![0]].concat()).is_err());
}

#[test]
fn another_version_is_named() {
    let mut bytes = example();
    bytes[4] = 2;
    let error = MergeTree::from_bytes(&bytes).unwrap_err();
    assert_eq!(error, Damaged::Version(2));
    assert_eq!(error.to_string(), "merge tree of version 2, not 1");
    assert_eq!(MergeTree::from_bytes(b"%PDF").unwrap_err(), Damaged::NotATree);
}

proptest! {
    #[test]
    fn a_tree_comes_back_as_it_was(texts in texts()) {
        let tree = grow(&keywords(&texts), &Links { cannot: vec![(id(0), id(1))], ..Links::default() });
        prop_assert_eq!(MergeTree::from_bytes(&tree.to_bytes()), Ok(tree));
    }

    #[test]
    fn forged_content_under_a_good_sum_never_panics(content in prop::collection::vec(any::<u8>(), 0..200), page in 0.0..1.0_f64) {
        let mut bytes = [b"IGCT".as_slice(), &[1], &content].concat();
        let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        bytes.extend(sum.to_be_bytes());
        if let Ok(tree) = MergeTree::from_bytes(&bytes) {
            tree.cut(&Thresholds { page, topic: page });
        }
    }
}
