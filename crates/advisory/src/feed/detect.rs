//! Which format a document is in, told from its shape: the keys of its outer objects, or its first
//! lines. Names of files and folders do not count.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::names::base_name;

/// Depth to which a document's shape is looked at.
const SHAPE_DEPTH: usize = 3;
/// Keys of one object that are noted.
const SHAPE_KEYS: usize = 48;
/// Members of an object that are looked into although they are not the first.
const LOOKED_INTO: [&str; 2] = ["data", "vulnerabilities"];
/// Bytes at the beginning of a document that is not JSON which are looked at.
const HEAD_BYTES: usize = 64 << 10;
/// Files that lie beside advisories and are none.
const ASIDE: [&str; 8] = [
    "composer.json",
    "datasource.json",
    "index.json",
    "manifest.json",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "vex-repository.json",
];

/// A format that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Format {
    Amazon,
    Arch,
    Azure,
    CveRecord,
    DebianTracker,
    EndOfLife,
    Epss,
    ExploitedCsv,
    ExploitedEpss,
    Kev,
    Nvd,
    Openvex,
    OsvJson,
    OsvYaml,
    Php,
    RedhatCve,
    RedhatRepositories,
    RedhatVex,
    RockyErrata,
    Rubysec,
    Rustsec,
    Secdb,
    UbuntuTracker,
    /// Known, and nothing to take: another form of what lies beside it, a schema.
    Aside,
}

/// The format of a document: `None` when it is none that is known.
///
/// # Errors
/// Why the document cannot be read at all.
pub(super) fn detect(name: &str, bytes: &[u8]) -> Result<Option<Format>, String> {
    if ASIDE.contains(&base_name(name)) {
        return Ok(Some(Format::Aside));
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match start.first() {
        None => Err("it is empty".to_owned()),
        Some(b'{' | b'[') => Ok(of_shape(&shape(start)?)),
        Some(_) => {
            let head = start.get(..HEAD_BYTES).unwrap_or(start);
            Ok(of_text(&String::from_utf8_lossy(head)))
        }
    }
}

fn of_shape(shape: &Shape) -> Option<Format> {
    // Arch publishes its groups as a list too.
    let object = if shape.is_list { shape.first()? } else { shape };
    let has = |key: &str| object.has(key);
    let rows = object.child("vulnerabilities").and_then(Shape::first);
    let scores = object.child("data").or(object.child("vulnerabilities")).and_then(Shape::first);
    Some(match () {
        () if has("packages") && has("issues") && has("status") => Format::Arch,
        () if shape.is_list => return None,
        () if has("id") && has("modified") => Format::OsvJson,
        () if has("candidate") && has("packages") => Format::UbuntuTracker,
        () if has("ID") && has("Pkglist") => Format::Amazon,
        () if has("packages") && (has("distroversion") || has("apkurl")) => Format::Secdb,
        () if has("affectedProducts") && has("rpms") => Format::RockyErrata,
        () if has("cveMetadata") && has("containers") => Format::CveRecord,
        () if has("name") && is_redhat_cve(object) => Format::RedhatCve,
        () if has("document") && has("product_tree") => Format::RedhatVex,
        () if has("@context") && has("statements") => Format::Openvex,
        () if has("$schema") => Format::Aside,
        () if rows.is_some_and(|row| row.has("cve")) => Format::Nvd,
        () if rows.is_some_and(|row| row.has("dateAdded")) => Format::Kev,
        () if scores.is_some_and(|row| row.has("epss")) && has("meta") => Format::ExploitedEpss,
        () if scores.is_some_and(|row| row.has("epss")) => Format::Epss,
        () if scores.is_some_and(|row| row.has("cpes")) => Format::RedhatRepositories,
        () => return of_first_child(object.first()?),
    })
}

fn is_redhat_cve(object: &Shape) -> bool {
    ["threat_severity", "bugzilla", "package_state", "affected_release"]
        .iter()
        .any(|key| object.has(key))
}

/// Documents whose outer keys are names of packages or releases.
fn of_first_child(child: &Shape) -> Option<Format> {
    if child.has("ended") {
        return Some(Format::EndOfLife);
    }
    let is_issue = |key: &String| key.starts_with("CVE-") || key.starts_with("TEMP-");
    let issues = !child.keys.is_empty() && child.keys.iter().all(is_issue);
    (issues && child.first().is_some_and(|issue| issue.has("releases")))
        .then_some(Format::DebianTracker)
}

fn of_text(head: &str) -> Option<Format> {
    if head.starts_with('<') {
        return head.contains("oval_definitions").then_some(Format::Azure);
    }
    if head.starts_with("```toml") {
        return head.contains("[advisory]").then_some(Format::Rustsec);
    }
    if head.starts_with("#model_version") || head.starts_with("cve,epss") {
        return Some(Format::Epss);
    }
    if head.starts_with("CVE,CVSS3,EPSS") {
        return Some(Format::ExploitedCsv);
    }
    of_yaml(head)
}

fn of_yaml(head: &str) -> Option<Format> {
    let keys: Vec<&str> = head
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once(':').map(|(key, _)| key))
        .collect();
    let has = |key: &str| keys.contains(&key);
    Some(match () {
        () if has("branches") && has("reference") => Format::Php,
        () if (has("gem") || has("engine") || has("library")) && has("title") => Format::Rubysec,
        () if has("id") && has("modified") => Format::OsvYaml,
        // Go's reports say in YAML what the OSV documents beside them say.
        () if has("id") && has("modules") => Format::Aside,
        () => return None,
    })
}

