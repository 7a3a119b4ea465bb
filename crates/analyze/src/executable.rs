//! `Executable`: where the parts of an ELF, PE or Mach-O file lie.
//!
//! Not a loader and not a symbol reader: only section and segment tables are read, never symbols,
//! so that a large binary costs a few kilobytes. `golang` and `rust` look for their sections here.
//! Sources: gABI (ELF), PE/COFF specification, `mach-o/loader.h`.

use object::elf::{PF_W, PT_LOAD};
use object::macho::VM_PROT_WRITE;
use object::pe::{IMAGE_SCN_CNT_INITIALIZED_DATA, IMAGE_SCN_MEM_WRITE};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::macho::{MachHeader, Section, Segment};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use object::{Endianness, FileKind, elf, macho, pe};

use crate::content_reader::ContentReader;
use crate::limits::MAX_REGIONS;

/// Where the parts of an executable lie in its file and in memory.
#[derive(Debug, Default)]
pub(crate) struct Executable {
    /// Named parts; empty when the section table was stripped or is broken.
    pub sections: Vec<Region>,
    /// Loaded parts. For PE the sections again, since PE has no segments.
    pub segments: Vec<Region>,
}

/// One part of an executable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Region {
    /// Name of the section, cut to 16 bytes and padded with zeros.
    pub name: [u8; 16],
    /// Where it begins in the file.
    pub offset: u64,
    /// Bytes of it in the file.
    pub size_bytes: u64,
    /// Where it begins in memory.
    pub address: u64,
    /// Whether the program may write to it.
    pub writable: bool,
}

impl Executable {
    /// Reads the tables. `None` when the file only begins like an executable (a DOS program, text
    /// that starts with `MZ`) or is of a kind that is not linked (a core dump, an archive).
    pub(crate) fn parse(reader: &ContentReader<'_>) -> Result<Option<Self>, object::Error> {
        let Ok(kind) = FileKind::parse(reader) else { return Ok(None) };
        Ok(Some(match kind {
            FileKind::Elf32 => elf_regions::<elf::FileHeader32<Endianness>>(reader)?,
            FileKind::Elf64 => elf_regions::<elf::FileHeader64<Endianness>>(reader)?,
            FileKind::MachO32 => mach_regions::<macho::MachHeader32<Endianness>>(reader)?,
            FileKind::MachO64 => mach_regions::<macho::MachHeader64<Endianness>>(reader)?,
            FileKind::Pe32 => pe_regions::<pe::ImageNtHeaders32>(reader)?,
            FileKind::Pe64 => pe_regions::<pe::ImageNtHeaders64>(reader)?,
            _ => return Ok(None),
        }))
    }

    /// The first section of this name (at most 16 bytes) that has bytes in the file.
    pub(crate) fn section(&self, name: &[u8]) -> Option<&Region> {
        let name = padded(name);
        self.sections.iter().find(|section| section.name == name && section.size_bytes > 0)
    }

    /// Where in the file the byte at this address lies, and how many bytes follow it there.
    pub(crate) fn offset_of(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let into = address.checked_sub(segment.address)?;
            let left = segment.size_bytes.checked_sub(into)?;
            let offset = segment.offset.checked_add(into)?;
            (left > 0).then_some((offset, left))
        })
    }
}

/// ELF: `PT_LOAD` segments; a broken section table counts as none.
fn elf_regions<Elf: FileHeader<Endian = Endianness>>(
    reader: &ContentReader<'_>,
) -> Result<Executable, object::Error> {
    let header = Elf::parse(reader)?;
    let endian = header.endian()?;
    let mut found = Executable::default();
    for segment in header.program_headers(endian, reader)?.iter().take(MAX_REGIONS) {
        if segment.p_type(endian) == PT_LOAD {
            found.segments.push(Region {
                name: [0; 16],
                offset: segment.p_offset(endian).into(),
                size_bytes: segment.p_filesz(endian).into(),
                address: segment.p_vaddr(endian).into(),
                writable: segment.p_flags(endian).contains(PF_W),
            });
        }
    }
    let Ok(table) = header.sections(endian, reader) else { return Ok(found) };
    for section in table.iter().take(MAX_REGIONS) {
        let Some((offset, size_bytes)) = section.file_range(endian) else { continue };
        found.sections.push(Region {
            name: padded(table.section_name(endian, section).unwrap_or_default()),
            offset,
            size_bytes,
            address: section.sh_addr(endian).into(),
            writable: section.sh_flags(endian).contains(elf::SHF_WRITE),
        });
    }
    Ok(found)
}

