//! Which cluster of a new run is which of the previous one, so that ids, and what hangs on them, survive.

use std::collections::HashMap;

use crate::keyword::KeywordId;

/// The bytes of a cluster's UUID.
pub type ClusterId = [u8; 16];

/// A cluster of the previous run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Its id.
    pub id: ClusterId,
    /// Its keywords; one that stands in several previous clusters counts for the one with the smallest id.
    pub members: Vec<KeywordId>,
}

/// For each new cluster (by its members) the id of the previous one that it continues, if any; no id is given twice.
///
/// Greedy: the pair with the most common keywords first; of equal pairs the smaller previous id, then the new cluster with the
/// smaller first keyword. So the order of either side, or of members, means nothing. Near linear in the number of keywords.
pub fn match_clusters(previous: &[Previous], new: &[Vec<KeywordId>]) -> Vec<Option<ClusterId>> {
    let mut home: HashMap<KeywordId, ClusterId> = HashMap::new();
    for cluster in previous {
        for member in &cluster.members {
            home.entry(*member).and_modify(|id| *id = cluster.id.min(*id)).or_insert(cluster.id);
        }
    }
    let mut pairs = Vec::new();
    for (at, members) in new.iter().enumerate() {
        let mut common: HashMap<ClusterId, usize> = HashMap::new();
        for id in members.iter().filter_map(|member| home.get(member)) {
            let count = common.entry(*id).or_default();
            *count = count.saturating_add(1);
        }
        let first = members.iter().min().copied();
        pairs.extend(common.into_iter().map(|(id, count)| (std::cmp::Reverse(count), id, first, at)));
    }
    pairs.sort_unstable();
    let mut matched = vec![None; new.len()];
    let mut given = std::collections::HashSet::new();
    for (_, id, _, at) in pairs {
        if let Some(slot) = matched.get_mut(at).filter(|slot| slot.is_none())
            && given.insert(id)
        {
            *slot = Some(id);
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u8]) -> Vec<KeywordId> {
        numbers.iter().map(|number| [*number; 16]).collect()
    }

    fn before(id: u8, members: &[u8]) -> Previous {
        Previous { id: [id; 16], members: ids(members) }
    }

    #[test]
    fn a_cluster_that_grew_keeps_its_id() {
        let matched = match_clusters(&[before(1, &[1, 2]), before(2, &[3, 4])], &[ids(&[3, 4, 5, 6]), ids(&[1, 2, 7])]);
        assert_eq!(matched, [Some([2; 16]), Some([1; 16])]);
    }

    #[test]
    fn the_larger_part_of_a_split_keeps_the_id_and_the_other_gets_none() {
        assert_eq!(match_clusters(&[before(1, &[1, 2, 3])], &[ids(&[1]), ids(&[2, 3])]), [None, Some([1; 16])]);
    }

    #[test]
    fn two_that_became_one_leave_the_id_of_the_larger() {
        assert_eq!(match_clusters(&[before(1, &[1]), before(2, &[2, 3])], &[ids(&[1, 2, 3])]), [Some([2; 16])]);
    }

    #[test]
    fn ties_go_to_the_smaller_id_whatever_the_order() {
        let (one, two) = (before(1, &[1, 2]), before(2, &[3, 4]));
        let new = [ids(&[3, 1]), ids(&[2, 4])];
        assert_eq!(match_clusters(&[two.clone(), one.clone()], &new), [Some([1; 16]), Some([2; 16])]);
        assert_eq!(match_clusters(&[one, two], &new), [Some([1; 16]), Some([2; 16])]);
    }

    #[test]
    fn nothing_in_common_is_nothing_continued() {
        assert_eq!(match_clusters(&[before(1, &[1])], &[ids(&[2]), Vec::new()]), [None, None]);
        assert_eq!(match_clusters(&[], &[]), []);
    }
}
