//! How results are written: format, file, colour; the options that `scan` and `sbom` share.

use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::terminal;

/// Mode of a new file, the umask's part taken away: whoever may read the folder may read a report.
const REPORT_MODE: u32 = 0o666;
/// What is its owner's alone.
const PRIVATE_MODE: u32 = 0o600;

/// Writes to a file, which appears whole or not at all, to a device or pipe, or to standard output.
pub(crate) fn write_to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    write_with(path, REPORT_MODE, write)
}

/// The same, and a new file is its owner's alone.
pub(crate) fn write_private(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    write_with(path, PRIVATE_MODE, write)
}

fn write_with(
    path: Option<&Path>,
    mode: u32,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = path else {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        return match write(&mut out).and_then(|()| Ok(out.flush()?)) {
            Err(error) if is_closed_pipe(&error) => Ok(()),
            result => result,
        };
    };
    // A device or a pipe is written to: what is renamed over it would take its place.
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = std::io::BufWriter::new(file);
        return write(&mut out).and_then(|()| Ok(out.flush()?));
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let written = create(&partial, mode)
        .with_context(|| format!("cannot write {}", path.display()))
        .and_then(|file| {
            let mut out = std::io::BufWriter::new(file);
            write(&mut out)?;
            Ok(out.flush()?)
        })
        .and_then(|()| Ok(std::fs::rename(&partial, path)?));
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// Makes a file anew: what had its name before, a link say, is removed and not written through.
fn create(path: &Path, mode: u32) -> std::io::Result<std::fs::File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// The reader went away (`lazaret scan … | head`): no failure of ours.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// What a table on standard output may look like.
pub(crate) struct Looks {
    pub(crate) width: Option<usize>,
    pub(crate) color: bool,
    pub(crate) ascii: bool,
}

impl Looks {
    /// For standard output, or for a file.
    pub(crate) fn of(path: Option<&Path>) -> Self {
        let stdout = std::io::stdout();
        let terminal = path.is_none() && stdout.is_terminal();
        let color =
            path.is_none() && anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
        Looks { width: Some(terminal::width()), color, ascii: terminal && !unicode_locale() }
    }
}

fn unicode_locale() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt;

    use super::*;

    #[test]
    fn a_pipe_stays_a_pipe() {
        let folder = std::env::temp_dir().join(format!("lazaret-writing-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let pipe = folder.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
        };
        write_to(Some(&pipe), |out| Ok(out.write_all(b"told")?)).unwrap();
        assert_eq!(reader.join().unwrap(), "told");
        assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_link_in_the_way_is_not_written_through() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let partial = folder.path().join(format!("out.{}.partial", std::process::id()));
        let other = folder.path().join("other");
        std::fs::write(&other, "theirs").unwrap();
        std::os::unix::fs::symlink(&other, &partial).unwrap();
        write_private(Some(&path), |out| Ok(out.write_all(b"ours")?)).unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"theirs");
        assert_eq!(std::fs::read(&path).unwrap(), b"ours");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
