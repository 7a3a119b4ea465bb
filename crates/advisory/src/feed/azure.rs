//! Azure Linux and CBL-Mariner: OVAL definitions (oval.mitre.org, 5.11) in XML, one document a
//! release (github.com/microsoft/AzureLinuxVulnerabilityData). Names are source packages.
//!
//! A definition names a CVE and tests; a test names an object (the package) and a state (a
//! comparison with a version). The release is the last part of the versions (`.azl3`, `.cm2`).

use std::collections::{BTreeMap, HashMap};

use model::{Advisory, Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::text::{one_line, timestamp};
use super::{Feed, Malformed, Reading, advisory, severity};
use crate::Record;

/// Last parts of the versions of each release.
const RELEASES: [(&str, &str); 3] =
    [(".azl3", "azurelinux:3.0"), (".cm2", "mariner:2.0"), (".cm1", "mariner:1.0")];

/// OVAL documents.
pub(super) struct OvalFeed;

#[derive(Debug, Default)]
struct Oval {
    definitions: Vec<Definition>,
    /// Test to object and state.
    tests: HashMap<String, (String, String)>,
    /// Object to package name.
    objects: HashMap<String, String>,
    /// State to comparison and version.
    states: HashMap<String, (String, String)>,
}

#[derive(Debug, Default)]
struct Definition {
    cve: String,
    description: String,
    severity: String,
    patchable: String,
    date: String,
    tests: Vec<String>,
}

impl Feed for OvalFeed {
    fn source(&self) -> &str {
        "azurelinux"
    }

    fn joins(&self) -> bool {
        true
    }

    fn read(&self, name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let oval = parse(bytes)?;
        let release = oval.release().or_else(|| release_of_file(name)).ok_or_else(|| {
            Malformed("no version tells which release of Azure Linux it is about".to_owned())
        })?;
        let mut advisories: BTreeMap<&str, Advisory> = BTreeMap::new();
        let mut reading = Reading::default();
        for definition in &oval.definitions {
            let Some(affected) = oval.affected(definition, release) else {
                let cve = if definition.cve.is_empty() { "a definition" } else { &definition.cve };
                reading.rejected.push(format!("{cve}: its tests name no package and version"));
                continue;
            };
            let entry = advisories.entry(&definition.cve);
            let known = entry.or_insert_with(|| describe(self.source(), definition));
            known.severity = known.severity.max(severity(&definition.severity));
            known.affected.extend(affected);
        }
        let records = advisories.into_values();
        reading.records = records.map(|advisory| Record::Advisory(Box::new(advisory))).collect();
        Ok(reading)
    }
}

fn describe(source: &str, definition: &Definition) -> Advisory {
    let mut advisory = advisory(source, &definition.cve);
    advisory.summary = one_line(&definition.description);
    advisory.published = timestamp(&definition.date);
    advisory
}

impl Oval {
    fn release(&self) -> Option<&'static str> {
        let ending = |version: &str| {
            RELEASES.iter().find(|(end, _)| version.ends_with(end)).map(|(_, release)| *release)
        };
        // Sorted, so that the answer does not depend on the order of a hash table.
        self.states.values().filter_map(|(_, version)| ending(version)).min()
    }

    /// The packages of a definition; `None` when its tests lead nowhere.
    fn affected(&self, definition: &Definition, release: &str) -> Option<Vec<Affected>> {
        let not_applicable = definition.patchable == "Not Applicable";
        let mut packages: BTreeMap<&str, VersionRange> = BTreeMap::new();
        for test in &definition.tests {
            let (object, state) = self.tests.get(test)?;
            let (name, (operation, version)) = (self.objects.get(object)?, self.states.get(state)?);
            let open = || VersionRange { introduced: None, end: RangeEnd::Open };
            let range = packages.entry(name).or_insert_with(open);
            match operation.as_str() {
                _ if not_applicable => {}
                "less than" => range.end = RangeEnd::Fixed(version.clone()),
                "less than or equal" => range.end = RangeEnd::LastAffected(version.clone()),
                "greater than or equal" | "greater than" => {
                    range.introduced = Some(version.clone());
                }
                _ => return None,
            }
        }
        let statement = |(name, range): (&str, VersionRange)| Affected {
            ecosystem: Ecosystem(release.to_owned()),
            package: name.to_owned(),
            name_of: NameOf::Source,
            fix_state: match (&range.end, definition.patchable.as_str()) {
                (_, "Not Applicable") => FixState::NotAffected,
                (RangeEnd::Fixed(_), _) | (_, "true") => FixState::Fixed,
                _ => FixState::Affected,
            },
            ranges: vec![range],
            ..Affected::default()
        };
        let found: Vec<Affected> = packages.into_iter().map(statement).collect();
        (!found.is_empty() && !definition.cve.is_empty()).then_some(found)
    }
}

/// The release that a file is named after, when no version in it tells.
fn release_of_file(name: &str) -> Option<&'static str> {
    let known = [("azurelinux-3.0", 0), ("mariner-2.0", 1), ("mariner-1.0", 2)];
    let (_, at) = known.iter().find(|(part, _)| name.contains(part))?;
    RELEASES.get(*at).map(|(_, release)| *release)
}

/// Which element the reader is in.
#[derive(Default)]
struct Place {
    /// Id of the test, object or state.
    id: String,
    /// Comparison of the state.
    operation: String,
    text: String,
}

