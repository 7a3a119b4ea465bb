//! `Call`: what the runtime asks of the plugin, read from one ttrpc message. Pure.

use prost::Message as _;
use prost::encoding::{DecodeContext, decode_key, skip_field};

use super::frame::{Frames, PLUGIN, REQUEST};
use super::proto::{
    ConfigureRequest, Container, ContainerRequest, PLUGIN_SERVICE, PodSandbox, Request,
    START_CONTAINER, StateChangeEvent, SynchronizeRequest,
};
use crate::limits::NRI_MESSAGE_FIELDS;

/// What the runtime asks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Call {
    /// Who asks, and what the plugin wants to be asked.
    Configure(ConfigureRequest),
    /// What there is already.
    Synchronize(SynchronizeRequest),
    /// A container is about to be made.
    Create(Subject),
    /// A container is about to run its first program.
    Start(Subject),
    /// Anything that needs no decision.
    Notice,
}

/// The container that a question is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Subject {
    pub(super) pod: PodSandbox,
    pub(super) container: Container,
}

/// A question that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadCall {
    /// It is not for a plugin of this version of NRI.
    #[error("there is no service {0:?}")]
    Service(String),
    /// Its message is not what its name says.
    #[error("{method} cannot be read: {why}")]
    Message { method: String, why: String },
}

impl Call {
    /// Reads what a request asks.
    pub(super) fn read(request: &Request) -> Result<Call, BadCall> {
        if request.service != PLUGIN_SERVICE {
            return Err(BadCall::Service(request.service.chars().take(100).collect()));
        }
        let payload = request.payload.as_slice();
        let bad = |why: String| BadCall::Message { method: request.method.clone(), why };
        let undecodable = |why: prost::DecodeError| bad(why.to_string());
        match request.method.as_str() {
            "Configure" => {
                ConfigureRequest::decode(payload).map(Call::Configure).map_err(undecodable)
            }
            "Synchronize" => {
                few_fields(payload).map_err(bad)?;
                SynchronizeRequest::decode(payload).map(Call::Synchronize).map_err(undecodable)
            }
            "CreateContainer" => {
                let told = ContainerRequest::decode(payload).map_err(undecodable)?;
                subject(told.pod, told.container).map(Call::Create).map_err(bad)
            }
            "StartContainer" => {
                let told = ContainerRequest::decode(payload).map_err(undecodable)?;
                subject(told.pod, told.container).map(Call::Start).map_err(bad)
            }
            "StateChange" => {
                let told = StateChangeEvent::decode(payload).map_err(undecodable)?;
                if told.event != START_CONTAINER {
                    return Ok(Call::Notice);
                }
                subject(told.pod, told.container).map(Call::Start).map_err(bad)
            }
            _ => Ok(Call::Notice),
        }
    }
}

/// A container without an id is nobody's: what it would be judged as is not known.
fn subject(pod: Option<PodSandbox>, container: Option<Container>) -> Result<Subject, String> {
    let container = container.filter(|container| !container.id.is_empty());
    let container = container.ok_or_else(|| "it names no container".to_owned())?;
    Ok(Subject { pod: pod.unwrap_or_default(), container })
}

/// An entry may be two bytes long and become hundreds in memory, so their number is bounded, too.
fn few_fields(mut payload: &[u8]) -> Result<(), String> {
    let mut fields = 0;
    while !payload.is_empty() {
        fields += 1;
        if fields > NRI_MESSAGE_FIELDS {
            return Err(format!("it has more than {NRI_MESSAGE_FIELDS} entries"));
        }
        let read = decode_key(&mut payload);
        let (tag, wire) = read.map_err(|why| why.to_string())?;
        let skipped = skip_field(wire, tag, &mut payload, DecodeContext::default());
        skipped.map_err(|why| why.to_string())?;
    }
    Ok(())
}

