//! Table: `vuln.*`, `malware.*`, `secret.*`, `history.*`, `trust.*` and `template.*`: what is found.

use super::{BANDS, CONFIDENCES, SEVERITIES};
use crate::filter::Field;
use crate::filter::FieldType::{Bool, Duration, Float, Integer, Path, Ranked, Text, Time};

const KINDS: &[&str] = &["weakness", "malicious", "notice"];
/// The words of [`model::FixState`].
const FIX_STATES: &[&str] = &[
    "unknown",
    "not_affected",
    "under_investigation",
    "affected",
    "deferred",
    "will_not_fix",
    "end_of_life",
    "fixed",
];
/// The words of [`model::Method`].
const METHODS: &[&str] =
    &["hash_list", "fuzzy_hash", "yara", "textcnn", "linear", "virus_engine", "heuristic"];
/// The words of [`model::SecretCategory`].
const CATEGORIES: &[&str] =
    &["private_key", "key_store", "certificate", "token", "password", "connection_string"];
/// The words of [`model::TrustRequirement`].
const REQUIREMENTS: &[&str] = &["registry", "digest", "label", "signature"];
/// The words of [`model::SignatureFormat`].
const FORMATS: &[&str] =
    &["cosign_simple", "sigstore_bundle", "notation_jws", "notation_cose", "gpg_simple"];

/// The fields.
pub(super) static FIELDS: &[Field] = &[
    Field::new("vuln.id", Text, "Its id and its aliases, any of them: `CVE-2024-3094`.").any(),
    Field::new("vuln.severity", Ranked(SEVERITIES), "How bad, over all sources."),
    Field::new("vuln.kind", Text, "`weakness`, `malicious` or `notice`.").one_of(KINDS),
    Field::new("vuln.package", Text, "Name of the package."),
    Field::new("vuln.version", Text, "Installed version of the package."),
    Field::new("vuln.purl", Text, "Package URL of the package."),
    Field::new("vuln.path", Path, "The file that proves the package."),
    Field::new("vuln.layer", Integer, "The layer that brought the package, from 0."),
    Field::new("vuln.base", Bool, "Whether it came with the base image."),
    Field::new("vuln.fixable", Bool, "Whether a repaired version exists."),
    Field::new("vuln.fixed_version", Text, "The nearest repaired version."),
    Field::new("vuln.fix_state", Text, "`fixed`, `affected`, `will_not_fix`, `end_of_life` ….")
        .one_of(FIX_STATES),
    Field::new("vuln.cvss", Float, "CVSS base score of the newest version, 0.0 to 10.0."),
    Field::new("vuln.cvss_vector", Text, "CVSS vectors.").set(),
    Field::new("vuln.epss", Float, "Probability of exploitation in 30 days, 0.0 to 1.0."),
    Field::new("vuln.epss_percentile", Float, "Share of CVEs that score no higher, 0.0 to 1.0."),
    Field::new("vuln.kev", Bool, "Whether CISA knows of exploitation."),
    Field::new("vuln.ransomware", Bool, "Whether it was seen in ransomware campaigns."),
    Field::new("vuln.risk", Float, "All of that together, 0 to 100."),
    Field::new("vuln.published", Time, "When it was first published."),
    Field::new("vuln.age", Duration, "How long ago that was."),
    Field::new("vuln.sources", Text, "Who speaks of it: `debian`, `ghsa` ….").set(),
    Field::new("vuln.summary", Text, "What it is, in one line."),
    Field::new("malware.path", Path, "The file; parts of archives follow `!/`."),
    Field::new("malware.name", Text, "What it is called."),
    Field::new("malware.band", Ranked(BANDS), "How bad the score is."),
    Field::new("malware.score", Float, "All methods together, 0.0 to 1.0."),
    Field::new("malware.methods", Text, "Methods that had something to say: `yara` ….")
        .set()
        .one_of(METHODS),
    Field::new("malware.rules", Text, "Rules and signatures that matched.").set(),
    Field::new("malware.file_kind", Text, "The kind of the file: `php`, `elf` …."),
    Field::new("malware.digest", Text, "Digest of the file: `sha256:…`."),
    Field::new("malware.size", Integer, "Bytes of the file."),
    Field::new("malware.layer", Integer, "The layer that brought it, from 0."),
    Field::new("malware.deleted", Bool, "Whether a later layer deletes it."),
    Field::new("malware.owned_by", Text, "The system package whose file it is."),
    Field::new("secret.category", Text, "`private_key`, `token`, `password` ….").one_of(CATEGORIES),
    Field::new("secret.rule", Text, "The rule that found it."),
    Field::new("secret.title", Text, "What it is, in a few words."),
    Field::new("secret.severity", Ranked(SEVERITIES), "How bad."),
    Field::new("secret.confidence", Ranked(CONFIDENCES), "How much it proves."),
    Field::new("secret.place", Text, "Where: a path, or which variable, label or build step."),
    Field::new("secret.path", Path, "The file, when it lies in one."),
    Field::new("secret.layer", Integer, "The layer it lies in, from 0."),
    Field::new("secret.deleted", Bool, "Whether a later layer deletes it."),
    Field::new("secret.owned_by", Text, "The system package whose file it lies in."),
    Field::new("secret.key.algorithm", Text, "Algorithm of a private key: `rsa`, `ed25519` …."),
    Field::new("secret.key.bits", Integer, "Bits of a private key."),
    Field::new("secret.key.encrypted", Bool, "Whether a private key needs a password."),
    Field::new("secret.cert.subject", Text, "Whose certificate it is."),
    Field::new("secret.cert.issuer", Text, "Who signed it."),
    Field::new("secret.cert.not_after", Time, "Until when it is valid."),
    Field::new("secret.cert.self_signed", Bool, "Whether its own key signed it."),
    Field::new("secret.cert.ca", Bool, "Whether it may sign others."),
    Field::new("history.rule", Text, "The rule that a build step breaks."),
    Field::new("history.title", Text, "What the step does, in a few words."),
    Field::new("history.severity", Ranked(SEVERITIES), "How bad."),
    Field::new("history.text", Text, "Text of the step, secrets masked."),
    Field::new("history.step", Integer, "The step, from 0."),
    Field::new("history.layer", Integer, "The layer it made, from 0."),
    Field::new("history.attack", Text, "MITRE ATT&CK techniques.").set(),
    Field::new("trust.scope", Text, "The scope of the policy that speaks of the image."),
    Field::new("trust.met", Bool, "Whether every requirement of the scope is met."),
    Field::new("trust.unmet", Text, "Requirements that are not: `registry`, `signature` ….")
        .set()
        .one_of(REQUIREMENTS),
    Field::new("trust.signed_by", Text, "Trusted keys that verify a signature of it.").set(),
    Field::new("trust.signature_formats", Text, "Forms of those signatures.").set().one_of(FORMATS),
    Field::new("template.rule", Text, "The rule that a template breaks, its aliases too.").any(),
    Field::new("template.severity", Ranked(SEVERITIES), "How bad."),
    Field::new("template.title", Text, "What is wrong, in one sentence."),
    Field::new("template.file", Path, "The template."),
    Field::new("template.subject", Text, "The stage, service or object it is about."),
];
