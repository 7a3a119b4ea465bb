//! `PurlParts`: a package URL taken apart and decoded; reading and printing the text.

use std::collections::BTreeMap;

use super::{InvalidPurl, PURL_MAX_BYTES, Purl, rules};

/// The parts of a package URL, decoded and normalised as its type demands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurlParts {
    /// `deb`, `npm`, `golang` …; lower case.
    pub purl_type: String,
    /// Segments joined by `/`.
    pub namespace: Option<String>,
    /// The name; never empty in a valid package URL.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// Qualifiers by key; no value is empty.
    pub qualifiers: BTreeMap<String, String>,
    /// Path inside the package, segments joined by `/`.
    pub subpath: Option<String>,
}

impl PurlParts {
    /// Reads the text of a package URL. Errors name what is missing or misspelt.
    pub fn read(text: &str) -> Result<Self, InvalidPurl> {
        read(text).map_err(|why| InvalidPurl::new(text, why))
    }

    /// The canonical package URL of these parts, once normalised and checked.
    pub fn build(mut self) -> Result<Purl, InvalidPurl> {
        let normalised = self.normalise();
        let text = self.print();
        match normalised.and_then(|()| check_length(&text)) {
            Ok(()) => Ok(Purl(text)),
            Err(why) => Err(InvalidPurl::new(&text, why)),
        }
    }

    fn normalise(&mut self) -> Result<(), String> {
        self.purl_type.make_ascii_lowercase();
        check_type(&self.purl_type)?;
        self.namespace = self.namespace.take().and_then(|n| join_segments(n.split('/'), |_| true));
        if rules::name_is_path(&self.purl_type) {
            self.name = join_segments(self.name.split('/'), |_| true).unwrap_or_default();
        }
        self.version = self.version.take().filter(|version| !version.is_empty());
        self.subpath = self
            .subpath
            .take()
            .and_then(|s| join_segments(s.split('/'), |part| !matches!(part, "." | "..")));
        self.normalise_qualifiers()?;
        rules::apply(self)
    }

    fn normalise_qualifiers(&mut self) -> Result<(), String> {
        let mut qualifiers = BTreeMap::new();
        for (key, value) in std::mem::take(&mut self.qualifiers) {
            let key = key.to_ascii_lowercase();
            check_key(&key)?;
            if value.is_empty() {
                continue;
            }
            if qualifiers.insert(key.clone(), value).is_some() {
                return Err(format!("the qualifier `{key}` is given twice"));
            }
        }
        self.qualifiers = qualifiers;
        Ok(())
    }

    fn print(&self) -> String {
        let mut text = String::with_capacity(64);
        text.push_str("pkg:");
        text.push_str(&self.purl_type);
        text.push('/');
        if let Some(namespace) = &self.namespace {
            encode(&mut text, namespace, true);
            text.push('/');
        }
        encode(&mut text, &self.name, rules::name_is_path(&self.purl_type));
        if let Some(version) = &self.version {
            text.push('@');
            encode(&mut text, version, false);
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(key);
            text.push('=');
            encode(&mut text, value, false);
        }
        if let Some(subpath) = &self.subpath {
            text.push('#');
            encode(&mut text, subpath, true);
        }
        text
    }
}

fn read(text: &str) -> Result<PurlParts, String> {
    check_length(text)?;
    let rest = match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("pkg") => rest,
        _ => return Err("it does not begin with `pkg:`".into()),
    };
    let (rest, subpath) = split_off(rest, '#');
    let (rest, qualifiers) = split_off(rest, '?');
    let (purl_type, rest) = rest
        .trim_start_matches('/')
        .split_once('/')
        .ok_or("expected pkg:type/name, the type or the name is missing")?;
    let (path, version) = split_version(rest);
    let (namespace, name) = split_name(purl_type, path)?;
    let mut parts = PurlParts {
        purl_type: purl_type.to_owned(),
        namespace,
        name,
        version: version.map(decode).transpose()?,
        qualifiers: qualifiers.map(read_qualifiers).transpose()?.unwrap_or_default(),
        subpath: subpath.map(decode).transpose()?,
    };
    parts.normalise()?;
    Ok(parts)
}

/// What stands before the first `mark` and, if there is one, what stands behind it. The canonical
/// form encodes these marks inside parts, so the first one divides.
fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Divides path and version at the last `@`, except where that begins a namespace (an npm scope).
fn split_version(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        Some((path, rest)) if (path.is_empty() || path.ends_with('/')) && rest.contains('/') => {
            (text, None)
        }
        Some((path, version)) => (path, Some(version)),
        None => (text, None),
    }
}

fn split_name(purl_type: &str, path: &str) -> Result<(Option<String>, String), String> {
    let path = path.trim_start_matches('/');
    if path.ends_with('/') || path.is_empty() {
        return Err("the name is missing".into());
    }
    let cut = if rules::name_is_path(&purl_type.to_ascii_lowercase()) {
        path.split_once('/')
    } else {
        path.rsplit_once('/')
    };
    match cut {
        Some((namespace, name)) => Ok((Some(decode(namespace)?), decode(name)?)),
        None => Ok((None, decode(path)?)),
    }
}

fn read_qualifiers(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut qualifiers = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = key.to_ascii_lowercase();
        check_key(&key)?;
        if qualifiers.insert(key.clone(), decode(value)?).is_some() {
            return Err(format!("the qualifier `{key}` is given twice"));
        }
    }
    Ok(qualifiers)
}

/// Holds what is printed to the limit of what is read: encoding makes texts longer.
fn check_length(text: &str) -> Result<(), String> {
    if text.len() > PURL_MAX_BYTES {
        return Err(format!("it is longer than {PURL_MAX_BYTES} bytes"));
    }
    Ok(())
}

fn check_type(purl_type: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
    if purl_type.is_empty() || !purl_type.bytes().all(plain) {
        return Err(format!("`{purl_type}` is no type: expected letters, digits, `.`, `-` or `+`"));
    }
    if purl_type.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("the type `{purl_type}` begins with a digit"));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if key.is_empty() || !key.bytes().all(plain) || key.as_bytes()[0].is_ascii_digit() {
        return Err(format!(
            "`{key}` is no qualifier key: expected a letter, then letters, digits, `.`, `-`, `_`"
        ));
    }
    Ok(())
}

fn join_segments<'a>(
    segments: impl Iterator<Item = &'a str>,
    keep: impl Fn(&str) -> bool,
) -> Option<String> {
    let kept: Vec<&str> = segments.filter(|part| !part.is_empty() && keep(part)).collect();
    (!kept.is_empty()).then(|| kept.join("/"))
}

/// Appends the percent-encoding of `text`; `/` stays where it divides segments.
fn encode(out: &mut String, text: &str, keep_slash: bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte);
        if plain || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn decode(text: &str) -> Result<String, String> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let byte = tail.get(..2).and_then(hex_byte);
            bytes.push(byte.ok_or("a `%` is not followed by two hex digits")?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| "a percent-encoding is not UTF-8".into())
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    match digits {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}
