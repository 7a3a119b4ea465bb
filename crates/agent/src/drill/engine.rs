//! `DrillEngine`: what the drill asks of Docker Engine, and nothing else: an image and a container
//! of its own, and their end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::image::SCRIPT;
use crate::AgentError;
use crate::docker::encode;
use crate::limits::ANSWER_MAX_BYTES;

/// What the image is called.
const IMAGE: &str = "lazaret-drill";
const TAG: &str = "now";
/// The label of the drill's container.
const LABEL: &str = "lazaret.drill";
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether the container has ended.
const GLANCE: Duration = Duration::from_millis(200);
/// Memory of the container, in bytes, and its processes.
const MEMORY_BYTES: u64 = 128 * 1024 * 1024;
const PROCESSES: u32 = 64;

/// The engine, as the drill uses it.
pub(super) struct DrillEngine {
    socket: PathBuf,
}

/// What the engine answered.
struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl DrillEngine {
    pub(super) fn new(socket: &Path) -> Self {
        DrillEngine { socket: socket.to_path_buf() }
    }

    /// Makes the image of an archive.
    pub(super) async fn import(&self, archive: Vec<u8>) -> Result<(), AgentError> {
        let path = format!("/images/create?fromSrc=-&repo={IMAGE}&tag={TAG}");
        let answer = self.ask(Method::POST, &path, "application/x-tar", archive).await?;
        // A stream of lines; a failure may come after a good status.
        if String::from_utf8_lossy(&answer.body).contains("\"error\"") {
            return Err(self.refused(&path, &answer));
        }
        self.expect(&path, &answer, &[StatusCode::OK])
    }

    /// Makes the container, which can reach nobody. Gives its id.
    pub(super) async fn create(&self) -> Result<String, AgentError> {
        let asked = json!({
            "Image": format!("{IMAGE}:{TAG}"),
            "Cmd": ["/bin/sh", SCRIPT],
            "Env": ["PATH=/bin"],
            "Labels": {LABEL: "true"},
            "HostConfig": {
                "NetworkMode": "none",
                "Memory": MEMORY_BYTES,
                "PidsLimit": PROCESSES,
                "RestartPolicy": {"Name": "no"},
            },
        });
        let path = "/containers/create";
        let body = asked.to_string().into_bytes();
        let answer = self.ask(Method::POST, path, "application/json", body).await?;
        self.expect(path, &answer, &[StatusCode::CREATED])?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let id = told.get("Id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| self.refused(path, &answer))
    }

    /// Starts the container.
    pub(super) async fn start(&self, id: &str) -> Result<(), AgentError> {
        let path = format!("/containers/{}/start", encode(id));
        let answer = self.ask(Method::POST, &path, "application/json", Vec::new()).await?;
        self.expect(&path, &answer, &[StatusCode::NO_CONTENT])
    }

    /// Waits until the container has ended.
    pub(super) async fn ended(&self, id: &str) -> Result<(), AgentError> {
        let path = format!("/containers/{}/json", encode(id));
        loop {
            tokio::time::sleep(GLANCE).await;
            let answer = self.ask(Method::GET, &path, "application/json", Vec::new()).await?;
            self.expect(&path, &answer, &[StatusCode::OK])?;
            let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if told.pointer("/State/Running").and_then(Value::as_bool) == Some(false) {
                return Ok(());
            }
        }
    }

    /// Removes the containers and the image of this and of earlier drills.
    pub(super) async fn clear(&self) -> Result<(), AgentError> {
        let filter = encode(&json!({"label": [LABEL]}).to_string());
        let path = format!("/containers/json?all=true&filters={filter}");
        let answer = self.ask(Method::GET, &path, "application/json", Vec::new()).await?;
        self.expect(&path, &answer, &[StatusCode::OK])?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let ids = told.as_array().into_iter().flatten().filter_map(|one| one.get("Id")?.as_str());
        let containers = ids.map(|id| format!("/containers/{}?force=true&v=true", encode(id)));
        let image = format!("/images/{IMAGE}:{TAG}?force=true");
        for path in containers.chain([image]) {
            let answer = self.ask(Method::DELETE, &path, "application/json", Vec::new()).await?;
            let gone = [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND];
            self.expect(&path, &answer, &gone)?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Answer, AgentError> {
        let asked = async {
            let stream = UnixStream::connect(&self.socket).await;
            let stream = stream.map_err(|why| self.fault(path, why))?;
            let shaken = handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.map_err(|why| self.fault(path, why))?;
            tokio::spawn(connection);
            let request = Request::builder().method(method).uri(path);
            let request = request.header("host", "docker").header("content-type", kind);
            let request = request.body(Full::new(Bytes::from(body)));
            let request = request.map_err(|why| self.fault(path, why))?;
            let answer = sender.send_request(request).await.map_err(|why| self.fault(path, why))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect().await;
            let body = body.map_err(|why| self.fault(path, why))?.to_bytes();
            Ok(Answer { status, body })
        };
        match timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(self.fault(path, "no answer in time")),
        }
    }

    fn expect(
        &self,
        path: &str,
        answer: &Answer,
        expected: &[StatusCode],
    ) -> Result<(), AgentError> {
        if expected.contains(&answer.status) { Ok(()) } else { Err(self.refused(path, answer)) }
    }

    /// What the engine says of itself, on one line.
    fn refused(&self, path: &str, answer: &Answer) -> AgentError {
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = told.get("message").and_then(Value::as_str).map(str::to_owned);
        let words = words.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
        let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let words: String = words.chars().take(300).collect();
        self.fault(path, format!("{}: {words}", answer.status))
    }

    fn fault(&self, path: &str, why: impl ToString) -> AgentError {
        AgentError::Engine {
            path: self.socket.clone(),
            what: path.chars().take(200).collect(),
            why: why.to_string(),
        }
    }
}
