//! Whether a value can be a secret: entropy, known examples, placeholders, code, words. Noise is
//! fought here by what a value is, never by where its file lies.

use super::letters;
use super::words::{EXAMPLE_PARTS, STOCK_VALUES, VOID_VALUES};

/// Longest run of equal bytes that chance makes.
const MAX_EQUAL_RUN: usize = 5;
/// Longest run of successive bytes (`abcdefg`, `7654321`) that chance makes.
const MAX_SEQUENCE: usize = 6;
/// Shortest value that can be told to be random.
const MIN_RANDOM_BYTES: usize = 12;
/// Entropy that random values of 12 to 20 bytes have at least, in bits a byte.
const MIN_SHORT_ENTROPY: f32 = 3.0;
/// The same for longer ones.
const MIN_LONG_ENTROPY: f32 = 3.4;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Worth {
    /// No value: code, a reference, a path, prose.
    Nothing,
    /// A stand-in for a value.
    Placeholder,
    /// Words and nothing else.
    Words,
    /// What people choose as a password.
    Password,
    /// Made by chance.
    Random,
}

/// Shannon entropy, bits a byte.
pub(crate) fn entropy(value: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for &byte in value {
        counts[usize::from(byte)] += 1;
    }
    let total = value.len().max(1) as f32;
    let share = |count: &u32| *count as f32 / total;
    counts.iter().filter(|c| **c > 0).map(share).map(|p| -p * p.log2()).sum()
}

/// Whether a value of a rule's shape is an example: it says so, or counts, or repeats itself.
pub(crate) fn is_example(value: &[u8]) -> bool {
    contains_example_part(value) || is_patterned(value)
}

/// What a value of an assignment looks like.
pub(crate) fn worth(value: &[u8]) -> Worth {
    if value.len() < 4 || is_code(value) {
        return Worth::Nothing;
    }
    if is_stock(value) || is_void(value) || is_example(value) || is_bracketed(value) {
        return Worth::Placeholder;
    }
    if is_random(value) {
        return Worth::Random;
    }
    if is_words(value) { Worth::Words } else { Worth::Password }
}

/// Whether a value was made by chance.
pub(crate) fn is_random(value: &[u8]) -> bool {
    if value.len() < MIN_RANDOM_BYTES || !value.iter().any(u8::is_ascii_digit) && value.len() < 20 {
        return false;
    }
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let digits = value.iter().all(u8::is_ascii_digit);
    let least = match value.len() {
        _ if hex => 2.8,
        12..=20 => MIN_SHORT_ENTROPY,
        _ => MIN_LONG_ENTROPY,
    };
    let mixed = class_changes(value) * 6 >= value.len();
    !digits
        && entropy(value) >= least
        && (hex && value.len() >= 16 || mixed && !letters::are_words(value))
}

/// Whether there are only letters and what joins words. Letters in no order of English may be
/// words of another language: as a password they count only with capitals in their midst.
fn is_words(value: &[u8]) -> bool {
    let joins = |b: &u8| {
        b.is_ascii_alphabetic()
            || matches!(b, b'_' | b'-' | b'.' | b':' | b'/' | b'@' | b'\'' | b',')
    };
    let inner = value.get(1..).unwrap_or_default();
    let mixed =
        inner.iter().any(u8::is_ascii_uppercase) && inner.iter().any(u8::is_ascii_lowercase);
    value.iter().all(joins) && !(mixed && letters::are_random(value))
}

/// Letters with digits, and capitals or marks among them: what rules for passwords ask for.
pub(crate) fn is_chosen(value: &[u8]) -> bool {
    let any = |test: fn(&u8) -> bool| value.iter().any(test);
    let classes = usize::from(any(u8::is_ascii_lowercase))
        + usize::from(any(u8::is_ascii_uppercase))
        + usize::from(any(|b| !b.is_ascii_alphanumeric()));
    value.len() >= 8 && any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic) && classes >= 2
}

/// Changes between small letters, capitals, digits and the rest.
fn class_changes(value: &[u8]) -> usize {
    let class = |b: &u8| match b {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    value.iter().zip(value.iter().skip(1)).filter(|(a, b)| class(a) != class(b)).count()
}

/// References, calls, formats, paths, addresses and prose.
fn is_code(value: &[u8]) -> bool {
    // The padding of base64 is no comparison.
    let padding = value.iter().rev().take_while(|&&b| b == b'=').count();
    let value = value.get(..value.len() - padding).unwrap_or_default();
    let starts = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| value.starts_with(prefix));
    let has =
        |parts: &[&[u8]]| parts.iter().any(|part| memchr::memmem::find(value, part).is_some());
    let odd = |b: &u8| b.is_ascii_whitespace() || !b.is_ascii() || b.is_ascii_control();
    let dots = value.iter().filter(|&&b| b == b'.').count();
    value.iter().any(odd)
        || starts(&[
            b"urn:", b"$", b"/", b"./", b"../", b"~/", b"@", b"%", b"*", b"&", b"!", b"#{", b"\\",
            b".", b",",
        ])
        || has(&[
            b"${",
            b"{{",
            b"$(",
            b"#{",
            b"<%",
            b"%>",
            b"()",
            b"](",
            b"->",
            b"::",
            b"://",
            b"%s",
            b"%d",
            b"\\n",
            b"\\x",
            b"\\u",
            b"=>",
            b"required|",
            b"nullable|",
            b"string|",
            b"||",
            b"&&",
            b"[\"",
            b"['",
            b"'.",
            b"\".",
            b".get",
            b"('",
            b"(\"",
            b"$_",
            b"&#",
            b"<?",
            b"</",
            b"/>",
            b"`",
            b"==",
            b"@{",
            b"{$",
            b"}}",
        ])
        || (value.contains(&b'(') && value.ends_with(b")"))
        || (value.contains(&b'[') && value.ends_with(b"]"))
        || (dots >= 2
            && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && !letters::are_random(value))
}