/// Mach-O: the segment commands and the sections they carry.
fn mach_regions<Mach: MachHeader<Endian = Endianness>>(
    reader: &ContentReader<'_>,
) -> Result<Executable, object::Error> {
    let header = Mach::parse(reader, 0)?;
    let endian = header.endian()?;
    let mut commands = header.load_commands(endian, reader, 0)?;
    let mut found = Executable::default();
    while let Some(command) = commands.next()? {
        let Some((segment, data)) = Mach::Segment::from_command(command)? else { continue };
        if found.segments.len() >= MAX_REGIONS {
            break;
        }
        let writable = segment.initprot(endian).contains(VM_PROT_WRITE);
        found.segments.push(Region {
            name: [0; 16],
            offset: segment.fileoff(endian).into(),
            size_bytes: segment.filesize(endian).into(),
            address: segment.vmaddr(endian).into(),
            writable,
        });
        for section in segment.sections(endian, data)?.iter().take(MAX_REGIONS) {
            found.sections.push(Region {
                name: *section.sectname(),
                offset: section.offset(endian).into(),
                size_bytes: section.size(endian).into(),
                address: section.addr(endian).into(),
                writable,
            });
        }
    }
    Ok(found)
}

/// PE: the section table; addresses with the image base added.
fn pe_regions<Pe: ImageNtHeaders>(reader: &ContentReader<'_>) -> Result<Executable, object::Error> {
    let mut offset = pe::ImageDosHeader::parse(reader)?.nt_headers_offset().into();
    let (headers, _) = Pe::parse(reader, &mut offset)?;
    let base = headers.optional_header().image_base();
    let data = IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_WRITE;
    let mut found = Executable::default();
    for section in headers.sections(reader, offset)?.iter() {
        let (file_offset, file_bytes) = section.pe_file_range();
        found.sections.push(Region {
            name: padded(section.raw_name()),
            offset: file_offset.into(),
            size_bytes: file_bytes.into(),
            address: base.saturating_add(section.virtual_address.get(object::LittleEndian).into()),
            writable: section.characteristics.get(object::LittleEndian).contains(data),
        });
    }
    found.segments = found.sections.clone();
    Ok(found)
}

/// The first 16 bytes, filled up with zeros.
fn padded(name: &[u8]) -> [u8; 16] {
    let mut padded = [0; 16];
    for (to, from) in padded.iter_mut().zip(name) {
        *to = *from;
    }
    padded
}

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests {
    use super::fixture::{Elf, mach, pe};
    use super::*;

    fn parse(bytes: &[u8]) -> Option<Executable> {
        Executable::parse(&ContentReader::new(&bytes)).unwrap_or_default()
    }

    #[test]
    fn finds_sections_and_addresses_in_every_class_and_order() {
        for (is_64, is_big) in [(true, false), (true, true), (false, false), (false, true)] {
            let elf = Elf::new(is_64, is_big).part(".text", b"code", false).part(
                ".dep-v0",
                b"some data",
                true,
            );
            let bytes = elf.build();
            let found = parse(&bytes).unwrap();
            let section = found.section(b".dep-v0").unwrap();
            assert!(section.writable);
            let start = section.offset as usize;
            assert_eq!(&bytes[start..start + 9], b"some data");
            assert_eq!(found.offset_of(section.address + 2), Some((section.offset + 2, 7)));
            assert_eq!(found.offset_of(1), None);
            assert!(found.section(b".dep").is_none());
            let stripped = parse(&elf.without_section_table().build()).unwrap();
            assert!(stripped.sections.is_empty() && stripped.segments.len() == 2);
        }
    }

    #[test]
    fn reads_pe_and_mach_o() {
        for (bytes, name) in
            [(pe(b"some data"), &b".data"[..]), (mach("__some", b"some data"), b"__some")]
        {
            let found = parse(&bytes).unwrap();
            let section = found.section(name).unwrap();
            let start = section.offset as usize;
            assert_eq!(&bytes[start..start + 9], b"some data");
            assert!(section.writable && found.segments.len() == 1);
            assert_eq!(found.offset_of(section.address + 2), Some((section.offset + 2, 7)));
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_read_beyond() {
        let elf = Elf::new(true, false).part(".go.buildinfo", &[0; 64], true);
        for good in [elf.build(), pe(&[0; 64]), mach("__go_buildinfo", &[0; 64])] {
            break_every_byte(&good);
        }
        for text in ["MZ is how this text begins", "\u{7f}ELF", "MZ"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    fn break_every_byte(good: &[u8]) {
        for length in 0..good.len() {
            parse(&good[..length]);
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.to_vec();
                bad[at] = value;
                if let Some(found) = parse(&bad) {
                    let _ = found.section(b".go.buildinfo");
                    let _ = found.offset_of(u64::MAX);
                }
            }
        }
    }
}
