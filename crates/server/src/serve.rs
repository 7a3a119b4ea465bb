//! The role: everything that an admission server does besides answering, and its end.
//!
//! Looks again and again at what may change below it: the policy's file, the folder of reports, the
//! certificates. What breaks there is said once, and the last good state goes on answering.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use model::Timestamp;
use policy::Policy;
use tokio::signal::unix::{SignalKind, signal};

use crate::ServerError;
use crate::admission::{Admission, AdmissionSettings};
use crate::certificates::{CertificateFolder, CertificateSecret};
use crate::http::Server;
use crate::intake::Intake;
use crate::limits::{CERTIFICATES_EVERY, INTAKE_EVERY, POLICY_MAX_BYTES};
use crate::tls::{CertificateFiles, ServedCertificate};

/// What an admission server is told.
#[derive(Debug)]
pub struct ServeSettings {
    /// `address:port`.
    pub listen: String,
    /// The store of reports and decisions.
    pub store: PathBuf,
    /// The policy's file; `None` for the built-in policy.
    pub policy: Option<PathBuf>,
    /// A folder of reports to take in.
    pub reports: Option<PathBuf>,
    /// Where the certificate comes from.
    pub certificates: CertificateSource,
    /// How admission behaves.
    pub admission: AdmissionSettings,
    /// Says a line to whoever operates the server.
    pub tell: fn(&str),
}

/// Where the serving certificate comes from.
#[derive(Debug)]
pub enum CertificateSource {
    /// Two files that another program renews.
    Files(CertificateFiles),
    /// A folder of this machine, for these names.
    Folder(CertificateFolder, Vec<String>),
    /// A Secret that replicas share, for these names.
    Secret(Box<CertificateSecret>, Vec<String>),
}

/// Something that may change below a running server.
struct Watched {
    settings: ServeSettings,
    admission: Arc<Admission>,
    served: Arc<ServedCertificate>,
    intake: Option<Intake>,
    policy_text: String,
    chain: String,
    certificates_at: Instant,
    /// What was said last, so that it is said once.
    said: Vec<String>,
}

/// Serves until the process is told to end (SIGTERM, SIGINT).
pub fn serve(settings: ServeSettings) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ServerError::Listen {
        address: settings.listen.clone(),
        why: error.to_string(),
    })?;
    // Whatever is still running when the runtime is dropped has had its time.
    runtime.block_on(serve_on_runtime(settings))
}

async fn serve_on_runtime(settings: ServeSettings) -> Result<(), ServerError> {
    let watched = tokio::task::block_in_place(|| Watched::new(settings))?;
    let (served, admission) = (watched.served.clone(), watched.admission.clone());
    let server = Server::bind(&watched.settings.listen, served, admission).await?;
    (watched.settings.tell)(&format!("admission listens on https://{}", server.address()));
    let watching = tokio::spawn(watch(watched));
    server.run(told_to_end()).await;
    watching.abort();
    Ok(())
}

async fn told_to_end() {
    let (term, int) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut term), Ok(mut int)) = (term, int) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

async fn watch(mut watched: Watched) {
    let mut tick = tokio::time::interval(INTAKE_EVERY);
    tick.tick().await;
    loop {
        tick.tick().await;
        let looked = tokio::task::spawn_blocking(move || {
            watched.look();
            watched
        });
        match looked.await {
            Ok(back) => watched = back,
            Err(_) => return,
        }
    }
}

impl Watched {
    fn new(settings: ServeSettings) -> Result<Watched, ServerError> {
        let (policy_text, policy) = match &settings.policy {
            Some(path) => read_policy(path)?,
            None => {
                (String::new(), Policy::built_in().map_err(|e| ServerError::Policy(e.to_string()))?)
            }
        };
        let admission = Admission::new(&settings.store, policy, settings.admission.clone())?;
        let (chain, key, told) = settings.certificates.current()?;
        let mut watched = Watched {
            served: ServedCertificate::new(&chain, &key)?,
            admission: Arc::new(admission),
            intake: settings.reports.as_deref().map(Intake::from),
            policy_text,
            chain,
            certificates_at: Instant::now(),
            said: Vec::new(),
            settings,
        };
        told.iter().for_each(|line| (watched.settings.tell)(line));
        if let Some(intake) = &mut watched.intake {
            let taken = intake.take(watched.admission.store())?;
            watched.tell_taken(&taken);
        }
        Ok(watched)
    }

