//! Whether the paths that a container's bundle hides (`maskedPaths`) are hidden from its first program,
//! seen from outside: a race over mounts lays them open (CVE-2025-31133), or puts a file where the
//! console ought to be (CVE-2025-52565).

use std::fs::{Metadata, symlink_metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

/// What a file is hidden by.
const NULL_DEVICE: (u64, u64) = (1, 3);
/// The console and terminals, `Documentation/admin-guide/devices.txt` of Linux.
const TERMINALS: [u64; 10] = [4, 5, 136, 137, 138, 139, 140, 141, 142, 143];

/// Those of the paths that the bundle hides which a container's process sees, and its console where
/// that is none. What the bundle does not hide, nobody meant to be hidden.
pub(super) fn open_paths(pid: u32, masked: &[String]) -> Vec<String> {
    open_below(&PathBuf::from(format!("/proc/{pid}/root")), masked)
}

fn open_below(root: &Path, masked: &[String]) -> Vec<String> {
    let look = |path: &Path| symlink_metadata(root.join(path.strip_prefix("/").ok()?)).ok();
    let is_open = |path: &Path| {
        let own = look(path)?;
        // A folder is hidden by a filesystem of its own, whichever the runtime takes.
        let is_hidden = match own.is_dir() {
            true => own.dev() != look(path.parent()?)?.dev(),
            false => is_null(&own),
        };
        Some(!is_hidden && !own.is_symlink())
    };
    let console = look(Path::new("/dev/console")).filter(|console| !is_terminal(console));
    let masked =
        masked.iter().filter(|path| is_kernels(path) && is_open(Path::new(path)) == Some(true));
    console.map(|_| "/dev/console".to_owned()).into_iter().chain(masked.cloned()).collect()
}

/// A path of the kernel's filesystems: below them no image has put a link.
fn is_kernels(path: &str) -> bool {
    let goes_up = Path::new(path).components().any(|part| part == Component::ParentDir);
    !goes_up && (path.starts_with("/proc/") || path.starts_with("/sys/"))
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

    fn open(root: &Path, masked: &[&str]) -> Vec<String> {
        open_below(root, &masked.iter().map(|&path| path.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_the_bundle_does_not_hide_is_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["proc/acpi", "proc/asound", "sys/firmware", "dev"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("proc/kcore"), "").unwrap();
        assert_eq!(open(root, &[]), [""; 0]);
        let masked = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/../dev", "/dev"];
        assert_eq!(open(root, &masked), ["/proc/acpi", "/proc/kcore"]);
        // A console that is a file is none.
        std::fs::write(root.join("dev/console"), "").unwrap();
        assert_eq!(open(root, &[]), ["/dev/console"]);
        assert!(is_null(&symlink_metadata("/dev/null").unwrap()));
        assert!(!is_null(&symlink_metadata("/dev/zero").unwrap()));
    }

    #[test]
    fn a_folder_below_a_filesystem_of_its_own_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let hidden = folder.path().join("proc/acpi");
        std::fs::create_dir_all(&hidden).unwrap();
        let flags = rustix::mount::MountFlags::RDONLY;
        if rustix::mount::mount(c"tmpfs", &hidden, c"tmpfs", flags, None).is_err() {
            eprintln!("skipped: nothing can be mounted here");
            return;
        }
        std::fs::write(folder.path().join("proc/kcore"), "").unwrap();
        let open = open(folder.path(), &["/proc/acpi", "/proc/kcore"]);
        rustix::mount::unmount(&hidden, rustix::mount::UnmountFlags::DETACH).unwrap();
        assert_eq!(open, ["/proc/kcore"]);
    }
}
