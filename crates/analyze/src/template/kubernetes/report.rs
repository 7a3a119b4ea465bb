//! What the rules say: flaws with their object, place and, when an annotation asks for it, the
//! excuse.

use super::fields::Lines;
use super::object::Object;
use super::pod::Container;
use crate::template::{Catalogue, Found, ImageUse, place};

/// Collects what the rules say.
pub(super) struct Report<'r> {
    catalogue: &'r Catalogue,
    found: &'r mut Found,
}

impl<'r> Report<'r> {
    /// A report into `found`.
    pub(super) fn new(catalogue: &'r Catalogue, found: &'r mut Found) -> Self {
        Report { catalogue, found }
    }

    /// The rules.
    pub(super) fn catalogue(&self) -> &'r Catalogue {
        self.catalogue
    }

    /// A flaw of an object.
    pub(super) fn object(
        &mut self,
        rule: &'static str,
        object: &Object<'_>,
        lines: Lines,
        message: impl Into<String>,
    ) {
        self.flaw(rule, object, ("", lines), message.into());
    }

    /// A flaw of a container of an object.
    pub(super) fn container(
        &mut self,
        rule: &'static str,
        (object, container): (&Object<'_>, &Container<'_>),
        lines: Lines,
        message: impl Into<String>,
    ) {
        self.flaw(rule, object, (&container.subject(), lines), message.into());
    }

    fn flaw(
        &mut self,
        rule: &'static str,
        object: &Object<'_>,
        (part, lines): (&str, Lines),
        mut message: String,
    ) {
        if !self.catalogue.is_enabled(rule) {
            return;
        }
        let mut subject = object.subject();
        if !part.is_empty() {
            subject = subject + " " + part;
        }
        if !object.origin.is_empty() {
            message = format!("{message} (from {})", object.origin);
        }
        let before = self.found.flaws.len();
        let at = place(object.file, lines.first, lines.last);
        self.found.flaw(rule, at, &subject, message);
        for flaw in self.found.flaws.iter_mut().skip(before) {
            flaw.ignored = object.excuse(rule, self.catalogue);
        }
    }

    /// An image that an object runs or mounts.
    pub(super) fn image(&mut self, object: &Object<'_>, part: &str, image: &str, lines: Lines) {
        let place = place(object.file, lines.first, lines.last);
        let subject = format!("{} {part}", object.subject());
        self.found.images.push(ImageUse { image: image.to_owned(), place, subject });
    }
}
