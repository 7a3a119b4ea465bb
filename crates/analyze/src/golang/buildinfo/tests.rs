//! Inert programs carry the block in each of its forms; broken ones must not be fatal.

use super::*;
use crate::executable::fixture::{Elf, mach, pe};
use crate::testing::{Paged, analyze, analyze_content, packages, try_analyze};

const LINES: &str = "path\texample.org/tool\nmod\texample.org/tool\tv1.4.0\th1:a=\n\
    dep\texample.org/dep\tv0.3.1\th1:b=\n";
const EXPECT: [&str; 3] = ["example.org/dep v0.3.1", "example.org/tool v1.4.0", "stdlib 1.22.3"];

/// The block with its strings inline.
fn inline_block(version: &str, lines: &str) -> Vec<u8> {
    let mut block = MAGIC.to_vec();
    block.extend([0, INLINE]);
    block.resize(32, 0);
    for text in [version.as_bytes(), &marked(lines)] {
        let mut length = text.len();
        while length >= 0x80 {
            block.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        block.push(length as u8);
        block.extend_from_slice(text);
    }
    block
}

fn marked(lines: &str) -> Vec<u8> {
    [&[0x30; MARK_BYTES], lines.as_bytes(), &[0xf9; MARK_BYTES]].concat()
}

/// The block with pointers into the second part of the file, where headers and strings lie.
fn pointer_elf(is_64: bool, is_big: bool) -> Elf {
    let width = if is_64 { 8 } else { 4 };
    let number = |value: u64| {
        let (big, little) = (value.to_be_bytes(), value.to_le_bytes());
        if is_big { big[8 - width..].to_vec() } else { little[..width].to_vec() }
    };
    let (strings, lines) = (Elf::address(1), marked(LINES));
    let text_at = strings + 4 * width as u64;
    let headers = [text_at, 8, text_at + 8, lines.len() as u64].map(number).concat();
    let data = [&headers[..], b"go1.22.3", &lines].concat();
    let mut block = MAGIC.to_vec();
    block.extend([width as u8, u8::from(is_big)]);
    block.extend([strings, strings + 2 * width as u64].map(number).concat());
    block.resize(32, 0);
    Elf::new(is_64, is_big).part(".go.buildinfo", &block, true).part(".data", &data, true)
}

#[test]
fn reads_inline_strings_named_by_a_section() {
    let block = inline_block("go1.22.3", LINES);
    let bytes = Elf::new(true, false).part(".go.buildinfo", &block, true).build();
    assert_eq!(packages(&analyze("usr/bin/tool", &bytes)), EXPECT);
    let (found, errors) = analyze_content("usr/bin/tool", &Paged(&bytes));
    assert!(errors.is_empty() && packages(&found) == EXPECT, "{errors:?}");
}

#[test]
fn reads_pe_and_mach_o() {
    let block = inline_block("go1.22.3", LINES);
    assert_eq!(packages(&analyze("tool", &mach("__go_buildinfo", &block))), EXPECT);
    let data = [vec![0xee; 160], block].concat();
    assert_eq!(packages(&analyze("tool.exe", &pe(&data))), EXPECT);
}

#[test]
fn reads_pointers_of_both_sizes_and_orders() {
    for (is_64, is_big) in [(true, false), (true, true), (false, false), (false, true)] {
        let bytes = pointer_elf(is_64, is_big).build();
        assert_eq!(packages(&analyze("tool", &bytes)), EXPECT, "{is_64} {is_big}");
    }
}

#[test]
fn searches_the_writable_part_when_sections_are_stripped() {
    for lead in [0, 48, SEARCH_WINDOW_BYTES - 16, 3 * SEARCH_WINDOW_BYTES + 32] {
        let data = [vec![0xee; lead], inline_block("go1.22.3", LINES)].concat();
        let elf = Elf::new(true, false).part(".text", MAGIC, false).part(".data", &data, true);
        let bytes = elf.without_section_table().build();
        assert_eq!(packages(&analyze("tool", &bytes)), EXPECT, "{lead}");
    }
    // Not aligned: a mention of the magic, as in this very test.
    let data = [vec![0xee; 7], inline_block("go1.22.3", LINES)].concat();
    let elf = Elf::new(true, false).part(".data", &data, true).without_section_table();
    assert!(analyze("tool", &elf.build()).is_empty());
}

#[test]
fn other_programs_have_none() {
    let bytes = Elf::new(true, false).part(".data", &inline_block("go1.22.3", LINES), true).build();
    assert!(analyze("usr/bin/true", &bytes).is_empty(), "a named section table without the block");
    assert!(analyze("x.com", b"MZ, but only a text").is_empty());
}

#[test]
fn a_packed_program_is_said_to_be_unread() {
    let elf = Elf::new(true, false).part("UPX", b"....UPX!....", true).without_section_table();
    let (found, errors) = try_analyze("tool", &elf.build());
    assert!(found.is_empty());
    assert!(matches!(errors[..], [AnalyzeError::Unsupported(_)]), "{errors:?}");
}

#[test]
fn lying_lengths_are_malformed_not_fatal() {
    let block = inline_block("go1.22.3", LINES);
    for at in 14..block.len().min(60) {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = block.clone();
            bad[at] = value;
            let bytes = Elf::new(true, false).part(".go.buildinfo", &bad, true).build();
            try_analyze("tool", &bytes);
        }
    }
    let good = pointer_elf(true, false).build();
    for at in (0..good.len()).step_by(3) {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        try_analyze("tool", &bad);
        try_analyze("tool", &good[..at]);
    }
    let mut long = MAGIC.to_vec();
    long.extend([0, INLINE]);
    long.resize(32, 0);
    long.extend([0xff; 12]);
    let bytes = Elf::new(true, false).part(".go.buildinfo", &long, true).build();
    let (_, errors) = try_analyze("tool", &bytes);
    assert!(matches!(errors[..], [AnalyzeError::Malformed(_)]), "{errors:?}");
}
