//! One connection to containerd's NRI socket, from its registration to its end.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::frame::{Frames, Message, PLUGIN, REQUEST, RESPONSE, RUNTIME, framed};
use super::plugin::NriPlugin;
use super::proto::{RUNTIME_SERVICE, RegisterPluginRequest, Request, Response};
use crate::AgentError;
use crate::limits::{DECISIONS_AT_ONCE, NRI_REGISTRATION_TIMEOUT_MS};

/// The plugin's name in containerd's log and in the list of required plugins.
const NAME: &str = "lazaret";
/// The number of the plugin's only question on the runtime's connection.
const REGISTRATION: u32 = 1;
const READ_BYTES: usize = 64 * 1024;
/// Answers that wait to be written.
const ANSWERS_WAITING: usize = 64;

/// Serves containerd until the connection ends. `registered` is told when containerd has taken the
/// plugin.
pub(super) async fn serve(
    socket: &Path,
    plugin: Arc<NriPlugin>,
    registered: impl FnOnce(),
) -> Result<(), AgentError> {
    let failed = |why: String| AgentError::Engine {
        path: socket.to_path_buf(),
        what: "the NRI plugin".to_owned(),
        why,
    };
    let stream = UnixStream::connect(socket).await.map_err(|why| failed(why.to_string()))?;
    let (reader, mut writer) = stream.into_split();
    let index = plugin.court().config().nri.index;
    writer.write_all(&registration(&index)).await.map_err(|why| failed(why.to_string()))?;
    let (answers, waiting) = channel(ANSWERS_WAITING);
    let first = timeout(Duration::from_millis(NRI_REGISTRATION_TIMEOUT_MS), reader.readable());
    let first = first.await.map_err(|_| failed("no answer".to_owned()))?;
    first.map_err(|why| failed(why.to_string()))?;
    let read = read(reader, plugin, answers, registered);
    let write = write(writer, waiting);
    let ended = tokio::select! { ended = read => ended, ended = write => ended };
    ended.map_err(|why| failed(why.to_string()))
}

fn registration(index: &str) -> Vec<u8> {
    let message =
        RegisterPluginRequest { plugin_name: NAME.to_owned(), plugin_idx: index.to_owned() };
    let request = Request {
        service: RUNTIME_SERVICE.to_owned(),
        method: "RegisterPlugin".to_owned(),
        payload: message.encode_to_vec(),
        timeout_nano: 0,
    };
    let data = request.encode_to_vec();
    framed(&Message { connection: RUNTIME, stream: REGISTRATION, kind: REQUEST, data })
}

/// Whether containerd has taken the plugin, from its answer to the registration.
fn taken(data: &[u8]) -> Result<(), String> {
    let response = Response::decode(data).map_err(|why| why.to_string())?;
    match response.status.filter(|status| status.code != 0) {
        Some(status) => Err(format!("it refuses the plugin: {}", status.message)),
        None => Ok(()),
    }
}

/// The next message; `None` when the connection has ended.
async fn next(reader: &mut OwnedReadHalf, frames: &mut Frames) -> io::Result<Option<Message>> {
    let mut bytes = vec![0; READ_BYTES];
    loop {
        if let Some(message) = frames.message().map_err(io::Error::other)? {
            return Ok(Some(message));
        }
        match reader.read(&mut bytes).await? {
            0 => return Ok(None),
            read => frames.push(bytes.get(..read).unwrap_or_default()),
        }
    }
}

async fn read(
    mut reader: OwnedReadHalf,
    plugin: Arc<NriPlugin>,
    answers: Sender<Vec<u8>>,
    registered: impl FnOnce(),
) -> io::Result<()> {
    let mut frames = Frames::default();
    let mut registered = Some(registered);
    let turns = Arc::new(Semaphore::new(DECISIONS_AT_ONCE));
    while let Some(message) = next(&mut reader, &mut frames).await? {
        match (message.connection, message.kind) {
            (PLUGIN, REQUEST) => {
                // While all are at work nothing is read, so that containerd waits instead.
                let turn = Arc::clone(&turns).acquire_owned().await.map_err(io::Error::other)?;
                tokio::spawn(answer(Arc::clone(&plugin), message, answers.clone(), turn));
            }
            // It comes beside the first question, before it or after.
            (RUNTIME, RESPONSE) => {
                taken(&message.data).map_err(io::Error::other)?;
                if let Some(registered) = registered.take() {
                    registered();
                }
            }
            _ => {}
        }
    }
    Ok(())
}

async fn answer(
    plugin: Arc<NriPlugin>,
    asked: Message,
    answers: Sender<Vec<u8>>,
    turn: OwnedSemaphorePermit,
) {
    let response = match Request::decode(asked.data.as_slice()) {
        Ok(request) => plugin.answer(&request).await,
        // Without a method it is an unknown one.
        Err(_) => plugin.answer(&Request::default()).await,
    };
    let data = response.encode_to_vec();
    let answer = Message { kind: RESPONSE, data, ..asked };
    let _ = answers.send(framed(&answer)).await;
    drop(turn);
}

async fn write(
    mut writer: impl AsyncWriteExt + Unpin,
    mut waiting: Receiver<Vec<u8>>,
) -> io::Result<()> {
    while let Some(bytes) = waiting.recv().await {
        writer.write_all(&bytes).await?;
    }
    // All questions have been read; the reader tells the end.
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::super::proto::Status;
    use super::*;

    #[test]
    fn containerd_has_to_take_the_plugin() {
        let answer = |status| Response { status, payload: Vec::new() }.encode_to_vec();
        assert_eq!(taken(&answer(None)), Ok(()));
        let refused = Status { code: 2, message: "invalid plugin index".to_owned() };
        let why = taken(&answer(Some(refused))).unwrap_err();
        assert!(why.contains("invalid plugin index"), "{why}");
        assert!(taken(&[0xff]).is_err());
    }
}
