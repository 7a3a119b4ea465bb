//! The control plane's components and etcd as subjects: what their flags, and the files that these
//! name, make them do.

use model::Subject;
use serde_json::Value;

use super::super::docker::{set, short};
use super::super::root::Root;
use super::super::yaml;
use super::audit_policy;
use super::component::Component;
use super::sheet::Kind::{Number, Seconds, Switch, Text, Texts};
use super::sheet::{self, NONE, Row};

/// Flags of the API server with their defaults (kube-apiserver's reference).
const API_SERVER: [Row; 28] = [
    ("anonymous-auth", Switch, "true"),
    ("token-auth-file", Text, ""),
    ("kubelet-client-certificate", Text, ""),
    ("kubelet-client-key", Text, ""),
    ("kubelet-certificate-authority", Text, ""),
    ("disable-admission-plugins", Texts, ""),
    ("profiling", Switch, "true"),
    ("audit-log-path", Text, ""),
    ("audit-log-maxage", Number, "0"),
    ("audit-log-maxbackup", Number, "0"),
    ("audit-log-maxsize", Number, "100"),
    ("audit-policy-file", Text, ""),
    ("audit-webhook-config-file", Text, ""),
    ("request-timeout", Seconds, "1m"),
    ("service-account-lookup", Switch, "true"),
    ("service-account-key-file", Texts, ""),
    ("service-account-extend-token-expiration", Switch, "true"),
    ("etcd-servers", Texts, ""),
    ("etcd-certfile", Text, ""),
    ("etcd-keyfile", Text, ""),
    ("etcd-cafile", Text, ""),
    ("tls-cert-file", Text, ""),
    ("tls-private-key-file", Text, ""),
    ("tls-cipher-suites", Texts, ""),
    ("tls-min-version", Text, ""),
    ("client-ca-file", Text, ""),
    ("encryption-provider-config", Text, ""),
    ("bind-address", Text, "0.0.0.0"),
];
const CONTROLLER_MANAGER: [Row; 6] = [
    ("profiling", Switch, "true"),
    ("use-service-account-credentials", Switch, "false"),
    ("service-account-private-key-file", Text, ""),
    ("root-ca-file", Text, ""),
    ("bind-address", Text, "0.0.0.0"),
    ("terminated-pod-gc-threshold", Number, "12500"),
];
const SCHEDULER: [Row; 2] = [("profiling", Switch, "true"), ("bind-address", Text, "0.0.0.0")];
const ETCD: [Row; 10] = [
    ("cert-file", Text, ""),
    ("key-file", Text, ""),
    ("client-cert-auth", Switch, "false"),
    ("auto-tls", Switch, "false"),
    ("peer-cert-file", Text, ""),
    ("peer-key-file", Text, ""),
    ("peer-client-cert-auth", Switch, "false"),
    ("peer-auto-tls", Switch, "false"),
    ("trusted-ca-file", Text, ""),
    ("initial-cluster", Texts, ""),
];
/// etcd's file: where each of the flags above stands in it.
const ETCD_FILE: [(&str, &str); 9] = [
    ("cert-file", "/client-transport-security/cert-file"),
    ("key-file", "/client-transport-security/key-file"),
    ("client-cert-auth", "/client-transport-security/client-cert-auth"),
    ("auto-tls", "/client-transport-security/auto-tls"),
    ("trusted-ca-file", "/client-transport-security/trusted-ca-file"),
    ("peer-cert-file", "/peer-transport-security/cert-file"),
    ("peer-key-file", "/peer-transport-security/key-file"),
    ("peer-client-cert-auth", "/peer-transport-security/client-cert-auth"),
    ("peer-auto-tls", "/peer-transport-security/auto-tls"),
];
const ROTATION_GATE: &str = "RotateKubeletServerCertificate";

/// What an API server does.
pub(super) fn api_server(component: &Component, host: &Root) -> Subject {
    let mut subject = component.subject();
    sheet::say(&mut subject, &component.flags, &API_SERVER);
    let mut plugins = component.flags.list("enable-admission-plugins");
    plugins.extend(component.flags.list("admission-control"));
    subject.say("apiserver.enable_admission_plugins", set(plugins));
    authorization(component, host, &mut subject);
    anonymous(component, host, &mut subject);
    let provider = component.named_text(host, "encryption-provider-config").and_then(|text| {
        let text = text.unwrap_or_default();
        Ok(short(&encryption_provider(&yaml::document(&text)?)))
    });
    subject.say_or_miss("apiserver.encryption_provider", provider);
    let gaps = component.named_text(host, "audit-policy-file").and_then(|text| match text {
        Some(text) => audit_policy::gaps(&text).map(set),
        None => Ok(set(audit_policy::all_concerns())),
    });
    subject.say_or_miss("apiserver.audit_gaps", gaps);
    subject
}

/// `--authorization-config` takes the place of `--authorization-mode`.
fn authorization(component: &Component, host: &Root, subject: &mut Subject) {
    let modes = component.named_text(host, "authorization-config").and_then(|text| {
        let Some(text) = text else {
            let modes = component.flags.list("authorization-mode");
            let unset = || vec!["AlwaysAllow".to_owned()];
            return Ok(if modes.is_empty() { unset() } else { modes });
        };
        let file = yaml::document(&text)?;
        let types = yaml::items(&file, "/authorizers").map(|one| yaml::text(one, "/type"));
        Ok(types.map(str::to_owned).collect())
    });
    subject.say_or_miss("apiserver.authorization_mode", modes.map(set));
}

