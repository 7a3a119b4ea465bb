//! The rules that are on by default.

use policy::rules::RulesFile;

/// `rules/runtime/lazaret.yaml`.
pub const BUILT_IN: RulesFile<'static> = RulesFile {
    name: "built-in rules",
    text: include_str!("../../../../rules/runtime/lazaret.yaml"),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Engine;

    #[test]
    fn every_rule_is_asked_and_nothing_is_wrong() {
        let engine = Engine::load(&[BUILT_IN]);
        let loaded = engine.loaded();
        assert!(loaded.errors.is_empty(), "{:#?}", loaded.errors);
        assert!(loaded.skipped.is_empty(), "{:#?}", loaded.skipped);
        let warnings: Vec<_> = loaded.warnings().collect();
        assert!(warnings.is_empty(), "{warnings:#?}");
        assert!(engine.len() > 35, "{}", engine.len());
        for rule in &loaded.rules {
            assert!(!rule.tags.is_empty() && !rule.description.is_empty(), "{}", rule.name);
        }
    }
}
