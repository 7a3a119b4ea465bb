//! The drill: harmless behaviours in a container of its own, to prove that a node sees. Each must
//! make a rule speak; what is not seen is told as not seen.
//!
//! ```text
//! busybox ─image→ engine → container does six things ┐
//!                    kernel ─Watch, built-in rules────┴→ expected, seen, after how long
//! ```
//!
//! Whatever happens, the container and the image are removed at the end; what an earlier drill left
//! is removed at the start.

mod behaviours;
mod engine;
mod image;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sensor::SensorOptions;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout_at;

use crate::AgentError;
use crate::clock::now_ns;
use crate::detect::{BUILT_IN, Engine};
use crate::signals::End;
use crate::watch::{Snapshot, Watch};
pub use behaviours::{BEHAVIOURS, Behaviour};
use engine::DrillEngine;
pub use image::find_busybox;

/// How long the container may take for all it does.
const PLAY: Duration = Duration::from_secs(60);
/// How long an alert may take after the last behaviour.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a drill needs.
#[derive(Debug, Clone)]
pub struct DrillOptions {
    /// The socket of Docker Engine.
    pub engine: PathBuf,
    /// A static busybox, of which the image is made.
    pub busybox: PathBuf,
}

/// What became of one behaviour.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was done, and which rule should speak.
    pub behaviour: &'static Behaviour,
    /// The alert; `None` when none came.
    pub seen: Option<SeenAlert>,
}

/// An alert that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAlert {
    /// What it says.
    pub text: String,
    /// From the act in the kernel to the alert.
    pub after: Duration,
}

/// Plays all behaviours. `told` hears of each alert that was expected, as it comes. Gives an
/// outcome for each behaviour, in their order.
pub fn drill(
    options: &DrillOptions,
    mut told: impl FnMut(&Behaviour, &SeenAlert),
) -> Result<Vec<Outcome>, AgentError> {
    let image = image::image_of(&options.busybox, &behaviours::script())?;
    let what = "the runtime of the drill";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| AgentError::System { what, why: why.to_string() })?;
    let rules = Engine::load(&[BUILT_IN]);
    let watch = Watch::load(&SensorOptions::default())?;
    let (stop, (say, heard)) = (AtomicBool::new(false), unbounded_channel());
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| listen(&watch, &rules, &stop, &say));
        let drill = Drill::new(&options.engine, heard);
        let outcome = runtime.block_on(drill.play_and_clear(image, &mut told));
        stop.store(true, Ordering::Relaxed);
        let broke = || AgentError::System { what: "the watch", why: "it broke".to_owned() };
        watching.join().map_err(|_| broke())??;
        outcome
    })
}

/// An alert of some container.
struct Heard {
    container: String,
    rule: String,
    alert: SeenAlert,
}

fn listen(
    watch: &Watch,
    rules: &Engine,
    stop: &AtomicBool,
    say: &UnboundedSender<Heard>,
) -> Result<(), AgentError> {
    watch.run(rules, Snapshot::of_host(), stop, |seen| {
        let Some(container) = seen.observed.container else { return };
        for detection in &seen.detections {
            let now = now_ns();
            let after = u64::try_from(now.saturating_sub(seen.time_ns())).unwrap_or_default();
            let after = Duration::from_nanos(after);
            let _ = say.send(Heard {
                container: container.id.clone(),
                rule: detection.rule.clone(),
                alert: SeenAlert { text: detection.output.clone(), after },
            });
        }
    })
}

/// A drill at work.
struct Drill {
    engine: DrillEngine,
    heard: UnboundedReceiver<Heard>,
    outcomes: Vec<Outcome>,
}

impl Drill {
    fn new(engine: &Path, heard: UnboundedReceiver<Heard>) -> Self {
        let outcomes = BEHAVIOURS.iter().map(|behaviour| Outcome { behaviour, seen: None });
        Drill { engine: DrillEngine::new(engine), heard, outcomes: outcomes.collect() }
    }

    /// Plays, and removes what was made: also when it fails, and when the user ends it.
    async fn play_and_clear(
        mut self,
        image: Vec<u8>,
        told: &mut impl FnMut(&Behaviour, &SeenAlert),
    ) -> Result<Vec<Outcome>, AgentError> {
        self.engine.clear().await?;
        let played = tokio::select! {
            played = self.play(image, told) => played,
            () = asked_to_end() => Err(AgentError::System {
                what: "the drill",
                why: "it was ended before its end".to_owned(),
            }),
        };
        let cleared = self.engine.clear().await;
        played.and(cleared)?;
        Ok(self.outcomes)
    }

    async fn play(
        &mut self,
        image: Vec<u8>,
        told: &mut impl FnMut(&Behaviour, &SeenAlert),
    ) -> Result<(), AgentError> {
        self.engine.import(image).await?;
        let id = self.engine.create().await?;
        self.engine.start(&id).await?;
        let mut until = tokio::time::Instant::from_std(Instant::now() + PLAY);
        let mut has_ended = false;
        while self.outcomes.iter().any(|outcome| outcome.seen.is_none()) {
            tokio::select! {
                heard = timeout_at(until, self.heard.recv()) => {
                    let Ok(Some(heard)) = heard else { break };
                    if heard.container == id {
                        note(&mut self.outcomes, heard, told);
                    }
                }
                ended = self.engine.ended(&id), if !has_ended => {
                    ended?;
                    has_ended = true;
                    until = tokio::time::Instant::from_std(Instant::now() + PATIENCE);
                }
            }
        }
        Ok(())
    }
}

/// The first alert of an expected rule counts.
fn note(outcomes: &mut [Outcome], heard: Heard, told: &mut impl FnMut(&Behaviour, &SeenAlert)) {
    let expected = outcomes.iter_mut().find(|outcome| outcome.behaviour.rule == heard.rule);
    if let Some(outcome) = expected
        && outcome.seen.is_none()
    {
        told(outcome.behaviour, &heard.alert);
        outcome.seen = Some(heard.alert);
    }
}

/// Waits for SIGINT or SIGTERM; for ever where they cannot be caught.
async fn asked_to_end() {
    match End::catch() {
        Ok(mut end) => end.asked().await,
        Err(_) => std::future::pending().await,
    }
}
