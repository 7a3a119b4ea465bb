//! JSON with comments and commas after the last element, as Bun writes it, made plain JSON.

/// The same text as JSON: comments and trailing commas become blanks, so places stay the same.
pub(super) fn to_json(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut comma = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        let end = match (byte, next) {
            (b'"', _) => string_end(&bytes, at),
            (b'/', Some(b'/')) => blank(&mut bytes, at, b"\n"),
            (b'/', Some(b'*')) => blank(&mut bytes, at, b"*/"),
            _ => at + 1,
        };
        match byte {
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(place) = comma.take().and_then(|at| bytes.get_mut(at)) {
                    *place = b' ';
                }
            }
            b'/' if end > at + 1 => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at = end;
    }
    // Only whole characters were replaced, by ASCII: nothing is lost here.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Where the string that begins at `start` has ended.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Blanks a comment that ends with `ending`; gives where it has ended.
fn blank(bytes: &mut [u8], start: usize, ending: &[u8]) -> usize {
    let body = bytes.get(start + 2..).unwrap_or_default();
    let length = memchr::memmem::find(body, ending).map_or(body.len(), |at| at + ending.len());
    let end = start + 2 + length;
    for byte in bytes.get_mut(start..end).unwrap_or_default() {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_become_blanks() {
        for (text, expect) in [
            ("[1,2,]", "[1,2 ]"),
            ("{\"a\":[1,],\n}", "{\"a\":[1 ] \n}"),
            ("[1, // é,\n]", "[1        \n]"),
            ("[1,/* , \" */2]", "[1,         2]"),
            ("[1,/*x*/]", "[1      ]"),
            (r#"["//,]",",\"]",]"#, r#"["//,]",",\"]" ]"#),
            ("[,]", "[ ]"),
            ("/", "/"),
            ("/*", "  "),
            ("\"\\", "\"\\"),
            ("", ""),
        ] {
            assert_eq!(to_json(text), expect, "{text}");
        }
    }
}
