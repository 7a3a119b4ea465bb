//! The capabilities that a container has or was to get, in Docker's spelling.

use model::{CAPABILITIES, DEFAULT_CAPABILITIES, bare_capability};

/// The names of a mask's bits; a bit without a name by its number.
pub(super) fn of_mask(mask: u64) -> Vec<String> {
    let bits = (0..64_usize).filter(|bit| mask >> bit & 1 == 1);
    bits.map(|bit| CAPABILITIES.get(bit).map_or_else(|| bit.to_string(), |it| bare_capability(it)))
        .collect()
}

/// What a container is given by what was asked for it.
pub(super) fn asked(privileged: bool, added: &[&str], dropped: &[&str]) -> Vec<String> {
    let bare = |words: &[&str]| -> Vec<String> {
        words.iter().map(|word| bare_capability(word)).collect()
    };
    let (added, dropped) = (bare(added), bare(dropped));
    let all = |words: &[String]| words.iter().any(|word| word == "ALL");
    let base: &[&str] = match (privileged || all(&added), all(&dropped)) {
        (true, _) => &CAPABILITIES,
        (false, true) => &[],
        (false, false) => &DEFAULT_CAPABILITIES,
    };
    let mut names = bare(base);
    names.extend(added.into_iter().filter(|name| name != "ALL"));
    if !privileged {
        names.retain(|name| !dropped.contains(name));
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_words() {
        let mut found = of_mask(0xa804_25fb);
        found.sort();
        assert_eq!((found.len(), found[0].as_str()), (14, "AUDIT_WRITE"));
        assert_eq!(of_mask(1 << 60), ["60"]);
        assert_eq!(asked(false, &[], &[]), found);
        assert_eq!(asked(false, &["NET_ADMIN"], &["ALL"]), ["NET_ADMIN"]);
        assert_eq!(asked(false, &["CAP_SYS_ADMIN"], &["all"]), ["SYS_ADMIN"]);
        assert_eq!(asked(true, &[], &["ALL"]).len(), 41);
        assert_eq!(asked(false, &["ALL"], &["SYS_ADMIN"]).len(), 40);
    }
}
