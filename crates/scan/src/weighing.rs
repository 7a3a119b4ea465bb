//! Learning the weights of the methods from labelled samples, and checking them where they were not
//! learnt. Not part of a scan: `lazaret model fit` calls it.

use std::collections::BTreeMap;

use malware::{Figures, Label, Scored};
use policy::{Fusion, Labelled};

/// Learnt weights and how they do on sources that were kept from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighing {
    /// Learnt from all samples.
    pub learnt: Fusion,
    /// Learnt from one half of the sources, checked on the other; both ways.
    pub checks: Vec<Check>,
}

/// One half of the sources learnt from, the other checked on.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The sources that were checked on.
    pub sources: Vec<String>,
    /// With the weights in use.
    pub in_use: Outcome,
    /// With the weights learnt from the other half.
    pub learnt: Outcome,
}

/// What weights give on some samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Recall at shares of false positives.
    pub figures: Figures,
    /// Web shells in the malicious band, and how many there are.
    pub found: (usize, usize),
    /// Other files in the malicious band, and how many there are.
    pub accused: (usize, usize),
}

/// Learns weights; levels and bands stay those of `in_use`.
pub fn weigh(files: &[Scored], in_use: &Fusion) -> Weighing {
    let halves = halves(files);
    let check = |half: bool| {
        let is_own = |file: &&Scored| halves.get(&*file.source) == Some(&half);
        let (own, others): (Vec<&Scored>, Vec<&Scored>) = files.iter().partition(is_own);
        let learnt = in_use.fit(&others.into_iter().map(labelled).collect::<Vec<_>>());
        let mut sources: Vec<String> = own.iter().map(|file| file.source.clone()).collect();
        sources.sort_unstable();
        sources.dedup();
        Check { sources, in_use: outcome(&own, in_use), learnt: outcome(&own, &learnt) }
    };
    let checks = [true, false].map(check).into();
    Weighing { learnt: in_use.fit(&files.iter().map(labelled).collect::<Vec<_>>()), checks }
}

/// Two halves: the largest source first, each to the half that has fewer files of its label.
fn halves(files: &[Scored]) -> BTreeMap<&str, bool> {
    let mut counts: BTreeMap<(&str, Label), usize> = BTreeMap::new();
    for file in files {
        *counts.entry((&file.source, file.label)).or_default() += 1;
    }
    let mut order: Vec<_> = counts.into_iter().collect();
    order.sort_by_key(|((source, label), count)| (std::cmp::Reverse(*count), *source, *label));
    let (mut halves, mut sums) = (BTreeMap::new(), BTreeMap::new());
    for ((source, label), count) in order {
        let sum = |half: bool| sums.get(&(label, half)).copied().unwrap_or(0_usize);
        // A source with both labels stays whole.
        let half = *halves.entry(source).or_insert(sum(true) < sum(false));
        *sums.entry((label, half)).or_default() += count;
    }
    halves
}

fn labelled(file: &Scored) -> Labelled {
    Labelled { malicious: file.label == Label::Webshell, scores: file.scores.clone() }
}

fn outcome(files: &[&Scored], fusion: &Fusion) -> Outcome {
    let fused: Vec<(f32, bool)> = files
        .iter()
        .map(|file| (fusion.fuse(&mut file.scores.clone()).0, file.label == Label::Webshell))
        .collect();
    let count = |webshell: bool| {
        let side = fused.iter().filter(|(_, truth)| *truth == webshell);
        (side.clone().filter(|(score, _)| *score >= fusion.malicious).count(), side.count())
    };
    Outcome { figures: Figures::of(&fused), found: count(true), accused: count(false) }
}

#[cfg(test)]
mod tests {
    use model::{Method, MethodScore};

    use super::*;

    fn file(label: Label, source: &str, yara: f32) -> Scored {
        let scores = vec![MethodScore {
            method: Method::Yara,
            score: yara,
            decisive: false,
            evidence: vec![],
        }];
        Scored { label, source: source.to_owned(), scores }
    }

    #[test]
    fn no_source_is_learnt_from_and_checked_on() {
        let mut files = Vec::new();
        for number in 0..40 {
            let source = ["a", "b", "c", "d"][number % 4];
            files.push(file(Label::Webshell, source, 0.8));
            files.push(file(Label::Benign, source, 0.1));
        }
        let weighing = weigh(&files, &Fusion::built_in().unwrap());
        let [one, other] = &weighing.checks[..] else { panic!("two checks") };
        assert!(one.sources.iter().all(|source| !other.sources.contains(source)));
        assert_eq!(one.sources.len() + other.sources.len(), 4);
        assert_eq!(one.learnt.found.1 + other.learnt.found.1, 40);
        assert!(one.learnt.figures.auc > 0.99);
    }
}
