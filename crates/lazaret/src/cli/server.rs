//! `lazaret server`: the central role.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::{Args, Subcommand};
use model::{Digest, Timestamp};
use server::{
    AdmissionSettings, CertificateFiles, CertificateFolder, CertificateSecret, CertificateSource,
    ClusterAddress, FailSafeSettings, ManifestSettings, ServeSettings,
};

use super::judging::read_policy;
use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret server manifests | kubectl apply -f -              run it in a cluster
  lazaret server manifests --fail-safe | kubectl apply -f -  what holds without it
  lazaret server --admission --certificates tls --name admission.example --policy policy.yaml

See docs/run-blocking-kubernetes.md.";

/// Answer a Kubernetes API server: which pods may start
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Server {
    /// Serve the admission webhooks: /admission, /mutate, /image-review
    #[arg(long)]
    admission: bool,

    /// Print the manifests instead, as `manifests` does
    #[arg(long)]
    print_manifests: bool,

    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:8443")]
    listen: String,

    /// Folder of reports that `lazaret scan -f json` wrote, taken in again when they change
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,

    /// Judge a pod's tag by what it meant at its last scan, where nothing pins it to a digest
    #[arg(long)]
    judge_tags: bool,

    #[command(flatten)]
    certificates: Certificates,

    #[command(flatten)]
    place: Place,

    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print what a cluster needs so that its API server asks
    Manifests(Box<Manifests>),
}

/// Where the serving certificate comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Certificate")]
struct Certificates {
    /// Keep an authority of its own in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["cluster", "tls_cert"])]
    certificates: Option<PathBuf>,

    /// Keep it in a Secret of the cluster that this runs in, and mend the webhook configurations
    #[arg(long, conflicts_with = "tls_cert")]
    cluster: bool,

    /// Serve the certificate in this file, renewed by another program
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A DNS name or address that the certificate is for, besides the Service's
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
}

/// What server and manifests must agree on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
struct Place {
    /// The policy; without one the built-in policy judges (in manifests: watches)
    #[arg(long, value_name = "FILE", env = "LAZARET_POLICY")]
    policy: Option<PathBuf>,

    /// The server's own namespace
    #[arg(long, value_name = "NAMESPACE", default_value = "lazaret")]
    namespace: String,

    /// The name of its Service, and of everything else that is made for it
    #[arg(long, value_name = "NAME", default_value = "lazaret-admission")]
    service: String,

    /// A namespace, besides its own, in which nothing is judged
    #[arg(long, value_name = "NAMESPACE", default_value = "kube-system")]
    exempt_namespace: Vec<String>,

    /// A group whose members may let a workload in with the annotation lazaret.dev/break-glass
    #[arg(long, value_name = "GROUP", default_value = "lazaret:break-glass")]
    break_glass_group: Vec<String>,
}

/// Print what a cluster needs.
#[derive(Debug, Args)]
struct Manifests {
    /// Only the webhook configurations
    #[arg(long, conflicts_with = "fail_safe")]
    webhooks: bool,

    /// The ValidatingAdmissionPolicy that holds without the server
    #[arg(long)]
    fail_safe: bool,

    /// With --fail-safe: do not demand digests
    #[arg(long, requires = "fail_safe")]
    allow_tags: bool,

    /// With --fail-safe: an image that must not run, by the digest of its manifest
    #[arg(long, requires = "fail_safe", value_name = "DIGEST")]
    deny_digest: Vec<Digest>,

    /// Certificates by cert-manager
    #[arg(long)]
    cert_manager: bool,

    /// The server's image [default: lazaret:VERSION]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// The claim of a volume with reports
    #[arg(long, value_name = "NAME")]
    reports_claim: Option<String>,

    /// Where the server is, when it is not in the cluster: https://HOST:PORT
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// Trust the authority in this folder, made there when there is none
    #[arg(long, value_name = "DIR", conflicts_with = "cert_manager")]
    certificates: Option<PathBuf>,

