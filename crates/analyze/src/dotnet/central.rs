//! `Directory.Packages.props`: versions that all projects of a tree share (NuGet's central
//! package management). Properties of the same file are put in; conditions are not evaluated.

use std::collections::HashMap;

use model::{FileEntry, PackageKind};

use crate::limits::{MAX_NAME_BYTES, MAX_XML_BYTES};
use crate::pins::Pins;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

use super::exact_version;
use super::xml::{Element, read_elements};

/// Centrally managed versions.
pub(super) const CENTRAL_PROPS: TextAnalyzer = TextAnalyzer {
    name: "nuget-central",
    version: 1,
    patterns: &[Pattern::Name("Directory.Packages.props")],
    max_bytes: MAX_XML_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

/// Most properties put into one version.
const MAX_REPLACEMENTS: usize = 16;

/// What the file says, before properties are put in.
#[derive(Default)]
struct Central {
    /// By lower-case name: MSBuild compares them so.
    properties: HashMap<String, String>,
    /// Name and version.
    packages: Vec<(String, String)>,
    /// Text of a `<Version>` inside the package element that has not ended yet.
    inner_version: Option<String>,
}

impl Central {
    fn add(&mut self, element: &Element<'_>) {
        if element.parent == "PropertyGroup" {
            self.properties.insert(element.name.to_ascii_lowercase(), element.text.to_owned());
            return;
        }
        match element.name {
            "Version" => self.inner_version = Some(element.text.to_owned()),
            "PackageVersion" | "GlobalPackageReference" => self.add_package(element),
            _ => {}
        }
    }

    fn add_package(&mut self, element: &Element<'_>) {
        let inner = self.inner_version.take();
        let name = element.attribute("Include").or_else(|| element.attribute("Update"));
        let version = element.attribute("Version").map(str::to_owned).or(inner);
        if let (Some(name), Some(version)) = (name, version) {
            // One element may name several packages.
            let names = name.split(';').map(str::trim);
            self.packages.extend(names.map(|name| (name.to_owned(), version.clone())));
        }
    }

    /// A version with its properties put in; `None` when one is not known here.
    fn resolve(&self, version: &str) -> Option<String> {
        let mut version = version.to_owned();
        for _ in 0..MAX_REPLACEMENTS {
            let Some((before, rest)) = version.split_once("$(") else { return Some(version) };
            let (name, after) = rest.split_once(')')?;
            let value = self.properties.get(&name.trim().to_ascii_lowercase())?;
            let resolved = format!("{before}{value}{after}");
            if resolved.len() > MAX_NAME_BYTES {
                return None;
            }
            version = resolved;
        }
        None
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut central = Central::default();
    let ended = read_elements(text, |element| central.add(element));
    let mut pins = Pins::new(PackageKind::Nuget, found);
    for (name, version) in &central.packages {
        let version = central.resolve(version);
        if let Some(version) = version.as_deref().and_then(exact_version) {
            pins.add(name, version, false);
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    #[test]
    fn versions_and_properties() {
        let props = br#"<Project>
  <PropertyGroup><Major>8</Major><Full>$(major).0.1</Full><Loop>$(Loop)</Loop></PropertyGroup>
  <ItemGroup>
    <PackageVersion Include="A.B" Version="1.0.0" />
    <PackageVersion Include="C;D" Version="[2.0.0]" />
    <PackageVersion Update="E"><Version>3.0.0</Version></PackageVersion>
    <PackageVersion Include="F" Version="$(Full)-rc.1" />
    <PackageVersion Include="G" Version="$(Unknown)" />
    <PackageVersion Include="H" Version="$(Loop)" />
    <PackageVersion Include="I" Version="4.*" />
    <PackageVersion Include="J" />
    <GlobalPackageReference Include="K" Version="5.0.0" Condition="'x' == 'y'" />
    <PackageReference Include="L" Version="6.0.0" />
  </ItemGroup>
</Project>"#;
        let expect = &["A.B 1.0.0", "C 2.0.0", "D 2.0.0", "E 3.0.0", "F 8.0.1-rc.1", "K 5.0.0"];
        check("app/Directory.Packages.props", props, expect);
        assert_eq!(try_analyze("Directory.Packages.props", b"<Project>").1.len(), 1);
    }
}
