//! `Decompressor`: a stored stream in, its uncompressed bytes out, within the limits.

use model::{Digest, Skip, SkipReason};

use super::gzip::Gzip;
use super::xz::Xz;
use super::zstandard::Zstandard;
use super::{Compression, Decoder, MAGIC_BYTES, Transport};
use crate::Limits;
use crate::stop::Stop;

/// Undoes whatever compression its input has.
pub(crate) struct Decompressor<'a> {
    transport: Transport<'a>,
    decoder: Option<Box<dyn Decoder>>,
    in_member: bool,
    ended: bool,
    produced_bytes: u64,
    limits: Limits,
    trailing: Option<Skip>,
    stop: Option<Stop>,
}

/// What is known when all input is used up.
pub(crate) struct Finish {
    /// Digest of the stored bytes, when one was expected.
    pub(crate) transported: Option<Digest>,
    /// Bytes after the last member.
    pub(crate) trailing: Option<Skip>,
}

impl<'a> Decompressor<'a> {
    /// Tells the compression from the first bytes of `transport`. When `expected` is given, the
    /// stored bytes of a compressed stream are hashed for [`Finish::transported`].
    pub(crate) fn new(
        mut transport: Transport<'a>,
        expected: Option<&Digest>,
        limits: &Limits,
    ) -> Result<Self, Stop> {
        let decoder: Option<Box<dyn Decoder>> =
            match Compression::sniff(transport.want(MAGIC_BYTES)?) {
                Compression::Plain => None,
                Compression::Gzip => Some(Box::new(Gzip::new())),
                Compression::Zstd => Some(Box::new(Zstandard::new()?)),
                Compression::Xz => Some(Box::new(Xz::new()?)),
                Compression::Unsupported(name) => {
                    let detail = format!("{name} compression is not supported: use gzip or zstd");
                    return Err(Stop::new(SkipReason::Unsupported, detail));
                }
            };
        // The SHA-256 of a plain stream is computed anyway, as its diff id.
        if let Some(expected) = expected
            && (decoder.is_some() || expected.algorithm() != "sha256")
        {
            transport.hash_like(expected);
        }
        Ok(Decompressor {
            transport,
            in_member: decoder.is_some(),
            decoder,
            ended: false,
            produced_bytes: 0,
            limits: limits.clone(),
            trailing: None,
            stop: None,
        })
    }

    /// Whether the stored bytes are the uncompressed bytes.
    pub(crate) fn is_plain(&self) -> bool {
        self.decoder.is_none()
    }

    /// Fills `output` whole, unless the stream ends: then what is left, 0 at the end. A stop
    /// comes after everything that could be read before it.
    pub(crate) fn fill(&mut self, output: &mut [u8]) -> Result<usize, Stop> {
        let mut filled = 0;
        while let Some(free) = output.get_mut(filled..).filter(|free| !free.is_empty()) {
            if self.stop.is_some() {
                break;
            }
            match self.more(free) {
                Ok(0) => break,
                Ok(got) => filled += got,
                Err(stop) => self.stop = Some(stop),
            }
        }
        match &self.stop {
            Some(stop) if filled == 0 => Err(stop.clone()),
            _ => Ok(filled),
        }
    }

    fn more(&mut self, output: &mut [u8]) -> Result<usize, Stop> {
        self.check_ratio()?;
        let got = match self.decoder {
            None => self.transport.read_into(output)?,
            Some(_) => self.expand(output)?,
        };
        self.produced_bytes += got as u64;
        Ok(got)
    }

    /// Ends the stream; call it when `fill` has given 0.
    pub(crate) fn finish(self) -> Finish {
        Finish { trailing: self.trailing, transported: self.transport.digest() }
    }

    /// Decodes at least one byte, or none at the end.
    fn expand(&mut self, output: &mut [u8]) -> Result<usize, Stop> {
        let Some(decoder) = self.decoder.as_mut() else { return Ok(0) };
        while !self.ended {
            if !self.in_member {
                let head = self.transport.want(MAGIC_BYTES)?;
                if !decoder.begins(head) {
                    self.ended = true;
                    self.trailing = trailing(&mut self.transport, decoder.member_name())?;
                    break;
                }
                self.in_member = true;
            }
            let input = self.transport.want(1)?;
            let starved = input.is_empty();
            let step = decoder.step(input, output)?;
            self.transport.consume(step.consumed);
            self.in_member = !step.member_ended;
            if step.produced > 0 {
                return Ok(step.produced);
            }
            let member = decoder.member_name();
            if starved && self.in_member {
                return Err(Stop::truncated(format!(
                    "the compressed stream ends within a {member} after {} bytes",
                    self.transport.read_bytes(),
                )));
            }
            if step.consumed == 0 && self.in_member {
                return Err(Stop::malformed(format!("a {member} does not go on")));
            }
        }
        Ok(0)
    }

    fn check_ratio(&self) -> Result<(), Stop> {
        let allowed = self.transport.read_bytes().saturating_mul(self.limits.expansion_ratio);
        let plain = self.decoder.is_none();
        if plain || self.produced_bytes <= allowed.max(self.limits.ratio_floor_bytes) {
            return Ok(());
        }
        Err(Stop::new(
            SkipReason::Ratio,
            format!(
                "{} compressed bytes expand to {} and more; the limit is {} times",
                self.transport.read_bytes(),
                self.produced_bytes,
                self.limits.expansion_ratio,
            ),
        ))
    }
}

/// Reads what follows the last member; zeros are padding and not worth a word.
fn trailing(transport: &mut Transport<'_>, member: &str) -> Result<Option<Skip>, Stop> {
    let (count, zero) = transport.drain()?;
    if count == 0 || zero {
        return Ok(None);
    }
    let detail = format!("{count} bytes after the last {member} are not part of the stream");
    Ok(Some(Stop::malformed(detail).into_skip("")))
}
