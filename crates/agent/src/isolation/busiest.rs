//! Who burns a container's processor time, and whether that looks like mining.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use model::{Container, Initiator, ProcessId};

use super::kept::text_of;
use super::layer::Overlay;

/// Processes of a container that are looked at.
pub(super) const MAX_PROCESSES: usize = 512;
/// Bytes of a command line that are told.
const COMMAND_BYTES: usize = 512;
const NS_PER_TICK: u64 = 10_000_000;
/// Programs that mine, as they are called.
const MINERS: [&str; 21] = [
    "xmrig",
    "xmr-stak",
    "minerd",
    "cpuminer",
    "ethminer",
    "nbminer",
    "t-rex",
    "lolminer",
    "phoenixminer",
    "ccminer",
    "kdevtmpfsi",
    "kinsing",
    "teamredminer",
    "gminer",
    "bfgminer",
    "cgminer",
    "nanominer",
    "srbminer",
    "xmr-stak-cpu",
    "claymore",
    "randomx",
];
/// What a miner is told.
const MINERS_WORDS: [&str; 6] =
    ["stratum+tcp", "stratum+ssl", "stratum2+tcp", "--donate-level", "--coin=", "randomx"];

/// Whether a file of the container's image is known to be there: what a stored report says.
/// `None` when it does not tell.
pub type InImage = Box<dyn Fn(&Container, &str) -> Option<bool> + Send>;

/// A program that should not burn so much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspect {
    pub initiator: Initiator,
    pub comm: String,
    /// What speaks against it.
    pub why: &'static str,
    /// Whether its name or arguments are a miner's.
    pub is_named: bool,
}

/// The processor time of a container's processes when last looked at, in ticks.
#[derive(Debug, Default)]
pub(super) struct Busiest {
    ticks: HashMap<u32, u64>,
}

/// One process by its files in `/proc`.
struct Running {
    pid: u32,
    parent: u32,
    comm: String,
    ticks: u64,
    start_ticks: u64,
}

impl Busiest {
    /// The process that used most since the last time.
    fn most(&mut self, proc: &Path, pids: &[u32]) -> Option<Running> {
        let running: Vec<Running> = pids.iter().filter_map(|pid| read(proc, *pid)).collect();
        let before = std::mem::take(&mut self.ticks);
        self.ticks = running.iter().map(|one| (one.pid, one.ticks)).collect();
        let used = |one: &Running| {
            one.ticks.saturating_sub(before.get(&one.pid).copied().unwrap_or_default())
        };
        running.into_iter().max_by_key(used)
    }

    /// The busiest program, where something speaks against it.
    pub(super) fn suspect(&mut self, question: &Question<'_>) -> Option<Suspect> {
        let one = self.most(question.proc, question.pids)?;
        let folder = question.proc.join(one.pid.to_string());
        let exe = fs::read_link(folder.join("exe")).ok()?.to_string_lossy().into_owned();
        let command = command_of(&folder);
        let named = is_miner(&one.comm, &exe, &command, question.names);
        let why = if named { Some("its name or arguments are a miner's") } else { None };
        let why = why.or_else(|| question.stranger(&exe))?;
        let process =
            ProcessId { pid: one.pid, start_ns: one.start_ticks.saturating_mul(NS_PER_TICK) };
        let parent = ProcessId { pid: one.parent, start_ns: 0 };
        let initiator = Initiator { process, parent, exe, command, ..Initiator::default() };
        Some(Suspect { initiator, comm: one.comm, why, is_named: named })
    }
}

/// Where to look for a suspect.
pub(super) struct Question<'a> {
    pub proc: &'a Path,
    pub pids: &'a [u32],
    pub overlay: Option<&'a Overlay>,
    pub container: Option<&'a Container>,
    pub in_image: Option<&'a InImage>,
    /// Names of miners beside the known ones.
    pub names: &'a [String],
}

