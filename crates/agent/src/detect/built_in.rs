//! The rules that are on by default.

use policy::rules::RulesFile;

/// `rules/runtime/lazaret.yaml`, then `intrusion.yaml`, which uses its macros.
pub const BUILT_IN: RulesFile<'static> = RulesFile {
    name: "built-in rules",
    text: concat!(
        include_str!("../../../../rules/runtime/lazaret.yaml"),
        include_str!("../../../../rules/runtime/intrusion.yaml")
    ),
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
        assert!(engine.len() > 95, "{}", engine.len());
        // A rule that is asked of every event would want every call from the kernel.
        let wanted = engine.event_types().expect("every rule names its events");
        assert!(wanted.contains("connect") && !wanted.contains("recvmsg"), "{wanted:?}");
        for rule in &loaded.rules {
            assert!(!rule.tags.is_empty() && !rule.description.is_empty(), "{}", rule.name);
        }
    }
}
