//! What engines hide of `/proc` and `/sys` from a container, and whether it is hidden, seen from
//! outside: a race over mounts lays paths open that the bundle hides (CVE-2025-31133), or puts a file
//! where the console ought to be (CVE-2025-52565).

use std::fs::{Metadata, symlink_metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Files that every engine hides by `/dev/null`.
const FILES: [&str; 5] =
    ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug"];
/// Folders that every engine hides by an empty filesystem, and what they lie in.
const FOLDERS: [(&str, &str); 4] = [
    ("/proc/acpi", "/proc"),
    ("/proc/scsi", "/proc"),
    ("/proc/asound", "/proc"),
    ("/sys/firmware", "/sys"),
];
const NULL_DEVICE: (u64, u64) = (1, 3);
/// The console and terminals, `Documentation/admin-guide/devices.txt` of Linux.
const TERMINALS: [u64; 10] = [4, 5, 136, 137, 138, 139, 140, 141, 142, 143];

/// The paths that a container's process sees and must not. None where nothing is hidden, as in
/// privileged containers: then nobody meant it to be.
pub fn open_paths(pid: u32) -> Vec<String> {
    open_below(&PathBuf::from(format!("/proc/{pid}/root")))
}

fn open_below(root: &Path) -> Vec<String> {
    let look = |path: &str| symlink_metadata(root.join(path.trim_start_matches('/'))).ok();
    let mut open = Vec::new();
    if let Some(console) = look("/dev/console")
        && !is_terminal(&console)
    {
        open.push("/dev/console".to_owned());
    }
    let folders =
        FOLDERS.iter().filter_map(|(path, above)| Some((path, look(path)?, look(above)?)));
    let (hidden, seen): (Vec<_>, Vec<_>) =
        folders.partition(|(_, own, above)| own.dev() != above.dev());
    let files = FILES.iter().filter_map(|path| Some((path, look(path)?)));
    let (null, real): (Vec<_>, Vec<_>) = files.partition(|(_, own)| is_null(own));
    if !hidden.is_empty() || !null.is_empty() {
        open.extend(real.iter().map(|(path, _)| (**path).to_owned()));
        open.extend(seen.iter().map(|(path, ..)| (**path).to_owned()));
    }
    open
}

fn is_null(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && numbers(metadata.rdev()) == NULL_DEVICE
}

fn is_terminal(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && TERMINALS.contains(&numbers(metadata.rdev()).0)
}

/// Major and minor number, as `makedev(3)` packs them.
fn numbers(device: u64) -> (u64, u64) {
    let major = (device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000);
    let minor = (device & 0xff) | (device >> 12 & 0xffff_ff00);
    (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_hidden_nothing_is_open() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["proc/acpi", "proc/scsi", "sys/firmware", "dev"] {
            std::fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        std::fs::write(folder.path().join("proc/kcore"), "").unwrap();
        assert_eq!(open_below(folder.path()), [""; 0]);
        // A console that is a file is none.
        std::fs::write(folder.path().join("dev/console"), "").unwrap();
        assert_eq!(open_below(folder.path()), ["/dev/console"]);
        assert!(is_null(&symlink_metadata("/dev/null").unwrap()));
        assert!(!is_null(&symlink_metadata("/dev/zero").unwrap()));
    }

    #[test]
    fn a_file_that_is_seen_beside_hidden_folders_is_open() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("sys")).unwrap();
        for path in ["proc/acpi", "dev"] {
            std::fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        let hidden = folder.path().join("proc/acpi");
        let source = std::ffi::CString::new("tmpfs").unwrap();
        if rustix::mount::mount(
            source.as_c_str(),
            &hidden,
            "tmpfs",
            rustix::mount::MountFlags::RDONLY,
            None,
        )
        .is_err()
        {
            eprintln!("skipped: nothing can be mounted here");
            return;
        }
        std::fs::write(folder.path().join("proc/kcore"), "").unwrap();
        let open = open_below(folder.path());
        rustix::mount::unmount(&hidden, rustix::mount::UnmountFlags::DETACH).unwrap();
        assert_eq!(open, ["/proc/kcore"]);
    }
}
