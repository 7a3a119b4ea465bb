//! Installed gems: the specifications that RubyGems keeps, `specifications/*.gemspec` and, for
//! the gems that come with Ruby, `specifications/default/*.gemspec`.
//!
//! They are Ruby programs, but RubyGems writes them itself, one assignment of text a line
//! (`Gem::Specification#to_ruby`), with a comment for its own quick reading:
//! `# stub: name version platform paths`. Nothing is run.

use model::{FileEntry, Package, PackageKind};

use crate::limits::{MAX_LICENSES, MAX_TREE_TEXT_BYTES};
use crate::pins::is_word;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

/// Installed gems.
pub(super) const INSTALLED: TextAnalyzer = TextAnalyzer {
    name: "ruby-installed",
    version: 1,
    patterns: &[Pattern::Suffix(".gemspec")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts,
    read,
};

/// The platform of gems that run on every platform.
const ANY_PLATFORM: &str = "ruby";

fn accepts(entry: &FileEntry) -> bool {
    let mut parts = entry.path.rsplit('/').skip(1);
    match parts.next() {
        Some("specifications") => true,
        Some("default") => parts.next() == Some("specifications"),
        _ => false,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let gem = Gem::read(text);
    if !is_word(gem.name) || !is_word(gem.version) {
        return Err(AnalyzeError::Malformed(
            "the gem's name and version are not written as plain text: it cannot be identified"
                .to_owned(),
        ));
    }
    let mut package = Package::new(PackageKind::Gem, gem.name, gem.version);
    package.licenses = gem.licenses.into_iter().map(str::to_owned).collect();
    package.arch =
        (!gem.platform.is_empty() && gem.platform != ANY_PLATFORM).then(|| gem.platform.to_owned());
    found.packages.push(package);
    Ok(())
}

/// What a specification says of a gem.
#[derive(Default)]
struct Gem<'a> {
    name: &'a str,
    version: &'a str,
    platform: &'a str,
    licenses: Vec<&'a str>,
}

impl<'a> Gem<'a> {
    fn read(text: &'a str) -> Self {
        let mut gem = Gem::default();
        let mut stub = "";
        for line in text.lines() {
            match line.trim_start().strip_prefix("# stub: ") {
                // A second such line names extensions.
                Some(rest) if stub.is_empty() => stub = rest,
                Some(_) => {}
                None => gem.assign(line),
            }
        }
        let mut words = stub.split_whitespace();
        for field in [&mut gem.name, &mut gem.version, &mut gem.platform] {
            let word = words.next().unwrap_or_default();
            if field.is_empty() {
                *field = word;
            }
        }
        gem
    }

    /// Reads `s.field = "text".freeze`; the first assignment holds.
    fn assign(&mut self, line: &'a str) {
        let Some((target, value)) = line.split_once('=') else { return };
        let Some((variable, field)) = target.trim().split_once('.') else { return };
        if !variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return;
        }
        let place = match field {
            "name" => &mut self.name,
            "version" => &mut self.version,
            "platform" => &mut self.platform,
            "license" | "licenses" if self.licenses.is_empty() => {
                self.licenses = texts(value).take(MAX_LICENSES).collect();
                return;
            }
            _ => return,
        };
        if place.is_empty() {
            *place = texts(value).next().unwrap_or_default();
        }
    }
}

/// The quoted texts in a Ruby expression; those with escapes or interpolation are left out.
fn texts(expression: &str) -> impl Iterator<Item = &str> {
    let mut rest = expression;
    std::iter::from_fn(move || {
        let start = rest.find(['"', '\''])?;
        let (quote, body) = rest.get(start..)?.split_at_checked(1)?;
        let (text, after) = body.split_once(quote)?;
        rest = after;
        Some(text)
    })
    .filter(|text| !text.is_empty() && !text.contains(['\\', '#']))
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, try_analyze, wanted_by};

    const SPEC: &[u8] = br#"# -*- encoding: utf-8 -*-
# stub: nokogiri 1.15.0 x86_64-linux lib
# stub: ext/nokogiri/extconf.rb

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.15.0"
  s.platform = "x86_64-linux".freeze

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.metadata = { "version" => "9.9.9" } if s.respond_to? :metadata=
  s.description = "s.version = \"8.8.8\"".freeze
  s.licenses = ["MIT".freeze, "Apache-2.0".freeze]
  if s.respond_to? :specification_version then
    s.specification_version = 4
  end
  s.add_dependency(%q<racc>.freeze, ["~> 1.4"])
end
"#;

    #[test]
    fn reads_what_rubygems_writes() {
        let found = analyze("usr/lib/ruby/gems/3.2.0/specifications/nokogiri-1.15.0.gemspec", SPEC);
        let gem = &found.packages[0];
        assert_eq!((&*gem.name, &*gem.version), ("nokogiri", "1.15.0"));
        assert_eq!(gem.arch.as_deref(), Some("x86_64-linux"));
        assert_eq!(gem.licenses, ["MIT", "Apache-2.0"]);
    }

    #[test]
    fn forms_of_a_specification() {
        for (text, expect) in [
            ("x.name = 'a'\nx.version = Gem::Version.new(\"1.0\")\n", "a 1.0"),
            ("# stub: a 1.0 ruby lib\ns.name = NAME\ns.version = \"#{V}\"\n", "a 1.0"),
            ("\u{feff}# stub: a 1.0 ruby lib\r\n", "a 1.0"),
            ("spec.name=\"a\"\nspec.version=\"1.0\"\nspec.version=\"2.0\"\n", "a 1.0"),
        ] {
            check("gems/specifications/default/a.gemspec", text.as_bytes(), &[expect]);
        }
        for bad in ["", "s.name = NAME", "s.name = \"a\ns.version = '1", "# stub:", "s.name = 'é"]
        {
            let (found, errors) = try_analyze("specifications/a.gemspec", bad.as_bytes());
            assert_eq!((found.packages.len(), errors.len()), (0, 1), "{bad}");
        }
    }

    #[test]
    fn only_what_is_installed() {
        check("app/gems/a-1.0/a.gemspec", SPEC, &[]);
        check("app/default/a.gemspec", SPEC, &[]);
        assert!(wanted_by("specifications/a.gemspec.rz").is_empty());
    }
}