/// Reads the bytes of a connection as the plugin does, and gives how many questions they held and
/// how many of those were about a container; `None` when they are no frames.
pub fn read_nri_message(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut frames = Frames::default();
    let (mut questions, mut containers) = (0, 0);
    frames.push(bytes);
    while let Some(message) = frames.message().ok()? {
        if message.connection != PLUGIN || message.kind != REQUEST {
            continue;
        }
        let Ok(request) = Request::decode(message.data.as_slice()) else { continue };
        questions += 1;
        if let Ok(Call::Create(told) | Call::Start(told)) = Call::read(&request) {
            super::workload::early(&told, &super::workload::ImageFound::default(), |_, _| false);
            containers += 1;
        }
    }
    Some((questions, containers))
}

#[cfg(test)]
mod tests {
    use super::super::proto::{Known, RUNTIME_SERVICE};
    use super::*;

    fn ask(method: &str, payload: Vec<u8>) -> Result<Call, BadCall> {
        let service = PLUGIN_SERVICE.to_owned();
        Call::read(&Request { service, method: method.to_owned(), payload, timeout_nano: 0 })
    }

    fn container() -> Option<Container> {
        Some(Container { id: "c".to_owned(), ..Container::default() })
    }

    #[test]
    fn a_start_is_told_in_two_ways() {
        let direct = ContainerRequest { pod: None, container: container() }.encode_to_vec();
        let event =
            |event| StateChangeEvent { event, pod: None, container: container() }.encode_to_vec();
        let start = ask("StartContainer", direct.clone()).unwrap();
        assert!(matches!(&start, Call::Start(told) if told.container.id == "c"));
        assert_eq!(ask("StateChange", event(START_CONTAINER)).unwrap(), start);
        assert_eq!(ask("StateChange", event(11)).unwrap(), Call::Notice);
        assert!(matches!(ask("CreateContainer", direct).unwrap(), Call::Create(_)));
        assert_eq!(ask("RunPodSandbox", Vec::new()).unwrap(), Call::Notice);
    }

    #[test]
    fn what_cannot_be_judged_is_no_notice() {
        for method in ["CreateContainer", "StartContainer"] {
            assert!(ask(method, Vec::new()).is_err());
            assert!(ask(method, vec![0xff]).is_err());
        }
        let nobody = StateChangeEvent { event: START_CONTAINER, ..StateChangeEvent::default() };
        assert!(ask("StateChange", nobody.encode_to_vec()).is_err());
        let service = RUNTIME_SERVICE.to_owned();
        let request = Request { service, ..Request::default() };
        assert!(matches!(Call::read(&request), Err(BadCall::Service(_))));
    }

    /// A socket's bytes with every byte broken in turn: nothing panics, and none becomes two.
    #[test]
    fn broken_bytes_are_read_calmly() {
        let told = ContainerRequest { pod: Some(PodSandbox::default()), container: container() };
        let request = Request {
            service: PLUGIN_SERVICE.to_owned(),
            method: "CreateContainer".to_owned(),
            payload: told.encode_to_vec(),
            timeout_nano: 1,
        };
        let data = request.encode_to_vec();
        let message =
            super::super::frame::Message { connection: PLUGIN, stream: 1, kind: REQUEST, data };
        let bytes = super::super::frame::framed(&message);
        assert_eq!(read_nri_message(&bytes), Some((1, 1)));
        for at in 0..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut broken = bytes.clone();
                broken[at] = value;
                let read = read_nri_message(&broken);
                assert!(read.is_none_or(|(questions, containers)| containers <= questions.min(1)));
            }
            assert_eq!(read_nri_message(&bytes[..at]), Some((0, 0)));
        }
    }

    #[test]
    fn entries_are_counted_before_they_are_made() {
        let many = vec![Known::default(); NRI_MESSAGE_FIELDS + 1];
        let told = SynchronizeRequest { containers: many, ..SynchronizeRequest::default() };
        let error = ask("Synchronize", told.encode_to_vec()).unwrap_err();
        assert!(error.to_string().contains("entries"), "{error}");
    }
}
