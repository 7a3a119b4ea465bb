//! How a service runs: who as, within what limits, on which ports, and who notices when it fails.

use super::Sink;
use super::service::Lines;

/// The port of SSH.
const SSH: &str = "22";

pub(super) fn check(sink: &mut Sink<'_, '_>) {
    user(sink);
    ports(sink);
    if let Some(held) = sink.service.at(&["logging", "driver"])
        && held.node.str() == Some("none")
    {
        let message = "logging: none: nothing is left to look at after an attack".to_owned();
        sink.at("compose-logging-off", held.lines(), message);
    }
    if let Some(held) = sink.service.get("healthcheck") {
        let none = held.node.get("test").is_some_and(|test| {
            test.str() == Some("NONE") || test.items().first().and_then(|n| n.str()) == Some("NONE")
        });
        if none || held.node.get("disable").is_some_and(|node| node.is_true()) {
            let message = "the image's own health check is switched off".to_owned();
            sink.at("compose-healthcheck-off", held.lines(), message);
        }
    }
    restart(sink);
    if !sink.service.is_partial() {
        missing(sink);
    }
}

fn user(sink: &mut Sink<'_, '_>) {
    match sink.service.text("user") {
        Some((user, lines)) => {
            let name = user.text.split(':').next().unwrap_or_default().trim();
            let is_zero = !name.is_empty() && name.bytes().all(|b| b == b'0');
            if name == "root" || is_zero {
                sink.at("compose-user-root", lines, format!("user: {}", user.text));
            }
        }
        None if !sink.service.is_partial() => {
            sink.whole("compose-user-missing", "no user is set: the image decides, most for root");
        }
        None => {}
    }
}

/// Rules about what the service has not.
fn missing(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    let has = |paths: &[&[&str]]| paths.iter().any(|path| service.at(path).is_some());
    if service.is_true("read_only").is_none() {
        sink.whole("compose-root-writable", "read_only is not true: what breaks in can stay");
    }
    if !has(&[&["healthcheck"]]) {
        sink.whole("compose-healthcheck-missing", "no healthcheck: hanging looks like running");
    }
    if !has(&[&["restart"], &["deploy", "restart_policy"]]) {
        sink.whole("compose-restart-missing", "no restart policy: once ended it stays so");
    }
    if !has(&[&["mem_limit"], &["deploy", "resources", "limits", "memory"]]) {
        sink.whole("compose-memory-unlimited", "no memory limit: it may take all of the host's");
    }
    let cpu: [&[&str]; 3] = [&["cpus"], &["cpu_quota"], &["deploy", "resources", "limits", "cpus"]];
    if !has(&cpu) {
        sink.whole("compose-cpu-unlimited", "no CPU limit: it may take all of the host's");
    }
    if !has(&[&["pids_limit"], &["deploy", "resources", "limits", "pids"]]) {
        sink.whole("compose-pids-unlimited", "no limit of processes: a fork bomb reaches the host");
    }
}

fn restart(sink: &mut Sink<'_, '_>) {
    let Some((policy, lines)) = sink.service.text("restart") else { return };
    let forever = matches!(policy.text.as_str(), "always" | "unless-stopped" | "on-failure");
    if forever {
        let message = format!("restart: {} has no end", policy.text);
        sink.at("compose-restart-unbounded", lines, message);
    }
}

fn ports(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    let mut published: Vec<(Option<String>, String, String, Lines)> = Vec::new();
    for held in service.all("ports") {
        for item in held.node.items() {
            let lines = held.inside(item);
            if item.is_map() {
                let text = |key: &str| {
                    let node = item.get(key)?;
                    service.project.text(node).map(|text| text.text)
                };
                if let Some(published_port) = text("published") {
                    let target = text("target").unwrap_or_default();
                    published.push((text("host_ip"), published_port, target, lines));
                }
            } else if let Some(text) = service.project.text(item).filter(|text| !text.unknown) {
                let (address, host, target) = split(&text.text);
                if let Some(host) = host {
                    published.push((address, host, target, lines));
                }
            }
        }
    }
    for (address, host, target, lines) in published {
        let open = address
            .as_deref()
            .is_none_or(|address| matches!(address, "" | "0.0.0.0" | "::" | "[::]"));
        if open {
            let message =
                format!("port {host} is open on every interface, past the host's firewall");
            sink.at("compose-port-open", lines.clone(), message);
        }
        if target.split('/').next() == Some(SSH) {
            let message = "the port of SSH is published".to_owned();
            sink.at("compose-port-ssh", lines, message);
        }
    }
}

/// `[[ADDRESS:]HOST:]TARGET[/PROTOCOL]` to its parts.
fn split(text: &str) -> (Option<String>, Option<String>, String) {
    let (address, rest) = match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((address, rest)) => (Some(address.to_owned()), rest),
        None => (None, text),
    };
    let parts: Vec<&str> = rest.rsplitn(3, ':').collect();
    match (parts.as_slice(), address) {
        ([target], address) => (address, None, (*target).to_owned()),
        ([target, host], address) => (address, Some((*host).to_owned()), (*target).to_owned()),
        ([target, host, address, ..], _) => {
            (Some((*address).to_owned()), Some((*host).to_owned()), (*target).to_owned())
        }
        ([], address) => (address, None, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn ports_are_split() {
        let rows = [
            ("80", None, None, "80"),
            ("8080:80", None, Some("8080"), "80"),
            ("127.0.0.1:8080:80/udp", Some("127.0.0.1"), Some("8080"), "80/udp"),
            ("[::1]:8080:80", Some("::1"), Some("8080"), "80"),
            ("127.0.0.1::80", Some("127.0.0.1"), Some(""), "80"),
        ];
        for (text, address, host, target) in rows {
            let expect = (address.map(str::to_owned), host.map(str::to_owned), target.to_owned());
            assert_eq!(split(text), expect, "{text}");
        }
    }
}
