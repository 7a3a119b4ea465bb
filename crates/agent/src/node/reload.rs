//! SIGHUP: what can change while the node runs is read again. A mistake leaves in force what was, and
//! is told: on standard error and as a record.

use model::{AuditOutcome, AuditRecord};

use super::desk::Desk;
use super::{Node, about, interests};
use crate::detect::Engine;
use crate::respond::ResponseConfig;
use crate::watch::node_name;
use crate::{AgentConfig, AgentError};

/// What it is called in records.
const RELOAD: &str = "reload";

impl Node {
    /// Reads the rules, `detect` and `response` again, each for itself.
    pub(super) fn reload(&self, desk: &Desk) {
        let config = match AgentConfig::load(&self.config_file) {
            Ok(config) => config,
            Err(why) => {
                let why = format!("everything stays as it was: {why}");
                return tell(desk, AuditOutcome::Failure, &why);
            }
        };
        match self.reload_rules(&config) {
            Ok(()) => {
                let text = format!("{} rules from now on", self.engine.len());
                tell(desk, AuditOutcome::Success, &text);
            }
            Err(why) => {
                let text = format!("the rules stay as they were: {why}");
                tell(desk, AuditOutcome::Failure, &text);
            }
        }
        let (outcome, text) = reload_response(desk, config.response);
        tell(desk, outcome, &text);
    }

    fn reload_rules(&self, config: &AgentConfig) -> Result<(), AgentError> {
        let sources = self.rules.as_ref().unwrap_or(&config.rules);
        let engine = Engine::open(sources)?.strict_names(config.detect.strict_names);
        // What else is wanted is the observers', who stay as they began.
        self.watch.want(&interests(&self.config, &engine))?;
        self.engine.replace(engine);
        Ok(())
    }
}

fn reload_response(desk: &Desk, response: ResponseConfig) -> (AuditOutcome, String) {
    let (rules, never) = (response.rules.len(), response.never.len());
    match desk.hands().replace(response) {
        Ok(()) => {
            let text = format!("{rules} rules of response from now on, {never} of `never`");
            (AuditOutcome::Success, text)
        }
        Err(why) => (AuditOutcome::Failure, format!("the responses stay as they were: {why}")),
    }
}

fn tell(desk: &Desk, outcome: AuditOutcome, text: &str) {
    eprintln!("lazaret agent: {text}");
    let record = about(&node_name(), RELOAD, text);
    desk.trail().record(AuditRecord { outcome, ..record });
}
