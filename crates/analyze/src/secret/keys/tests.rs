//! Hostile keys and the list of published ones. Keys made by real tools are read in
//! `tests/secret_keys.rs`.

use crate::secret::tests::scan;

#[test]
fn labels_without_a_key_are_passed() {
    let begin = concat!("-----BEGIN RSA ", "PRIVATE KEY-----");
    let end = concat!("-----END RSA ", "PRIVATE KEY-----");
    for text in [
        begin.to_owned(),
        format!("{begin}\n{end}"),
        format!("{begin}\n...\n{end}"),
        format!("{begin}\n{}\n{end}", "A".repeat(1200)),
        format!("if line == \"{begin}\" {{ key = true }}"),
        format!("{begin}\n{begin}\nMIIB\n{end}\n{end}"),
        format!("{begin}\n!!!! not base64 ????\n{end}"),
    ] {
        assert!(scan("a.txt", text.as_bytes()).is_empty(), "{text}");
    }
}

#[test]
fn a_hostile_store_costs_no_more_than_the_budget() {
    use super::der::{INTEGER, OCTET_STRING, OID, SEQUENCE, write};
    let oid = |bytes: &[u8]| write(OID, bytes);
    let data = oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]);
    let safe = [data, write(0xa0, &write(OCTET_STRING, &write(SEQUENCE, &[])))].concat();
    let sha1 = write(SEQUENCE, &oid(&[0x2b, 0x0e, 0x03, 0x02, 0x1a]));
    let digest = [sha1, write(OCTET_STRING, &[0; 20])].concat();
    let mac = [
        write(SEQUENCE, &digest),
        write(OCTET_STRING, &[1; 8]),
        write(INTEGER, &[0x7f, 0xff, 0xff, 0xff]),
    ]
    .concat();
    let whole = [write(INTEGER, &[3]), write(SEQUENCE, &safe), write(SEQUENCE, &mac)].concat();
    let store = write(SEQUENCE, &whole);
    assert!(super::pkcs12::read(&store).is_some());
    assert!(scan("s.p12", &store).is_empty());
}

#[test]
fn the_list_of_published_keys_is_in_order() {
    let lines: Vec<_> = super::KNOWN_KEYS.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() > 500 && lines.is_sorted());
    for line in lines {
        let (digest, origin) = line.split_once(' ').unwrap();
        let hex = digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        assert!(hex && matches!(digest.len(), 16 | 32) && !origin.is_empty(), "{line}");
    }
}
