//! `Rule` and `Condition`: one demand of a policy, and when it speaks.

use model::{
    AdvisoryId, Band, Confidence, Decision, Look, Method, Purl, SecretCategory, Severity,
    SkipReason,
};

use crate::free::FreeCondition;
use crate::scope::RuleScope;
use crate::versions::VersionSet;

/// One demand.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique in the policy.
    pub name: String,
    /// What it decides when its condition holds: warn or deny.
    pub decision: Decision,
    /// How far its decision is carried out. The milder of this and the policy's own mode holds.
    pub mode: Mode,
    /// Which workloads and images it speaks of.
    pub scope: RuleScope,
    /// What somebody who is refused by it should do; may be empty.
    pub advice: String,
    /// When it speaks.
    pub condition: Condition,
}

/// How far decisions are carried out. Ordered: `Block` is the strongest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// What would be decided is written down; nothing is refused and nobody is told.
    Observe,
    /// A denial becomes a warning.
    Warn,
    /// A denial is a denial.
    #[default]
    Block,
}

/// When a rule speaks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// The container runs as root.
    Root(RootCondition),
    /// A package has a vulnerability of this description.
    Vulnerability(VulnerabilityCondition),
    /// A package has one of these vulnerabilities, under any of its names.
    Cve(Vec<AdvisoryId>),
    /// A package is itself malicious.
    Malicious,
    /// One of these packages is installed.
    Package(PackageCondition),
    /// A file looks malicious.
    Malware(MalwareCondition),
    /// A private key, and if so wished a certificate, lies in the image.
    PrivateKey(PrivateKeyCondition),
    /// A secret, key or certificate lies in the image.
    Secret(SecretCondition),
    /// A build step is at least so suspicious.
    History(Severity),
    /// A requirement of trust is not met.
    Untrusted,
    /// A template has a weakness of this description.
    Misconfiguration(MisconfigurationCondition),
    /// A container is started with one of these options.
    Workload(Box<WorkloadCondition>),
    /// The advisories reach no further than this for part of the image.
    Coverage(Vec<CoverageState>),
    /// Something was not looked at, for one of these reasons.
    Skipped(Vec<SkipReason>),
    /// A condition in the rule language.
    Free(FreeCondition),
}

/// When running as root counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RootCondition {
    /// Being in group 0 counts too.
    pub group: bool,
    /// Root counts too where it is another user outside the container.
    pub in_user_namespace: bool,
}

/// A description of vulnerabilities. What is not given is not asked; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VulnerabilityCondition {
    /// At least this bad.
    pub severity: Option<Severity>,
    /// A repaired version exists.
    pub only_fixed: bool,
    /// In CISA's catalogue of known exploited vulnerabilities.
    pub kev: bool,
    /// More likely to be exploited than this, 0.0 to 1.0.
    pub epss_above: Option<f32>,
    /// Published more than so many days ago. A vulnerability without a date counts as old: a
    /// period of grace needs a beginning.
    pub older_than_days: Option<u32>,
}

/// A description of packages.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageCondition {
    /// One of these. Every part that a package URL has must be the package's.
    pub purls: Vec<Purl>,
    /// In one of these versions; `None` for any that the package URL leaves open.
    pub versions: Option<VersionSet>,
}

/// A description of malicious files. What is not given is not asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MalwareCondition {
    /// At least this band.
    pub band: Band,
    /// Exactly one of these bands; empty for any from `band` on.
    pub bands: Vec<Band>,
    /// One of these methods spoke; empty for any.
    pub methods: Vec<Method>,
    /// Not what a later layer deletes: it is in the image, but in no container.
    pub only_visible: bool,
}

/// A description of private keys and certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivateKeyCondition {
    /// Certificates count too.
    pub certificates: bool,
    /// Keys that are encrypted with a password do not count.
    pub only_clear: bool,
    /// At least so sure.
    pub confidence: Confidence,
    /// Not what a later layer deletes.
    pub only_visible: bool,
}

impl Default for PrivateKeyCondition {
    fn default() -> Self {
        PrivateKeyCondition {
            certificates: false,
            only_clear: false,
            confidence: Confidence::Certain,
            only_visible: false,
        }
    }
}

/// A description of secrets. What is not given is not asked.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretCondition {
    /// One of these; empty for any.
    pub categories: Vec<SecretCategory>,
    /// At least so sure.
    pub confidence: Confidence,
    /// Not what a later layer deletes.
    pub only_visible: bool,
}

/// A description of weaknesses of templates. What is not given is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MisconfigurationCondition {
    /// At least this bad.
    pub severity: Option<Severity>,
    /// One of these rules, by our id or another tool's.
    pub rules: Vec<String>,
}

