//! What one statement comes to for one installed package: silent, not affected, repaired, affected.

use std::cmp::Ordering;
use std::rc::Rc;

use model::{FixState, NameOf, Package, PackageKind, RangeEnd, VersionRange};

use super::products::Products;
use super::subject::{Name, Subject};
use crate::database::{Body, SpanEnd};
use model::version::{Scheme, Version, position};

/// The stream of a statement about modular packages that does not say which stream.
const UNNAMED_STREAM: &str = "*";

/// Marks in a version of packages that were built in a module.
const MODULAR_MARKS: [&str; 2] = [".module+el", ".module_el"];

/// Marks in an rpm's version of builds with repairs of their own: never mixed with the others.
const FLAVOURS: [&str; 2] = ["ksplice", "_fips"];

/// What a statement comes to for an installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It does not speak of this build or version.
    Silent,
    /// The vendor says that the package is not vulnerable.
    NotAffected,
    /// The installed version has the repair.
    Repaired,
    /// The installed version is vulnerable.
    Affected {
        /// The nearest version with the repair.
        fixed: Option<Rc<str>>,
        /// What the vendor says of the repair.
        state: FixState,
    },
}

/// A package under one of its names, ready to be held against statements.
pub(super) struct Installed<'a> {
    package: &'a Package,
    scheme: Scheme,
    version_text: &'a str,
    version: Version<'a>,
    of: Option<NameOf>,
    products: Option<&'a Products>,
}

impl<'a> Installed<'a> {
    /// `None` when the version cannot be ordered. `products`: Red Hat's, where they count.
    pub(super) fn new(
        subject: &'a Subject<'_>,
        name: &'a Name<'_>,
        products: Option<&'a Products>,
    ) -> Option<Self> {
        let (scheme, version_text) = (subject.scheme, name.version.as_ref());
        let version = Version::parse(scheme, version_text).ok()?;
        Some(Installed {
            package: subject.package,
            scheme,
            version_text,
            version,
            of: name.of,
            products,
        })
    }

    /// Whether two packages come to the same with every statement.
    pub(super) fn is_like(&self, other: &Installed<'_>) -> bool {
        let parts = |installed: &Installed<'_>| {
            let package = installed.package;
            (
                installed.scheme,
                installed.of,
                package.kind,
                package.module.clone(),
                package.arch.clone(),
            )
        };
        self.version_text == other.version_text && parts(self) == parts(other)
    }

    /// What a statement comes to.
    pub(super) fn judge(&self, body: &Body<&str>) -> Outcome {
        if !self.is_meant(body) {
            return Outcome::Silent;
        }
        let ranges: Vec<VersionRange> = body.spans.iter().map(range).collect();
        let versions: Vec<String> = body.versions.iter().map(|text| (*text).to_owned()).collect();
        let everywhere = ranges.is_empty() && versions.is_empty();
        if body.fix_state == FixState::NotAffected {
            let meant = everywhere
                || position(&self.version, self.version_text, &ranges, &versions).affected;
            return if meant { Outcome::NotAffected } else { Outcome::Silent };
        }
        let position = position(&self.version, self.version_text, &ranges, &versions);
        if position.affected {
            let fixed = position.fixed.map(Rc::from);
            return Outcome::Affected { state: state(body, fixed.is_some()), fixed };
        }
        if ranges.iter().any(|range| self.has_repair(range)) {
            return Outcome::Repaired;
        }
        Outcome::Silent
    }

    /// Whether the statement is about this build of the package at all.
    fn is_meant(&self, body: &Body<&str>) -> bool {
        let arch = self.package.arch.as_deref().unwrap_or_default();
        let any_arch = body.arches.is_empty() || arch.is_empty() || arch == "noarch";
        self.of.is_none_or(|of| of == body.name_of)
            && (any_arch || body.arches.contains(&arch))
            && self.products.is_none_or(|products| products.include(&body.cpes))
            && (self.package.kind != PackageKind::Rpm
                || (self.is_in_module(body) && self.is_of_flavour(body)))
    }

    fn is_in_module(&self, body: &Body<&str>) -> bool {
        let label = self.package.module.as_deref().unwrap_or_default();
        let modular = !label.is_empty() || is_modular(self.version_text);
        match body.module {
            None => !modular,
            Some(_) if !modular => false,
            Some(UNNAMED_STREAM) => self.may_be_stream(label, body),
            Some(_) if label.is_empty() => true,
            Some(stream) => name_and_stream(label) == stream,
        }
    }

    /// For a notice that does not name its stream. Where the installed version counts like its
    /// stream (nodejs 12.22 in `nodejs:12`), a repair that does not is another stream's.
    fn may_be_stream(&self, label: &str, body: &Body<&str>) -> bool {
        let Some((_, stream)) = name_and_stream(label).split_once(':') else { return true };
        let counts = |version: &str| {
            let version = version.split_once(':').map_or(version, |(_, version)| version);
            version.strip_prefix(stream).is_some_and(|rest| rest.starts_with(['.', '-']))
        };
        !counts(self.version_text) || fixes(body).all(counts)
    }

    fn is_of_flavour(&self, body: &Body<&str>) -> bool {
        let installed = flavour(self.version_text);
        fixes(body).all(|fix| flavour(fix) == installed)
    }

    fn has_repair(&self, range: &VersionRange) -> bool {
        let is_at_least = |text: &str| {
            let other = Version::parse(self.scheme, text);
            other.is_ok_and(|other| self.version.compare(&other) != Ordering::Less)
        };
        let begun = range.introduced.as_deref().is_none_or(|from| from == "0" || is_at_least(from));
        matches!(&range.end, RangeEnd::Fixed(fixed) if begun && is_at_least(fixed))
    }
}