fn parse(bytes: &[u8]) -> Result<Oval, Malformed> {
    let mut reader = Reader::from_str(std::str::from_utf8(bytes)?);
    let mut oval = Oval::default();
    let mut place = Place::default();
    loop {
        match reader.read_event()? {
            Event::Start(element) => {
                place.text.clear();
                enter(&mut oval, &mut place, &element)?;
            }
            Event::Empty(element) => enter(&mut oval, &mut place, &element)?,
            Event::Text(text) => place.text.push_str(&text),
            Event::CData(text) => place.text.push_str(&text),
            Event::GeneralRef(entity) => match entity.resolve_char_ref()? {
                Some(character) => place.text.push(character),
                None => place.text.push_str(entity_text(&entity)),
            },
            Event::End(element) => leave(&mut oval, &place, element.local_name().as_ref()),
            Event::Eof => break,
            _ => {}
        }
    }
    if oval.definitions.is_empty() {
        return Err(Malformed("it has no OVAL definitions".to_owned()));
    }
    Ok(oval)
}

fn entity_text(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

/// What the start of an element tells: ids and references.
fn enter(oval: &mut Oval, place: &mut Place, element: &BytesStart<'_>) -> Result<(), Malformed> {
    match element.local_name().as_ref() {
        "definition" => oval.definitions.push(Definition::default()),
        "reference" => {
            if let Some(definition) = oval.definitions.last_mut()
                && attribute(element, "source")? == "CVE"
            {
                definition.cve = attribute(element, "ref_id")?;
            }
        }
        "criterion" => {
            if let Some(definition) = oval.definitions.last_mut() {
                definition.tests.push(attribute(element, "test_ref")?);
            }
        }
        "rpminfo_test" | "rpminfo_object" | "rpminfo_state" => {
            place.id = attribute(element, "id")?;
        }
        "object" => {
            let object = attribute(element, "object_ref")?;
            oval.tests.entry(place.id.clone()).or_default().0 = object;
        }
        "state" => {
            let state = attribute(element, "state_ref")?;
            oval.tests.entry(place.id.clone()).or_default().1 = state;
        }
        "evr" => place.operation = attribute(element, "operation")?,
        _ => {}
    }
    Ok(())
}

/// What the text of an element tells, at its end.
fn leave(oval: &mut Oval, place: &Place, element: &str) {
    let text = || place.text.trim().to_owned();
    match element {
        "name" => {
            oval.objects.insert(place.id.clone(), text());
        }
        "evr" => {
            oval.states.insert(place.id.clone(), (place.operation.clone(), text()));
        }
        _ => {}
    }
    let Some(definition) = oval.definitions.last_mut() else {
        return;
    };
    match element {
        "description" => definition.description = text(),
        "severity" => definition.severity = text(),
        "patchable" => definition.patchable = text(),
        "advisory_date" => definition.date = text(),
        _ => {}
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<String, Malformed> {
    let attribute = element.try_get_attribute(name)?;
    let missing = || Malformed(format!("an element lacks its attribute `{name}`"));
    let value = attribute.ok_or_else(missing)?;
    Ok(value.value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(patchable: &str, operation: &str) -> String {
        format!(
            r#"<oval_definitions xmlns:linux-def="x"><definitions>
              <definition class="vulnerability" id="d:1"><metadata>
                <title>CVE-2024-1 affecting package a</title>
                <reference ref_id="CVE-2024-1" ref_url="u" source="CVE"/>
                <patchable>{patchable}</patchable>
                <advisory_date>2024-07-23T22:05:39Z</advisory_date>
                <severity>High</severity><description>A &amp; B</description>
              </metadata><criteria operator="AND">
                <criterion comment="c" test_ref="t:1"/></criteria></definition>
             </definitions><tests>
              <linux-def:rpminfo_test id="t:1"><linux-def:object object_ref="o:1"/>
                <linux-def:state state_ref="s:1"/></linux-def:rpminfo_test></tests>
             <objects><linux-def:rpminfo_object id="o:1"><linux-def:name>curl</linux-def:name>
              </linux-def:rpminfo_object></objects>
             <states><linux-def:rpminfo_state id="s:1">
              <linux-def:evr datatype="evr_string" operation="{operation}">0:8-1.azl3</linux-def:evr>
              </linux-def:rpminfo_state></states></oval_definitions>"#
        )
    }

    #[test]
    fn follows_tests_to_packages_and_versions() {
        let cases = [
            ("true", "less than", r#"Fixed("0:8-1.azl3") fixed"#),
            ("false", "less than or equal", r#"LastAffected("0:8-1.azl3") affected"#),
            ("true", "less than or equal", r#"LastAffected("0:8-1.azl3") fixed"#),
            ("Not Applicable", "less than", "Open not affected"),
        ];
        for (patchable, operation, expect) in cases {
            let document = document(patchable, operation);
            let reading = OvalFeed.read("x.xml", document.as_bytes()).expect("valid");
            let Record::Advisory(advisory) = &reading.records[0] else { panic!("{reading:?}") };
            assert_eq!(advisory.summary, "A & B");
            let affected = &advisory.affected[0];
            assert_eq!(affected.ecosystem.0, "azurelinux:3.0");
            assert_eq!(affected.package, "curl");
            let found = format!("{:?} {}", affected.ranges[0].end, affected.fix_state);
            assert_eq!(found, expect);
        }
    }

    #[test]
    fn refuses_what_leads_nowhere() {
        let document = document("true", "less than").replace("t:1\"><", "t:2\"><");
        let reading = OvalFeed.read("x.xml", document.as_bytes()).expect("valid");
        assert_eq!(reading.rejected, ["CVE-2024-1: its tests name no package and version"]);
        for bytes in [&b"<a/>"[..], b"", b"<oval_definitions><definition>", b"<a></b>"] {
            assert!(OvalFeed.read("x", bytes).is_err());
        }
    }
}
