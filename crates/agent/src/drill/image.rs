//! The image of a drill: a busybox and what it needs, as an archive made on the fly.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use crate::AgentError;

/// Where distributions put a static busybox.
const PLACES: [&str; 5] = [
    "/bin/busybox",
    "/usr/bin/busybox",
    "/bin/busybox.static",
    "/usr/bin/busybox.static",
    "/usr/lib/lazaret/busybox",
];
/// Largest busybox that is taken, in bytes.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Program headers of an executable that are looked at.
const MAX_HEADERS: u16 = 128;
/// `PT_INTERP` of elf(5): the program needs a loader and libraries.
const INTERPRETER: u32 = 3;
/// The applets that the behaviours use.
const APPLETS: [&str; 7] = ["sh", "cat", "chroot", "cp", "true", "sleep", "nc"];

/// Where the script lies in the image: not in a command line, which the rules would read.
pub(super) const SCRIPT: &str = "/drill";

/// A static busybox where distributions have it.
pub fn find_busybox() -> Option<PathBuf> {
    let there = PLACES.iter().map(PathBuf::from);
    there.into_iter().find(|path| fs::read(path).is_ok_and(|bytes| is_static(&bytes)))
}

/// The archive of an image with a busybox and a script.
pub(super) fn image_of(busybox: &Path, script: &str) -> Result<Vec<u8>, AgentError> {
    let wrong = |why: String| AgentError::File { path: busybox.to_path_buf(), why };
    let mut bytes = Vec::new();
    let file = fs::File::open(busybox).map_err(|why| wrong(why.to_string()))?;
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|why| wrong(why.to_string()))?;
    if !is_static(&bytes) {
        return Err(wrong("it is no static program of 64 bits".to_owned()));
    }
    archive(&bytes, script).map_err(|why| wrong(why.to_string()))
}

fn archive(busybox: &[u8], script: &str) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let mut put = |path: &str, kind: EntryType, mode: u32, body: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(body.len() as u64);
        tar.append_data(&mut header, path, body)
    };
    for folder in ["bin", "etc", "etc/cron.d", "usr", "usr/bin", "tmp", "root"] {
        put(&format!("{folder}/"), EntryType::Directory, 0o755, &[])?;
    }
    put("bin/busybox", EntryType::Regular, 0o755, busybox)?;
    put("etc/passwd", EntryType::Regular, 0o644, b"root:x:0:0::/root:/bin/sh\n")?;
    put("etc/shadow", EntryType::Regular, 0o600, b"root:*:1::::::\n")?;
    put(SCRIPT.trim_start_matches('/'), EntryType::Regular, 0o644, script.as_bytes())?;
    put("usr/bin/runc", EntryType::Regular, 0o755, &[])?;
    for applet in APPLETS {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox")?;
    }
    tar.into_inner()
}

/// Whether it is an executable of elf(5), 64 bits, little-endian, without an interpreter.
fn is_static(bytes: &[u8]) -> bool {
    bytes.get(..6) == Some(b"\x7fELF\x02\x01")
        && headers(bytes).is_some_and(|kinds| !kinds.is_empty() && !kinds.contains(&INTERPRETER))
}

/// The types of its program headers; `None` when it is cut.
fn headers(bytes: &[u8]) -> Option<Vec<u32>> {
    let short = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let int = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let first = u64::from_le_bytes(*bytes.get(32..)?.first_chunk()?);
    let first = usize::try_from(first).ok()?;
    let (size, count) = (usize::from(short(54)?), short(56)?.min(MAX_HEADERS));
    (0..usize::from(count)).map(|at| int(first.checked_add(at.checked_mul(size)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0);
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            bytes.extend(kind.to_le_bytes());
            bytes.extend([0; 52]);
        }
        bytes
    }

    #[test]
    fn a_program_with_an_interpreter_is_not_static() {
        assert!(is_static(&program(&[1, 1])));
        assert!(!is_static(&program(&[1, INTERPRETER])));
        assert!(!is_static(&program(&[])) && !is_static(b"#!/bin/sh") && !is_static(&[]));
        let whole = program(&[1, 1]);
        assert!(!is_static(&whole[..100]));
    }

    #[test]
    fn the_image_has_what_the_behaviours_use() {
        let bytes = archive(b"busybox", "true").unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
            .collect();
        for name in ["bin/busybox", "bin/nc", "bin/chroot", "etc/shadow", "usr/bin/runc", "drill"] {
            assert!(names.iter().any(|it| it == name), "{name} is not in {names:?}");
        }
    }
}