impl Question<'_> {
    /// What makes a program unknown, if anything does.
    fn stranger(&self, exe: &str) -> Option<&'static str> {
        if exe.starts_with("/memfd:") {
            return Some("it lies in memory only");
        }
        if exe.ends_with(" (deleted)") {
            return Some("its file was deleted");
        }
        let told =
            self.in_image.zip(self.container).and_then(|(ask, container)| ask(container, exe));
        let in_image = told.or_else(|| self.overlay?.has_in_image(exe));
        (in_image == Some(false)).then_some("it is not in the image")
    }
}

fn is_miner(comm: &str, exe: &str, command: &str, more: &[String]) -> bool {
    let leaf = exe.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let comm = comm.to_ascii_lowercase();
    let command = command.to_ascii_lowercase();
    let is = |name: &str| comm == name || leaf == name;
    MINERS.iter().any(|name| is(name))
        || more.iter().any(|name| is(&name.to_ascii_lowercase()))
        || MINERS_WORDS.iter().any(|word| command.contains(word))
}

/// A line of `proc_pid_stat(5)`. The name may hold blanks and brackets: the last bracket ends it.
fn read(proc: &Path, pid: u32) -> Option<Running> {
    let mut buffer = Vec::new();
    let text = text_of(&proc.join(format!("{pid}/stat")), &mut buffer)?;
    let (begin, end) = (text.find('(')?, text.rfind(')')?);
    let fields: Vec<&str> = text.get(end + 1..)?.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Some(Running {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        comm: text.get(begin + 1..end)?.to_owned(),
        ticks: number(11)?.saturating_add(number(12)?),
        start_ticks: number(19)?,
    })
}

fn command_of(folder: &Path) -> String {
    let mut buffer = Vec::new();
    let text = text_of(&folder.join("cmdline"), &mut buffer).unwrap_or_default();
    let line = text.trim_end_matches('\0').replace('\0', " ");
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line[..line.floor_char_boundary(COMMAND_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miner_is_known_by_name_and_arguments() {
        for (comm, exe, command, expected) in [
            ("xmrig", "/x", "", true),
            ("sh", "/usr/bin/XMRig", "", true),
            ("python3", "/usr/bin/python3", "m.py -o stratum+tcp://pool:3333", true),
            ("own", "/x", "", true),
            ("ffmpeg", "/usr/bin/ffmpeg", "ffmpeg -i a.mp4", false),
        ] {
            let more = ["Own".to_owned()];
            assert_eq!(is_miner(comm, exe, command, &more), expected, "{comm} {command}");
        }
    }

    #[test]
    fn the_one_who_used_most_since_last_time_is_asked_about() {
        let folder = tempfile::tempdir().unwrap();
        let proc = folder.path();
        let write = |pid: u32, ticks: u64, exe: &str| {
            let at = proc.join(pid.to_string());
            fs::create_dir_all(&at).unwrap();
            let stat = format!("{pid} (a b) R 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 500 0");
            fs::write(at.join("stat"), stat).unwrap();
            fs::write(at.join("cmdline"), "prog\0-x\0").unwrap();
            let _ = fs::remove_file(at.join("exe"));
            std::os::unix::fs::symlink(exe, at.join("exe")).unwrap();
        };
        let ask = |busiest: &mut Busiest| {
            let in_image: InImage = Box::new(|_, exe| Some(exe == "/bin/good"));
            let container = Container::default();
            let question = Question {
                proc,
                pids: &[1, 2, 3],
                overlay: None,
                container: Some(&container),
                in_image: Some(&in_image),
                names: &[],
            };
            busiest.suspect(&question)
        };
        let mut busiest = Busiest::default();
        write(1, 1000, "/bin/good");
        write(2, 10, "/tmp/.x");
        assert_eq!(ask(&mut busiest), None);
        write(2, 500, "/tmp/.x");
        let suspect = ask(&mut busiest).unwrap();
        assert_eq!(suspect.initiator.process, ProcessId { pid: 2, start_ns: 5_000_000_000 });
        assert_eq!((suspect.why, suspect.is_named), ("it is not in the image", false));
        assert_eq!(suspect.initiator.command, "prog -x");
        write(2, 900, "/memfd:x (deleted)");
        assert_eq!(ask(&mut busiest).unwrap().why, "it lies in memory only");
    }
}