/// The state of repair for a version that is affected.
fn state(body: &Body<&str>, has_fix: bool) -> FixState {
    match body.fix_state {
        FixState::Unknown | FixState::Fixed if has_fix => FixState::Fixed,
        // The repair that it speaks of is another branch's.
        FixState::Fixed if fixes(body).next().is_some() => FixState::Affected,
        state => state,
    }
}

fn fixes<'b>(body: &'b Body<&str>) -> impl Iterator<Item = &'b str> {
    body.spans.iter().filter_map(|span| match span.end {
        SpanEnd::Fixed(version) => Some(version),
        SpanEnd::LastAffected(_) | SpanEnd::Open => None,
    })
}

fn range(span: &crate::database::Span<&str>) -> VersionRange {
    VersionRange {
        introduced: span.introduced.map(str::to_owned),
        end: match span.end {
            SpanEnd::Fixed(version) => RangeEnd::Fixed(version.to_owned()),
            SpanEnd::LastAffected(version) => RangeEnd::LastAffected(version.to_owned()),
            SpanEnd::Open => RangeEnd::Open,
        },
    }
}

fn is_modular(version: &str) -> bool {
    MODULAR_MARKS.iter().any(|mark| version.contains(mark))
}

/// `nodejs:12` of the label `nodejs:12:8010020200116150415:c27ad7f8`.
fn name_and_stream(label: &str) -> &str {
    let end = label.match_indices(':').nth(1).map_or(label.len(), |(at, _)| at);
    &label[..end]
}

fn flavour(version: &str) -> Option<&'static str> {
    FLAVOURS.into_iter().find(|mark| version.contains(mark))
}

#[cfg(test)]
mod tests {
    use model::{Ecosystem, Severity};

    use super::*;
    use crate::database::Span;
    use crate::matching::distribution::Home;
    use crate::matching::subject::subject;