    #[command(flatten)]
    place: Place,
}

impl Server {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Some(Verb::Manifests(verb)) => return verb.run(),
            None if self.print_manifests => {
                print!(
                    "{}",
                    server::deployment(&self.place.manifests(), own_policy(&self.place)?.as_ref())?
                );
                return Ok(Outcome::Allowed);
            }
            None if !self.admission => bail!("nothing to serve: say --admission"),
            None => {}
        }
        let quiet = context.quiet;
        server::serve(ServeSettings {
            listen: self.listen,
            store: context.data_dir.join("lazaret.sqlite"),
            reports: self.reports,
            certificates: self.certificates.source(&self.place)?,
            admission: AdmissionSettings {
                exempt_namespaces: self.place.manifests().all_exempt(),
                break_glass_groups: self.place.break_glass_group.clone(),
                judge_tags: self.judge_tags,
            },
            policy: self.place.policy,
            tell: if quiet { |_| () } else { |line| eprintln!("lazaret: {line}") },
        })?;
        Ok(Outcome::Allowed)
    }
}

impl Certificates {
    fn source(self, place: &Place) -> anyhow::Result<CertificateSource> {
        let settings = place.manifests();
        let mut names = settings.service_names();
        names.extend(self.name);
        if let (Some(certificate), Some(key)) = (self.tls_cert, self.tls_key) {
            return Ok(CertificateSource::Files(CertificateFiles { certificate, key }));
        }
        if self.cluster {
            let configurations = server::webhook_objects(&settings)?;
            let address = ClusterAddress::of_this_pod()?;
            let secret = CertificateSecret::new(
                address,
                &settings.namespace,
                &settings.name,
                configurations,
            )?;
            return Ok(CertificateSource::Secret(Box::new(secret), names));
        }
        let Some(directory) = self.certificates else {
            bail!("no certificate to serve: say --certificates, --cluster or --tls-cert")
        };
        Ok(CertificateSource::Folder(CertificateFolder::at(&directory), names))
    }
}

impl Place {
    fn manifests(&self) -> ManifestSettings {
        ManifestSettings {
            namespace: self.namespace.clone(),
            name: self.service.clone(),
            exempt_namespaces: self.exempt_namespace.clone(),
            break_glass_groups: self.break_glass_group.clone(),
            ..ManifestSettings::default()
        }
    }
}

impl Manifests {
    fn run(self) -> anyhow::Result<Outcome> {
        ensure!(
            self.url.is_none() || self.webhooks,
            "--url is for a server outside of the cluster: it goes with --webhooks"
        );
        let mut settings = self.place.manifests();
        settings.bundle = match &self.certificates {
            Some(directory) => {
                let names = settings.service_names();
                let folder = CertificateFolder::at(directory);
                Some(folder.known_or_new(&names, Timestamp::now())?.bundle())
            }
            None => None,
        };
        settings.cert_manager = self.cert_manager;
        settings.reports_claim = self.reports_claim;
        settings.url = self.url;
        if let Some(image) = self.image {
            settings.image = image;
        }
        let policy = own_policy(&self.place)?;
        let text = if self.webhooks {
            server::webhooks(&settings)?
        } else if self.fail_safe {
            let layer =
                FailSafeSettings { allow_tags: self.allow_tags, denied_digests: self.deny_digest };
            let policy = policy.map_or_else(|| read_policy(None), Ok)?;
            server::fail_safe(&settings, &layer, &policy)?
        } else {
            server::deployment(&settings, policy.as_ref())?
        };
        print!("{text}");
        Ok(Outcome::Allowed)
    }
}

/// The policy in a file; `None` for the built-in one.
fn own_policy(place: &Place) -> anyhow::Result<Option<policy::Policy>> {
    place.policy.as_deref().map(|path| read_policy(Some(path))).transpose()
}
