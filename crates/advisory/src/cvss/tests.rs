//! The published vectors, and what feeds write.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LAZARET_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Scores as the tables list them: base, temporal and environmental, or the only one.
fn check(vector: &str, expected: &str) -> Result<(), String> {
    let listed: Vec<Option<f64>> = expected
        .trim_matches(['(', ')'])
        .split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .map(|number| number.parse().ok())
        .collect();
    let score = score(vector).map_err(|error| error.to_string())?;
    let temporal = score.temporal.unwrap_or(score.base);
    let found = match score.version {
        CvssVersion::V4 => [score.overall; 3],
        _ => [score.base, temporal, score.environmental.unwrap_or(temporal)],
    };
    let same = |(found, listed): (&f64, &Option<f64>)| {
        listed.is_none_or(|listed| (found - listed).abs() < 1e-9)
    };
    if !listed.is_empty() && found.iter().zip(&listed).all(same) {
        return Ok(());
    }
    Err(format!("{vector}: expected {expected}, found {found:?}"))
}

#[test]
fn published_vectors() {
    let Some(folder) = shared("fixtures/cvss") else { return };
    let (mut vectors, mut failed) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for (vector, expected) in text.lines().filter_map(|line| line.split_once(" - ")) {
            vectors += 1;
            failed.extend(check(vector, expected).err());
        }
    }
    println!("{} of {vectors} vectors", vectors - failed.len());
    assert!(failed.is_empty() && vectors > 0, "{failed:#?}");
}

#[test]
fn spellings_of_feeds() {
    for vector in [
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "(AV:N/AC:L/Au:N/C:P/I:P/A:P)",
        "CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS2#AV:N/AC:L/Au:N/C:P/I:P/A:P",
        " AV:N/AC:L/Au:N/C:P/I:P/A:P/ ",
    ] {
        let score = score(vector).unwrap();
        assert_eq!((score.version, score.base), (CvssVersion::V2, 7.5), "{vector}");
    }
    let worst = score("AV:N/AC:L/Au:N/C:C/I:C/A:C").unwrap();
    assert_eq!((worst.base, worst.severity), (10.0, Severity::High));
    let none = score("AV:N/AC:L/Au:N/C:N/I:N/A:N").unwrap();
    assert!(none.base == 0.0 && none.base.is_sign_positive());
}

#[test]
fn base_is_the_base_alone() {
    let v3 = score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U").unwrap();
    assert_eq!((v3.base, v3.temporal), (9.8, Some(9.0)));
    assert_eq!((v3.overall, v3.severity), (9.0, Severity::Critical));
    let v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    let plain = score(v4).unwrap();
    let unreported = score(&format!("{v4}/E:U/U:Red")).unwrap();
    assert_eq!((plain.base, plain.overall), (9.3, 9.3));
    assert_eq!(unreported.base, plain.base);
    assert!(unreported.overall < plain.overall);
}

#[test]
fn refuses_in_one_line() {
    for vector in [
        "",
        "CVSS:3.1",
        "CVSS:3.1/AV:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:4.0/AV:N",
        "CVSS:5.0/AV:N/AC:L",
        "AV:N/AC:L",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P/A:P",
        "critical",
    ] {
        let error = score(vector).unwrap_err().to_string();
        assert!(!error.contains('\n') && error.contains("not a CVSS vector"), "{error}");
    }
    assert!(score(&"A".repeat(VECTOR_MAX_BYTES + 1)).is_err());
}

/// A vector of a version, by its prefix: all base metrics and some others, well formed.
fn any_vector() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "CVSS:3.0/", "CVSS:3.1/", "CVSS:4.0/"]).prop_flat_map(|prefix| {
        let (base, more) = match prefix {
            "" => (V2_BASE, V2_MORE),
            "CVSS:4.0/" => (V4_BASE, V4_MORE),
            _ => (V3_BASE, V3_MORE),
        };
        let value =
            |values: &'static str| prop::sample::select(values.split(' ').collect::<Vec<_>>());
        let metric = move |&(key, values): &(&'static str, &'static str)| {
            value(values).prop_map(move |value| format!("{key}:{value}"))
        };
        let base: Vec<_> = base.iter().map(metric).collect();
        let more: Vec<_> = more.iter().map(|m| prop::option::of(metric(m))).collect();
        (base, more).prop_map(move |(base, more)| {
            let metrics: Vec<String> = base.into_iter().chain(more.into_iter().flatten()).collect();
            format!("{prefix}{}", metrics.join("/"))
        })
    })
}

/// Keys of metrics with their values.
type Metrics = &'static [(&'static str, &'static str)];

