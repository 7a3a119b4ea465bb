//! What runs without having passed the gate: looked for each time that containerd has the plugin
//! again and when the policy changes, judged, reported, and stopped only where the configuration
//! says so.
//!
//! containerd goes on to start containers while the plugin is away; this is where they are found.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::Receiver;

use super::plugin::NriPlugin;
use super::workload::Record;
use crate::AgentError;
use crate::gate::Unasked;
use crate::limits::CONTAINERS_REMEMBERED;

/// Why what runs has to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// containerd has the plugin again.
    Connected,
    /// The policy is another.
    PolicyChanged,
}

/// Looks at what runs, each time that it is told to.
pub(super) async fn watch(plugin: Arc<NriPlugin>, mut told: Receiver<Found>) {
    // By id: the policy that it was last judged by, and whether a refusal stops it.
    let mut known: HashMap<String, (String, bool)> = HashMap::new();
    while let Some(found) = told.recv().await {
        // While the plugin was away, anything may have changed under a known id.
        if found == Found::Connected {
            known.clear();
        }
        match plugin.containerd().running().await {
            Ok(running) => {
                known.retain(|id, _| running.contains(id));
                for id in running {
                    if let Err(why) = judge(&plugin, &id, &mut known).await {
                        eprintln!("lazaret agent: container {id} cannot be looked at: {why}");
                    }
                }
            }
            Err(why) => eprintln!("lazaret agent: what runs already cannot be listed: {why}"),
        }
    }
}

async fn judge(
    plugin: &NriPlugin,
    id: &str,
    known: &mut HashMap<String, (String, bool)>,
) -> Result<(), AgentError> {
    let court = plugin.court();
    let stops = court.config().nri.stop_refused;
    let policy = court.rules().map_or_else(|_| String::new(), |rules| rules.digest.to_string());
    let now = (policy, stops);
    if known.get(id) == Some(&now) {
        return Ok(());
    }
    let began = Instant::now();
    let Some(record) = plugin.containerd().container(id).await? else { return Ok(()) };
    if !record.is_sandbox() {
        judge_record(plugin, id, &record, began).await?;
    }
    // What failed is tried again the next time.
    if known.len() < CONTAINERS_REMEMBERED {
        known.insert(id.to_owned(), now);
    }
    Ok(())
}

async fn judge_record(
    plugin: &NriPlugin,
    id: &str,
    record: &Record,
    began: Instant,
) -> Result<(), AgentError> {
    let court = plugin.court();
    let stops = court.config().nri.stop_refused;
    let (workload, names) = plugin.made(record).await?;
    let name = format!("{} ({id})", workload.name);
    let one = Unasked { workload, names, how: "found running", stops, began };
    if court.judge_running(one, &name).await {
        plugin.containerd().stop(id).await?;
        court.has_stopped(&name);
    }
    Ok(())
}
