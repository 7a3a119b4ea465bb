//! The plugin's life: connected, connected again when it was not, signals, the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Sender, channel};

use super::plugin::NriPlugin;
use super::reconcile::{self, Found};
use super::session;
use crate::AgentError;
use crate::gate::{self, Counter, Court};
use crate::limits::{NRI_RETRY_FIRST_MS, NRI_RETRY_LAST_MS};
use crate::signals::Signals;

/// Causes to look at what runs that wait; one is as good as many.
const CAUSES_WAITING: usize = 8;

/// Serves containerd as an NRI plugin until the process is asked to end (SIGTERM, SIGINT).
///
/// Connects to the configured socket, again and again while there is nobody. SIGHUP reads
/// configuration and policy again.
pub fn serve_nri(court: Court) -> Result<(), AgentError> {
    gate::serve(court, serve)
}

async fn serve(court: Arc<Court>, signals: Signals) -> Result<(), AgentError> {
    let Signals { mut end, mut hangup } = signals;
    let (found, told) = channel(CAUSES_WAITING);
    let plugin = Arc::new(NriPlugin::new(court, found.clone()));
    let watching = tokio::spawn(reconcile::watch(Arc::clone(&plugin), told));
    let reloading = Arc::clone(&plugin);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reload(&reloading, &found);
        }
    });
    tokio::select! {
        () = stay_connected(&plugin) => {}
        () = end.asked() => {}
    }
    watching.abort();
    for (name, value) in plugin.court().counters().all().into_iter().filter(|(_, n)| *n > 0) {
        eprintln!("lazaret agent: {name}: {value}");
    }
    Ok(())
}

/// Connects for as long as the process runs. While there is no connection containerd starts what it
/// is told to, so the first tries come fast.
async fn stay_connected(plugin: &Arc<NriPlugin>) {
    let first = Duration::from_millis(NRI_RETRY_FIRST_MS);
    let last = Duration::from_millis(NRI_RETRY_LAST_MS);
    let (mut wait, mut said) = (first, String::new());
    let mut connections = 0_u64;
    loop {
        let began = Instant::now();
        let before = connections;
        let socket = plugin.court().config().nri.socket;
        let ended = session::serve(&socket, Arc::clone(plugin), || {
            connections += 1;
            if connections > 1 {
                plugin.court().counters().count(Counter::Reconnects);
            }
            eprintln!("lazaret agent: NRI plugin is ready (connection {connections})");
        });
        let why = match ended.await {
            Ok(()) => format!("{} has ended the connection", socket.display()),
            Err(why) => why.to_string(),
        };
        if connections > before {
            said.clear();
        }
        // One line for a state that lasts.
        if said != why {
            eprintln!("lazaret agent: nothing is judged by NRI until it is there again: {why}");
            said = why;
        }
        if began.elapsed() > last {
            wait = first;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(last);
    }
}

fn reload(plugin: &NriPlugin, found: &Sender<Found>) {
    gate::say_reloaded(&plugin.court().reload());
    // When as many wait already, one of them will see the new policy.
    let _ = found.try_send(Found::PolicyChanged);
}
