//! Mount points: `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountPoint {
    pub(crate) path: PathBuf,
    /// The device's numbers, `major:minor`: the same for all mounts of one filesystem.
    pub(crate) device: String,
    pub(crate) filesystem: String,
    pub(crate) source: String,
    /// The mount's own options, such as `nosuid`.
    pub(crate) options: Vec<String>,
}

/// The mounts of a mountinfo text, in its order. Lines that are none are left out.
pub(crate) fn parse(text: &[u8]) -> Vec<MountPoint> {
    text.split(|&byte| byte == b'\n').filter_map(line).collect()
}

fn line(line: &[u8]) -> Option<MountPoint> {
    let mut words = line.split(|&byte| byte == b' ');
    let device = words.nth(2)?;
    let path = words.nth(1)?;
    let options = words.next()?;
    let mut after = words.skip_while(|word| *word != b"-").skip(1);
    let text = |word: &[u8]| String::from_utf8_lossy(&unescape(word)).into_owned();
    Some(MountPoint {
        options: text(options).split(',').map(str::to_owned).collect(),
        path: PathBuf::from(OsString::from_vec(unescape(path))),
        device: text(device),
        filesystem: text(after.next()?),
        source: text(after.next()?),
    })
}

/// Takes back the kernel's `\040` for a blank and its like.
fn unescape(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).filter(|digits| {
            first == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        });
        match octal {
            Some(digits) => {
                let value =
                    digits.iter().fold(0_u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
                out.push(u8::try_from(value & 0xff).unwrap_or_default());
                rest = tail.get(3..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

/// The mount that holds a path: the longest that it lies below, the last of two on one place.
pub(crate) fn holding<'m>(mounts: &'m [MountPoint], path: &Path) -> Option<&'m MountPoint> {
    let below = mounts.iter().filter(|mount| path.starts_with(&mount.path));
    below.max_by_key(|mount| mount.path.as_os_str().as_bytes().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_holds_a_path() {
        let text = b"23 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            24 23 8:2 / /var/lib/docker rw shared:1 master:2 - xfs /dev/sdb rw\n\
            25 23 0:5 / /with\\040blank rw - tmpfs none rw\nbroken line\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 3);
        assert_eq!(mounts[2].path, Path::new("/with blank"));
        let at = |path: &str| holding(&mounts, Path::new(path)).unwrap().source.as_str();
        assert_eq!(at("/var/lib/docker"), "/dev/sdb");
        assert_eq!(at("/var/lib/docker2"), "/dev/sda1");
        assert_eq!(mounts[0].options, ["rw"]);
        assert_eq!((mounts[1].filesystem.as_str(), mounts[1].device.as_str()), ("xfs", "8:2"));
    }
}
