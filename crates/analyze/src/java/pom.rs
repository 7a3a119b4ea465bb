//! `pom.xml`: the dependencies a Maven project declares itself, and its own coordinates.
//!
//! Only what one file can say: versions written out, or given by properties and by
//! `dependencyManagement` of the same file. Parents, imported bills of materials, profiles and the
//! dependencies of dependencies are not resolved; a dependency whose version lies there is not
//! listed. Dependencies of scope `test` are marked as for development.
//! Source: Maven's POM reference.

use std::collections::HashMap;

use model::{Content, FileEntry, Package};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::properties::{Coordinates, maven_place};
use crate::content_reader::whole;
use crate::limits::{
    MAX_PACKAGES, MAX_POM_DEPTH, MAX_POM_REPLACEMENTS, MAX_POM_VALUE_BYTES, MAX_POM_XML_BYTES,
};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads `pom.xml` files. Those below `META-INF/maven` are passed over: they describe an artifact
/// that is known by the `pom.properties` beside them.
pub(super) struct PomXml;

impl Analyzer for PomXml {
    fn name(&self) -> &'static str {
        "java-pom"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Name("pom.xml")]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        if maven_place(&entry.path).is_some() {
            return Ok(());
        }
        let bytes = whole(content, MAX_POM_XML_BYTES)?;
        let pom = Pom::parse(&bytes)?;
        found.packages.extend(pom.own().map(|own| own.package()));
        found.packages.extend(pom.dependencies());
        Ok(())
    }
}

/// The coordinates of the artifact that a `pom.xml` describes.
pub(super) fn own_coordinates(bytes: &[u8]) -> Option<Coordinates> {
    Pom::parse(bytes).ok()?.own()
}

/// The parts of a POM that are looked at, unresolved.
#[derive(Debug, Default)]
struct Pom {
    own: Fields,
    parent: Fields,
    properties: HashMap<String, String>,
    dependencies: Vec<Fields>,
    managed: Vec<Fields>,
}

/// The fields of an artifact as written.
#[derive(Debug, Default, Clone)]
struct Fields {
    group: String,
    artifact: String,
    version: String,
    scope: String,
}

impl Fields {
    fn set(&mut self, field: &str, text: &str) {
        let place = match field {
            "groupId" => &mut self.group,
            "artifactId" => &mut self.artifact,
            "version" => &mut self.version,
            "scope" => &mut self.scope,
            _ => return,
        };
        text.clone_into(place);
    }
}

