//! One file over HTTP: asked for conditionally, resumed where it broke off, bounded in size, time
//! and tries (RFC 9110: conditional requests §13, range requests §14).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Progress;
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::{Agent, Body};

use super::state::{State, part_path, part_state_path, state_path};
use crate::AdvisoryError;
use crate::feed::limits::{
    BODY_TIMEOUT, CONNECT_TIMEOUT, DOWNLOAD_MAX_BYTES, DOWNLOAD_TRIES, RESPONSE_TIMEOUT,
    RETRY_PAUSE, RETRY_PAUSE_MAX,
};

const COPY_BUFFER_BYTES: usize = 128 << 10;
const USER_AGENT: &str = concat!("lazaret/", env!("CARGO_PKG_VERSION"));

/// What asking for a file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetch {
    /// It was fetched.
    Fresh,
    /// The server says that it has not changed.
    Unchanged,
}

/// Fetches files, and remembers hosts that cannot be reached.
pub(super) struct Downloader {
    agent: Agent,
    /// Host to why it cannot be reached; such a host is not asked again.
    unreachable: BTreeMap<String, String>,
    retry_pause: Duration,
    max_bytes: u64,
}

/// One file to fetch.
struct Job<'a> {
    source: &'a str,
    url: &'a str,
    file: &'a Path,
    part: PathBuf,
}

/// Why a try failed.
enum Failure {
    /// Trying again may help, after this long when the server says so.
    Passing { why: String, after: Option<Duration> },
    /// It will not.
    Lasting(AdvisoryError),
    /// Nobody answers.
    NoAnswer(String),
}

impl Downloader {
    pub(super) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(RESPONSE_TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT))
            .build();
        Downloader {
            agent: config.new_agent(),
            unreachable: BTreeMap::new(),
            retry_pause: RETRY_PAUSE,
            max_bytes: DOWNLOAD_MAX_BYTES,
        }
    }

    /// Without pauses and with a small limit, for tests.
    #[cfg(test)]
    pub(super) fn impatient(max_bytes: u64) -> Self {
        Downloader { retry_pause: Duration::ZERO, max_bytes, ..Downloader::new() }
    }

    /// Brings the file at `url` to `file`.
    ///
    /// # Errors
    /// `HostUnreachable` when nobody answers, `FetchFailed` for what the server says or sends.
    pub(super) fn fetch(
        &mut self,
        source: &str,
        url: &str,
        file: &Path,
        progress: &dyn Progress,
    ) -> Result<Fetch, AdvisoryError> {
        let host = host(url).to_owned();
        if let Some(why) = self.unreachable.get(&host) {
            return Err(AdvisoryError::HostUnreachable { host, why: why.clone() });
        }
        let job = Job { source, url, file, part: part_path(file) };
        let mut pause = self.retry_pause;
        let mut last = String::new();
        for attempt in 1..=DOWNLOAD_TRIES {
            let after = match self.attempt(&job, progress) {
                Ok(fetch) => return Ok(fetch),
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::NoAnswer(why)) => {
                    self.unreachable.insert(host.clone(), why.clone());
                    return Err(AdvisoryError::HostUnreachable { host, why });
                }
                Err(Failure::Passing { why, after }) => {
                    last = why;
                    after
                }
            };
            if attempt < DOWNLOAD_TRIES {
                std::thread::sleep(after.unwrap_or(pause).min(RETRY_PAUSE_MAX));
                pause = pause.saturating_mul(2);
            }
        }
        Err(job.failed(format!("{last} ({DOWNLOAD_TRIES} tries)")))
    }

    fn attempt(&self, job: &Job<'_>, progress: &dyn Progress) -> Result<Fetch, Failure> {
        let known =
            job.file.exists().then(|| State::load(&state_path(job.file), job.url)).flatten();
        let begun = self.begun(job);
        let mut request = self.agent.get(job.url);
        if let Some(state) = &known {
            request = conditional(request, state);
        }
        if let Some((bytes, state)) = &begun {
            // What has been kept is the plain file, so the rest of it has to be plain too.
            request = request
                .header("Accept-Encoding", "identity")
                .header("Range", format!("bytes={bytes}-"))
                .header("If-Range", state.if_range().unwrap_or_default());
        }
        let response = request.call().map_err(|error| no_response(job, error))?;
        match response.status() {
            StatusCode::NOT_MODIFIED if known.is_some() => {
                discard(job);
                Ok(Fetch::Unchanged)
            }
            StatusCode::OK => self.receive(job, response, 0, progress),
            StatusCode::PARTIAL_CONTENT => {
                let from = begun.map_or(0, |(bytes, _)| bytes);
                if range_begins_at(response.headers()) != Some(from) {
                    discard(job);
                    let why = "the server sent another part than asked for".to_owned();
                    return Err(Failure::Passing { why, after: None });
                }
                self.receive(job, response, from, progress)
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                discard(job);
                Err(passing("the server has less than was fetched before"))
            }
            status => Err(refused(job, status, response.headers())),
        }
    }

    /// How much of the file an earlier try has brought, and what it was.
    fn begun(&self, job: &Job<'_>) -> Option<(u64, State)> {
        let state = State::load(&part_state_path(job.file), job.url)?;
        let bytes = std::fs::metadata(&job.part).ok()?.len();
        (bytes > 0 && state.if_range().is_some()).then_some((bytes, state))
    }

    /// Takes the body: the whole, or the rest after what is there.
    fn receive(
        &self,
        job: &Job<'_>,
        response: Response<Body>,
        from: u64,
        progress: &dyn Progress,
    ) -> Result<Fetch, Failure> {
        let state = State {
            url: job.url.to_owned(),
            etag: header(response.headers(), "etag"),
            last_modified: header(response.headers(), "last-modified"),
        };
        // A body that was packed for the way has neither the length nor the parts of the file.
        let plain = header(response.headers(), "content-encoding").is_none();
        let rest = response.body().content_length().filter(|_| plain);
        let total = rest.map(|rest| rest.saturating_add(from));
        if total.is_some_and(|total| total > self.max_bytes) {
            return Err(Failure::Lasting(job.failed(self.too_large())));
        }
        if from == 0 {
            discard(job);
        }
        if plain {
            state.save(&part_state_path(job.file)).map_err(Failure::Lasting)?;
        }
        progress.begin(&format!("fetching {}", job.source), total);
        progress.advance(from);
        let received = self.copy(job, response, from, progress)?;
        if total.is_some_and(|total| total != received) {
            let total = total.unwrap_or_default();
            return Err(passing(&format!("it ended after {received} of {total} bytes")));
        }
        self.keep(job, &state)?;
        Ok(Fetch::Fresh)
    }

    /// Writes the body to the part file. Returns its length.
    fn copy(
        &self,
        job: &Job<'_>,
        response: Response<Body>,
        from: u64,
        progress: &dyn Progress,
    ) -> Result<u64, Failure> {
        let mut part = open_part(job, from).map_err(Failure::Lasting)?;
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; COPY_BUFFER_BYTES];
        let mut length = from;
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => return Ok(length),
                Ok(read) => read,
                Err(error) => return Err(passing(&format!("it broke off ({error})"))),
            };
            length = length.saturating_add(read as u64);
            if length > self.max_bytes {
                discard(job);
                return Err(Failure::Lasting(job.failed(self.too_large())));
            }
            let bytes = buffer.get(..read).unwrap_or_default();
            part.write_all(bytes).map_err(|source| {
                Failure::Lasting(AdvisoryError::File { path: job.part.clone(), source })
            })?;
            progress.advance(read as u64);
        }
    }

    /// Puts the finished part in the file's place.
    fn keep(&self, job: &Job<'_>, state: &State) -> Result<(), Failure> {
        let failed =
            |source| Failure::Lasting(AdvisoryError::File { path: job.file.to_owned(), source });
        // Without its state the file is fetched again; with a wrong one it would not be.
        let _ = std::fs::remove_file(state_path(job.file));
        std::fs::rename(&job.part, job.file).map_err(failed)?;
        let _ = std::fs::remove_file(part_state_path(job.file));
        state.save(&state_path(job.file)).map_err(Failure::Lasting)
    }

    fn too_large(&self) -> String {
        format!("it is larger than {} MiB", self.max_bytes >> 20)
    }
}

