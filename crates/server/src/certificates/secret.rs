//! `CertificateSecret`: certificates that the replicas of a cluster share in a Secret, and the
//! bundle that they put into their own webhook configurations.
//!
//! Every replica does this alike; the API server's versions of objects let one of them win.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;
use serde_json::{Value, json};

use super::Certificates;
use crate::ServerError;
use crate::cluster::{Cluster, ClusterAddress, Written};

/// How often one tries again after another replica was faster.
const ATTEMPTS: usize = 5;
/// Where webhook configurations lie.
const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1";
/// The key of a Secret with the certificates and their keys, and the one with the bundle.
const KEPT: &str = "certificates.json";
const BUNDLE: &str = "ca.crt";

/// Where a cluster keeps the certificates.
#[derive(Debug)]
pub struct CertificateSecret {
    cluster: Cluster,
    namespace: String,
    name: String,
    configurations: Vec<Configuration>,
}

/// A webhook configuration of ours: where it lies and what must be in it.
#[derive(Debug)]
struct Configuration {
    collection: &'static str,
    name: String,
    wanted: Value,
}

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The certificates to serve.
    pub certificates: Certificates,
    /// What was wrong with the webhook configurations, a line each. It has been put right.
    pub mended: Vec<String>,
}

impl CertificateSecret {
    /// The Secret of this name. `configurations` are the webhook configurations as they should be,
    /// `kind` and `metadata.name` included.
    pub fn new(
        address: ClusterAddress,
        namespace: &str,
        name: &str,
        configurations: Vec<Value>,
    ) -> Result<CertificateSecret, ServerError> {
        let configurations = configurations.into_iter().filter_map(|wanted| {
            let collection = match wanted["kind"].as_str()? {
                "ValidatingWebhookConfiguration" => "validatingwebhookconfigurations",
                "MutatingWebhookConfiguration" => "mutatingwebhookconfigurations",
                _ => return None,
            };
            let name = wanted["metadata"]["name"].as_str()?.to_owned();
            Some(Configuration { collection, name, wanted })
        });
        Ok(CertificateSecret {
            cluster: Cluster::new(address)?,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            configurations: configurations.collect(),
        })
    }

    /// The certificates to use at this time; what is due is renewed, and the bundle and everything
    /// else of the webhook configurations is as it should be afterwards.
    pub fn current(&self, names: &[String], now: Timestamp) -> Result<Kept, ServerError> {
        let certificates = self.certificates(names, now)?;
        let mut mended = Vec::new();
        for configuration in &self.configurations {
            mended.extend(self.mend(configuration, &certificates.bundle())?);
        }
        Ok(Kept { certificates, mended })
    }

    fn certificates(&self, names: &[String], now: Timestamp) -> Result<Certificates, ServerError> {
        let collection = format!("/api/v1/namespaces/{}/secrets", self.namespace);
        let path = format!("{collection}/{}", self.name);
        for _ in 0..ATTEMPTS {
            let secret = self.cluster.object(&path)?;
            let kept = secret.as_ref().map(|secret| self.read(secret)).transpose()?.flatten();
            let new = match &kept {
                Some(kept) => kept.renewed(names, now)?,
                None => Some(Certificates::made(names, now)?),
            };
            let Some(new) = new else {
                return kept.ok_or_else(|| self.unusable("it is empty"));
            };
            let written = match secret {
                Some(secret) => self.cluster.replace(&path, &self.filled(secret, &new)?)?,
                None => {
                    let metadata = json!({"name": self.name, "namespace": self.namespace});
                    let secret =
                        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
                    self.cluster.create(&collection, &self.filled(secret, &new)?)?
                }
            };
            if written == Written::Done {
                return Ok(new);
            }
        }
        Err(self.unusable("other replicas kept changing it"))
    }

