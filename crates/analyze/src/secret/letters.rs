//! How much a string looks like words, by its letter pairs. Counted over the 90,316 distinct words
//! and parts of identifiers in the Python, Perl, PHP, Ruby and C files of Debian 12 packages.

/// How common each letter is after each other one: 0 hardly ever, 9 nearly always, 5 as chance
/// would have it. A row a first letter, a column a second.
const PAIRS: [&[u8; 26]; 26] = [
    b"25662352503767150767442341",
    b"74546422741743640663622151",
    b"73546337506743540556531030",
    b"64468433711543641564532130",
    b"53664542302657343776243530",
    b"63556732800654740665512130",
    b"63448345601545640665532122",
    b"83348323702443740555523030",
    b"54655450102658640566141304",
    b"73448323625344751363721010",
    b"74448435712544640575524030",
    b"73358322703623730355531150",
    b"85448321703453670254521130",
    b"63667572614334630367431020",
    b"44652442314668560766645210",
    b"73447335603633650756532140",
    b"54454433501545354664933300",
    b"73558342703454740566432140",
    b"53537336704443552468633141",
    b"73538316701443640765422251",
    b"56545442502667361677211211",
    b"73538542700453541564333210",
    b"83557335702546652664323211",
    b"54656633602454472468342531",
    b"64545333501566580576433142",
    b"73439324701433630243413335",
];
/// Mean of the levels of random letters stays below this, that of words above it.
const WORD_LEVEL: f32 = 5.0;
/// Fewest pairs that say anything.
const MIN_PAIRS: usize = 4;

/// Whether the letters of `text` are in the order of words. False when there are too few.
pub(crate) fn are_words(text: &[u8]) -> bool {
    mean_level(text).is_some_and(|level| level >= WORD_LEVEL)
}

/// Whether the letters are surely in no order of words. False when there are too few.
pub(crate) fn are_random(text: &[u8]) -> bool {
    mean_level(text).is_some_and(|level| level < WORD_LEVEL)
}

/// Pairs across a change from small to capital letters are those of another word and not counted.
fn mean_level(text: &[u8]) -> Option<f32> {
    let mut sum = 0u32;
    let mut count = 0usize;
    for (&a, &b) in text.iter().zip(text.iter().skip(1)) {
        if !a.is_ascii_alphabetic() || !b.is_ascii_alphabetic() {
            continue;
        }
        if a.is_ascii_lowercase() && b.is_ascii_uppercase() {
            continue;
        }
        let row = PAIRS.get(usize::from(a.to_ascii_lowercase() - b'a'))?;
        let level = row.get(usize::from(b.to_ascii_lowercase() - b'a'))?;
        sum += u32::from(level - b'0');
        count += 1;
    }
    (count >= MIN_PAIRS).then(|| sum as f32 / count as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_words_from_chance() {
        for words in ["password", "getDatabaseConnection", "my-secret-name", "administrator"] {
            assert!(are_words(words.as_bytes()), "{words}");
        }
        for chance in ["xkqjzwtv", "qWpZxvKjHgT", "bq7xkzpw9vjd"] {
            assert!(are_random(chance.as_bytes()), "{chance}");
        }
        assert!(!are_words(b"12345") && !are_random(b"12345"));
    }
}