impl Job<'_> {
    fn failed(&self, why: String) -> AdvisoryError {
        AdvisoryError::FetchFailed {
            source_name: self.source.to_owned(),
            url: self.url.to_owned(),
            why,
        }
    }
}

/// Whether an error says that the server does not have the file.
pub(super) fn is_missing(error: &AdvisoryError) -> bool {
    matches!(error, AdvisoryError::FetchFailed { why, .. } if why.starts_with(NOT_THERE))
}

const NOT_THERE: &str = "the server does not have it";

fn conditional(
    mut request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    state: &State,
) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
    if let Some(etag) = &state.etag {
        request = request.header("If-None-Match", etag);
    }
    if let Some(date) = &state.last_modified {
        request = request.header("If-Modified-Since", date);
    }
    request
}

fn passing(why: &str) -> Failure {
    Failure::Passing { why: why.to_owned(), after: None }
}

/// Why there is no response at all.
fn no_response(job: &Job<'_>, error: ureq::Error) -> Failure {
    let why = error.to_string();
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => Failure::NoAnswer(why),
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            Failure::NoAnswer(why)
        }
        ureq::Error::Io(io) if is_unreachable(io.kind()) => Failure::NoAnswer(io.to_string()),
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => passing(&why),
        _ => Failure::Lasting(job.failed(why)),
    }
}

fn is_unreachable(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    matches!(kind, ConnectionRefused | HostUnreachable | NetworkDown | NetworkUnreachable)
}

/// Why the server does not give the file.
fn refused(job: &Job<'_>, status: StatusCode, headers: &HeaderMap) -> Failure {
    let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT;
    if busy || status.is_server_error() {
        let after = header(headers, "retry-after").and_then(|text| text.trim().parse().ok());
        let why = format!("the server answered {status}");
        return Failure::Passing { why, after: after.map(Duration::from_secs) };
    }
    if status == StatusCode::NOT_FOUND || status == StatusCode::GONE {
        return Failure::Lasting(job.failed(format!("{NOT_THERE} ({status})")));
    }
    Failure::Lasting(job.failed(format!("the server answered {status}")))
}

/// Where the part that the server sends begins: `Content-Range: bytes 5-9/10`.
fn range_begins_at(headers: &HeaderMap) -> Option<u64> {
    let range = header(headers, "content-range")?;
    range.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn open_part(job: &Job<'_>, from: u64) -> Result<File, AdvisoryError> {
    let failed = |source| AdvisoryError::File { path: job.part.clone(), source };
    let mut options = OpenOptions::new();
    options.create(true);
    if from == 0 {
        options.write(true).truncate(true)
    } else {
        options.append(true)
    };
    options.open(&job.part).map_err(failed)
}

/// Throws away what earlier tries have brought.
fn discard(job: &Job<'_>) {
    let _ = std::fs::remove_file(&job.part);
    let _ = std::fs::remove_file(part_state_path(job.file));
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}
