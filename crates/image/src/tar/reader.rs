//! `TarReader`: member after member, each with its extended headers applied.

use model::SkipReason;

use super::header::{Header, until_nul};
use super::pax::{Pax, PaxSparse};
use super::sparse::{SparseMap, read_old, read_version_1};
use crate::Limits;
use crate::input::{BLOCK_BYTES, Block, Input};
use crate::stop::Stop;

/// What a member is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum MemberKind {
    /// A file with content.
    #[default]
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link to `link`.
    Symlink,
    /// Another name of the member `link`.
    HardLink,
    /// A device, FIFO or contiguous oddity without content.
    Special,
    /// A type letter that no runtime unpacks.
    Unknown(u8),
}

/// One member of an archive. Its content follows in the input, padded to whole blocks.
#[derive(Debug, Default)]
pub(crate) struct Member {
    /// Its name as written.
    pub(crate) name: Vec<u8>,
    /// What it links to, as written.
    pub(crate) link: Vec<u8>,
    pub(crate) kind: MemberKind,
    /// Bytes of content; with the holes when sparse.
    pub(crate) size_bytes: u64,
    /// Bytes of content in the archive.
    pub(crate) stored_bytes: u64,
    /// Which spans are stored, when it has holes.
    pub(crate) sparse: Option<SparseMap>,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// What lies behind the archive's end mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Bytes, zeros counted.
    pub(crate) bytes: u64,
    /// Whether there is anything but zeros.
    pub(crate) has_data: bool,
}

/// Reads members from an input. Holds one member at a time.
pub(crate) struct TarReader {
    limits: Limits,
    member: Member,
    /// What the PAX header before the member says.
    pax: Option<Pax>,
    /// GNU long name and long link, until the member they belong to.
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    /// Bytes of extended headers read for the next member.
    extended_bytes: u64,
    /// Single zero blocks with a member behind them.
    lone_zero_blocks: u64,
}

impl TarReader {
    pub(crate) fn new(limits: &Limits) -> Self {
        TarReader {
            limits: limits.clone(),
            member: Member::default(),
            pax: None,
            long_name: None,
            long_link: None,
            extended_bytes: 0,
            lone_zero_blocks: 0,
        }
    }

    /// The member read last.
    pub(crate) fn member(&self) -> &Member {
        &self.member
    }

    /// How many single zero blocks stood between members, which no writer leaves.
    pub(crate) fn lone_zero_blocks(&self) -> u64 {
        self.lone_zero_blocks
    }

    /// Reads to the next member, whose content is next in `input`; `None` at the end.
    pub(crate) fn next<I: Input>(&mut self, input: &mut I) -> Result<Option<()>, Stop> {
        self.extended_bytes = 0;
        let mut block = [0; BLOCK_BYTES];
        loop {
            if self.next_block(input, &mut block)?.is_none() {
                return if self.extended_bytes > 0 {
                    Err(Stop::truncated("ends after an extended header without its entry"))
                } else {
                    Ok(None)
                };
            }
            let header = Header::new(&block).ok_or_else(|| bad_header(input.position()))?;
            match header.kind() {
                b'x' => self.pax = Some(Pax::parse(&self.extension(input, &header)?)?),
                b'L' => {
                    let name = self.extension(input, &header)?;
                    self.long_name = Some(until_nul(&name).to_owned());
                }
                b'K' => {
                    let link = self.extension(input, &header)?;
                    self.long_link = Some(until_nul(&link).to_owned());
                }
                b'g' => self.pass_global(input, &header)?,
                _ => {
                    let mut pax = self.pax.take().unwrap_or_default();
                    self.build(&header, &mut pax)?;
                    let is_old = header.kind() == b'S';
                    if is_old || pax.sparse.is_sparse() {
                        self.map_holes(input, is_old.then_some(&block), pax.sparse)?;
                    }
                    return Ok(Some(()));
                }
            }
        }
    }

    /// Reads everything behind the end mark.
    pub(crate) fn tail<I: Input>(input: &mut I) -> Result<Tail, Stop> {
        let mut tail = Tail::default();
        loop {
            let bytes = input.fill()?;
            if bytes.is_empty() {
                return Ok(tail);
            }
            tail.has_data = tail.has_data || bytes.iter().any(|&byte| byte != 0);
            let count = bytes.len();
            tail.bytes += count as u64;
            input.consume(count);
        }
    }

    /// Reads a block that is not zero; `None` at the end mark or the end of the input.
    fn next_block<I: Input>(
        &mut self,
        input: &mut I,
        block: &mut Block,
    ) -> Result<Option<()>, Stop> {
        let mut zeros = 0;
        while input.block(block)?.is_some() {
            if block[0] != 0 || block.iter().any(|&byte| byte != 0) {
                self.lone_zero_blocks += zeros;
                return Ok(Some(()));
            }
            zeros += 1;
            if zeros == 2 {
                break;
            }
        }
        Ok(None)
    }

