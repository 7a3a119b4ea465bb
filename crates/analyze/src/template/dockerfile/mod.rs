//! Dockerfiles to flaws: read, then walked stage by stage with what is known at each instruction.
//!
//! Nothing is built and no image is asked for: of a base image only its name counts here. What a
//! variable holds is known when the file says so.

mod base;
mod commands;
mod file;
mod files;
mod instruction;
mod labels;
mod lines;
mod packages;
mod ports;
mod secrets;
mod shell;
mod shell_text;
mod state;
mod structure;
#[cfg(test)]
mod tests;
mod trust;
mod user;

use model::SkipReason;

use super::{Catalogue, Found, ImageUse, Template, Tree, place};
use file::File;
use instruction::Instruction;
pub(super) use secrets::{is_secret_name, is_value as is_literal_secret};

/// Looks through one Dockerfile.
pub(super) fn check(
    template: &Template<'_>,
    (catalogue, tree): (&Catalogue, &dyn Tree),
    found: &mut Found,
) {
    let file = File::read(template.text);
    if file.cut {
        found.skip(template.name, SkipReason::TooMany, "more instructions than are read");
    }
    if file.stages.is_empty() && !file.head.iter().any(Instruction::is_known) {
        if !template.text.trim().is_empty() {
            let detail = "no instruction of a Dockerfile is in it";
            found.skip(template.name, SkipReason::Malformed, detail);
        }
        return;
    }
    let mut sink = Sink { name: template.name, catalogue, tree, found };
    structure::check(&file, &mut sink);
    base::check(&file, &mut sink);
    state::walk(&file, &mut sink);
}

/// Where flaws of one Dockerfile go.
pub(super) struct Sink<'a> {
    name: &'a str,
    catalogue: &'a Catalogue,
    tree: &'a dyn Tree,
    found: &'a mut Found,
}

impl Sink<'_> {
    /// A flaw of an instruction.
    fn at(&mut self, rule: &'static str, at: &Instruction, subject: &str, message: String) {
        self.lines(rule, (at.first_line, at.last_line), subject, message);
    }

    /// A flaw in some lines.
    fn lines(
        &mut self,
        rule: &'static str,
        (first, last): (u32, u32),
        subject: &str,
        message: String,
    ) {
        self.found.flaw(rule, place(self.name, first, last), subject, message);
    }

    /// An image that is built on or copied from.
    fn image(&mut self, image: &str, at: &Instruction, subject: &str) {
        let place = place(self.name, at.first_line, at.first_line);
        let (image, subject) = (image.to_owned(), subject.to_owned());
        self.found.images.push(ImageUse { image, place, subject });
    }

    /// Whether the folder of the template, or the root, has a `.dockerignore`.
    fn has_dockerignore(&self) -> bool {
        let folder = self.name.rsplit_once('/').map(|(folder, _)| folder);
        let beside = |name: &str| match folder {
            Some(folder) => format!("{folder}/{name}"),
            None => name.to_owned(),
        };
        let own = format!("{}.dockerignore", self.name);
        [own, beside(".dockerignore"), beside(".containerignore"), ".dockerignore".to_owned()]
            .iter()
            .any(|path| self.tree.text(path).is_some())
    }
}
