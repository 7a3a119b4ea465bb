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

proptest! {
    #[test]
    fn scores_lie_between_nought_and_ten(
        vector in "(CVSS:(3\\.[01]|4\\.0)/)?((A[VCUT]|Au|PR|UI|S|[CIA]|V[CIA]|S[CIA]|E):[A-Z]/){0,14}",
    ) {
        if let Ok(score) = score(&vector) {
            for value in [score.base, score.overall] {
                prop_assert!((0.0..=10.0).contains(&value));
                prop_assert!(((value * 10.0).round() - value * 10.0).abs() < 1e-6);
            }
        }
    }
}
