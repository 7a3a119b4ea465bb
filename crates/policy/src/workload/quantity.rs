//! Quantities of Kubernetes: `500m`, `1Gi`, `1.5e3`. Source: apimachinery `resource.Quantity`.

/// Binary suffixes, each 1024 times the one before.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Decimal suffixes with their powers of ten.
const DECIMAL: [(&str, i32); 9] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// The number; `None` for what is no quantity.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let ends = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    let end = text.find(ends).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let number: f64 = digits.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        _ if BINARY.contains(&suffix) => {
            let power = BINARY.iter().position(|known| *known == suffix)?;
            1024_f64.powi(i32::try_from(power).ok()? + 1)
        }
        _ => match DECIMAL.iter().find(|(known, _)| *known == suffix) {
            Some((_, power)) => 10_f64.powi(*power),
            None => 10_f64.powi(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
        },
    };
    Some(number * factor).filter(|number| number.is_finite())
}

/// A number as a count, rounded up; never negative.
pub(super) fn whole(number: f64) -> u64 {
    // A float beyond the range is cut at its ends.
    number.max(0.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quantities() {
        for (text, expected) in [
            ("128Mi", Some(134_217_728)),
            ("1Gi", Some(1 << 30)),
            ("1G", Some(1_000_000_000)),
            ("1.5k", Some(1500)),
            ("500m", Some(1)),
            ("1e3", Some(1000)),
            ("12E2", Some(1200)),
            ("3E", Some(3_000_000_000_000_000_000)),
            ("0", Some(0)),
            ("", None),
            ("Mi", None),
            ("1Xi", None),
            ("1e999", None),
        ] {
            assert_eq!(parse(text).map(whole), expected, "{text}");
        }
    }
}
