//! EXPOSE.

use super::Sink;
use super::state::{State, Step};

/// The port of SSH.
const SSH: u32 = 22;

/// Rules about ports.
pub(super) fn check(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let instruction = step.instruction;
    for word in instruction.words() {
        let expanded = state.expand(&word);
        let text = expanded.text.as_str();
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        if ports.contains(':') && !expanded.unknown {
            let message = format!("{text}: a host port has no meaning in EXPOSE");
            sink.at("dockerfile-port-host", instruction, step.subject, message);
            continue;
        }
        if expanded.unknown {
            continue;
        }
        let range = ports.split_once('-').unwrap_or((ports, ports));
        let (first, last) = (range.0.parse::<u32>(), range.1.parse::<u32>());
        let valid = match (&first, &last) {
            (Ok(first), Ok(last)) => first <= last && *last <= u32::from(u16::MAX),
            _ => false,
        };
        let known = ["tcp", "udp", "sctp"].iter().any(|word| word.eq_ignore_ascii_case(protocol));
        if !valid || !known {
            let message = format!("{text} is no port: 0 to 65535, /tcp, /udp or /sctp");
            sink.at("dockerfile-port-invalid", instruction, step.subject, message);
        } else if (first.unwrap_or(0)..=last.unwrap_or(0)).contains(&SSH)
            && !protocol.eq_ignore_ascii_case("udp")
        {
            let message = format!("{text}: the port of SSH");
            sink.at("dockerfile-port-ssh", instruction, step.subject, message);
        }
    }
}
