//! Stops a container by containerd's task service, for engines that are containerd's clients.
//!
//! The container itself stays: its owner hears of the task's end and clears away.

use std::path::Path;
use std::time::{Duration, Instant};

use containerd_client::Client;
use containerd_client::services::v1::{
    GetRequest, KillRequest, ListNamespacesRequest, ResumeTaskRequest,
};
use containerd_client::tonic::{Code, Request, Status};
use containerd_client::types::v1::Status as State;

use super::engine::Said;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long all of it may take.
const TOTAL: Duration = Duration::from_secs(30);
/// How long a task may take to end when it is killed.
const END_PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(50);
const TERM: u32 = 15;
const KILL: u32 = 9;

/// Stops a container with so much time to end by itself.
pub(super) async fn stop(socket: &Path, id: &str, grace: Duration) -> Said {
    let asked = tokio::time::timeout(PATIENCE, Client::from_path(socket)).await;
    let Ok(Ok(client)) = asked else { return Said::NotMine };
    let stopped = tokio::time::timeout(TOTAL, stop_in(&client, id, grace)).await;
    match stopped.unwrap_or_else(|_| Err(late())) {
        Ok(said) => said,
        Err(why) => Said::Refused(format!("containerd: {}", why.message())),
    }
}

async fn stop_in(client: &Client, id: &str, grace: Duration) -> Result<Said, Status> {
    let mut namespaces = client.namespaces();
    let asked = namespaces.list(ListNamespacesRequest::default());
    let namespaces = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| late())??;
    for namespace in namespaces.into_inner().namespaces {
        let task = Task { client, namespace: &namespace.name, id };
        match task.state().await {
            Ok(state) => return task.stop(state, grace).await,
            Err(why) if why.code() == Code::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    Ok(Said::NotMine)
}

fn late() -> Status {
    Status::deadline_exceeded("it does not answer in time")
}

/// A container's task in a namespace.
struct Task<'a> {
    client: &'a Client,
    namespace: &'a str,
    id: &'a str,
}

impl Task<'_> {
    async fn stop(&self, state: State, grace: Duration) -> Result<Said, Status> {
        self.signal(TERM, false).await?;
        if state != State::Paused && self.ends_within(grace).await {
            return Ok(Said::Done);
        }
        self.signal(KILL, true).await?;
        if matches!(state, State::Paused | State::Pausing) {
            // Under the old freezer a signal waits until the process is thawed.
            let request = ResumeTaskRequest { container_id: self.id.to_owned() };
            let _ = self.client.tasks().resume(self.within(request)?).await;
        }
        if self.ends_within(END_PATIENCE).await {
            return Ok(Said::Done);
        }
        Ok(Said::Refused("containerd: its processes do not end".to_owned()))
    }

    async fn state(&self) -> Result<State, Status> {
        let request = GetRequest { container_id: self.id.to_owned(), exec_id: String::new() };
        let answer = self.client.tasks().get(self.within(request)?).await?;
        let process = answer.into_inner().process;
        process.map(|process| process.status()).ok_or_else(|| Status::not_found("no process"))
    }

    async fn signal(&self, signal: u32, all: bool) -> Result<(), Status> {
        let (container_id, exec_id) = (self.id.to_owned(), String::new());
        let request = KillRequest { container_id, exec_id, signal, all };
        match self.client.tasks().kill(self.within(request)?).await {
            Ok(_) => Ok(()),
            // It has ended already.
            Err(why) if why.code() == Code::NotFound => Ok(()),
            Err(why) => Err(why),
        }
    }

    async fn ends_within(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            match self.state().await {
                Ok(State::Stopped) => return true,
                Err(why) if why.code() == Code::NotFound => return true,
                _ if Instant::now() >= until => return false,
                _ => tokio::time::sleep(GLANCE).await,
            }
        }
    }

    fn within<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        request.set_timeout(PATIENCE);
        let namespace = self.namespace.parse();
        let namespace = namespace.map_err(|_| Status::internal("a namespace has no plain name"))?;
        request.metadata_mut().insert("containerd-namespace", namespace);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn who_never_answers_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("containerd.sock");
        // Connections wait in its queue.
        let _silent = UnixListener::bind(&socket).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let said = runtime.block_on(stop(&socket, &"ab".repeat(32), Duration::ZERO));
        assert!(matches!(&said, Said::Refused(why) if why.contains("in time")), "{said:?}");
    }
}
