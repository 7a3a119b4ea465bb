//! Networks: the default bridge and who is on it, overlays and whether they are encrypted.

use std::collections::BTreeMap;

use model::{Observation, Subject};
use serde::Deserialize;
use serde_json::Value;

use super::super::engine::Engine;
use super::super::limits::NETWORKS_MAX;
use super::{set, short};

const DEFAULT_BRIDGE: &str = "com.docker.network.bridge.default_bridge";
const ICC: &str = "com.docker.network.bridge.enable_icc";

/// A line of the engine's list.
#[derive(Debug, Deserialize)]
pub(super) struct Network {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Name", default)]
    name: String,
    #[serde(rename = "Driver", default)]
    driver: String,
    #[serde(rename = "Ingress", default)]
    ingress: bool,
    #[serde(rename = "Options", default)]
    options: Option<BTreeMap<String, String>>,
}

impl Network {
    fn option(&self, name: &str) -> Option<&str> {
        self.options.as_ref()?.get(name).map(String::as_str)
    }

    pub(super) fn is_default_bridge(&self) -> bool {
        self.option(DEFAULT_BRIDGE) == Some("true")
    }

    /// Whether its containers reach each other; `None` when it does not say.
    pub(super) fn lets_containers_talk(&self) -> Option<bool> {
        self.option(ICC).map(|value| value != "false")
    }
}

pub(super) async fn list(engine: &mut Engine) -> Result<Vec<Network>, String> {
    engine.list("/networks").await
}

pub(super) async fn look(
    engine: &mut Engine,
    networks: Result<Vec<Network>, String>,
    out: &mut Observation,
) {
    let networks = match networks {
        Ok(networks) => networks,
        Err(why) => return out.miss("network", why),
    };
    if networks.len() > NETWORKS_MAX {
        let left = networks.len() - NETWORKS_MAX;
        out.miss("network", format!("{left} of {} networks were not looked at", networks.len()));
    }
    for network in networks.into_iter().take(NETWORKS_MAX) {
        let mut subject = Subject::new("network", short(&network.name));
        subject.say("network.driver", short(&network.driver));
        subject.say("network.default_bridge", network.is_default_bridge());
        subject.say("network.ingress", network.ingress);
        // The option counts by being there, whatever its value.
        subject.say("network.encrypted", network.option("encrypted").is_some());
        if network.is_default_bridge() {
            let whole = engine.object(&format!("/networks/{}", network.id)).await;
            let containers = whole.map(|whole| {
                let names = whole.entries("/Containers").map(|(id, container)| {
                    container.get("Name").and_then(Value::as_str).unwrap_or(id).to_owned()
                });
                set(names)
            });
            subject.say_or_miss("network.containers", containers);
        }
        out.add(subject);
    }
}
