//! Ids of vulnerabilities in free text.

/// Every CVE number in a text, canonical (`CVE-2019-2426`), in order, each once. Takes the slips
/// that feeds make: `CVE_2019-2426`, `CVE-2021-35940.patch`.
pub(super) fn cves(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("CVE") {
        rest = rest.get(at + 3..).unwrap_or_default();
        if let Some(cve) = number(rest).filter(|cve| !found.contains(cve)) {
            found.push(cve);
        }
    }
    found
}

/// `-2019-2426` after `CVE`.
fn number(rest: &str) -> Option<String> {
    let rest = rest.strip_prefix(['-', '_'])?;
    let (year, rest) = digits(rest);
    let (number, _) = digits(rest.strip_prefix(['-', '_'])?);
    (year.len() == 4 && number.len() >= 4 && number.len() <= 9)
        .then(|| format!("CVE-{year}-{number}"))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_cves_in_what_feeds_write() {
        let cases: [(&str, &[&str]); 8] = [
            ("CVE-2018-3620 CVE-2018-3646 XSA-273", &["CVE-2018-3620", "CVE-2018-3646"]),
            ("CVE_2019-2426", &["CVE-2019-2426"]),
            ("CVE-2021-35940.patch", &["CVE-2021-35940"]),
            ("CVE-2017-17434-1", &["CVE-2017-17434"]),
            ("CVE-2020-11501 GNUTLS-SA-2020-03-31 CVE-2020-11501", &["CVE-2020-11501"]),
            ("CVE-????-????? TS-2024-005", &[]),
            ("CVE-46838", &[]),
            ("", &[]),
        ];
        for (text, expect) in cases {
            assert_eq!(cves(text), expect, "{text}");
        }
    }
}
