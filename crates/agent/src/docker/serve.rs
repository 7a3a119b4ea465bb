//! The plugin's socket: handed over by systemd or made here; signals; the end.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::UnixListener;

use super::bounded::Bounded;
use super::engine::EngineApi;
use super::plugin::DockerAuthz;
use super::reconcile;
use crate::AgentError;
use crate::gate::{self, Court};
use crate::limits::{CONNECTIONS, DRAIN_TIMEOUT_MS, MESSAGE_MAX_BYTES};
use crate::signals::Signals;

/// The media type of plugin messages.
const PLUGIN_TYPE: &str = "application/vnd.docker.plugins.v1.2+json";

/// Serves the docker authorization plugin until the process is asked to end (SIGTERM, SIGINT).
///
/// Listens on the socket that systemd hands over (`LISTEN_FDS`), else on the configured path.
/// SIGHUP reads configuration and policy again.
pub fn serve_docker_authz(court: Court) -> Result<(), AgentError> {
    gate::serve(court, serve)
}

async fn serve(court: Arc<Court>, signals: Signals) -> Result<(), AgentError> {
    let Signals { mut end, mut hangup } = signals;
    let config = court.config().docker;
    let engine = Arc::new(EngineApi::new(&config.socket));
    let plugin = Arc::new(DockerAuthz::new(court, Arc::clone(&engine)));
    let reloading = Arc::clone(&plugin);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            gate::say_reloaded(&reloading.reload());
        }
    });
    let (listener, own) = listen(&config.plugin_socket)?;
    let watching = tokio::spawn(reconcile::watch(Arc::clone(&plugin), engine));
    eprintln!("lazaret agent: docker authorization plugin is ready");
    let (tell, told) = tokio::sync::oneshot::channel();
    let served = axum::serve(Bounded::new(listener, CONNECTIONS), router(plugin));
    let served = served.with_graceful_shutdown(async move {
        end.asked().await;
        let _ = tell.send(());
    });
    let late = async move {
        let _ = told.await;
        tokio::time::sleep(Duration::from_millis(DRAIN_TIMEOUT_MS)).await;
    };
    let served = tokio::select! { served = served => served, () = late => Ok(()) };
    watching.abort();
    if let Some(path) = own {
        let _ = fs::remove_file(path);
    }
    served.map_err(|error| AgentError::System {
        what: "the plugin's socket failed",
        why: error.to_string(),
    })
}

fn router(plugin: Arc<DockerAuthz>) -> Router {
    Router::new()
        .route("/Plugin.Activate", post(activate))
        .route("/AuthZPlugin.AuthZReq", post(requested))
        .route("/AuthZPlugin.AuthZRes", post(done))
        .route("/counters", get(counters))
        .layer(DefaultBodyLimit::max(MESSAGE_MAX_BYTES))
        .with_state(plugin)
}

async fn activate() -> impl IntoResponse {
    plugin_json(&json!({"Implements": ["authz"]}))
}

async fn requested(State(plugin): State<Arc<DockerAuthz>>, message: Bytes) -> impl IntoResponse {
    plugin_json(&plugin.answer(&message).await)
}

async fn done(State(plugin): State<Arc<DockerAuthz>>, message: Bytes) -> impl IntoResponse {
    plugin_json(&plugin.answer_done(&message))
}

async fn counters(State(plugin): State<Arc<DockerAuthz>>) -> Json<Value> {
    let counters = plugin.court().counters().all();
    Json(counters.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

fn plugin_json<T: serde::Serialize>(answer: &T) -> ([(HeaderName, &'static str); 1], Vec<u8>) {
    let body = serde_json::to_vec(answer).unwrap_or_else(|_| br#"{"Allow":false}"#.to_vec());
    ([(CONTENT_TYPE, PLUGIN_TYPE)], body)
}

/// The socket, and its path when it was made here and has to go at the end.
fn listen(path: &Path) -> Result<(UnixListener, Option<PathBuf>), AgentError> {
    let wrong =
        |error: io::Error| AgentError::Listen { path: path.to_path_buf(), why: error.to_string() };
    let handed = listenfd::ListenFd::from_env().take_unix_listener(0).map_err(wrong)?;
    let (listener, own) = match handed {
        Some(listener) => (listener, None),
        None => (bind(path).map_err(wrong)?, Some(path.to_path_buf())),
    };
    listener.set_nonblocking(true).map_err(wrong)?;
    Ok((UnixListener::from_std(listener).map_err(wrong)?, own))
}

/// Makes the socket; one that is left over from a process that is gone is replaced.
fn bind(path: &Path) -> io::Result<StdListener> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::other("another process listens there"));
        }
        fs::remove_file(path)?;
    }
    let listener = StdListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}
