//! Compose files to flaws (the Compose Specification, compose-spec.io).
//!
//! Each service is looked at with what it extends; included files with the file that includes them.
//! Variables have the values of the `.env` file beside, and their defaults. Files are asked for
//! within what is scanned only.

mod grants;
mod image;
mod mounts;
mod project;
mod running;
mod secrets;
mod service;
#[cfg(test)]
mod tests;

use model::SkipReason;

use super::yaml::documents;
use super::{Catalogue, Found, Template, Tree};
use crate::limits::{MAX_COMPOSE_DEPTH, MAX_COMPOSE_FILES, MAX_COMPOSE_SERVICES};
use project::Project;
use service::ServiceEntry;

/// Looks through one compose file.
pub(super) fn check(
    template: &Template<'_>,
    (catalogue, tree): (&Catalogue, &dyn Tree),
    found: &mut Found,
) {
    let mut reader = Reader { catalogue, tree, found, files: 0 };
    reader.file(template.name, template.text, 0);
}

struct Reader<'a> {
    catalogue: &'a Catalogue,
    tree: &'a dyn Tree,
    found: &'a mut Found,
    /// Files read for this one.
    files: usize,
}

impl Reader<'_> {
    fn file(&mut self, name: &str, text: &str, depth: usize) {
        self.files += 1;
        let (documents, refusal) = documents(text);
        if let Some((reason, detail)) = refusal {
            self.found.skip(name, reason, detail);
        }
        for root in documents {
            let project = Project::new(name, root, self.tree);
            self.project(&project);
            for (path, line) in project.includes() {
                self.include(&project, (&path, line), depth);
            }
        }
    }

    fn project(&mut self, project: &Project<'_>) {
        let services = project.services();
        if services.len() > MAX_COMPOSE_SERVICES {
            let detail = format!("more than {MAX_COMPOSE_SERVICES} services");
            self.found.skip(project.name, SkipReason::TooMany, detail);
        }
        if let Some((key, _)) = project.root.entry("version") {
            let place = super::place(project.name, key.line, key.line);
            let message = "compose takes no notice of `version`".to_owned();
            self.found.flaw("compose-version", place, "", message);
        }
        for (name, line, node) in services.into_iter().take(MAX_COMPOSE_SERVICES) {
            let mut skipped = Vec::new();
            let service = ServiceEntry::resolve(project, (name, line, node), &mut skipped);
            for (reason, detail) in skipped {
                self.found.skip(project.name, reason, detail);
            }
            let mut sink = Sink { service: &service, catalogue: self.catalogue, found: self.found };
            grants::check(&mut sink);
            mounts::check(&mut sink);
            image::check(&mut sink);
            running::check(&mut sink);
            secrets::check(&mut sink);
        }
    }

    fn include(&mut self, project: &Project<'_>, (path, line): (&str, u32), depth: usize) {
        if depth >= MAX_COMPOSE_DEPTH || self.files >= MAX_COMPOSE_FILES {
            let detail = format!("line {line}: {path} is not included: too many or too deep");
            self.found.skip(project.name, SkipReason::TooDeep, detail);
            return;
        }
        match project.beside(path) {
            Err(detail) => self.found.skip(project.name, SkipReason::UnsafePath, detail),
            Ok(inside) => match self.tree.text(&inside) {
                // It may include this one: the depth ends that.
                Some(text) if inside != project.name => self.file(&inside, &text, depth + 1),
                Some(_) => {}
                None => {
                    let detail = format!("line {line}: {inside} is included and not there");
                    self.found.skip(project.name, SkipReason::Unreadable, detail);
                }
            },
        }
    }
}

/// Where the flaws of one service go.
struct Sink<'a, 's> {
    service: &'s ServiceEntry<'s>,
    catalogue: &'a Catalogue,
    found: &'a mut Found,
}

impl Sink<'_, '_> {
    /// A flaw in these lines of the file, or at `extends` when they are another file's.
    fn at(&mut self, rule: &'static str, place: service::Lines, message: String) {
        let service = self.service;
        let (lines, message) = match place.from {
            None => ((place.first, place.last), message),
            Some(from) => {
                let line = service.extends_line.unwrap_or(service.line);
                ((line, line), format!("{message} (from {from})"))
            }
        };
        let place = super::place(service.project.name, lines.0, lines.1);
        self.found.flaw(rule, place, &service.subject(), message);
    }

    /// A flaw of the service as a whole.
    fn whole(&mut self, rule: &'static str, message: &str) {
        let line = self.service.line;
        let place = super::place(self.service.project.name, line, line);
        self.found.flaw(rule, place, &self.service.subject(), message.to_owned());
    }
}
