//! The OCI runtime guard: stands where an engine expects runc or crun, judges what is to be made,
//! and becomes the real runtime, or refuses in the words that the engine shows its user.
//!
//! For Docker without the authorization plugin, Podman and CRI-O. It is asked for every container
//! that its engine makes through it; an engine that is told another runtime passes it by, so it
//! belongs beside the plugin, or in the place of the runtime's own path.

mod arguments;
mod workload;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use model::{Decision, Gate};

use crate::AgentError;
use crate::gate::{Ask, Court};
pub use arguments::{Asked, Making};
pub(crate) use workload::is_engines_own;

/// Runtimes that are looked for, when the configuration names none.
const RUNTIMES: [&str; 4] =
    ["/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc", "/usr/bin/crun"];

/// How a guard ended without becoming the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What the user reads.
    pub message: String,
}

/// Judges what the runtime is asked to do and becomes it. Comes back only with a refusal.
pub fn guard(court: Court, runtime: &Path, words: Vec<OsString>) -> Result<Refused, AgentError> {
    let began = Instant::now();
    let asked = Asked::read(&words);
    if let Some(making) = &asked.making
        && let Some(message) = refusal(court, &asked, making, began)?
    {
        tell_engine(&words, &message);
        return Ok(Refused { message });
    }
    match become_runtime(runtime, &words) {
        Ok(never) => match never {},
        Err(error) => Err(error),
    }
}

/// The runtime to become: the one that is told, or the first that is there.
pub fn runtime_of(told: Option<&Path>) -> Result<PathBuf, AgentError> {
    let known = RUNTIMES.iter().map(Path::new);
    let found = told.into_iter().chain(known).find(|path| path.is_file());
    found.map(Path::to_path_buf).ok_or_else(|| AgentError::File {
        path: told.map_or_else(|| PathBuf::from(RUNTIMES[0]), Path::to_path_buf),
        why: "there is no OCI runtime".to_owned(),
    })
}

fn refusal(
    court: Court,
    asked: &Asked,
    making: &Making,
    began: Instant,
) -> Result<Option<String>, AgentError> {
    let failed =
        |why: std::io::Error| AgentError::System { what: "the guard", why: why.to_string() };
    let waiting =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let court = Arc::new(court);
    court.hasten();
    let found = workload::read(making);
    let ruling = waiting.block_on(async {
        let mut ask = Ask {
            gate: Gate::RuntimeGuard,
            action: asked.action(),
            workload: Default::default(),
            names: Vec::new(),
            already: None,
            spared: None,
            began,
        };
        match found {
            Ok(found) => {
                (ask.workload, ask.names) = (found.workload, found.names);
                court.rule(ask).await
            }
            Err(why) => court.refuse(ask, &why.to_string()),
        }
    });
    court.finish();
    Ok((ruling.decision == Decision::Deny).then_some(ruling.message))
}

/// Tells why nothing is made: engines read their runtime's log file for the reason, in runc's form.
pub fn tell_engine(words: &[OsString], message: &str) {
    let asked = Asked::read(words);
    eprintln!("{message}");
    let Some(log) = &asked.log else { return };
    let time = jiff::Timestamp::now().to_string();
    let line = if asked.log_is_json {
        serde_json::json!({ "level": "error", "msg": message, "time": time }).to_string()
    } else {
        format!("time={time:?} level=error msg={message:?}")
    };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
    if let Err(why) = file.and_then(|mut file| writeln!(file, "{line}")) {
        eprintln!("lazaret: cannot write {}: {why}", log.display());
    }
}

fn become_runtime(runtime: &Path, words: &[OsString]) -> Result<Infallible, AgentError> {
    let why = Command::new(runtime).args(words).exec();
    Err(AgentError::File { path: runtime.to_path_buf(), why: why.to_string() })
}
