//! Alerts about the network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Alert, AlertSource, Priority};

use super::flow::{End, Flow};
use super::scan::Scan;
use crate::detect::Observed;
use crate::watch::{command_line, container, initiator};

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Notice<'a> {
    /// A port is listened on that is not in the baseline.
    Listener(u16),
    /// Somebody is spoken to who is not in the baseline.
    Egress(End),
    Scan(Scan),
    /// A cloud's service for its machines.
    Metadata(IpAddr, &'static str),
    /// A port on which pools listen.
    PoolPort(End),
    /// A pool's name was asked for.
    PoolName(&'a str),
    /// Words of the stratum protocol were sent.
    Stratum(&'static str),
}

impl Notice<'_> {
    pub(super) fn rule(&self) -> &'static str {
        match self {
            Notice::Listener(_) => "Unexpected listener",
            Notice::Egress(_) => "Unexpected connection to the outside",
            Notice::Scan(_) => "Port scan from a container",
            Notice::Metadata(..) => "Cloud's metadata service asked",
            Notice::PoolPort(_) => "Connection to a port of mining pools",
            Notice::PoolName(_) => "Name of a mining pool asked for",
            Notice::Stratum(_) => "Words of a mining protocol sent",
        }
    }

    fn priority(&self) -> Priority {
        match self {
            Notice::Listener(_) | Notice::Egress(_) | Notice::PoolPort(_) => Priority::Warning,
            Notice::Metadata(..) => Priority::Notice,
            Notice::Scan(_) | Notice::PoolName(_) => Priority::Error,
            Notice::Stratum(_) => Priority::Critical,
        }
    }

    fn technique(&self) -> &'static str {
        match self {
            Notice::Listener(_) => "T1571",
            Notice::Egress(_) => "T1071",
            Notice::Scan(_) => "T1046",
            Notice::Metadata(..) => "T1552.005",
            Notice::PoolPort(_) | Notice::PoolName(_) | Notice::Stratum(_) => "T1496",
        }
    }

    /// What makes two notices of a workload the same.
    pub(super) fn key(&self, peer: &str) -> String {
        match self {
            Notice::Listener(port) => format!("listen {port}"),
            Notice::Egress((_, port)) | Notice::PoolPort((_, port)) => {
                format!("{} {peer} {port}", self.rule())
            }
            Notice::Scan(Scan::Ports(ip, _)) => format!("scan {ip}"),
            Notice::Scan(Scan::Hosts(port, _)) => format!("scan {port}"),
            Notice::Metadata(ip, _) => format!("metadata {ip}"),
            Notice::PoolName(name) => format!("pool {name}"),
            Notice::Stratum(_) => "stratum".to_owned(),
        }
    }

    fn what(&self, peer: &str) -> String {
        match self {
            Notice::Listener(port) => format!("listens on port {port}, as this workload never did"),
            Notice::Egress(end) => {
                format!("speaks with {}{}, as this workload never did", told(*end), named(peer))
            }
            Notice::Scan(Scan::Ports(ip, count)) => {
                format!("tried {count} ports of {ip} within seconds")
            }
            Notice::Scan(Scan::Hosts(port, count)) => {
                format!("tried port {port} of {count} hosts within seconds")
            }
            Notice::Metadata(ip, whose) => {
                format!("asks {ip}, where a cloud ({whose}) gives settings or credentials")
            }
            Notice::PoolPort(end) => {
                format!("speaks with {}, a port on which mining pools listen", told(*end))
            }
            Notice::PoolName(name) => format!("asks for the address of {name}"),
            Notice::Stratum(word) => format!("sends {word}, as miners do to their pool"),
        }
    }
}

fn named(peer: &str) -> String {
    let is_workload = peer.contains(':') && !peer.ends_with("/64");
    if is_workload { format!(" ({peer})") } else { String::new() }
}

/// An end as it is written.
pub(super) fn told(end: End) -> String {
    match end {
        (IpAddr::V6(ip), port) => format!("[{ip}]:{port}"),
        (ip, port) => format!("{ip}:{port}"),
    }
}

/// Makes the alert.
pub(super) fn alert(
    seen: &Observed<'_>,
    flow: &Flow<'_>,
    notice: &Notice<'_>,
    workload: &str,
    peer: &str,
) -> Alert {
    let of = container(seen);
    let label =
        of.as_ref().map_or("host", |one| if one.name.is_empty() { &one.id } else { &one.name });
    let image = of.as_ref().map(|one| one.image.as_str()).filter(|image| !image.is_empty());
    let image = image.map(|image| format!(" ({image})")).unwrap_or_default();
    let command = command_line(seen.process);
    let (rule, what) = (notice.rule(), notice.what(peer));
    let mut fields = BTreeMap::new();
    let mut put = |name: &str, value: Option<String>| fields.insert(name.to_owned(), value);
    put("workload", Some(workload.to_owned()));
    put("fd.l4proto", Some(flow.protocol.to_owned()));
    put("fd.name", flow.remote.or(flow.local).map(told));
    put("fd.rip", flow.remote.map(|(ip, _)| ip.to_string()));
    put("fd.rport", flow.remote.map(|(_, port)| port.to_string()));
    put("fd.lport", flow.local.map(|(_, port)| port.to_string()));
    put("peer", Some(peer.to_owned()).filter(|peer| !peer.is_empty()));
    put("evt.rawres", Some(flow.result.to_string()));
    put("proc.cmdline", Some(command.clone()));
    put("container.name", of.as_ref().map(|one| one.name.clone()));
    Alert {
        time_ns: seen.boot_ns.saturating_add(i64::try_from(seen.event.time_ns).unwrap_or(i64::MAX)),
        rule: rule.to_owned(),
        source: AlertSource::Network,
        priority: notice.priority(),
        tags: ["container", "network", notice.technique()].map(str::to_owned).to_vec(),
        text: format!("{rule}: {label}{image}: {command} {what}"),
        fields,
        initiator: Some(initiator(seen)),
        container: of,
        image: None,
        node: seen.node.to_owned(),
        times: 1,
    }
}