/// Whether a value names a variable instead of holding something: `$NAME`, `${NAME}`, `$(call)`.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    let named = value.first() == Some(&b'$') && value.get(1).is_some_and(u8::is_ascii_alphabetic);
    named
        || [&b"${"[..], b"$(", b"{{", b"<%"]
            .iter()
            .any(|part| memchr::memmem::find(value, part).is_some())
}

fn is_void(value: &[u8]) -> bool {
    VOID_VALUES.iter().any(|void| void.eq_ignore_ascii_case(value))
}

/// Whether a value is one that everybody tries first.
pub(crate) fn is_stock(value: &[u8]) -> bool {
    STOCK_VALUES.iter().any(|stock| stock.eq_ignore_ascii_case(value))
}

fn contains_example_part(value: &[u8]) -> bool {
    let mut small = [0u8; 128];
    let length = value.len().min(small.len());
    let (Some(head), Some(from)) = (small.get_mut(..length), value.get(..length)) else {
        return false;
    };
    for (to, byte) in head.iter_mut().zip(from) {
        *to = byte.to_ascii_lowercase();
    }
    EXAMPLE_PARTS.iter().any(|part| memchr::memmem::find(head, part).is_some())
}

/// `<password>`, `[secret]`, `{token}`, `%TOKEN%`, `__TOKEN__`.
fn is_bracketed(value: &[u8]) -> bool {
    let pairs = [
        (b'<', b'>'),
        (b'[', b']'),
        (b'{', b'}'),
        (b'%', b'%'),
        (b'_', b'_'),
        (b'#', b'#'),
        (b'@', b'@'),
    ];
    pairs.iter().any(|(open, close)| value.first() == Some(open) && value.last() == Some(close))
        || value.contains(&b'<') && value.contains(&b'>')
}

/// Long runs of one byte, counting up or down, few different bytes, or one part over and over.
pub(crate) fn is_patterned(value: &[u8]) -> bool {
    let (mut equal, mut up, mut down) = (1usize, 1usize, 1usize);
    let mut widest = (1, 1);
    for (&a, &b) in value.iter().zip(value.iter().skip(1)) {
        equal = if a == b { equal + 1 } else { 1 };
        up = if steps(a, b) { up + 1 } else { 1 };
        down = if steps(b, a) { down + 1 } else { 1 };
        widest = (widest.0.max(equal), widest.1.max(up).max(down));
    }
    widest.0 > MAX_EQUAL_RUN || widest.1 > MAX_SEQUENCE || few_kinds(value) || repeats(value)
}

fn steps(a: u8, b: u8) -> bool {
    let wraps = matches!((a, b), (b'9', b'0') | (b'9', b'a') | (b'9', b'A'));
    a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() && (a.checked_add(1) == Some(b) || wraps)
}

fn few_kinds(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in value {
        seen[usize::from(byte)] = true;
    }
    let kinds = seen.iter().filter(|s| **s).count();
    value.len() >= 12 && kinds <= 4
}

fn repeats(value: &[u8]) -> bool {
    let longest = (value.len() / 2).min(16);
    value.len() >= 8
        && (1..=longest)
            .any(|period| value.iter().zip(value.iter().skip(period)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_worth() {
        for (worth_expected, values) in [
            (
                Worth::Nothing,
                &[
                    "${DB_PASS}",
                    "$pass",
                    "getenv('X')",
                    "/run/secrets/x",
                    "a b c",
                    "abc",
                    "os.environ.get",
                    "пароль",
                ][..],
            ),
            (
                Worth::Placeholder,
                &[
                    "changeme",
                    "<password>",
                    "xxxxxxxx",
                    "your_password_here",
                    "AKIAIOSFODNN7EXAMPLE",
                    "12345678",
                    "abcdefgh",
                    "aaaaaaaa",
                    "deadbeefdeadbeef",
                    "P@ssw0rd",
                    "__TOKEN__",
                ],
            ),
            (
                Worth::Words,
                &["correct-horse", "databasePassword", "user.password", "Wachtwoord", "xkqjzwtv"],
            ),
            (Worth::Password, &["Tr0ub4dor&3", "winter2019!", "xKqjZwtv", "S3cr3tP@ss!"]),
            (
                Worth::Random,
                &[
                    "cGFzc3cwcmQh==",
                    "9f8b1c2e7a6d5040b3c1",
                    "kJ8s0dLq3ZxPw7Vb",
                    "a8Fk2/sd+Q9xLm3Nz0Pt",
                ],
            ),
        ] {
            for value in values {
                assert_eq!(worth(value.as_bytes()), worth_expected, "{value}");
            }
        }
    }

    #[test]
    fn entropy_is_in_bits_a_byte() {
        assert!(entropy(b"") == 0.0 && entropy(b"aaaa") == 0.0);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-6);
    }
}
