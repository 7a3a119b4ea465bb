//! The house rules, as a program, and the images that demos and tests scan.

mod arrows;
mod image;
mod lengths;
mod purity;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
The house rules, as a program, and the images that demos and tests scan.

Usage:
  cargo xtask tidy
      Check arrows between rooms, lengths, names and purity.
  cargo xtask image OUT.tar NAME:TAG LAYER='created by' ...
      Assemble an image from layers (tar files or directories) without an engine. The archive
      is an OCI layout that `docker load` takes too.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("tidy") => tidy(),
        Some("image") => match image::assemble(&arguments[1..]) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("xtask image: {error:#}");
                ExitCode::FAILURE
            }
        },
        Some("--help" | "-h" | "help") | None => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some(other) => {
            eprintln!("xtask: no task `{other}`\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn tidy() -> ExitCode {
    let root = root();
    let breaches: Vec<String> = [arrows::check(&root), lengths::check(&root), purity::check(&root)]
        .into_iter()
        .flat_map(|result| result.unwrap_or_else(|error| vec![format!("{error:#}")]))
        .collect();
    for breach in &breaches {
        println!("{breach}");
    }
    if breaches.is_empty() {
        println!("tidy: the house is in order");
        return ExitCode::SUCCESS;
    }
    println!("tidy: {} to mend", breaches.len());
    ExitCode::FAILURE
}

fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Every file below a directory with this ending, sorted; not below `target` or `testdata`.
fn files(directory: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "testdata", "node_modules", "corpus"].contains(&&*name)
            {
                open.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A path as the reader of a message wants it: from the root of the house.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