    /// Reads the content of an extended header.
    fn extension<I: Input>(&mut self, input: &mut I, header: &Header<'_>) -> Result<Vec<u8>, Stop> {
        let size = header.size()?;
        self.count_extension(size)?;
        // Bounded by `Limits::header_bytes` just above.
        let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
        let got = input.read(&mut content)? as u64;
        if got < size || input.skip(padding(size))? < padding(size) {
            return Err(Stop::truncated("ends within an extended header"));
        }
        Ok(content)
    }

    fn pass_global<I: Input>(&mut self, input: &mut I, header: &Header<'_>) -> Result<(), Stop> {
        let size = header.size()?;
        self.count_extension(size)?;
        let padded = size + padding(size);
        if input.skip(padded)? < padded {
            return Err(Stop::truncated("ends within a global extended header"));
        }
        Ok(())
    }

    fn count_extension(&mut self, size: u64) -> Result<(), Stop> {
        self.extended_bytes = self.extended_bytes.saturating_add(size + BLOCK_BYTES as u64);
        if self.extended_bytes <= self.limits.header_bytes {
            return Ok(());
        }
        let detail = format!(
            "extended headers of {} bytes before one entry; the limit is {}",
            self.extended_bytes, self.limits.header_bytes,
        );
        Err(Stop::new(SkipReason::TooLarge, detail))
    }

    /// Fills the member from its header and what the extended headers said.
    fn build(&mut self, header: &Header<'_>, pax: &mut Pax) -> Result<(), Stop> {
        let member = &mut self.member;
        member.name.clear();
        member.link.clear();
        member.sparse = None;
        (member.mode, member.uid, member.gid) = (header.mode(), header.uid(), header.gid());
        let size = pax.size.map_or_else(|| header.size(), Ok)?;
        member.uid = pax.uid.unwrap_or(member.uid);
        member.gid = pax.gid.unwrap_or(member.gid);
        let sparse_name = if pax.sparse.is_sparse() { pax.sparse.name.take() } else { None };
        let long = self.long_name.take().filter(|name| !name.is_empty());
        match sparse_name.or(long).or_else(|| pax.path.take()) {
            Some(name) => member.name = name,
            None => header.name(&mut member.name),
        }
        let long = self.long_link.take().filter(|link| !link.is_empty());
        match long.or_else(|| pax.link_path.take()) {
            Some(link) => member.link = link,
            None => member.link.extend_from_slice(header.link_name()),
        }
        member.kind = match header.kind() {
            0 if member.name.ends_with(b"/") => MemberKind::Directory,
            0 | b'0' | b'7' | b'S' => MemberKind::Regular,
            b'1' => MemberKind::HardLink,
            b'2' => MemberKind::Symlink,
            b'3' | b'4' | b'6' => MemberKind::Special,
            b'5' => MemberKind::Directory,
            other => MemberKind::Unknown(other),
        };
        let has_content = matches!(member.kind, MemberKind::Regular | MemberKind::Unknown(_));
        member.stored_bytes = if has_content { size } else { 0 };
        member.size_bytes = member.stored_bytes;
        Ok(())
    }

    /// Finds the map of a sparse file, in whichever of the four formats; `old` is the header of an
    /// old GNU one.
    fn map_holes<I: Input>(
        &mut self,
        input: &mut I,
        old: Option<&Block>,
        sparse: PaxSparse,
    ) -> Result<(), Stop> {
        let member = &mut self.member;
        let most_bytes = self.limits.header_bytes;
        if member.kind != MemberKind::Regular {
            return Ok(());
        }
        let (map, real_size) = if let Some(header) = old {
            read_old(input, header, most_bytes)?
        } else if sparse.is_version_1() {
            let (map, read) = read_version_1(input, member.stored_bytes, most_bytes)?;
            member.stored_bytes = member.stored_bytes.saturating_sub(read);
            (map, sparse.real_size.unwrap_or(0))
        } else {
            (sparse.map.unwrap_or_default(), sparse.real_size.unwrap_or(0))
        };
        map.check(real_size, member.stored_bytes)?;
        member.size_bytes = real_size;
        member.sparse = Some(map);
        Ok(())
    }
}

/// Bytes from the end of a content to the next block.
pub(crate) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK_BYTES as u64
}

fn bad_header(position: u64) -> Stop {
    let at = position.saturating_sub(BLOCK_BYTES as u64);
    Stop::malformed(format!("no tar header at byte {at}: its checksum is wrong"))
}
