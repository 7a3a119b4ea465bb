//! `packages.config`: the packages of a project in NuGet's first format.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_XML_BYTES;
use crate::pins::Pins;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

use super::xml::read_elements;

/// Packages of a project in NuGet's first format.
pub(super) const PACKAGES_CONFIG: TextAnalyzer = TextAnalyzer {
    name: "nuget-config",
    version: 1,
    patterns: &[Pattern::Name("packages.config")],
    max_bytes: MAX_XML_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Nuget, found);
    read_elements(text, |element| {
        if element.name != "package" || element.parent != "packages" {
            return;
        }
        let name = element.attribute("id").unwrap_or_default();
        let version = element.attribute("version").unwrap_or_default();
        let dev = element.attribute("developmentDependency");
        pins.add(name, version, dev.is_some_and(|dev| dev.eq_ignore_ascii_case("true")));
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    #[test]
    fn packages_with_their_versions() {
        let config = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<packages>\r\n\
            <package id=\"A.B\" version=\"1.0.0\" targetFramework=\"net48\" />\r\n\
            <package id=\"C\" version=\"2.0.0\" developmentDependency=\"true\"></package>\r\n\
            <package id=\"none\"/><other id=\"x\" version=\"1\"/>\r\n</packages>";
        let found = analyze("app/packages.config", config.as_bytes());
        assert_eq!(packages(&found), ["A.B 1.0.0", "C 2.0.0"]);
        assert_eq!(found.packages.iter().map(|p| p.dev).collect::<Vec<_>>(), [false, true]);
        let (found, errors) =
            try_analyze("packages.config", b"<packages><package id='a' version='1'/>");
        assert_eq!((packages(&found), errors.len()), (vec!["a 1".to_owned()], 1));
    }
}
