//! The sets of rules that were added: kept in `<data-dir>/rules/yara/<name>/`, rule files under
//! `files/`, licence texts under `licences/`, and what is known of the set in `set.json`.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use malware::{RuleSource, YaraRules, unpack_rules};
use serde_json::{Value, json};

/// Bytes of an archive or file of rules.
pub(super) const PACK_BYTES: u64 = 256 << 20;
/// Entries of a folder of rules that are visited.
const FOLDER_ENTRIES: usize = 200_000;
/// Characters of the name of a set.
const NAME_CHARS: usize = 64;
const ENDINGS: &[&str] = &["yar", "yara", "rule"];
const LICENCE_NAMES: &[&str] = &["license", "licence", "copying", "notice"];

/// A path inside a set, and its text.
type Member = (String, String);

/// A set that is to be added.
pub(super) struct Pack {
    pub(super) name: String,
    pub(super) origin: String,
    pub(super) licence: String,
    pub(super) kinds: String,
    pub(super) rules: Vec<Member>,
    pub(super) licences: Vec<Member>,
}

/// What is known of a set that was added.
pub(super) struct Set {
    pub(super) name: String,
    pub(super) origin: String,
    pub(super) licence: String,
    pub(super) digest: String,
    pub(super) files: usize,
    pub(super) rules: usize,
    kinds: String,
}

/// The folder of the sets.
pub(super) struct Added {
    folder: PathBuf,
}

impl Pack {
    /// The rule files, under the name of the set.
    pub(super) fn sources(&self) -> Vec<RuleSource> {
        let source = |(path, text): &Member| RuleSource {
            licence: self.licence.clone(),
            kinds: self.kinds.clone(),
            ..RuleSource::new(format!("{}/{path}", self.name), text.clone())
        };
        self.rules.iter().map(source).collect()
    }
}

impl Added {
    pub(super) fn open(data_dir: &Path) -> Self {
        Added { folder: data_dir.join("rules").join("yara") }
    }

    /// Whether a set may have this name: it becomes the name of a folder.
    pub(super) fn check_name(&self, name: &str) -> anyhow::Result<()> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty()
            || name.len() > NAME_CHARS
            || !name.chars().all(allowed)
            || name.starts_with('.')
        {
            bail!("`{name}` cannot name a set: use letters, digits, `-`, `_` and `.`, and --name");
        }
        if name == "built-in" {
            bail!("`built-in` names the rules that are shipped; choose another name");
        }
        Ok(())
    }

    /// Adds a set, or replaces the one of that name.
    pub(super) fn add(&self, pack: &Pack, rules: usize) -> anyhow::Result<()> {
        self.check_name(&pack.name)?;
        let place = self.folder.join(&pack.name);
        let partial = self.folder.join(format!(".{}.{}", pack.name, std::process::id()));
        let written = write_pack(pack, rules, &partial).and_then(|()| {
            if place.exists() {
                std::fs::remove_dir_all(&place)?;
            }
            Ok(std::fs::rename(&partial, &place)?)
        });
        if written.is_err() {
            let _ = std::fs::remove_dir_all(&partial);
        }
        written.with_context(|| format!("cannot write {}", place.display()))
    }

    /// Removes a set.
    pub(super) fn remove(&self, name: &str) -> anyhow::Result<()> {
        self.check_name(name)?;
        let place = self.folder.join(name);
        if !place.join("set.json").is_file() {
            let known: Vec<String> = self.sets()?.into_iter().map(|set| set.name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            bail!("no set `{name}` was added; there is: {known}");
        }
        std::fs::remove_dir_all(&place)
            .with_context(|| format!("cannot remove {}", place.display()))
    }

    /// The sets, by name.
    pub(super) fn sets(&self) -> anyhow::Result<Vec<Set>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read {}", self.folder.display()));
            }
        };
        let mut sets = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if self.check_name(&name).is_ok() {
                sets.extend(self.set(&name)?);
            }
        }
        sets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(sets)
    }

    fn set(&self, name: &str) -> anyhow::Result<Option<Set>> {
        let path = self.folder.join(name).join("set.json");
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)?;
        let known: Value = serde_json::from_str(&text).with_context(|| {
            format!("{}: damaged; remove the set and add it again", path.display())
        })?;
        let word = |key: &str| known[key].as_str().unwrap_or("").to_owned();
        let count = |key: &str| known[key].as_u64().and_then(|count| usize::try_from(count).ok());
        Ok(Some(Set {
            name: name.to_owned(),
            origin: word("origin"),
            licence: word("licence"),
            digest: word("digest"),
            kinds: word("kinds"),
            files: count("files").unwrap_or(0),
            rules: count("rules").unwrap_or(0),
        }))
    }

    /// The rule files of all sets.
    pub(super) fn sources(&self) -> anyhow::Result<Vec<RuleSource>> {
        let mut sources = Vec::new();
        for set in self.sets()? {
            let (rules, _) = read_folder(&self.folder.join(&set.name).join("files"))?;
            let Set { name, origin, licence, kinds, .. } = set;
            let pack = Pack { name, origin, licence, kinds, rules, licences: Vec::new() };
            sources.extend(pack.sources());
        }
        Ok(sources)
    }
}

