//! `TemplateScanner`: templates to flaws, with what their comments ask to ignore marked.

use model::SkipReason;

use super::ignore::{self, IgnoreComment};
use super::{
    Catalogue, Found, Template, TemplateKind, TemplateRuleError, Tree, compose, dockerfile,
    kubernetes,
};
use crate::limits::MAX_TEMPLATE_FLAWS;

/// Looks for flaws in templates. Cheap to share; hold one for a whole run.
#[derive(Debug)]
pub struct TemplateScanner {
    catalogue: Catalogue,
}

impl TemplateScanner {
    /// A scanner with the rules that come with the program.
    pub fn built_in() -> Result<Self, TemplateRuleError> {
        Ok(Self::new(Catalogue::built_in()?))
    }

    /// A scanner with these rules.
    pub fn new(catalogue: Catalogue) -> Self {
        TemplateScanner { catalogue }
    }

    /// The rules.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Looks through templates that belong together: Kubernetes objects may speak of each other
    /// across files. Flaws come in order of file and line; those of rules that are off do not.
    pub fn scan(&self, templates: &[Template<'_>], tree: &dyn Tree) -> Found {
        let mut found = Found::default();
        for template in templates {
            match template.kind {
                TemplateKind::Dockerfile => {
                    dockerfile::check(template, (&self.catalogue, tree), &mut found);
                }
                TemplateKind::Compose => {
                    compose::check(template, (&self.catalogue, tree), &mut found);
                }
                TemplateKind::Kubernetes => {}
            }
        }
        let manifests: Vec<Template<'_>> =
            templates.iter().filter(|t| t.kind == TemplateKind::Kubernetes).copied().collect();
        if !manifests.is_empty() {
            kubernetes::check(&manifests, &self.catalogue, &mut found);
        }
        if found.flaws.len() >= MAX_TEMPLATE_FLAWS {
            let detail = format!("no more than {MAX_TEMPLATE_FLAWS} flaws are told of one tree");
            found.skip("", SkipReason::TooMany, detail);
        }
        for template in templates.iter().filter(|t| t.kind == TemplateKind::Dockerfile) {
            for comment in ignore::comments(template) {
                let message = format!("the comment speaks of {}", comment.names.join(", "));
                let at = super::place(template.name, comment.line, comment.line);
                found.flaw("dockerfile-ignore-comment", at, "", message);
            }
        }
        found.flaws.retain(|flaw| self.catalogue.is_enabled(flaw.rule));
        found.flaws.sort();
        found.flaws.dedup();
        self.excuse(templates, &mut found);
        found
    }

    fn excuse(&self, templates: &[Template<'_>], found: &mut Found) {
        for template in templates {
            let comments = ignore::comments(template);
            if comments.is_empty() {
                continue;
            }
            let of_file = |file: &str| file == template.name;
            for flaw in found.flaws.iter_mut().filter(|flaw| of_file(&flaw.place.file)) {
                let takes = |comment: &&IgnoreComment| {
                    comment.covers(flaw.place.first_line)
                        && comment.names.iter().any(|name| self.catalogue.means(flaw.rule, name))
                };
                if flaw.ignored.is_none() {
                    flaw.ignored = comments.iter().find(takes).cloned();
                }
            }
        }
    }
}