/// Options with which a container is started. One that holds is enough.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkloadCondition {
    /// All capabilities, all devices, no masks.
    pub privileged: bool,
    /// It shares one of these namespaces with the host.
    pub host_namespaces: Vec<String>,
    /// One of these capabilities is added; `ALL` counts as each of them.
    pub capabilities: Vec<String>,
    /// It sees more of the host's files than it should.
    pub mounts: Option<MountCondition>,
    /// A device of the host whose path fits one of these globs.
    pub devices: Vec<crate::glob::Glob>,
    /// An OCI runtime other than these is asked for.
    pub runtimes: Vec<String>,
    /// Seccomp is switched off.
    pub seccomp_unconfined: bool,
    /// AppArmor is switched off.
    pub apparmor_unconfined: bool,
    /// It may gain privileges by setuid programs.
    pub privilege_escalation: bool,
    /// Its own root filesystem can be written.
    pub writable_rootfs: bool,
    /// It opens ports on the host.
    pub host_ports: bool,
    /// It has no limit of one of these: `memory`, `cpu`, `pids`.
    pub no_limits: Vec<String>,
    /// It sets a kernel parameter that fits one of these globs.
    pub sysctls: Vec<crate::trust::LabelGlob>,
}

/// Mounts of the host that count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MountCondition {
    /// One that shows a place from which the host can be taken over.
    pub sensitive: bool,
    /// One that shows one of these paths of the host, or lies below it.
    pub paths: Vec<String>,
    /// Only those that can be written.
    pub only_writable: bool,
}

/// How far the advisories reach, short of covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageState {
    /// The feed is old.
    Stale,
    /// The release is out of support.
    EndOfLife,
    /// The distribution or its release is not known.
    UnknownDistribution,
    /// No feed speaks of the ecosystem.
    NoFeed,
}

impl Mode {
    /// The word in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Observe => "observe",
            Mode::Warn => "warn",
            Mode::Block => "block",
        }
    }

    /// What becomes of a decision.
    pub fn carry_out(self, decision: Decision) -> Decision {
        match self {
            Mode::Observe => Decision::Allow,
            Mode::Warn => decision.min(Decision::Warn),
            Mode::Block => decision,
        }
    }
}

impl CoverageState {
    /// Every state, with the word that policies use for it.
    pub(crate) const ALL: [(&'static str, CoverageState); 4] = [
        ("unknown_distribution", CoverageState::UnknownDistribution),
        ("no_feed", CoverageState::NoFeed),
        ("end_of_life", CoverageState::EndOfLife),
        ("stale", CoverageState::Stale),
    ];
}

impl Condition {
    /// What a scan must have looked for, or the condition could not hold.
    pub(crate) fn needs(&self) -> Option<Look> {
        match self {
            Condition::Vulnerability(_)
            | Condition::Cve(_)
            | Condition::Malicious
            | Condition::Coverage(_) => Some(Look::Vulnerabilities),
            Condition::Malware(_) => Some(Look::Malware),
            Condition::PrivateKey(_) | Condition::Secret(_) => Some(Look::Secrets),
            Condition::History(_) => Some(Look::History),
            Condition::Free(free) => free.needs(),
            _ => None,
        }
    }

    /// Whether it may speak of templates: what a Dockerfile or manifest has no answer to, such as
    /// who an image runs as, is not asked of it.
    pub(crate) fn speaks_of_templates(&self) -> bool {
        match self {
            Condition::Misconfiguration(_)
            | Condition::PrivateKey(_)
            | Condition::Secret(_)
            | Condition::Skipped(_) => true,
            Condition::Free(free) => free.speaks_of_templates(),
            _ => false,
        }
    }

    /// The word by which policies name this kind of condition.
    pub fn kind(&self) -> &'static str {
        match self {
            Condition::Root(_) => "root",
            Condition::Vulnerability(_) => "vulnerability",
            Condition::Cve(_) => "cve",
            Condition::Malicious => "malicious",
            Condition::Package(_) => "package",
            Condition::Malware(_) => "malware",
            Condition::PrivateKey(_) => "private_key",
            Condition::Secret(_) => "secret",
            Condition::History(_) => "history",
            Condition::Untrusted => "untrusted",
            Condition::Misconfiguration(_) => "misconfiguration",
            Condition::Workload(_) => "workload",
            Condition::Coverage(_) => "coverage",
            Condition::Skipped(_) => "skipped",
            Condition::Free(_) => "condition",
        }
    }
}
