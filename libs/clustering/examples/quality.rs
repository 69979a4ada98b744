//! How good and how fast: `quality labelled.tsv [page threshold]…` or `quality synthetic 200000`.
//!
//! A labelled file has one `text<TAB>label` a line. Printed are the adjusted Rand index (Hubert and Arabie 1985), the F1 of pairs, the number of
//! clusters and the seconds; for synthetic keywords the seconds of each step and the peak memory.

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use std::{collections::HashMap, fs, time::Instant};

use clustering::{Keyword, KeywordId, Links, MergeTree, Settings, Thresholds, tree};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [mode, count] if mode == "synthetic" => synthetic(count.parse()?),
        [file, thresholds @ ..] => {
            let thresholds: Result<Vec<f64>, _> = thresholds.iter().map(|text| text.parse()).collect();
            labelled(&fs::read_to_string(file)?, &thresholds?);
        }
        [] => println!("usage: quality labelled.tsv [page threshold]… | quality synthetic <keywords>"),
    }
    Ok(())
}

fn number(at: usize) -> KeywordId {
    u128::try_from(at).unwrap_or_default().to_be_bytes()
}

fn grow<'a>(texts: impl Iterator<Item = &'a str>) -> MergeTree {
    let keywords: Vec<Keyword<'_>> =
        texts.enumerate().map(|(at, text)| Keyword { id: number(at), text, ..Keyword::default() }).collect();
    tree(&keywords, &Links::default(), &Settings::default())
}

fn labelled(file: &str, thresholds: &[f64]) {
    let rows: Vec<(&str, &str)> = file.lines().filter_map(|line| line.split_once('\t')).collect();
    let started = Instant::now();
    let tree = grow(rows.iter().map(|(text, _)| *text));
    println!("{} keywords, tree in {:.3} s", rows.len(), started.elapsed().as_secs_f64());
    let defaults = [Thresholds::default().page];
    for page in if thresholds.is_empty() { &defaults } else { thresholds } {
        let started = Instant::now();
        let cut = tree.cut(&Thresholds { page: *page, ..Thresholds::default() });
        let seconds = started.elapsed().as_secs_f64();
        let mut found: HashMap<KeywordId, usize> = HashMap::new();
        for (at, cluster) in cut.clusters.iter().enumerate() {
            found.extend(cluster.members.iter().map(|member| (member.id, at)));
        }
        let pairs = (0..rows.len()).filter_map(|at| found.get(&number(at)).copied());
        let (rand, f1) = agreement(pairs.zip(rows.iter().map(|(_, label)| *label)));
        let (clusters, topics) = (cut.clusters.len(), cut.topics.len());
        println!(
            "threshold {page:.3}: ARI {rand:.3}, pair F1 {f1:.3}, {clusters} clusters in {topics} topics, cut in {seconds:.3} s"
        );
    }
}

/// The adjusted Rand index and the F1 of pairs.
fn agreement<'a>(rows: impl Iterator<Item = (usize, &'a str)>) -> (f64, f64) {
    let (mut cells, mut found, mut labels) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut all = 0.0_f64;
    for (cluster, label) in rows {
        *cells.entry((cluster, label)).or_insert(0.0) += 1.0;
        *found.entry(cluster).or_insert(0.0) += 1.0;
        *labels.entry(label).or_insert(0.0) += 1.0;
        all += 1.0;
    }
    let pairs = |count: &f64| count * (count - 1.0) / 2.0;
    let both: f64 = cells.values().map(pairs).sum();
    let (ours, theirs): (f64, f64) = (found.values().map(pairs).sum(), labels.values().map(pairs).sum());
    let chance = ours * theirs / pairs(&all);
    ((both - chance) / (f64::midpoint(ours, theirs) - chance), 2.0 * both / (ours + theirs))
}

fn synthetic(count: usize) {
    let texts = invent(count);
    let started = Instant::now();
    let tree = grow(texts.iter().map(String::as_str));
    println!("{count} keywords: tree in {:.2} s", started.elapsed().as_secs_f64());
    let bytes = tree.to_bytes();
    println!("stored in {} bytes", bytes.len());
    for page in [Thresholds::default().page, 0.3, 0.1] {
        let started = Instant::now();
        let Ok(stored) = MergeTree::from_bytes(&bytes) else { continue };
        let cut = stored.cut(&Thresholds { page, ..Thresholds::default() });
        let largest = cut.clusters.first().map_or(0, |cluster| cluster.members.len());
        let (clusters, topics) = (cut.clusters.len(), cut.topics.len());
        println!(
            "threshold {page}: {clusters} clusters in {topics} topics, largest {largest}; read and cut in {:.2} s",
            started.elapsed().as_secs_f64()
        );
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
}

/// Keywords like those of a shop's research: a thing of a Zipf-like vocabulary, with what people add to it.
fn invent(count: usize) -> Vec<String> {
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below.max(1)
    };
    let syllables = [
        "ba", "co", "der", "fi", "gan", "hol", "ju", "kem", "lo", "mir", "nes", "pa", "qui", "ros", "tal", "vu", "wen",
        "zor",
    ];
    let word = |draw: &mut dyn FnMut(usize) -> usize| -> String {
        (0..2 + draw(2)).filter_map(|_| syllables.get(draw(syllables.len()))).copied().collect()
    };
    let vocabulary: Vec<String> = (0..count / 20 + 50).map(|_| word(&mut draw)).collect();
    let around = ["", "best ", "cheap ", "how to clean ", "buy ", "what is a ", "small ", "outdoor ", "where to buy "];
    let after =
        ["", " for women", " near me", " reviews", " with storage", " 2024", " ideas", " under 100", " vs plastic"];
    let zipf = |draw: &mut dyn FnMut(usize) -> usize| -> String {
        let below = 1 + draw(vocabulary.len());
        vocabulary.get(draw(below)).cloned().unwrap_or_default()
    };
    let pick = |list: &[&str], at: usize| list.get(at).copied().unwrap_or_default().to_owned();
    (0..count)
        .map(|_| {
            let (before, behind) = (pick(&around, draw(around.len())), pick(&after, draw(after.len())));
            format!("{before}{} {}{behind}", zipf(&mut draw), zipf(&mut draw))
        })
        .collect()
}
