//! CycloneDX XML in: the same components in the other spelling, such as Maven's plugin writes.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::SbomError;
use super::collect::Collector;
use super::cyclonedx::{
    self, Bom, Dependency, Entry, License, LicenseChoice, Metadata, Organization, Property, Text,
};
use super::limits::MAX_XML_DEPTH;

const FORMAT: &str = "CycloneDX XML";
/// The name space of every version ends in the version.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// An element read whole: its name without prefix, attributes, text and children.
#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), SbomError> {
    let root = tree(text)?;
    let namespace = root.attributes.iter().find_map(|(_, value)| value.strip_prefix(NAMESPACE));
    let version = match namespace {
        Some(version) if root.name == "bom" => version,
        _ => return Err(SbomError::Unknown),
    };
    cyclonedx::check_version(version)?;
    cyclonedx::collect(bom(&root), collector);
    Ok(())
}

/// The document as elements. Documents have no types of their own here, so no entity is expanded.
fn tree(text: &str) -> Result<Element, SbomError> {
    let broken = |at: u64, detail: String| SbomError::Syntax {
        format: FORMAT,
        detail: format!("byte {at}: {detail}"),
    };
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        let event = reader
            .read_event()
            .map_err(|error| broken(reader.error_position(), error.to_string()))?;
        let at = reader.buffer_position();
        match event {
            Event::Start(start) => {
                if open.len() > MAX_XML_DEPTH {
                    return Err(broken(at, format!("more than {MAX_XML_DEPTH} elements deep")));
                }
                open.push(element(&start).map_err(|detail| broken(at, detail))?);
            }
            Event::Empty(start) => {
                let element = element(&start).map_err(|detail| broken(at, detail))?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => close(&mut open).map_err(|detail| broken(at, detail))?,
            Event::Text(piece) => add_text(&mut open, &piece.xml10_content()),
            Event::CData(piece) => add_text(&mut open, &piece.xml10_content()),
            Event::GeneralRef(name) => {
                let piece = reference(&name).ok_or_else(|| broken(at, "unknown entity".into()))?;
                add_text(&mut open, &piece);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (open.len(), open.pop().and_then(|mut document| document.children.pop())) {
        (1, Some(root)) => Ok(root),
        _ => Err(broken(text.len() as u64, "the document ends inside an element".into())),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let name = start.local_name().as_ref().to_owned();
    let mut element = Element { name, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|error| error.to_string())?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn close(open: &mut Vec<Element>) -> Result<(), String> {
    match (open.pop(), open.last_mut()) {
        (Some(element), Some(parent)) => {
            parent.children.push(element);
            Ok(())
        }
        _ => Err("an element ends that never began".into()),
    }
}

fn add_text(open: &mut [Element], piece: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(piece);
    }
}

/// A character reference or one of XML's five entities.
fn reference(name: &quick_xml::events::BytesRef<'_>) -> Option<String> {
    if let Ok(Some(c)) = name.resolve_char_ref() {
        return Some(c.to_string());
    }
    quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned)
}

impl Element {
    fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children `item` of the child `list`.
    fn items<'a>(&'a self, list: &str, item: &'a str) -> impl Iterator<Item = &'a Element> {
        let children = self.child(list).map_or(&[][..], |list| list.children.as_slice());
        children.iter().filter(move |child| child.name == item)
    }

    fn text_of(&self, name: &str) -> Text {
        Text(self.child(name).map(|child| child.text.trim().to_owned()).unwrap_or_default())
    }

    fn attribute(&self, name: &str) -> Text {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        Text(found.map(|(_, value)| value.clone()).unwrap_or_default())
    }
}

fn bom(root: &Element) -> Bom {
    let metadata = root.child("metadata");
    Bom {
        metadata: Metadata {
            component: metadata.and_then(|m| m.child("component")).map(|c| Box::new(entry(c))),
            properties: metadata.map(properties).unwrap_or_default(),
        },
        components: root.items("components", "component").map(entry).collect(),
        dependencies: root.items("dependencies", "dependency").map(dependency).collect(),
    }
}

fn entry(element: &Element) -> Entry {
    Entry {
        kind: element.attribute("type"),
        bom_ref: element.attribute("bom-ref"),
        group: element.text_of("group"),
        name: element.text_of("name"),
        version: element.text_of("version"),
        description: element.text_of("description"),
        publisher: element.text_of("publisher"),
        supplier: element
            .child("supplier")
            .map(|supplier| Organization { name: supplier.text_of("name") }),
        scope: element.text_of("scope"),
        purl: element.text_of("purl"),
        cpe: element.text_of("cpe"),
        licenses: licenses(element),
        properties: properties(element),
        evidence: None,
        components: element.items("components", "component").map(entry).collect(),
    }
}

fn licenses(element: &Element) -> Vec<LicenseChoice> {
    let named = element.items("licenses", "license").map(|license| LicenseChoice {
        license: Some(License { id: license.text_of("id"), name: license.text_of("name") }),
        expression: Text::default(),
    });
    let expressions = element.items("licenses", "expression").map(|expression| LicenseChoice {
        license: None,
        expression: Text(expression.text.trim().to_owned()),
    });
    named.chain(expressions).collect()
}

fn properties(element: &Element) -> Vec<Property> {
    let rows = element.items("properties", "property");
    rows.map(|row| Property { name: row.attribute("name"), value: Text(row.text.clone()) })
        .collect()
}

fn dependency(element: &Element) -> Dependency {
    let children = element.children.iter().filter(|child| child.name == "dependency");
    Dependency {
        bom_ref: element.attribute("ref"),
        depends_on: children.map(|child| child.attribute("ref")).collect(),
    }
}
