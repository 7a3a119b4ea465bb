//! Files that others write, read without being held up by them: no link is followed, nothing but a
//! regular file is read, and no more of it than is allowed. Without `O_NONBLOCK` a pipe, or a lease
//! that somebody holds on the file, would keep the reader for as long as its owner likes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

/// The content of a regular file of at most so many bytes; else why there is none.
pub(crate) fn read_regular(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = open(path, flags | OFlags::NOCTTY, Mode::empty());
    let file = File::from(opened.map_err(|why| std::io::Error::from(why).to_string())?);
    let metadata = file.metadata().map_err(|why| why.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    // What grows while it is read is no longer than this either.
    let read = file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|why| why.to_string())?;
    if bytes.len() as u64 > max_bytes {
        let length = metadata.len().max(bytes.len() as u64);
        return Err(format!("it has {length} bytes; at most {max_bytes} are read"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;

    #[test]
    fn only_regular_files_of_some_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "abc").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(read_regular(&at("file"), 3).unwrap(), b"abc");
        for (name, why) in [
            ("link", "symbolic links"),
            ("pipe", "no regular file"),
            (".", "no regular file"),
            ("absent", "No such file"),
            ("/dev/zero", "no regular file"),
        ] {
            let refused = read_regular(&at(name), 3).unwrap_err();
            assert!(refused.contains(why), "{name}: {refused}");
        }
        assert_eq!(read_regular(&at("file"), 2).unwrap_err(), "it has 3 bytes; at most 2 are read");
    }
}
