//! Looks through the templates below the paths given, and prints what was found and how long it
//! took: `manifests [--names] PATH…`. With `--names` one line a flaw: file, rule, its other names,
//! subject.

use std::path::{Path, PathBuf};
use std::time::Instant;

use lazaret_analyze::template::{NoTree, Template, TemplateScanner, classify, text};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut names = false;
    let mut files = Vec::new();
    for word in std::env::args().skip(1) {
        if word == "--names" {
            names = true;
        } else {
            collect(Path::new(&word), &mut files)?;
        }
    }
    files.sort();
    let begun = Instant::now();
    let scanner = TemplateScanner::built_in()?;
    let ready = begun.elapsed();
    let begun = Instant::now();
    let read: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|path| Ok((path.display().to_string(), std::fs::read(path)?)))
        .collect::<std::io::Result<_>>()?;
    let texts: Vec<_> = read
        .iter()
        .filter_map(|(name, bytes)| {
            let kind = classify(name, bytes)?;
            Some((name, kind, text(name, bytes).ok()?))
        })
        .collect();
    let templates: Vec<Template<'_>> =
        texts.iter().map(|(name, kind, text)| Template { name, kind: *kind, text }).collect();
    let found = scanner.scan(&templates, &NoTree);
    let took = begun.elapsed();
    if names {
        for flaw in &found.flaws {
            let rule = scanner.catalogue().rule(flaw.rule);
            let aliases = rule.map_or(String::new(), |rule| rule.aliases.join(","));
            println!(
                "{}\t{}\t{aliases}\t{}\t{}:{}",
                flaw.place.file, flaw.rule, flaw.subject, flaw.place.first_line, flaw.message
            );
        }
        for skip in &found.skipped {
            println!("{}\tskipped\t\t{}", skip.path, skip.detail);
        }
    }
    eprintln!(
        "{} files, {} templates, {} flaws, {} images, {} skipped; rules {ready:?}, scan {took:?}",
        files.len(),
        templates.len(),
        found.flaws.len(),
        found.images.len(),
        found.skipped.len(),
    );
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