/// `--authentication-config` may let nobody in, or strangers at some paths only.
fn anonymous(component: &Component, host: &Root, subject: &mut Subject) {
    const PATHS: &str = "apiserver.anonymous_paths";
    subject.say(PATHS, Vec::new());
    match component.named_text(host, "authentication-config") {
        Ok(None) => {}
        Ok(Some(text)) => match yaml::document(&text) {
            Ok(file) => {
                if let Some(enabled) = file.pointer("/anonymous/enabled").and_then(Value::as_bool) {
                    subject.say("apiserver.anonymous_auth", enabled);
                }
                let conditions = yaml::items(&file, "/anonymous/conditions");
                subject.say(PATHS, set(conditions.map(|one| yaml::text(one, "/path"))));
            }
            Err(why) => subject.miss("apiserver.anonymous_auth", why),
        },
        Err(why) => subject.miss("apiserver.anonymous_auth", why),
    }
}

/// The provider that secrets are written with: the first of the first entry that covers them.
pub(super) fn encryption_provider(file: &Value) -> String {
    let covers = |entry: &&Value| {
        let resources = yaml::texts(entry, "/resources");
        resources.iter().any(|name| matches!(name.as_str(), "secrets" | "*." | "*.*"))
    };
    let entry = yaml::items(file, "/resources").find(covers);
    let first = entry.and_then(|entry| yaml::items(entry, "/providers").next());
    let name = first.and_then(Value::as_object).and_then(|provider| provider.keys().next());
    name.cloned().unwrap_or_else(|| NONE.to_owned())
}

/// What a controller manager does.
pub(super) fn controller_manager(component: &Component) -> Subject {
    let mut subject = component.subject();
    sheet::say(&mut subject, &component.flags, &CONTROLLER_MANAGER);
    let set = component.flags.is_set("terminated-pod-gc-threshold");
    subject.say("controller_manager.terminated_pod_gc_threshold_set", set);
    let gate = component.flags.map("feature-gates").get(ROTATION_GATE).cloned();
    let on = gate.as_deref().and_then(super::flags::truth).unwrap_or(true);
    subject.say("controller_manager.rotate_kubelet_server_certificate", on);
    subject
}

/// What a scheduler does.
pub(super) fn scheduler(component: &Component) -> Subject {
    let mut subject = component.subject();
    sheet::say(&mut subject, &component.flags, &SCHEDULER);
    subject
}

/// What etcd does. With a file it reads neither flags nor environment.
pub(super) fn etcd(component: &Component, host: &Root, apiserver: Option<&Component>) -> Subject {
    let mut subject = component.subject();
    let read = component.named_text(host, "config-file").and_then(|text| match text {
        Some(text) => Ok(Some(yaml::document(&text)?)),
        None => Ok(None),
    });
    match read {
        Ok(None) => sheet::say(&mut subject, &component.flags, &ETCD),
        Ok(Some(file)) => {
            let mut flags = super::flags::Flags::default();
            for (flag, pointer) in ETCD_FILE {
                match file.pointer(pointer) {
                    Some(Value::String(text)) => flags.replace(flag, text.clone()),
                    Some(Value::Bool(on)) => flags.replace(flag, on.to_string()),
                    _ => {}
                }
            }
            flags.replace("initial-cluster", yaml::text(&file, "/initial-cluster").to_owned());
            sheet::say(&mut subject, &flags, &ETCD);
        }
        Err(why) => {
            for (flag, ..) in ETCD {
                subject.miss(&format!("etcd.{}", flag.replace('-', "_")), why.clone());
            }
        }
    }
    subject.say("etcd.shares_ca", shares_ca(component, apiserver, host));
    subject
}

/// Whether the API server takes clients by the very authority that etcd does: whoever has a
/// certificate of the cluster could then read etcd.
fn shares_ca(etcd: &Component, apiserver: Option<&Component>, host: &Root) -> bool {
    let text = |component: &Component, flag| component.named_text(host, flag).ok().flatten();
    let own = text(etcd, "trusted-ca-file");
    let theirs = apiserver.and_then(|server| text(server, "client-ca-file"));
    own.zip(theirs).is_some_and(|(own, theirs)| own.trim() == theirs.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_that_secrets_are_written_with() {
        for (text, expect) in [
            (
                "resources: [{resources: [secrets], providers: [{aescbc: {keys: []}}, {identity: {}}]}]",
                "aescbc",
            ),
            (
                "resources: [{resources: [secrets], providers: [{identity: {}}, {aescbc: {}}]}]",
                "identity",
            ),
            ("resources: [{resources: [configmaps], providers: [{kms: {}}]}]", "none"),
            ("resources: [{resources: ['*.*'], providers: [{kms: {}}]}]", "kms"),
            ("", "none"),
        ] {
            assert_eq!(encryption_provider(&yaml::document(text).unwrap()), expect, "{text}");
        }
    }
}
