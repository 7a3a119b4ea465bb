//! Inert ELF files for tests: a header, tables and the given bytes; nothing in them can run.

/// Where the first part lies in memory; the others follow a page apart.
const BASE_ADDRESS: u64 = 0x40_0000;
const PAGE_BYTES: u64 = 0x1000;

/// An ELF file to be built: each part is one section and one `PT_LOAD` segment.
pub(crate) struct Elf {
    is_64: bool,
    is_big: bool,
    has_section_table: bool,
    parts: Vec<(&'static str, Vec<u8>, bool)>,
}

impl Elf {
    pub(crate) fn new(is_64: bool, is_big: bool) -> Self {
        Elf { is_64, is_big, has_section_table: true, parts: Vec::new() }
    }

    pub(crate) fn part(mut self, name: &'static str, bytes: &[u8], writable: bool) -> Self {
        self.parts.push((name, bytes.to_vec(), writable));
        self
    }

    pub(crate) fn without_section_table(mut self) -> Self {
        self.has_section_table = false;
        self
    }

    /// Where the nth part lies in memory.
    pub(crate) fn address(n: usize) -> u64 {
        BASE_ADDRESS + n as u64 * PAGE_BYTES
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let (header_bytes, segment_bytes) = if self.is_64 { (64, 56) } else { (52, 32) };
        let mut body = vec![0; header_bytes + segment_bytes * self.parts.len()];
        let mut offsets = Vec::new();
        for (_, bytes, _) in &self.parts {
            body.resize(body.len().next_multiple_of(16), 0);
            offsets.push(body.len() as u64);
            body.extend_from_slice(bytes);
        }
        let mut names = vec![0];
        let mut table = Vec::new();
        self.section(&mut table, [0, 0, 0, 0, 0, 0]);
        for (n, (name, bytes, writable)) in self.parts.iter().enumerate() {
            let flags = 2 | u64::from(*writable);
            let row =
                [names.len() as u64, 1, flags, Self::address(n), offsets[n], bytes.len() as u64];
            self.section(&mut table, row);
            names.extend_from_slice(name.as_bytes());
            names.push(0);
        }
        let names_at = body.len() as u64;
        self.section(&mut table, [0, 3, 0, 0, names_at, names.len() as u64]);
        let mut table_at = 0;
        if self.has_section_table {
            body.extend_from_slice(&names);
            body.resize(body.len().next_multiple_of(16), 0);
            table_at = body.len() as u64;
            body.extend_from_slice(&table);
        }
        let mut head = self.header(table_at);
        for (n, (_, bytes, writable)) in self.parts.iter().enumerate() {
            let row = [offsets[n], Self::address(n), Self::address(n), bytes.len() as u64];
            self.segment(&mut head, row, *writable);
        }
        body[..head.len()].copy_from_slice(&head);
        body
    }

    fn header(&self, table_at: u64) -> Vec<u8> {
        let mut out = vec![0x7f, b'E', b'L', b'F'];
        out.extend([1 + u8::from(self.is_64), 1 + u8::from(self.is_big), 1]);
        out.resize(16, 0);
        let header_bytes = if self.is_64 { 64 } else { 52 };
        self.numbers(&mut out, 2, &[2, 62]);
        self.numbers(&mut out, 4, &[1]);
        self.words(&mut out, &[BASE_ADDRESS, header_bytes, table_at]);
        self.numbers(&mut out, 4, &[0]);
        let sizes = if self.is_64 { [64, 56, 64] } else { [52, 32, 40] };
        let count = self.parts.len() as u64;
        let sections = if self.has_section_table { [count + 2, count + 1] } else { [0, 0] };
        self.numbers(&mut out, 2, &[sizes[0], sizes[1], count, sizes[2], sections[0], sections[1]]);
        out
    }

    /// offset, both addresses, size.
    fn segment(&self, out: &mut Vec<u8>, row: [u64; 4], writable: bool) {
        let flags = if writable { 6 } else { 5 };
        self.numbers(out, 4, &[1]);
        if self.is_64 {
            self.numbers(out, 4, &[flags]);
        }
        self.words(out, &row);
        self.words(out, &row[3..]);
        if !self.is_64 {
            self.numbers(out, 4, &[flags]);
        }
        self.words(out, &[PAGE_BYTES]);
    }

    /// name, type, flags, address, offset, size; then link, info, alignment, entry size.
    fn section(&self, out: &mut Vec<u8>, row: [u64; 6]) {
        self.numbers(out, 4, &row[..2]);
        self.words(out, &row[2..]);
        self.numbers(out, 4, &[0, 0]);
        self.words(out, &[16, 0]);
    }

    fn words(&self, out: &mut Vec<u8>, values: &[u64]) {
        self.numbers(out, if self.is_64 { 8 } else { 4 }, values);
    }

    fn numbers(&self, out: &mut Vec<u8>, bytes: usize, values: &[u64]) {
        for value in values {
            let (big, little) = (value.to_be_bytes(), value.to_le_bytes());
            out.extend_from_slice(if self.is_big { &big[8 - bytes..] } else { &little[..bytes] });
        }
    }
}

/// A 64-bit PE file with one writable section `.data` of these bytes.
pub(crate) fn pe(bytes: &[u8]) -> Vec<u8> {
    const HEADERS_BYTES: usize = 0x400;
    let size = bytes.len() as u32;
    let mut out = b"MZ".to_vec();
    out.resize(0x3c, 0);
    out.extend(0x40_u32.to_le_bytes());
    out.extend(b"PE\0\0");
    // Machine, sections, three times nothing, size of the optional header, characteristics.
    out.extend([0x8664, 1, 0, 0, 0, 0, 0, 0, 112, 0x22].map(u16::to_le_bytes).concat());
    let optional_at = out.len();
    out.extend(0x20b_u16.to_le_bytes());
    out.resize(optional_at + 24, 0);
    out.extend(BASE_ADDRESS.to_le_bytes());
    out.resize(optional_at + 112, 0);
    out.extend(b".data\0\0\0");
    let row = [size, PAGE_BYTES as u32, size, HEADERS_BYTES as u32, 0, 0, 0, 0xc000_0040];
    out.extend(row.map(u32::to_le_bytes).concat());
    out.resize(HEADERS_BYTES, 0);
    out.extend_from_slice(bytes);
    out
}

/// A 64-bit Mach-O file with one writable segment that holds one section of this name.
pub(crate) fn mach(name: &str, bytes: &[u8]) -> Vec<u8> {
    let padded = |text: &str| {
        let mut name = text.as_bytes().to_vec();
        name.resize(16, 0);
        name
    };
    let (command_bytes, start) = (72 + 80_u32, 32 + 72 + 80_u64);
    let size = bytes.len() as u64;
    let mut out = Vec::new();
    let head = [0xfeed_facf, 0x0100_000c, 0, 2, 1, command_bytes, 0, 0, 0x19, command_bytes];
    out.extend(head.map(u32::to_le_bytes).concat());
    out.extend(padded("__DATA"));
    out.extend([BASE_ADDRESS, size, start, size].map(u64::to_le_bytes).concat());
    out.extend([3_u32, 3, 1, 0].map(u32::to_le_bytes).concat());
    out.extend(padded(name));
    out.extend(padded("__DATA"));
    out.extend([BASE_ADDRESS, size].map(u64::to_le_bytes).concat());
    out.extend([start as u32, 4, 0, 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
    out.extend_from_slice(bytes);
    out
}
