//! A cluster as its API tells it: namespaces with what runs in them, who may do what, and what is
//! asked before a pod starts.

use std::collections::{BTreeMap, BTreeSet};

use model::{Observation, Subject};

use super::super::docker::{set, short};
use super::api::{Api, ClusterAccess, Unasked};
use super::objects::{
    ApiGroups, Named, Pod, ServerVersion, ServiceAccount, SigningRequest, WebhookConfiguration,
};
use super::pods::{TRAITS, traits, workload};
use super::rbac::Grants;

/// Kinds of subjects that only the API tells of.
pub(super) const OF_THE_API: [&str; 4] = ["cluster", "namespace", "principal", "role"];
const NAMESPACES_MAX: usize = 2000;
const PODS_MAX: usize = 20_000;
const OTHERS_MAX: usize = 20_000;
/// Names of one fact that are shown before the rest is counted.
const SHOWN: usize = 20;
/// The label by which a namespace asks for a Pod Security Standard.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
/// The signer of certificates that clients of the API show.
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";
/// API groups of what keeps secrets outside of the cluster.
const SECRET_STORES: [&str; 4] =
    ["external-secrets.io", "secrets-store.csi.x-k8s.io", "secrets.hashicorp.com", "bitnami.com"];
/// Collections of which nothing of yours should be in the namespace `default`.
const OF_DEFAULT: [&str; 6] = [
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/services",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/apps/v1/namespaces/default/statefulsets",
    "/apis/apps/v1/namespaces/default/daemonsets",
    "/apis/batch/v1/namespaces/default/jobs",
];
/// What versions and providers of managed clusters have in their version's name.
const PROVIDERS: [(&str, &str); 4] =
    [("-eks-", "EKS"), ("-gke.", "GKE"), ("-aliyun.", "ACK"), ("-tke.", "TKE")];

/// What is collected of one namespace.
#[derive(Default)]
struct Tally {
    pods: usize,
    /// Workloads by trait.
    with: BTreeMap<&'static str, BTreeSet<String>>,
    policies: usize,
}

/// Adds what the API tells; what it refuses is told as not known.
pub(super) fn look(access: &ClusterAccess, out: &mut Observation) {
    let api = match Api::open(access) {
        Ok(api) => api,
        Err(why) => return miss_all(out, &why),
    };
    let version = match api.object::<ServerVersion>("/version") {
        Ok(version) => version.git_version,
        Err(why) => return miss_all(out, &String::from(why)),
    };
    let grants = Grants::read(&api, out);
    let mut cluster = Subject::new("cluster", "");
    cluster.say("cluster.version", short(&version));
    let provider = PROVIDERS.iter().find(|(part, _)| version.contains(part));
    cluster.say("cluster.provider", provider.map_or("none", |(_, name)| name));
    let namespaces = namespaces(&api, grants.as_ref().ok(), out);
    cluster.say_or_miss("cluster.namespaces", namespaces.map(set));
    say_admission(&api, &mut cluster);
    say_credentials(&api, &mut cluster);
    say_default(&api, &mut cluster);
    let groups: Result<ApiGroups, Unasked> = api.object("/apis");
    let stores = groups.map(|groups| {
        let known = groups.groups.into_iter().map(|group| group.name);
        set(known.filter(|name| SECRET_STORES.contains(&name.as_str())))
    });
    cluster.say_or_miss("cluster.secret_stores", stores.map_err(String::from));
    match grants {
        Ok(grants) => {
            cluster.say("cluster.masters_bindings", set(grants.masters_bindings.clone()));
            grants.tell(out);
        }
        Err(why) => {
            let why = String::from(why);
            cluster.miss("cluster.masters_bindings", why.clone());
            out.miss("principal", why.clone());
            out.miss("role", why);
        }
    }
    out.add(cluster);
}

/// Nothing of the API can be told.
pub(super) fn miss_all(out: &mut Observation, why: &str) {
    OF_THE_API.iter().for_each(|kind| out.miss(kind, why));
}

fn namespaces(
    api: &Api,
    grants: Option<&Grants>,
    out: &mut Observation,
) -> Result<Vec<String>, String> {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    let listed = api.each_metadata("/api/v1/namespaces", NAMESPACES_MAX, |one: Named| {
        let enforce = one.metadata.labels.and_then(|mut labels| labels.remove(ENFORCE));
        found.insert(one.metadata.name, enforce);
    });
    if let Err(why) = listed {
        let why = String::from(why);
        out.miss("namespace", why.clone());
        return Err(why);
    }
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let pods = tally_pods(api, &mut tallies);
    let policies = api.each_metadata(
        "/apis/networking.k8s.io/v1/networkpolicies",
        OTHERS_MAX,
        |one: Named| tallies.entry(one.metadata.namespace).or_default().policies += 1,
    );
    let mut mounting: BTreeSet<String> = BTreeSet::new();
    let accounts = "/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault";
    let accounts = api.each(accounts, OTHERS_MAX, |account: ServiceAccount| {
        if account.automount_service_account_token != Some(false) {
            mounting.insert(account.metadata.namespace);
        }
    });
    for (name, enforce) in &found {
        let tally = tallies.remove(name).unwrap_or_default();
        let mut subject = Subject::new("namespace", short(name));
        subject.say("namespace.name", short(name));
        subject.say("namespace.enforce", short(enforce.as_deref().unwrap_or("none")));
        say_pods(&mut subject, &tally, &pods);
        let count = policies.clone().map(|()| tally.policies).map_err(String::from);
        subject.say_or_miss("namespace.network_policies", count);
        let mounts = accounts.clone().map(|()| mounting.contains(name)).map_err(String::from);
        subject.say_or_miss("namespace.default_account_mounts", mounts);
        let bound =
            grants.map(|grants| set(grants.bound_defaults.get(name).cloned().unwrap_or_default()));
        let bound = bound.ok_or_else(|| "roles and bindings could not be read".to_owned());
        subject.say_or_miss("namespace.default_account_bindings", bound);
        out.add(subject);
    }
    Ok(found.into_keys().collect())
}