const V2_BASE: Metrics = &[
    ("AV", "L A N"),
    ("AC", "H M L"),
    ("Au", "M S N"),
    ("C", "N P C"),
    ("I", "N P C"),
    ("A", "N P C"),
];
const V2_MORE: Metrics = &[
    ("E", "U POC F H ND"),
    ("RL", "OF TF W U ND"),
    ("RC", "UC UR C ND"),
    ("CDP", "N L LM MH H ND"),
    ("TD", "N L M H ND"),
    ("CR", "L M H ND"),
    ("IR", "L M H ND"),
    ("AR", "L M H ND"),
];
const V3_BASE: Metrics = &[
    ("AV", "N A L P"),
    ("AC", "L H"),
    ("PR", "N L H"),
    ("UI", "N R"),
    ("S", "U C"),
    ("C", "N L H"),
    ("I", "N L H"),
    ("A", "N L H"),
];
const V3_MORE: Metrics = &[
    ("E", "X U P F H"),
    ("RL", "X O T W U"),
    ("RC", "X U R C"),
    ("CR", "X L M H"),
    ("IR", "X L M H"),
    ("AR", "X L M H"),
    ("MAV", "X N A L P"),
    ("MAC", "X L H"),
    ("MPR", "X N L H"),
    ("MUI", "X N R"),
    ("MS", "X U C"),
    ("MC", "X N L H"),
    ("MI", "X N L H"),
    ("MA", "X N L H"),
];
const V4_BASE: Metrics = &[
    ("AV", "N A L P"),
    ("AC", "L H"),
    ("AT", "N P"),
    ("PR", "N L H"),
    ("UI", "N P A"),
    ("VC", "H L N"),
    ("VI", "H L N"),
    ("VA", "H L N"),
    ("SC", "H L N"),
    ("SI", "H L N"),
    ("SA", "H L N"),
];
const V4_MORE: Metrics = &[
    ("E", "X A P U"),
    ("CR", "X H M L"),
    ("IR", "X H M L"),
    ("AR", "X H M L"),
    ("MAV", "X N A L P"),
    ("MAC", "X L H"),
    ("MAT", "X N P"),
    ("MPR", "X N L H"),
    ("MUI", "X N P A"),
    ("MVC", "X H L N"),
    ("MVI", "X H L N"),
    ("MVA", "X H L N"),
    ("MSC", "X H L N"),
    ("MSI", "X S H L N"),
    ("MSA", "X S H L N"),
    ("S", "X N P"),
    ("U", "X Clear Green Amber Red"),
];

/// What the `cvss` crate makes of a vector: base (overall in version 4), temporal, environmental.
fn second_source(vector: &str) -> [f64; 3] {
    use ::cvss::Cvss;
    match vector.parse::<Cvss>().unwrap() {
        Cvss::CvssV20(v) => {
            [v.score().value(), v.temporal_score().value(), v.environmental_score().value()]
        }
        Cvss::CvssV30(v) | Cvss::CvssV31(v) => {
            [v.base_score().value(), v.temporal_score().value(), v.environmental_score().value()]
        }
        Cvss::CvssV40(v) => [v.score().value(); 3],
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn agrees_with_a_second_source(vector in any_vector()) {
        let found = score(&vector).unwrap();
        let temporal = found.temporal.unwrap_or(found.base);
        let has_all = found.environmental.is_some() && found.temporal.is_some();
        // The crate rounds 3.0 up on binary fractions, so that 2.3 can become 2.4.
        let slack = if found.version == CvssVersion::V3 { 0.1 } else { 0.0 };
        let found = match found.version {
            CvssVersion::V4 => [found.overall; 3],
            _ => [found.base, temporal, found.environmental.unwrap_or(temporal)],
        };
        let expected = second_source(&vector);
        // Of version 2, the crate gives scores for metrics that the vector does not have.
        let count = if has_all { 3 } else { 1 };
        for (found, expected) in found.iter().zip(expected).take(count) {
            let above = expected - found;
            prop_assert!(above > -1e-9 && above < slack + 1e-9, "{vector} {found} {expected}");
        }
    }

    #[test]
    fn any_text_is_safe(vector in "(CVSS:(3\\.[01]|4\\.0)/)?[A-Z:/\\PC]{0,60}") {
        if let Ok(score) = score(&vector) {
            prop_assert!((0.0..=10.0).contains(&score.base) && (0.0..=10.0).contains(&score.overall));
        }
    }
}

#[test]
#[ignore = "prints times; run with --release"]
fn speed() {
    const ROUNDS: u32 = 1_000_000;
    for vector in [
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:L",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    ] {
        let begun = std::time::Instant::now();
        for _ in 0..ROUNDS {
            std::hint::black_box(score(std::hint::black_box(vector)).unwrap());
        }
        println!("{vector}: {:?}", begun.elapsed() / ROUNDS);
    }
}
