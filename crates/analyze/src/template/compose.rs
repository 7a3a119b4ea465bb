//! Compose files to flaws.

use super::{Catalogue, Found, Template, Tree};

/// Looks through one compose file.
pub(super) fn check(_template: &Template<'_>, _rules: (&Catalogue, &dyn Tree), _found: &mut Found) {}
