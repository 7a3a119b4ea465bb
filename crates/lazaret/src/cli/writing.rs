//! How results are written: format, file, colour; the options that `scan` and `sbom` share.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::terminal;

/// Writes to a file, which appears whole or not at all, to a device or pipe, or to standard output.
pub(crate) fn write_to(
    path: Option<&Path>,
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
    let written = std::fs::File::create(&partial)
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
}
