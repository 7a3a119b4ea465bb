//! `Collector`: takes components as a reader finds them, gives the inventory.

use std::collections::HashMap;

use model::{Distro, Inventory, Purl, Skip, SkipReason};

use super::component::{Component, Outcome};
use super::limits::{MAX_COMPONENTS, MAX_SHOWN_CHARS, MAX_SKIPS};

/// Takes components as a reader finds them.
#[derive(Default)]
pub(super) struct Collector {
    inventory: Inventory,
    skips: Vec<Skip>,
    /// Skips beyond the bound.
    more_skips: usize,
    components: usize,
    /// The distribution that the document names.
    distro: Option<Distro>,
    /// The distributions that package URLs name, with how many do.
    hints: HashMap<(String, String, String), usize>,
}

impl Collector {
    /// Takes one component, whatever it is.
    pub(super) fn take(&mut self, component: Component) {
        self.components += 1;
        if self.components > MAX_COMPONENTS {
            return;
        }
        match component.read() {
            Outcome::Package(package, hint) => {
                if let Some(distro) = hint {
                    let hint = (distro.id, distro.version, distro.codename);
                    *self.hints.entry(hint).or_default() += 1;
                }
                self.inventory.packages.push(*package);
            }
            Outcome::Distro(distro) => self.distro = self.distro.take().or(Some(distro)),
            Outcome::NoPackage => {}
            Outcome::Skip(reason, detail) => self.skip(&component.label(), reason, detail),
        }
    }

    pub(super) fn content_set(&mut self, name: &str) {
        self.inventory.content_sets.push(name.to_owned());
    }

    pub(super) fn skip(&mut self, what: &str, reason: SkipReason, detail: impl Into<String>) {
        if self.skips.len() >= MAX_SKIPS {
            self.more_skips += 1;
            return;
        }
        let path = what.chars().take(MAX_SHOWN_CHARS).collect();
        self.skips.push(Skip { layer: None, path, reason, detail: detail.into() });
    }

    /// The inventory, sorted, and what was left out.
    pub(super) fn finish(mut self) -> (Inventory, Vec<Skip>) {
        let dropped = self.components.saturating_sub(MAX_COMPONENTS);
        if dropped > 0 {
            self.skips.push(whole(
                SkipReason::TooMany,
                format!("{dropped} components beyond the first {MAX_COMPONENTS}"),
            ));
        }
        if self.more_skips > 0 {
            let detail = format!("{} more components could not be read", self.more_skips);
            self.skips.push(whole(SkipReason::Malformed, detail));
        }
        self.inventory.distro = self.distro.take().or_else(|| most_named(&self.hints));
        for package in self.inventory.packages.iter_mut().filter(|p| p.purl.is_none()) {
            package.purl = Purl::of(package, self.inventory.distro.as_ref()).ok();
        }
        self.inventory.sort();
        (self.inventory, self.skips)
    }
}

fn whole(reason: SkipReason, detail: String) -> Skip {
    Skip { layer: None, path: String::new(), reason, detail }
}

/// The distribution that most package URLs name; of equals the first by name.
fn most_named(hints: &HashMap<(String, String, String), usize>) -> Option<Distro> {
    let best = hints.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)))?;
    let (id, version, codename) = best.0.clone();
    Some(Distro { id, version, codename, ..Distro::default() })
}
