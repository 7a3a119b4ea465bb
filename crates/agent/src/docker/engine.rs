//! `EngineApi`: the questions that the plugin asks the daemon back, over its unix socket.
//!
//! Its own client instead of a typed one: answers go through the same reader as requests, and no
//! API version is named, so that every daemon answers in its own. The daemon asks the plugin about
//! each of these requests too; all are reads, which the plugin allows without asking back.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::json::{Fields, Node};
use crate::AgentError;
use crate::limits::{ANSWER_MAX_BYTES, ANSWER_TIMEOUT_MS, IDLE_CONNECTIONS};

type Sender = SendRequest<Empty<Bytes>>;

/// A client of one daemon.
#[derive(Debug)]
pub struct EngineApi {
    socket: PathBuf,
    idle: Mutex<Vec<Sender>>,
}

/// An answer that goes on and on.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Without it the connection ends while the answer is read.
    _sender: Sender,
    pub(crate) body: Incoming,
}

impl EngineApi {
    /// A client of the daemon that listens on a unix socket. Connects when it is first asked.
    pub fn new(socket: &Path) -> Self {
        EngineApi { socket: socket.to_path_buf(), idle: Mutex::new(Vec::new()) }
    }

    /// The number of a container's first process; `None` when it does not run or is not known.
    pub(crate) async fn first_process(&self, id: &str) -> Option<u32> {
        let object = self.object(&format!("/containers/{}/json", encode(id))).await.ok()??;
        let state = Fields::of("the container", &object).and_then(|it| it.fields("State")).ok()?;
        let pid = state.integer("Pid").ok()??;
        u32::try_from(pid).ok().filter(|pid| *pid > 0)
    }

    /// An object, as JSON; `None` when the daemon knows none of that name.
    pub(crate) async fn object(&self, path: &str) -> Result<Option<Node>, AgentError> {
        let asked = timeout(Duration::from_millis(ANSWER_TIMEOUT_MS), self.ask(path));
        let (status, body) = match asked.await {
            Ok(answer) => answer?,
            Err(_) => return Err(self.fault(path, "no answer in time")),
        };
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => Node::parse(&body).map(Some).map_err(|bad| self.fault(path, bad)),
            other => Err(self.fault(path, format!("status {other}"))),
        }
    }

    /// Stops a container, giving it the time that it asks for.
    pub(crate) async fn stop(&self, id: &str) -> Result<(), AgentError> {
        let path = format!("/containers/{}/stop", encode(id));
        let mut sender = self.connect(&path).await?;
        let response = self.send(&mut sender, Method::POST, &path).await?;
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        Err(self.fault(&path, format!("status {status}")))
    }

    /// Asks for something to be done, and gives the status that it was answered with.
    pub(crate) async fn post(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<StatusCode, AgentError> {
        let asked = async {
            let mut sender = self.connect(path).await?;
            self.send(&mut sender, Method::POST, path).await.map(|response| response.status())
        };
        match timeout(patience, asked).await {
            Ok(status) => status,
            Err(_) => Err(self.fault(path, "no answer in time")),
        }
    }

    /// An endless answer, such as events; ended by the daemon or by dropping it.
    pub(crate) async fn stream(&self, path: &str) -> Result<Stream, AgentError> {
        let mut sender = self.connect(path).await?;
        let response = self.send(&mut sender, Method::GET, path).await?;
        match response.status() {
            StatusCode::OK => Ok(Stream { _sender: sender, body: response.into_body() }),
            other => Err(self.fault(path, format!("status {other}"))),
        }
    }

    async fn ask(&self, path: &str) -> Result<(StatusCode, Bytes), AgentError> {
        while let Some(mut sender) = self.take() {
            // An idle connection may have been closed meanwhile: then the next one, or a new one.
            if sender.ready().await.is_ok()
                && let Ok(response) = self.send(&mut sender, Method::GET, path).await
            {
                return self.read(sender, response, path).await;
            }
        }
        let mut sender = self.connect(path).await?;
        let response = self.send(&mut sender, Method::GET, path).await?;
        self.read(sender, response, path).await
    }

    async fn read(
        &self,
        sender: Sender,
        response: Response<Incoming>,
        path: &str,
    ) -> Result<(StatusCode, Bytes), AgentError> {
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await;
        let body = body.map_err(|error| self.fault(path, error))?.to_bytes();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push(sender);
        }
        Ok((status, body))
    }

    fn take(&self) -> Option<Sender> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn connect(&self, path: &str) -> Result<Sender, AgentError> {
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|error| self.fault(path, error))?;
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| self.fault(path, error))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn send(
        &self,
        sender: &mut Sender,
        method: Method,
        path: &str,
    ) -> Result<Response<Incoming>, AgentError> {
        let request = Request::builder().method(method).uri(path).header("host", "docker");
        let request = request.body(Empty::new()).map_err(|error| self.fault(path, error))?;
        sender.send_request(request).await.map_err(|error| self.fault(path, error))
    }

    fn fault(&self, path: &str, why: impl ToString) -> AgentError {
        AgentError::Engine {
            path: self.socket.clone(),
            what: path.chars().take(200).collect(),
            why: why.to_string(),
        }
    }
}

/// A name as one part of a path: everything but letters, digits and `-._~` is encoded.
pub(crate) fn encode(name: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn names_stay_one_part() {
        assert_eq!(encode("web-1.a_b~"), "web-1.a_b~");
        assert_eq!(encode("127.0.0.1:5/a?b#c d"), "127.0.0.1%3A5%2Fa%3Fb%23c%20d");
        assert_eq!(encode("../x\n"), "..%2Fx%0A");
    }
}
