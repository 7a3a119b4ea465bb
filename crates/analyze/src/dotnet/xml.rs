//! XML as NuGet and MSBuild write it: elements with their attributes and their text, in order.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::AnalyzeError;
use crate::limits::{MAX_NAME_BYTES, MAX_XML_DEPTH};
use crate::text::malformed;

/// One element, given when it ends.
pub(super) struct Element<'x> {
    /// Its name without prefix.
    pub(super) name: &'x str,
    /// The name of the element around it; empty for the outermost.
    pub(super) parent: &'x str,
    /// Its attributes.
    pub(super) attributes: &'x [(String, String)],
    /// The text directly in it, trimmed, at most [`MAX_NAME_BYTES`].
    pub(super) text: &'x str,
}

impl Element<'_> {
    /// The value of an attribute, by its name in any case.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// An element that has begun.
#[derive(Default)]
struct Begun {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

/// Gives every element to `visit` as it ends: inner ones before the one around them.
pub(super) fn read_elements(
    text: &str,
    mut visit: impl FnMut(&Element<'_>),
) -> Result<(), AnalyzeError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Begun> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| {
            let at = reader.error_position();
            malformed("XML", &format!("{error} at byte {at}"))
        })?;
        match event {
            Event::Start(_) if open.len() >= MAX_XML_DEPTH => {
                return Err(malformed("XML", &format!("more than {MAX_XML_DEPTH} elements deep")));
            }
            Event::Start(start) => open.push(begin(&start)),
            Event::Empty(empty) => end(&begin(&empty), open.last(), &mut visit),
            Event::End(_) => {
                if let Some(ended) = open.pop() {
                    end(&ended, open.last(), &mut visit);
                }
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content()),
            Event::CData(text) => add_text(&mut open, &text.xml10_content()),
            Event::Eof if open.is_empty() => return Ok(()),
            Event::Eof => return Err(malformed("XML", "the file ends inside an element")),
            _ => {}
        }
    }
}

fn begin(start: &BytesStart<'_>) -> Begun {
    let attributes = start.attributes().flatten().filter_map(|attribute| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        (value.len() <= MAX_NAME_BYTES)
            .then(|| (attribute.key.local_name().as_ref().to_owned(), value.into_owned()))
    });
    Begun {
        name: start.local_name().as_ref().to_owned(),
        attributes: attributes.collect(),
        text: String::new(),
    }
}

fn add_text(open: &mut [Begun], text: &str) {
    if let Some(element) = open.last_mut()
        && element.text.len() + text.len() <= MAX_NAME_BYTES
    {
        element.text.push_str(text);
    }
}

fn end(ended: &Begun, around: Option<&Begun>, visit: &mut impl FnMut(&Element<'_>)) {
    visit(&Element {
        name: &ended.name,
        parent: around.map_or("", |around| &around.name),
        attributes: &ended.attributes,
        text: ended.text.trim(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, AnalyzeError> {
        let mut lines = Vec::new();
        read_elements(text, |e| {
            lines.push(format!("{}/{} {:?} {}", e.parent, e.name, e.attributes, e.text));
        })?;
        Ok(lines)
    }

    #[test]
    fn elements_inner_first() {
        let lines = read("<?xml version='1.0'?><!-- x --><a><x:b C='&lt;1'/> t <![CDATA[u]]></a>");
        assert_eq!(lines.unwrap(), [r#"a/b [("C", "<1")] "#, "/a [] t u"]);
    }

    #[test]
    fn hostile() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a b="&z;">&z;</a>"#;
        assert_eq!(read(bomb).unwrap(), ["/a [] "]);
        assert!(read("").unwrap().is_empty());
        for bad in ["<a>", "<a></b>", "<a", &"<a>".repeat(100_000)] {
            assert!(read(bad).is_err(), "{bad:.20}");
        }
    }
}