    fn read(&self, secret: &Value) -> Result<Option<Certificates>, ServerError> {
        let Some(encoded) = secret["data"][KEPT].as_str() else { return Ok(None) };
        let bytes = STANDARD.decode(encoded).map_err(|error| self.unusable(&error.to_string()))?;
        let kept = serde_json::from_slice(&bytes);
        kept.map(Some).map_err(|error| self.unusable(&error.to_string()))
    }

    fn filled(&self, mut secret: Value, new: &Certificates) -> Result<Value, ServerError> {
        let text = serde_json::to_string(new).map_err(|error| self.unusable(&error.to_string()))?;
        secret["data"][KEPT] = STANDARD.encode(text).into();
        secret["data"][BUNDLE] = STANDARD.encode(new.bundle()).into();
        Ok(secret)
    }

    fn unusable(&self, why: &str) -> ServerError {
        let place = format!("the Secret {}/{}", self.namespace, self.name);
        ServerError::Certificates { place, why: why.to_owned() }
    }

    /// Puts a configuration right; says what was wrong beside the bundle, which changes by itself.
    fn mend(&self, ours: &Configuration, bundle: &str) -> Result<Option<String>, ServerError> {
        let collection = format!("{CONFIGURATIONS}/{}", ours.collection);
        let path = format!("{collection}/{}", ours.name);
        let wanted = with_bundle(&ours.wanted, &STANDARD.encode(bundle));
        for _ in 0..ATTEMPTS {
            let Some(mut found) = self.cluster.object(&path)? else {
                self.cluster.create(&collection, &wanted)?;
                return Ok(Some(format!("the {} {} was gone", ours.collection, ours.name)));
            };
            if holds(&found["webhooks"], &wanted["webhooks"]) {
                return Ok(None);
            }
            let edited = !holds(&without_bundle(&found)["webhooks"], &ours.wanted["webhooks"]);
            found["webhooks"] = wanted["webhooks"].clone();
            if self.cluster.replace(&path, &found)? == Written::Done {
                let what = || format!("the {} {} had been changed", ours.collection, ours.name);
                return Ok(edited.then(what));
            }
        }
        Err(ServerError::Cluster { what: path, why: "somebody keeps changing it".to_owned() })
    }
}

/// Whether everything that is wanted is there: an API server adds defaults of its own.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| found.get(key).is_some_and(|found| holds(found, wanted))),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
        (found, wanted) => found == wanted,
    }
}

fn webhooks(configuration: &mut Value) -> impl Iterator<Item = &mut Value> {
    configuration.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten()
}

fn with_bundle(configuration: &Value, bundle: &str) -> Value {
    let mut configuration = configuration.clone();
    for webhook in webhooks(&mut configuration) {
        webhook["clientConfig"]["caBundle"] = bundle.into();
    }
    configuration
}

fn without_bundle(configuration: &Value) -> Value {
    let mut configuration = configuration.clone();
    for webhook in webhooks(&mut configuration) {
        if let Some(client) = webhook["clientConfig"].as_object_mut() {
            client.remove("caBundle");
        }
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_the_api_server_are_no_edits_and_edits_are() {
        let wanted = json!({"webhooks": [{"name": "a", "failurePolicy": "Fail", "rules": [{"operations": ["CREATE"]}]}]});
        let mut found = with_bundle(&wanted, "QQ==");
        found["webhooks"][0]["reinvocationPolicy"] = "Never".into();
        assert!(holds(&without_bundle(&found), &wanted));
        assert!(!holds(&found, &with_bundle(&wanted, "Qg==")));
        for (pointer, edit) in [
            ("/webhooks/0/failurePolicy", json!("Ignore")),
            ("/webhooks/0/rules/0/operations", json!(["CREATE", "DELETE"])),
            ("/webhooks/0/rules", json!([])),
            ("/webhooks", json!([])),
        ] {
            let mut edited = found.clone();
            *edited.pointer_mut(pointer).unwrap() = edit;
            assert!(!holds(&edited, &wanted), "{pointer}");
        }
    }
}
