//! What a container was started with, as the engine's document of it says.

use model::Subject;
use serde_json::Value;

use crate::facts::docker::{set, short};
use crate::facts::engine::{Document, Engine};
use crate::facts::limits::EXECS_MAX;

/// Ports below this one are the system's own.
const FIRST_FREE_PORT: u16 = 1024;

pub(super) fn say_limits(document: &Document, subject: &mut Subject) {
    let number = |name: &str| document.number(&format!("/HostConfig/{name}"));
    subject.say("container.memory_bytes", number("Memory"));
    subject.say("container.cpu_shares", number("CpuShares"));
    subject.say("container.nano_cpus", number("NanoCpus"));
    subject.say("container.cpu_quota", number("CpuQuota"));
    subject.say("container.pids_limit", number("PidsLimit"));
    subject.say("container.restart_retries", number("RestartPolicy/MaximumRetryCount"));
    let policy = document.text("/HostConfig/RestartPolicy/Name");
    subject.say("container.restart_policy", word_or(policy, "no"));
    subject.say("container.read_only_rootfs", document.flag("/HostConfig/ReadonlyRootfs"));
    let is_host = |mode: &str| document.text(&format!("/HostConfig/{mode}")) == "host";
    subject.say("container.host_uts", is_host("UTSMode"));
    subject.say("container.host_userns", is_host("UsernsMode"));
    let parent = document.text("/HostConfig/CgroupParent");
    subject.say("container.cgroup_parent", word_or(parent, "default"));
    subject.say("container.health", word_or(document.text("/State/Health/Status"), "none"));
    subject.say("container.devices", devices(document));
}

/// Devices of the host, drivers' devices, and rules that open whole classes of devices.
fn devices(document: &Document) -> Vec<String> {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let paths = document.items("/HostConfig/Devices").map(|device| text(device, "PathOnHost"));
    let requests = document
        .items("/HostConfig/DeviceRequests")
        .map(|request| format!("driver {}", word_or(&text(request, "Driver"), "default")));
    let rules = document.texts("/HostConfig/DeviceCgroupRules");
    let rules = rules.into_iter().map(|rule| format!("rule {rule}"));
    set(paths.chain(requests).chain(rules))
}

pub(super) fn say_ports(document: &Document, subject: &mut Subject) {
    let (mut published, mut host_ports) = (Vec::new(), Vec::new());
    let (mut low, mut addresses) = (Vec::new(), Vec::new());
    for (inner, bindings) in document.entries("/NetworkSettings/Ports") {
        let protocol = inner.split('/').nth(1).unwrap_or("tcp");
        for binding in bindings.as_array().into_iter().flatten() {
            let binding = Document(binding.clone());
            let address = word_or(binding.text("/HostIp"), "0.0.0.0");
            let port = binding.text("/HostPort");
            published.push(format!("{address}:{port}->{inner}"));
            host_ports.push(format!("{port}/{protocol}"));
            if port.parse::<u16>().is_ok_and(|port| port < FIRST_FREE_PORT) {
                low.push(format!("{port}/{protocol}"));
            }
            addresses.push(address);
        }
    }
    subject.say("container.published_ports", set(published));
    subject.say("container.host_ports", set(host_ports));
    subject.say("container.privileged_ports", set(low));
    subject.say("container.published_addresses", set(addresses));
}

/// Sessions of `docker exec` that run at this moment.
pub(super) async fn say_execs(engine: &mut Engine, document: &Document, subject: &mut Subject) {
    let (mut privileged, mut as_root) = (0_usize, 0_usize);
    let root = subject.facts.get("container.user_id") == Some(&model::FactValue::Number(0));
    for id in document.texts("/ExecIDs").into_iter().take(EXECS_MAX) {
        // A session may end at any time.
        let Ok(session) = engine.object(&format!("/exec/{id}/json")).await else { continue };
        if !session.flag("/Running") {
            continue;
        }
        privileged += usize::from(session.flag("/ProcessConfig/privileged"));
        let user = session.text("/ProcessConfig/user").split(':').next().unwrap_or_default();
        as_root += usize::from(match user {
            "" => root,
            user => matches!(user, "root" | "0"),
        });
    }
    subject.say("container.privileged_execs", privileged);
    subject.say("container.root_execs", as_root);
}

pub(super) fn word_or(word: &str, empty: &str) -> String {
    short(if word.is_empty() { empty } else { word })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_and_devices() {
        let document = Document(json!({
            "NetworkSettings": {"Ports": {
                "80/tcp": [{"HostIp": "", "HostPort": "443"}, {"HostIp": "::", "HostPort": "443"}],
                "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
                "81/tcp": null
            }},
            "HostConfig": {
                "Devices": [{"PathOnHost": "/dev/kvm"}],
                "DeviceCgroupRules": ["c 1:* rwm"],
                "DeviceRequests": [{"Driver": ""}]
            }
        }));
        let mut subject = Subject::new("container", "c");
        say_ports(&document, &mut subject);
        let texts = |words: &[&str]| {
            Some(model::FactValue::List(words.iter().map(|w| (*w).to_owned()).collect()))
        };
        let fact = |name: &str| subject.facts.get(name).cloned();
        assert_eq!(fact("container.privileged_ports"), texts(&["443/tcp"]));
        assert_eq!(fact("container.published_addresses"), texts(&["0.0.0.0", "127.0.0.1", "::"]));
        assert_eq!(fact("container.host_ports"), texts(&["443/tcp", "5353/udp"]));
        assert_eq!(devices(&document), ["/dev/kvm", "driver default", "rule c 1:* rwm"]);
    }
}
