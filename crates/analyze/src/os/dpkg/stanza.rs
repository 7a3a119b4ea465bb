//! Stanzas of a control file (deb822(5)): the fields that an inventory needs, without copies.

use super::super::bytes::{lines, split_once};

/// The fields of one package; empty where absent. Only the first line of a folded value is kept:
/// none of these is folded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stanza<'a> {
    pub(super) package: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) version: &'a [u8],
    pub(super) architecture: &'a [u8],
    pub(super) source: &'a [u8],
    pub(super) maintainer: &'a [u8],
    /// Written by opkg only.
    pub(super) license: &'a [u8],
}

impl<'a> Stanza<'a> {
    /// Where the value of a field goes; field names do not mind case.
    fn slot(&mut self, name: &[u8]) -> Option<&mut &'a [u8]> {
        let slots: [(&[u8], &mut &'a [u8]); 7] = [
            (b"package", &mut self.package),
            (b"status", &mut self.status),
            (b"version", &mut self.version),
            (b"architecture", &mut self.architecture),
            (b"source", &mut self.source),
            (b"maintainer", &mut self.maintainer),
            (b"license", &mut self.license),
        ];
        slots.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, slot)| slot)
    }
}

/// The stanzas of a file, parted by blank lines; in order.
pub(super) fn stanzas(bytes: &[u8]) -> impl Iterator<Item = Stanza<'_>> {
    let mut lines = lines(bytes);
    std::iter::from_fn(move || {
        let mut stanza = Stanza::default();
        let mut begun = false;
        for line in lines.by_ref() {
            if line.iter().all(u8::is_ascii_whitespace) {
                if begun {
                    return Some(stanza);
                }
                continue;
            }
            begun = true;
            let folded = line.starts_with(b" ") || line.starts_with(b"\t");
            let Some((name, value)) = split_once(line, b':').filter(|_| !folded) else { continue };
            if let Some(slot) = stanza.slot(name.trim_ascii_end()) {
                *slot = value.trim_ascii();
            }
        }
        begun.then_some(stanza)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_parted_by_blank_lines() {
        let text = b"\n\nPackage: a\nVersion : 1\n folded: x\n \t\r\n\nPACKAGE:b";
        let found: Vec<_> = stanzas(text).collect();
        let a = Stanza { package: b"a", version: b"1", ..Stanza::default() };
        let b = Stanza { package: b"b", ..Stanza::default() };
        assert_eq!(found, [a, b]);
        assert_eq!(stanzas(b"\n \n").count(), 0);
    }
}