    fn body(end: SpanEnd<&'static str>) -> Body<&'static str> {
        Body {
            name_of: NameOf::Binary,
            fix_state: FixState::Fixed,
            notice: false,
            severity: Some(Severity::Low),
            module: None,
            arches: vec![],
            cpes: vec![],
            spans: vec![Span { introduced: None, end }],
            versions: vec![],
        }
    }

    fn judge(package: &Package, body: &Body<&str>) -> Outcome {
        let home = Home::Known { ecosystem: Ecosystem("rhel:8".into()), vendors: &[] };
        let subject = subject(package, None, &home).1.unwrap();
        Installed::new(&subject, &subject.names[0], None).unwrap().judge(body)
    }

    fn rpm(version: &str, module: &str) -> Package {
        let mut package = Package::new(PackageKind::Rpm, "x", version);
        package.arch = Some("x86_64".into());
        package.module = (!module.is_empty()).then(|| module.to_owned());
        package
    }

    fn fixed(version: &str) -> Outcome {
        Outcome::Affected { fixed: Some(version.into()), state: FixState::Fixed }
    }

    #[test]
    fn versions_decide() {
        let to = body(SpanEnd::Fixed("1:2-3"));
        assert_eq!(judge(&rpm("1:2-2", ""), &to), fixed("1:2-3"));
        assert_eq!(judge(&rpm("2-9", ""), &to), fixed("1:2-3"));
        assert_eq!(judge(&rpm("1:2-3", ""), &to), Outcome::Repaired);
        assert_eq!(judge(&rpm("2:0-1", ""), &to), Outcome::Repaired);
        let mut later = to.clone();
        later.spans[0].introduced = Some("1:2-1");
        assert_eq!(judge(&rpm("1:1-1", ""), &later), Outcome::Silent);
        let open = Body { fix_state: FixState::WillNotFix, ..body(SpanEnd::Open) };
        let affected = Outcome::Affected { fixed: None, state: FixState::WillNotFix };
        assert_eq!(judge(&rpm("1:1-1", ""), &open), affected);
        let clear = Body { fix_state: FixState::NotAffected, ..body(SpanEnd::Open) };
        assert_eq!(judge(&rpm("1-1", ""), &clear), Outcome::NotAffected);
        let clear = Body { spans: vec![], ..clear };
        assert_eq!(judge(&rpm("1-1", ""), &clear), Outcome::NotAffected);
    }

    #[test]
    fn a_repair_may_be_known_and_not_for_all() {
        // Ubuntu: the standard archive has none, Pro has one.
        let pro = Body { fix_state: FixState::EndOfLife, ..body(SpanEnd::Fixed("1-1+esm1")) };
        let state =
            Outcome::Affected { fixed: Some("1-1+esm1".into()), state: FixState::EndOfLife };
        assert_eq!(judge(&rpm("1-1", ""), &pro), state);
        // One branch has a repair, the installed one has none.
        let mut branches = body(SpanEnd::Fixed("1.5-1"));
        branches.spans.push(Span { introduced: Some("2.0-1"), end: SpanEnd::Open });
        let state = Outcome::Affected { fixed: None, state: FixState::Affected };
        assert_eq!(judge(&rpm("2.1-1", ""), &branches), state);
        let last = body(SpanEnd::LastAffected("3-1"));
        let state = Outcome::Affected { fixed: None, state: FixState::Fixed };
        assert_eq!(judge(&rpm("2.1-1", ""), &last), state);
    }

    #[test]
    fn modules_must_agree() {
        let stream = |module| Body { module: Some(module), ..body(SpanEnd::Fixed("12.9-1")) };
        let (plain, node12) = (body(SpanEnd::Fixed("12.9-1")), stream("nodejs:12"));
        let label = "nodejs:12:8010020200116150415:c27ad7f8";
        assert_eq!(judge(&rpm("12.1-1", label), &node12), fixed("12.9-1"));
        assert_eq!(judge(&rpm("12.1-1", label), &plain), Outcome::Silent);
        assert_eq!(judge(&rpm("12.1-1", label), &stream("nodejs:10")), Outcome::Silent);
        assert_eq!(judge(&rpm("12.1-1", label), &stream("nodejs:1")), Outcome::Silent);
        assert_eq!(judge(&rpm("12.1-1", ""), &node12), Outcome::Silent);
        assert_eq!(judge(&rpm("12.1-1", ""), &plain), fixed("12.9-1"));
        // Built in a module, but the label is lost.
        assert_eq!(judge(&rpm("12.1-1.module+el8+1", ""), &plain), Outcome::Silent);
        assert_eq!(judge(&rpm("12.1-1.module+el8+1", ""), &node12), fixed("12.9-1"));
    }

    #[test]
    fn an_unnamed_stream_is_told_by_its_versions() {
        let unnamed = |fix| Body { module: Some("*"), ..body(SpanEnd::Fixed(fix)) };
        let label = "nodejs:12:1:c";
        assert_eq!(judge(&rpm("1:12.1-1", label), &unnamed("1:12.9-1")), fixed("1:12.9-1"));
        assert_eq!(judge(&rpm("1:12.1-1", label), &unnamed("1:18.1-1")), Outcome::Silent);
        // nodemon in nodejs:12 has a count of its own.
        assert_eq!(judge(&rpm("1.18-1", label), &unnamed("2.0-1")), fixed("2.0-1"));
        assert_eq!(judge(&rpm("1.18-1", ""), &unnamed("2.0-1")), Outcome::Silent);
    }

    #[test]
    fn builds_must_agree() {
        let mut arches = body(SpanEnd::Fixed("2-1"));
        arches.arches = vec!["aarch64"];
        assert_eq!(judge(&rpm("1-1", ""), &arches), Outcome::Silent);
        arches.arches.push("x86_64");
        assert_eq!(judge(&rpm("1-1", ""), &arches), fixed("2-1"));
        let ksplice = body(SpanEnd::Fixed("2-1.ksplice1"));
        assert_eq!(judge(&rpm("1-1", ""), &ksplice), Outcome::Silent);
        assert_eq!(judge(&rpm("1-1.ksplice1", ""), &ksplice), fixed("2-1.ksplice1"));
        let mut source = body(SpanEnd::Fixed("2-1"));
        source.name_of = NameOf::Source;
        let mut package = rpm("1-1", "");
        assert_eq!(judge(&package, &source), fixed("2-1"));
        package.source = Some(model::SourcePackage { name: "y".into(), version: "1-1".into() });
        assert_eq!(judge(&package, &source), Outcome::Silent);
    }
}