    /// Looks at everything once; what cannot be read is said, and stays as it was.
    fn look(&mut self) {
        let mut wrong = Vec::new();
        wrong.extend(self.look_at_policy().err());
        wrong.extend(self.look_at_reports().err());
        if self.certificates_at.elapsed() >= CERTIFICATES_EVERY {
            self.certificates_at = Instant::now();
            wrong.extend(self.look_at_certificates().err());
        }
        let wrong: Vec<String> = wrong.iter().map(ServerError::to_string).collect();
        wrong
            .iter()
            .filter(|line| !self.said.contains(line))
            .for_each(|line| (self.settings.tell)(line));
        self.said = wrong;
    }

    fn look_at_policy(&mut self) -> Result<(), ServerError> {
        let Some(path) = &self.settings.policy else { return Ok(()) };
        let text = policy_text(path)?;
        if text == self.policy_text {
            return Ok(());
        }
        let policy = parse_policy(path, &text)?;
        (self.settings.tell)(&format!(
            "{}: {} rules decide from now on",
            path.display(),
            policy.rules.len()
        ));
        self.admission.replace_policy(policy);
        self.policy_text = text;
        Ok(())
    }

    fn look_at_reports(&mut self) -> Result<(), ServerError> {
        let Some(intake) = &mut self.intake else { return Ok(()) };
        let taken = intake.take(self.admission.store())?;
        self.tell_taken(&taken);
        Ok(())
    }

    fn tell_taken(&self, taken: &crate::intake::Taken) {
        if taken.reports > 0 {
            (self.settings.tell)(&format!("{} new reports", taken.reports));
        }
        taken.refused.iter().for_each(|line| (self.settings.tell)(line));
    }

    fn look_at_certificates(&mut self) -> Result<(), ServerError> {
        let (chain, key, told) = self.settings.certificates.current()?;
        told.iter().for_each(|line| (self.settings.tell)(line));
        if chain != self.chain {
            self.served.replace(&chain, &key)?;
            self.chain = chain;
            (self.settings.tell)("a new certificate is served");
        }
        Ok(())
    }
}

impl CertificateSource {
    /// Chain and key to serve now, and what should be said.
    fn current(&self) -> Result<(String, String, Vec<String>), ServerError> {
        let now = Timestamp::now();
        let (certificates, told) = match self {
            CertificateSource::Files(files) => {
                let (chain, key) = files.read()?;
                return Ok((chain, key, Vec::new()));
            }
            CertificateSource::Folder(folder, names) => (folder.current(names, now)?, Vec::new()),
            CertificateSource::Secret(secret, names) => {
                let kept = secret.current(names, now)?;
                (kept.certificates, kept.mended)
            }
        };
        let (chain, key) = (certificates.serving_certificate(), certificates.serving_key());
        Ok((chain.to_owned(), key.to_owned(), told))
    }
}

fn read_policy(path: &Path) -> Result<(String, Policy), ServerError> {
    let text = policy_text(path)?;
    let policy = parse_policy(path, &text)?;
    Ok((text, policy))
}

fn policy_text(path: &Path) -> Result<String, ServerError> {
    let wrong = |why: String| ServerError::Policy(format!("{}: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(POLICY_MAX_BYTES + 1).read_to_string(&mut text);
    match read.map_err(|error| wrong(error.to_string()))? as u64 {
        0..=POLICY_MAX_BYTES => Ok(text),
        _ => Err(wrong(format!("larger than {} MiB", POLICY_MAX_BYTES >> 20))),
    }
}

fn parse_policy(path: &Path, text: &str) -> Result<Policy, ServerError> {
    Policy::parse(&path.display().to_string(), text)
        .map_err(|error| ServerError::Policy(error.to_string()))
}
