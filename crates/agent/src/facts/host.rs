//! A container host: kernel, mounts, accounts, SSH, services, listeners and files, subject by
//! subject.

mod accounts;
mod files;
mod kernel;
mod services;
mod ssh;
mod storage;
mod sudo;

use model::Observation;

use super::Places;
use super::accounts::HostAccounts;
use super::audit_rules::AuditRules;
use super::docker::settle;
use super::process::Processes;
use super::root::Root;
use super::{audit_kernel, file};

pub use ssh::SshConfig;
pub use sudo::{SudoRules, parse as parse_sudoers};

/// Kinds of subjects that a host tells of.
const KINDS: [&str; 10] =
    ["account", "cpu", "file", "kernel", "listener", "mount", "services", "ssh", "sudo", "sysctl"];

/// What one look has in hand.
struct Look<'a> {
    places: &'a Places,
    root: Root,
    processes: Processes,
}

/// What is seen of a host.
pub(super) fn look(places: &Places) -> Observation {
    let mut out = Observation::default();
    let root = match Root::open(&places.root) {
        Ok(root) => root,
        Err(error) => {
            let why = format!("{}: {error}", places.root.display());
            KINDS.iter().for_each(|kind| out.miss(kind, why.clone()));
            return out;
        }
    };
    let look = Look { places, root, processes: Processes::new(&places.proc) };
    let audit = look.audit_rules();
    kernel::look(&look, &mut out);
    storage::look(&look, &mut out);
    accounts::look(&look, &mut out);
    sudo::look(&look, &mut out);
    ssh::look(&look, &mut out);
    services::look(&look, &audit, &mut out);
    let names = HostAccounts::read(&look.root);
    let files = file::Files { root: &look.root, accounts: &names, audit: &audit };
    files::look(&look, &files, &mut out);
    settle(&mut out);
    out
}

impl Look<'_> {
    /// The kernel's own list, or what the files would load.
    fn audit_rules(&self) -> Result<AuditRules, String> {
        let asked = if self.places.ask_kernel { audit_kernel::list() } else { Err(String::new()) };
        asked.or_else(|_| AuditRules::from_files(&self.root))
    }
}
