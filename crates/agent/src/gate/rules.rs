//! `Rules`: the policy and the configuration that hold now, changed together on reload.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use model::Digest;
use policy::Policy;

use crate::AgentError;
use crate::config::{AgentConfig, BUILT_IN_POLICY, read_text};
use crate::limits::POLICY_MAX_BYTES;

/// What holds at one time. A decision uses one of these from its beginning to its end.
#[derive(Debug)]
pub struct Rules {
    /// What the agent is told of its place.
    pub config: AgentConfig,
    /// What may start.
    pub policy: Policy,
    /// The policy's name in decision records.
    pub digest: Digest,
}

/// The rules that hold now. Without any, everything that needs a judge is refused.
#[derive(Debug)]
pub(crate) struct Holding {
    config_file: PathBuf,
    now: RwLock<Held>,
}

#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The configuration that holds, also while there is no policy.
    pub(crate) config: AgentConfig,
    /// The rules, or why there are none.
    pub(crate) rules: Result<Arc<Rules>, String>,
}

impl Rules {
    /// Reads the policy that a configuration names.
    pub fn load(config: AgentConfig) -> Result<Rules, AgentError> {
        let policy = policy_of(&config.policy)?;
        let digest = policy.digest();
        Ok(Rules { config, policy, digest })
    }
}

impl Holding {
    /// Reads both files. A policy that cannot be used is kept as the reason of every refusal.
    pub(crate) fn load(config_file: &Path) -> Result<Self, AgentError> {
        let config = AgentConfig::load(config_file)?;
        let rules = Rules::load(config.clone()).map(Arc::new).map_err(|error| error.to_string());
        let now = RwLock::new(Held { config, rules });
        Ok(Holding { config_file: config_file.to_path_buf(), now })
    }

    /// What holds now.
    pub(crate) fn now(&self) -> Held {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads both files again. When either cannot be used, what held before goes on to hold.
    pub(crate) fn reload(&self) -> Result<Arc<Rules>, AgentError> {
        let rules = Arc::new(Rules::load(AgentConfig::load(&self.config_file)?)?);
        let held = Held { config: rules.config.clone(), rules: Ok(Arc::clone(&rules)) };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(rules)
    }
}

fn policy_of(path: &Path) -> Result<Policy, AgentError> {
    if path == Path::new(BUILT_IN_POLICY) {
        return Ok(Policy::built_in()?);
    }
    let text = read_text(path, POLICY_MAX_BYTES)?.ok_or_else(|| AgentError::File {
        path: path.to_path_buf(),
        why: "there is no policy in it".to_owned(),
    })?;
    Ok(Policy::parse(&path.display().to_string(), &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_policy_keeps_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let policy = |text: &str| std::fs::write(at("policy.yaml"), text).unwrap();
        let config = format!("policy: {}\n", at("policy.yaml").display());
        std::fs::write(at("agent.yaml"), config).unwrap();

        let holding = Holding::load(&at("agent.yaml")).unwrap();
        assert!(holding.now().rules.unwrap_err().contains("there is no policy"));
        policy("version: 1\nrules: [oops\n");
        assert!(holding.reload().is_err());
        policy("version: 1\nrules: [{name: a, decision: deny, malicious: true}]\n");
        let first = holding.reload().unwrap();
        policy("version: 1\nrules: [{name: a, decision: never}]\n");
        let error = holding.reload().unwrap_err().to_string();
        assert!(error.contains("policy.yaml:2"), "{error}");
        assert_eq!(holding.now().rules.unwrap().digest, first.digest);
        policy("version: 1\nrules: [{name: b, decision: deny, malicious: true}]\n");
        assert_ne!(holding.reload().unwrap().digest, first.digest);
        std::fs::write(at("agent.yaml"), "polcy: x\n").unwrap();
        assert!(holding.reload().is_err());
        assert!(holding.now().rules.is_ok());
    }
}