fn write_pack(pack: &Pack, rules: usize, place: &Path) -> anyhow::Result<()> {
    for (folder, members) in [("files", &pack.rules), ("licences", &pack.licences)] {
        for (path, text) in members {
            let relative = Path::new(path);
            // The reader of archives gives no other; this keeps it so.
            if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
                bail!("{path}: leaves the folder of the set");
            }
            let target = place.join(folder).join(relative);
            std::fs::create_dir_all(target.parent().unwrap_or(place))?;
            std::fs::write(&target, text)?;
        }
    }
    let known = json!({
        "origin": pack.origin,
        "licence": pack.licence,
        "kinds": pack.kinds,
        "files": pack.rules.len(),
        "rules": rules,
        "digest": YaraRules::new(pack.sources()).key(),
    });
    Ok(std::fs::write(place.join("set.json"), serde_json::to_vec_pretty(&known)?)?)
}

/// The rule files and licence texts of a file, folder or archive.
pub(super) fn read(path: &Path) -> anyhow::Result<(Vec<Member>, Vec<Member>)> {
    let place = || format!("cannot read {}", path.display());
    if path.is_dir() {
        let (rules, licences) = read_folder(path)?;
        if rules.is_empty() {
            bail!("{}: no rule file inside (looked for .yar, .yara, .rule)", path.display());
        }
        return Ok((rules, licences));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(PACK_BYTES + 1).read_to_end(&mut bytes))
        .with_context(place)?;
    if bytes.len() as u64 > PACK_BYTES {
        bail!("{}: larger than {} MiB", path.display(), PACK_BYTES >> 20);
    }
    Ok(unpack_rules(&path.to_string_lossy(), &bytes)?)
}

/// The rule files and licence texts below a folder, by path. Links are not followed.
fn read_folder(top: &Path) -> anyhow::Result<(Vec<Member>, Vec<Member>)> {
    let (mut rules, mut licences) = (Vec::new(), Vec::new());
    let mut folders = vec![top.to_path_buf()];
    let mut visited = 0;
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            visited += 1;
            if visited > FOLDER_ENTRIES {
                bail!("{}: more than {FOLDER_ENTRIES} files", top.display());
            }
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && let Some(list) = list_for(&path, &mut rules, &mut licences)
            {
                let bytes = std::fs::read(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let inner = path.strip_prefix(top).unwrap_or(&path).to_string_lossy().into_owned();
                list.push((inner, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    rules.sort();
    licences.sort();
    Ok((rules, licences))
}

/// Where a file belongs: with the rules, with the licence texts, or nowhere.
fn list_for<'a>(
    path: &Path,
    rules: &'a mut Vec<Member>,
    licences: &'a mut Vec<Member>,
) -> Option<&'a mut Vec<Member>> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
        return Some(rules);
    }
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    LICENCE_NAMES.iter().any(|begin| name.starts_with(begin)).then_some(licences)
}
