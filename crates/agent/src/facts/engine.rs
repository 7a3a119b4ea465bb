//! The engine's API over its unix socket: reads only, each within a size and a time.

use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::limits::{ENGINE_ANSWER_TIMEOUT, ENGINE_LIST_BYTES, ENGINE_OBJECT_BYTES};

/// A connection to the engine.
pub(crate) struct Engine {
    socket: PathBuf,
    sender: Option<SendRequest<Empty<Bytes>>>,
    /// The process at the other end.
    pub(crate) pid: Option<u32>,
}

impl Engine {
    pub(crate) fn new(socket: &Path) -> Engine {
        Engine { socket: socket.to_path_buf(), sender: None, pid: None }
    }

    /// An object of the engine.
    pub(crate) async fn object(&mut self, path: &str) -> Result<Document, String> {
        let bytes = self.ask(path, ENGINE_OBJECT_BYTES).await?;
        serde_json::from_slice(&bytes).map(Document).map_err(|error| format!("{path}: {error}"))
    }

    /// A list, of which only what `T` names is kept.
    pub(crate) async fn list<T: DeserializeOwned>(&mut self, path: &str) -> Result<Vec<T>, String> {
        let bytes = self.ask(path, ENGINE_LIST_BYTES).await?;
        let list: Option<Vec<T>> =
            serde_json::from_slice(&bytes).map_err(|error| format!("{path}: {error}"))?;
        Ok(list.unwrap_or_default())
    }

    async fn ask(&mut self, path: &str, max_bytes: usize) -> Result<Bytes, String> {
        let answer = timeout(ENGINE_ANSWER_TIMEOUT, self.answer(path, max_bytes)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(format!("no answer within {} s", ENGINE_ANSWER_TIMEOUT.as_secs()))
        });
        if answer.is_err() {
            self.sender = None;
        }
        answer.map_err(|why| format!("the engine at {}, {path}: {why}", self.socket.display()))
    }

    async fn answer(&mut self, path: &str, max_bytes: usize) -> Result<Bytes, String> {
        let request = Request::get(path).header("Host", "docker").body(Empty::new());
        let request = request.map_err(|error| error.to_string())?;
        let response = self.sender().await?.send_request(request).await;
        let response = response.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), max_bytes).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        let told: Option<Document> = serde_json::from_slice(&body).ok().map(Document);
        let told = told.as_ref().map_or("", |told| told.text("/message"));
        Err(format!("{status} {told}"))
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Empty<Bytes>>, String> {
        let ready = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            let stream = UnixStream::connect(&self.socket).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
            self.pid = peer.and_then(|pid| u32::try_from(pid).ok());
            let shaken = handshake(TokioIo::new(stream)).await;
            let (sender, connection) = shaken.map_err(|error| error.to_string())?;
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "not connected".to_owned())
    }
}

/// A JSON document, asked by pointers (RFC 6901). What is absent or null reads as empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document(pub(crate) Value);

impl Document {
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn flag(&self, pointer: &str) -> bool {
        self.at(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn number(&self, pointer: &str) -> i64 {
        self.at(pointer).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(crate) fn texts(&self, pointer: &str) -> Vec<&str> {
        self.items(pointer).filter_map(Value::as_str).collect()
    }

    pub(crate) fn items(&self, pointer: &str) -> impl Iterator<Item = &Value> {
        self.at(pointer).and_then(Value::as_array).into_iter().flatten()
    }

    pub(crate) fn entries(&self, pointer: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.at(pointer).and_then(Value::as_object).into_iter().flatten()
    }
}
