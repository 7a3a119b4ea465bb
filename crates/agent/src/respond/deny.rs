//! `DenyExec`: a container starts no program that is not in its image, asked of the kernel by
//! fanotify for each program that is opened to be run.
//!
//! Nobody waits long: an answer that takes too long is "yes", and while one does, so is every
//! other. When the agent ends, the kernel lets everybody go on who waits. Processes outside of the
//! container are never refused.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::fanotify::{
    EventFFlags, Fanotify, FanotifyEvent, FanotifyResponse, InitFlags, MarkFlags, MaskFlags,
    Response,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::CWD;

use super::cgroups;
use super::image::Image;
use super::target::container_of_process;

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_millis(250);
/// How often it is looked whether it is over.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// Programs that are told by their paths.
const MAX_PATHS: usize = 256;

/// The refusal of programs in one container. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct DenyExec {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Mounts from which programs can be started all the same.
    pub(super) open_mounts: Vec<String>,
}

/// A program that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The program's file, as the container sees it.
    pub(super) path: String,
    /// Who wanted to run it.
    pub(super) pid: u32,
    /// How often so far.
    pub(super) times: u64,
}

impl DenyExec {
    /// Begins to refuse. `told` hears of refusals: of each path the first, the second, the fourth …
    pub(super) fn begin(
        container: &str,
        told: impl Fn(Refused) + Send + 'static,
    ) -> Result<DenyExec, String> {
        let process = cgroups::process(container).ok_or("the container has ended")?;
        let image = Image::of(&process)?;
        let fault = |why: nix::Error| format!("the kernel refuses to be asked: {why}");
        let flags = InitFlags::FAN_CLASS_CONTENT | InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK;
        let opened = EventFFlags::O_RDONLY | EventFFlags::O_CLOEXEC | EventFFlags::O_LARGEFILE;
        let group = Fanotify::init(flags, opened).map_err(fault)?;
        let mask = MaskFlags::FAN_OPEN_EXEC_PERM;
        let mut open_mounts = Vec::new();
        for mount in &image.others {
            let marked = image.open_mount(mount).is_some_and(|place| {
                let flags = MarkFlags::FAN_MARK_ADD | MarkFlags::FAN_MARK_MOUNT;
                group.mark(flags, mask, CWD, Some(magic_link(&place).as_str())).is_ok()
            });
            if !marked {
                open_mounts.push(mount.place.clone());
            }
        }
        let flags = MarkFlags::FAN_MARK_ADD | MarkFlags::FAN_MARK_FILESYSTEM;
        group.mark(flags, mask, CWD, Some(magic_link(&image.root).as_str())).map_err(fault)?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = start(group, Judge { image, container: container.to_owned() }, &stop, told)?;
        Ok(DenyExec { stop, thread: Some(thread), open_mounts })
    }
}

impl Drop for DenyExec {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn magic_link(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn start(
    group: Fanotify,
    judge: Judge,
    stop: &Arc<AtomicBool>,
    told: impl Fn(Refused) + Send + 'static,
) -> Result<JoinHandle<()>, String> {
    let (questions, asked) = channel();
    let (say, answers) = channel();
    let fault = |why: std::io::Error| why.to_string();
    let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
    // Not joined: it may hang on a dead disk. It ends when the questions do.
    named("deny-judge").spawn(move || judge.answer_all(&asked, &say)).map_err(fault)?;
    let gate = Gate { group, questions, answers, waiting: false, counts: HashMap::new() };
    let stop = Arc::clone(stop);
    named("deny-gate").spawn(move || gate.keep(&stop, &told)).map_err(fault)
}

/// A program that somebody wants to run.
struct Question {
    program: OwnedFd,
    pid: u32,
}

/// The path of a program that is to be refused; `None` when it may run.
type Answer = Option<String>;

/// Who looks into the image.
struct Judge {
    image: Image,
    container: String,
}

impl Judge {
    fn answer_all(self, asked: &Receiver<Question>, say: &Sender<Answer>) {
        for question in asked {
            if say.send(self.answer(&question)).is_err() {
                return;
            }
        }
    }

    fn answer(&self, question: &Question) -> Answer {
        if container_of_process(question.pid).as_ref() != Some(&self.container) {
            return None;
        }
        let (is_in_image, path) = self.image.has(question.program.as_fd());
        (!is_in_image).then_some(path)
    }
}

/// Who answers the kernel.
struct Gate {
    group: Fanotify,
    questions: Sender<Question>,
    answers: Receiver<Answer>,
    /// An answer is still to come that nobody waits for any more.
    waiting: bool,
    counts: HashMap<String, u64>,
}

impl Gate {
    fn keep(mut self, stop: &AtomicBool, told: &impl Fn(Refused)) {
        while !stop.load(Ordering::Relaxed) {
            let mut waited = [PollFd::new(&self.group, PollFlags::IN)];
            if !poll(&mut waited, Some(&GLANCE)).is_ok_and(|ready| ready > 0) {
                continue;
            }
            for event in self.group.read_events().unwrap_or_default() {
                let refused = self.refused(&event);
                let response =
                    if refused.is_some() { Response::FAN_DENY } else { Response::FAN_ALLOW };
                if let Some(fd) = event.fd() {
                    let _ = self.group.write_response(FanotifyResponse::new(fd, response));
                }
                if let Some(path) = refused {
                    self.tell(path, event.pid().unsigned_abs(), told);
                }
            }
        }
    }

    fn refused(&mut self, event: &FanotifyEvent) -> Answer {
        let pid = event.pid().unsigned_abs();
        let program = event.fd()?.try_clone_to_owned().ok()?;
        if pid == std::process::id() {
            return None;
        }
        if self.waiting && self.answers.try_recv().is_err() {
            return None;
        }
        self.questions.send(Question { program, pid }).ok()?;
        match self.answers.recv_timeout(DEADLINE) {
            Ok(answer) => {
                self.waiting = false;
                answer
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                self.waiting = true;
                None
            }
        }
    }

    fn tell(&mut self, path: String, pid: u32, told: &impl Fn(Refused)) {
        if self.counts.len() >= MAX_PATHS && !self.counts.contains_key(&path) {
            return;
        }
        let times = self.counts.entry(path.clone()).or_default();
        *times += 1;
        if times.is_power_of_two() {
            told(Refused { path, pid, times: *times });
        }
    }
}