/// The keys of a document's outer objects.
#[derive(Debug, Default)]
struct Shape {
    is_list: bool,
    keys: Vec<String>,
    /// The first member or element, and the ones that are looked into.
    children: Vec<(String, Shape)>,
}

impl Shape {
    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    fn child(&self, key: &str) -> Option<&Shape> {
        self.children.iter().find(|(known, _)| known == key).map(|(_, child)| child)
    }

    fn first(&self) -> Option<&Shape> {
        self.children.first().map(|(_, child)| child)
    }
}

fn shape(bytes: &[u8]) -> Result<Shape, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let shape = ShapeSeed(SHAPE_DEPTH).deserialize(&mut deserializer);
    let shape = shape.map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(shape)
}

/// Reads the shape of a value down to a depth.
struct ShapeSeed(usize);

impl<'de> DeserializeSeed<'de> for ShapeSeed {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        if self.0 == 0 {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Shape::default());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ShapeSeed {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut shape = Shape::default();
        while let Some(key) = map.next_key::<String>()? {
            let wanted = shape.children.is_empty() || LOOKED_INTO.contains(&key.as_str());
            if wanted {
                let child = map.next_value_seed(ShapeSeed(self.0.saturating_sub(1)))?;
                shape.children.push((key.clone(), child));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if shape.keys.len() < SHAPE_KEYS {
                shape.keys.push(key);
            }
        }
        Ok(shape)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut shape = Shape { is_list: true, ..Shape::default() };
        let first = seq.next_element_seed(ShapeSeed(self.0.saturating_sub(1)))?;
        shape.children.extend(first.map(|first| (String::new(), first)));
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(shape)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_each_format_by_its_shape() {
        let cases = [
            (
                r#"{"schema_version":"1.6","id":"A-1","modified":"x","affected":[]}"#,
                Format::OsvJson,
            ),
            ("id: PYSEC-1\nmodified: x\naffected:\n- a\n", Format::OsvYaml),
            ("id: GO-2024-1\nmodules:\n  - module: a\n", Format::Aside),
            (r#"{"apkurl":"x","distroversion":"v3.1","packages":[]}"#, Format::Secdb),
            (r#"{"candidate":"CVE-1","priority":"low","packages":{}}"#, Format::UbuntuTracker),
            (r#"{"curl":{"CVE-1":{"releases":{}}}}"#, Format::DebianTracker),
            (r#"{"ID":"ALAS-1","Pkglist":{}}"#, Format::Amazon),
            (r#"{"name":"AVG-1","packages":[],"status":"x","issues":[]}"#, Format::Arch),
            (r#"[{"name":"AVG-1","packages":[],"status":"x","issues":[]}]"#, Format::Arch),
            (r#"{"affectedProducts":[],"rpms":{},"name":"RLSA-1"}"#, Format::RockyErrata),
            (r#"{"name":"CVE-1","bugzilla":{},"package_state":[]}"#, Format::RedhatCve),
            (r#"{"data":{"repo":{"cpes":[]}}}"#, Format::RedhatRepositories),
            (r#"{"dataType":"CVE_RECORD","containers":{},"cveMetadata":{}}"#, Format::CveRecord),
            (r#"{"format":"NVD_CVE","vulnerabilities":[{"cve":{}}]}"#, Format::Nvd),
            (r#"{"title":"x","vulnerabilities":[{"cveID":"x","dateAdded":"x"}]}"#, Format::Kev),
            (r#"{"meta":{},"vulnerabilities":[{"id":"x","epss":1}]}"#, Format::ExploitedEpss),
            (r#"{"score_date":"x","data":[{"id":"x","epss":1}]}"#, Format::Epss),
            (r#"{"@context":"openvex","statements":[]}"#, Format::Openvex),
            (r#"{"document":{},"product_tree":{},"vulnerabilities":[]}"#, Format::RedhatVex),
            (r#"{"7":{"ended":false,"date":{}}}"#, Format::EndOfLife),
            (r#"{"$schema":"x","title":"y"}"#, Format::Aside),
            ("<oval_definitions xmlns=\"x\">", Format::Azure),
            ("```toml\n[advisory]\nid = \"x\"\n", Format::Rustsec),
            ("---\ngem: a\ntitle: b\n", Format::Rubysec),
            ("title: a\nbranches: {}\nreference: composer://a/b\n", Format::Php),
            ("#model_version:v1,score_date:x\ncve,epss,percentile\n", Format::Epss),
            ("CVE,CVSS3,EPSS,EPSS Percentile,Description\n", Format::ExploitedCsv),
        ];
        for (document, expect) in cases {
            assert_eq!(detect("x", document.as_bytes()), Ok(Some(expect)), "{document}");
        }
    }

    #[test]
    fn says_what_is_no_advisory_and_what_is_broken() {
        for document in ["{\"a\":1}", "[1]", "{}", "[]", "hello", "<html>", "name: x\n"] {
            assert_eq!(detect("x", document.as_bytes()), Ok(None), "{document}");
        }
        for document in ["", "  \n", "{\"a\":", "{\"id\":\"x\"} trailing"] {
            assert!(detect("x", document.as_bytes()).is_err(), "{document}");
        }
        let deep = "[".repeat(100_000);
        assert!(detect("x", deep.as_bytes()).is_err());
    }
}
