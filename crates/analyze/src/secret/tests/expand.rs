//! Templates of examples: `{rand:N:SET}` becomes N characters of a set, `{b64:TEXT}` its base64.

use crate::secret::keys::encode;

/// A small generator (SplitMix64): the same seed gives the same text.
pub(crate) struct Generator(pub(crate) u64);

impl Generator {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn characters(&mut self, count: usize, set: &[u8]) -> String {
        (0..count).map(|_| char::from(set[(self.next() % set.len() as u64) as usize])).collect()
    }
}

fn set(name: &str) -> Vec<u8> {
    let lower = b"abcdefghijklmnopqrstuvwxyz".as_slice();
    let upper = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ".as_slice();
    let digits = b"0123456789".as_slice();
    match name {
        "alnum" => [lower, upper, digits].concat(),
        "letters" => [lower, upper].concat(),
        "lower" => [lower, digits].concat(),
        "upper" => [upper, digits].concat(),
        "digits" => b"123456789".to_vec(),
        "hex" => b"0123456789abcdef".to_vec(),
        "base32" => [upper, b"234567"].concat(),
        "base32lower" => [lower, b"234567"].concat(),
        "bech32" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".to_vec(),
        "base64" => [lower, upper, digits, b"+/"].concat(),
        "base64url" => [lower, upper, digits].concat(),
        "crypt" => [lower, upper, digits, b"./"].concat(),
        "django" => [lower, digits, b"!@#%^&*(-_=+)"].concat(),
        _ => panic!("no set of characters is called {name}"),
    }
}

/// The text of a template.
pub(crate) fn expand(template: &str, seed: u64) -> String {
    let mut generator = Generator(seed.wrapping_mul(977) ^ template.len() as u64 ^ 0x1a2b);
    let mut out = String::new();
    let mut rest = template;
    loop {
        let next = ["{rand:", "{b64:", "{b64url:"].iter().filter_map(|mark| rest.find(mark)).min();
        let Some(at) = next else {
            out.push_str(rest);
            return out;
        };
        out.push_str(&rest[..at]);
        let body = &rest[at + 1..];
        let end = close(body);
        let (kind, argument) = body[..end].split_once(':').unwrap();
        match kind {
            "rand" => {
                let (count, name) = argument.split_once(':').unwrap();
                let mut text = generator.characters(count.parse().unwrap(), &set(name));
                // A value of letters alone may look like words, one of digits like a count.
                if name == "alnum" && text.len() > 8 {
                    text.replace_range(3..4, "7");
                    text.replace_range(6..7, "4");
                }
                out.push_str(&text);
            }
            "b64" => out.push_str(&encode(argument)),
            _ => out.push_str(encode(argument).trim_end_matches('=')),
        }
        rest = &body[end + 1..];
    }
}

/// The brace that closes what is open at the beginning of `body`.
fn close(body: &str) -> usize {
    let mut depth = 1;
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("no closing brace in {body}")
}
