//! Foreign text made safe for a line of output, and measured.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Characters of one foreign text that a line shows; the rest is cut.
const MAX_FIELD_CHARS: usize = 400;

/// Characters of a foreign text that is shown whole; what is longer is cut all the same.
const MAX_WHOLE_CHARS: usize = 32 * 1024;

/// Foreign text on one line, with nothing in it that a terminal, a viewer or an eye takes for
/// something else: line ends become spaces, control characters and invisible or direction-changing
/// ones become visible escapes, and a very long text is cut.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    made_safe(text, MAX_FIELD_CHARS)
}

/// The same for a text of which every word counts: it is cut only where it is beyond reading.
pub(crate) fn whole(text: &str) -> Cow<'_, str> {
    made_safe(text, MAX_WHOLE_CHARS)
}

fn made_safe(text: &str, max_chars: usize) -> Cow<'_, str> {
    let long = text.len() > max_chars && text.chars().nth(max_chars).is_some();
    if !long && !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len().min(max_chars * 4) + 8);
    for c in text.chars().take(max_chars) {
        match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => safe.push(' '),
            c if is_unsafe(c) && (c as u32) < 0x100 => {
                safe.push_str(&format!("\\x{:02x}", c as u32))
            }
            c if is_unsafe(c) => safe.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => safe.push(c),
        }
    }
    if long {
        safe.push('…');
    }
    Cow::Owned(safe)
}

/// Control characters (Unicode Cc), and the format characters that hide or reorder text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The longest start of a text that fits the columns, and its columns.
pub(crate) fn prefix(text: &str, columns: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns {
            return (&text[..at], used);
        }
        used += wide;
    }
    (text, used)
}

/// `1 package`, `2 packages`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(number)) }
}

/// A number with its thousands apart: `12,345`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit in which people speak of them: `812 B`, `4.0 KiB`, `1.2 GiB`.
pub(crate) fn bytes(size_bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if size_bytes < 1024 {
        return format!("{size_bytes} B");
    }
    let mut value = size_bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// A probability as a percentage, with as many digits as mean something: `94 %`, `0.4 %`.
pub(crate) fn percent(share: f32) -> String {
    let percent = f64::from(share) * 100.0;
    if percent >= 10.0 {
        format!("{percent:.0}%")
    } else if percent >= 0.1 {
        format!("{percent:.1}%")
    } else {
        "<0.1%".to_owned()
    }
}

/// The history line of a layer as a person wrote it: without the shell or the builder's marks.
pub(crate) fn instruction(created_by: &str) -> Cow<'_, str> {
    let text = created_by.trim();
    let text = match text.strip_prefix("/bin/sh -c #(nop)") {
        Some(rest) => Cow::Borrowed(rest.trim_start()),
        None => match text.strip_prefix("/bin/sh -c ") {
            Some(rest) => Cow::Owned(format!("RUN {}", rest.trim_start())),
            None => Cow::Borrowed(text.strip_suffix("# buildkit").unwrap_or(text).trim_end()),
        },
    };
    match text.strip_prefix("RUN /bin/sh -c ") {
        Some(rest) => Cow::Owned(format!("RUN {rest}")),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_dangerous_passes() {
        assert_eq!(clean("curl 7.88.1"), "curl 7.88.1");
        assert_eq!(clean("a\x1b[2J\x07b\u{9b}c"), "a\\x1b[2J\\x07b\\x9bc");
        assert_eq!(clean("evil\u{202e}gpj.exe\u{200b}"), "evil\\u{202e}gpj.exe\\u{200b}");
        assert_eq!(clean("two\r\nlines"), "two  lines");
        let long = "x".repeat(100_000);
        assert_eq!(clean(&long).chars().count(), MAX_FIELD_CHARS + 1);
        let wide = "語".repeat(MAX_FIELD_CHARS);
        assert_eq!(clean(&wide), wide);
    }

    #[test]
    fn cuts_by_columns() {
        assert_eq!(prefix("語語語", 5), ("語語", 4));
        assert_eq!(prefix("abc", 5), ("abc", 3));
        assert_eq!(prefix("abc", 0), ("", 0));
    }

    #[test]
    fn speaks_of_numbers_as_people_do() {
        assert_eq!((thousands(999), thousands(1_234_567)), ("999".into(), "1,234,567".into()));
        assert_eq!(
            (bytes(5), bytes(2048), bytes(3 << 30)),
            ("5 B".into(), "2.0 KiB".into(), "3.0 GiB".into())
        );
        assert_eq!(
            (percent(0.944), percent(0.0042), percent(0.0001)),
            ("94%".into(), "0.4%".into(), "<0.1%".into())
        );
    }

    #[test]
    fn shows_instructions_as_written() {
        let cases = [
            ("/bin/sh -c #(nop) ADD file:aa in / ", "ADD file:aa in /"),
            ("/bin/sh -c apt-get update", "RUN apt-get update"),
            ("RUN /bin/sh -c npm ci # buildkit", "RUN npm ci"),
            ("COPY . /app # buildkit", "COPY . /app"),
        ];
        for (text, expect) in cases {
            assert_eq!(instruction(text), expect);
        }
    }
}