fn tally_pods(api: &Api, tallies: &mut BTreeMap<String, Tally>) -> Result<(), String> {
    let take = |pod: Pod| {
        let tally = tallies.entry(pod.metadata.namespace.clone()).or_default();
        tally.pods += 1;
        let name = workload(&pod);
        for one in traits(&pod) {
            tally.with.entry(one).or_default().insert(name.clone());
        }
    };
    Ok(api.each("/api/v1/pods", PODS_MAX, take)?)
}

fn say_pods(subject: &mut Subject, tally: &Tally, pods: &Result<(), String>) {
    subject.say_or_miss("namespace.pods", pods.clone().map(|()| tally.pods));
    for name in TRAITS {
        let field = format!("namespace.{name}");
        let workloads = tally.with.get(name).map(shown).unwrap_or_default();
        subject.say_or_miss(&field, pods.clone().map(|()| workloads));
    }
}

/// A set whose rest is counted: what is in it fails, so that nothing hides in the rest.
fn shown(all: &BTreeSet<String>) -> Vec<String> {
    let mut names: Vec<String> = all.iter().take(SHOWN).map(|name| short(name)).collect();
    if all.len() > SHOWN {
        names.push(format!("and {} more", all.len() - SHOWN));
    }
    set(names)
}

/// What is asked before pods start.
fn say_admission(api: &Api, cluster: &mut Subject) {
    let mut names = BTreeSet::new();
    let mut add = |one: WebhookConfiguration| {
        let rules = one
            .webhooks
            .iter()
            .flatten()
            .filter(|webhook| webhook.failure_policy.as_deref() != Some("Ignore"));
        let sees_pods = rules.flat_map(|webhook| webhook.rules.iter().flatten()).any(|rule| {
            let on = |list: &[String], word: &str| list.iter().any(|one| one == "*" || one == word);
            on(&rule.operations, "CREATE")
                && (on(&rule.resources, "pods") || on(&rule.resources, "*/*"))
        });
        names.extend(sees_pods.then_some(one.metadata.name));
    };
    let kinds = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];
    let mut asked = Ok(());
    for kind in kinds {
        asked = asked.and_then(|()| api.each(&format!("{ADMISSION}/{kind}"), OTHERS_MAX, &mut add));
    }
    let bindings = format!("{ADMISSION}/validatingadmissionpolicybindings");
    let policies = "/apis/policy/v1beta1/podsecuritypolicies".to_owned();
    for path in [bindings, policies] {
        // Older and newer servers have one of them, or none.
        let more = api.each_metadata(&path, OTHERS_MAX, |one: Named| {
            names.insert(one.metadata.name);
        });
        if let Err(Unasked::Failed(why)) = more {
            asked = asked.and(Err(Unasked::Failed(why)));
        }
    }
    cluster.say_or_miss("cluster.pod_admission", asked.map(|()| set(names)).map_err(String::from));
}

/// What people may prove themselves with. Of secrets the names are asked, never what is in them.
fn say_credentials(api: &Api, cluster: &mut Subject) {
    for (field, kind) in [
        ("cluster.account_tokens", "kubernetes.io%2Fservice-account-token"),
        ("cluster.bootstrap_tokens", "bootstrap.kubernetes.io%2Ftoken"),
    ] {
        let mut names = BTreeSet::new();
        let path = format!("/api/v1/secrets?fieldSelector=type%3D{kind}");
        let listed = api.each_metadata(&path, OTHERS_MAX, |one: Named| {
            names.insert(format!("{}/{}", one.metadata.namespace, one.metadata.name));
        });
        cluster.say_or_miss(field, listed.map(|()| shown(&names)).map_err(String::from));
    }
    let mut names = BTreeSet::new();
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let listed = api.each(path, OTHERS_MAX, |one: SigningRequest| {
        if one.spec.signer_name == CLIENT_SIGNER {
            names.insert(format!("{} by {}", one.metadata.name, one.spec.username));
        }
    });
    cluster.say_or_miss(
        "cluster.client_certificates",
        listed.map(|()| shown(&names)).map_err(String::from),
    );
}

fn say_default(api: &Api, cluster: &mut Subject) {
    let mut names = BTreeSet::new();
    let mut asked = Ok(());
    for path in OF_DEFAULT {
        let kind = path.rsplit('/').next().unwrap_or_default();
        let listed = api.each_metadata(path, OTHERS_MAX, |one: Named| {
            let own = kind == "services" && one.metadata.name == "kubernetes";
            names.extend((!own).then(|| format!("{kind}/{}", one.metadata.name)));
        });
        asked = asked.and(listed);
    }
    cluster.say_or_miss("cluster.in_default", asked.map(|()| shown(&names)).map_err(String::from));
}