impl Pom {
    /// Reads the elements. Text that is not XML, or no POM, is an error.
    fn parse(bytes: &[u8]) -> Result<Self, AnalyzeError> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let broken = |what: String| AnalyzeError::Malformed(format!("pom.xml: {what}"));
        let mut pom = Pom::default();
        let mut stack: Vec<String> = Vec::new();
        let mut value = String::new();
        loop {
            match reader.read_event().map_err(|error| broken(error.to_string()))? {
                Event::Start(start) => {
                    if stack.len() >= MAX_POM_DEPTH {
                        return Err(broken(format!("more than {MAX_POM_DEPTH} elements deep")));
                    }
                    stack.push(start.local_name().as_ref().to_owned());
                    value.clear();
                    pom.begin(&stack);
                }
                Event::Text(text) if value.len() < MAX_POM_VALUE_BYTES => {
                    value.push_str(&text.xml10_content());
                }
                Event::CData(text) if value.len() < MAX_POM_VALUE_BYTES => {
                    value.push_str(&text.xml10_content());
                }
                // No coordinate contains one; what it stands for is not looked up.
                Event::GeneralRef(_) => value.push('&'),
                Event::End(_) => {
                    pom.end(&stack, value.trim());
                    stack.pop();
                    value.clear();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Ok(pom)
    }

    fn begin(&mut self, stack: &[String]) {
        let path: Vec<&str> = stack.iter().map(String::as_str).collect();
        match path[..] {
            ["project", "dependencies", "dependency"] if self.dependencies.len() < MAX_PACKAGES => {
                self.dependencies.push(Fields::default());
            }
            ["project", "dependencyManagement", "dependencies", "dependency"]
                if self.managed.len() < MAX_PACKAGES =>
            {
                self.managed.push(Fields::default());
            }
            _ => {}
        }
    }

    fn end(&mut self, stack: &[String], text: &str) {
        let path: Vec<&str> = stack.iter().map(String::as_str).collect();
        match path[..] {
            ["project", field] => self.own.set(field, text),
            ["project", "parent", field] => self.parent.set(field, text),
            ["project", "properties", name] => {
                self.properties.insert(name.to_owned(), text.to_owned());
            }
            ["project", "dependencies", "dependency", field] => {
                if let Some(last) = self.dependencies.last_mut() {
                    last.set(field, text);
                }
            }
            ["project", "dependencyManagement", "dependencies", "dependency", field] => {
                if let Some(last) = self.managed.last_mut() {
                    last.set(field, text);
                }
            }
            _ => {}
        }
    }

    /// The project's own coordinates; group and version default to the parent's.
    fn own(&self) -> Option<Coordinates> {
        let group = self.resolve(first(&self.own.group, &self.parent.group))?;
        let version = self.resolve(first(&self.own.version, &self.parent.version))?;
        Coordinates::new(&group, &self.resolve(&self.own.artifact)?, &version)
    }

    /// The declared dependencies whose version this file gives.
    fn dependencies(&self) -> impl Iterator<Item = Package> {
        let name = |one: &Fields| (one.group.clone(), one.artifact.clone());
        let managed: HashMap<_, _> = self.managed.iter().map(|one| (name(one), one)).collect();
        self.dependencies.iter().filter_map(move |declared| {
            self.dependency(declared, managed.get(&name(declared)).copied())
        })
    }

    fn dependency(&self, declared: &Fields, managed: Option<&Fields>) -> Option<Package> {
        let given = |field: fn(&Fields) -> &str| {
            first(field(declared), managed.map_or("", |managed| field(managed)))
        };
        let version = self.resolve(given(|one| &one.version))?;
        // `[1.2]` demands exactly 1.2; other brackets are ranges.
        let exact = version.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let coordinates = Coordinates::new(
            &self.resolve(&declared.group)?,
            &self.resolve(&declared.artifact)?,
            exact.unwrap_or(&version),
        )?;
        let mut package = coordinates.package();
        package.dev = given(|one| &one.scope) == "test";
        Some(package)
    }

    /// The text with every `${…}` replaced. `None` when this file does not give one of them.
    fn resolve(&self, text: &str) -> Option<String> {
        let mut text = text.to_owned();
        for _ in 0..MAX_POM_REPLACEMENTS {
            let Some(start) = text.find("${") else { return Some(text) };
            let end = start + text.get(start..)?.find('}')?;
            let value = self.property(text.get(start + 2..end)?)?;
            if text.len() + value.len() > MAX_POM_VALUE_BYTES {
                return None;
            }
            text.replace_range(start..=end, value);
        }
        None
    }

    fn property(&self, name: &str) -> Option<&str> {
        let value = match name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")) {
            Some("version") => first(&self.own.version, &self.parent.version),
            Some("groupId") => first(&self.own.group, &self.parent.group),
            Some("artifactId") => &self.own.artifact,
            Some("parent.version") => &self.parent.version,
            Some("parent.groupId") => &self.parent.group,
            _ => self.properties.get(name)?,
        };
        (!value.is_empty()).then_some(value)
    }
}

/// The first text, or the second when that is empty.
fn first<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.is_empty() { otherwise } else { text }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, packages, try_analyze};

    const POM: &str = "<?xml version='1.0'?>\n<!DOCTYPE x [<!ENTITY a 'aaaa'>]>\n\
        <project xmlns='http://maven.apache.org/POM/4.0.0'>\n\
        <parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>7</version></parent>\n\
        <artifactId>app</artifactId>\n\
        <properties><core.version>1.2.${minor}</core.version><minor>3</minor>\n\
        <loop>${loop}</loop></properties>\n\
        <dependencyManagement><dependencies><dependency><groupId>org.managed</groupId>\
        <artifactId>m</artifactId><version>5.0</version><scope>test</scope></dependency>\
        </dependencies></dependencyManagement>\n\
        <dependencies>\n\
        <dependency><groupId>org.a</groupId><artifactId>literal</artifactId><version> 1.0 </version>\
        <exclusions><exclusion><groupId>org.no</groupId><artifactId>no</artifactId></exclusion></exclusions>\
        </dependency>\n\
        <dependency><groupId>org.a</groupId><artifactId>core</artifactId><version>${core.version}</version></dependency>\n\
        <dependency><groupId>${project.groupId}</groupId><artifactId>mine</artifactId><version>${project.version}</version></dependency>\n\
        <dependency><groupId>org.managed</groupId><artifactId>m</artifactId></dependency>\n\
        <dependency><groupId>org.a</groupId><artifactId>elsewhere</artifactId></dependency>\n\
        <dependency><groupId>org.a</groupId><artifactId>unknown</artifactId><version>${nowhere}</version></dependency>\n\
        <dependency><groupId>org.a</groupId><artifactId>endless</artifactId><version>${loop}</version></dependency>\n\
        <dependency><groupId>org.a</groupId><artifactId>range</artifactId><version>[1,2)</version></dependency>\n\
        <dependency><groupId>org.a</groupId><artifactId>exact</artifactId><version>[2.0]</version></dependency>\n\
        </dependencies>\n\
        <build><plugins><plugin><dependencies><dependency><groupId>org.p</groupId><artifactId>p</artifactId>\
        <version>1</version></dependency></dependencies></plugin></plugins></build>\n</project>\n";

    #[test]
    fn lists_what_one_file_can_say() {
        let found = analyze("src/pom.xml", POM.as_bytes());
        assert_eq!(
            packages(&found),
            [
                "org.a:core 1.2.3",
                "org.a:exact 2.0",
                "org.a:literal 1.0",
                "org.example:app 7",
                "org.example:mine 7",
                "org.managed:m 5.0",
            ]
        );
        let dev: Vec<_> =
            found.packages.iter().filter(|p| p.dev).map(|p| p.name.as_str()).collect();
        assert_eq!(dev, ["org.managed:m"]);
        check("srv/META-INF/maven/org.example/app/pom.xml", POM.as_bytes(), &[]);
    }

    #[test]
    fn broken_and_deep_files_are_said() {
        let deep = format!("<project>{}", "<a>".repeat(100_000));
        for text in ["<project><a></b>", "<project", deep.as_str()] {
            let (found, errors) = try_analyze("pom.xml", text.as_bytes());
            assert!(found.is_empty() && errors.len() == 1, "{errors:?}");
        }
        check("pom.xml", b"", &[]);
        check("pom.xml", b"<html></html>", &[]);
    }
}
