//! The plugin's life: connected, connected again when it was not, signals, the end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};

use super::plugin::NriPlugin;
use super::reconcile::{self, Found};
use super::session;
use crate::AgentError;
use crate::gate::{Counter, Court};
use crate::limits::{DRAIN_TIMEOUT_MS, NRI_RETRY_FIRST_MS, NRI_RETRY_LAST_MS};

/// Causes to look at what runs that wait; one is as good as many.
const CAUSES_WAITING: usize = 8;

/// Serves containerd as an NRI plugin until the process is asked to end (SIGTERM, SIGINT).
///
/// Connects to the configured socket, again and again while there is nobody. SIGHUP reads
/// configuration and policy again.
pub fn serve_nri(court: Court) -> Result<(), AgentError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(system("the asynchronous runtime cannot be started"))?;
    let court = Arc::new(court);
    let served = runtime.block_on(serve(Arc::clone(&court)));
    runtime.shutdown_timeout(Duration::from_millis(DRAIN_TIMEOUT_MS));
    court.finish();
    served
}

async fn serve(court: Arc<Court>) -> Result<(), AgentError> {
    if let Err(why) = court.rules() {
        eprintln!("lazaret agent: every start is refused until this is repaired: {why}");
    }
    let mut end = signal(SignalKind::terminate()).map_err(system("SIGTERM cannot be caught"))?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(system("SIGINT cannot be caught"))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(system("SIGHUP cannot be caught"))?;
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
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
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
    match plugin.court().reload() {
        Ok(rules) => eprintln!("lazaret agent: policy {} holds now", rules.digest),
        Err(error) => eprintln!("lazaret agent: the old policy goes on to hold: {error}"),
    }
    // When as many wait already, one of them will see the new policy.
    let _ = found.try_send(Found::PolicyChanged);
}

fn system(what: &'static str) -> impl Fn(io::Error) -> AgentError {
    move |error| AgentError::System { what, why: error.to_string() }
}
