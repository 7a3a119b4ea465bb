//! Who may do what that leads further: roles and bindings of RBAC, put together by subject.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{Observation, Subject};

use super::super::docker::{set, short};
use super::api::{Api, Unasked};
use super::objects::{Binding, BoundSubject, Role, Rule};

/// Most roles and most bindings that are read.
const ROLES_MAX: usize = 20_000;
/// Most subjects that are told.
const PRINCIPALS_MAX: usize = 2000;
/// The label of what the API server itself makes.
const BUILT_IN: &str = "kubernetes.io/bootstrapping";
/// Groups that everybody is in, whoever they are.
const EVERYBODY: [&str; 4] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:anonymous",
];

/// A power: the fact's name, and the requests of which one is enough: verb, group, resource.
type Power = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const POWERS: [Power; 9] = [
    ("reads_secrets", &[("get", "", "secrets"), ("list", "", "secrets"), ("watch", "", "secrets")]),
    ("creates_pods", &[("create", "", "pods")]),
    (
        "raises_itself",
        &[
            ("bind", RBAC, "roles"),
            ("bind", RBAC, "clusterroles"),
            ("escalate", RBAC, "roles"),
            ("escalate", RBAC, "clusterroles"),
            ("impersonate", "", "users"),
            ("impersonate", "", "groups"),
            ("impersonate", "", "serviceaccounts"),
        ],
    ),
    ("creates_volumes", &[("create", "", "persistentvolumes")]),
    ("reaches_kubelets", &[("get", "", "nodes/proxy"), ("create", "", "nodes/proxy")]),
    (
        "approves_certificates",
        &[
            ("update", CERTIFICATES, "certificatesigningrequests/approval"),
            ("patch", CERTIFICATES, "certificatesigningrequests/approval"),
        ],
    ),
    (
        "changes_webhooks",
        &[
            ("create", ADMISSION, "validatingwebhookconfigurations"),
            ("update", ADMISSION, "validatingwebhookconfigurations"),
            ("patch", ADMISSION, "validatingwebhookconfigurations"),
            ("delete", ADMISSION, "validatingwebhookconfigurations"),
            ("create", ADMISSION, "mutatingwebhookconfigurations"),
            ("update", ADMISSION, "mutatingwebhookconfigurations"),
            ("patch", ADMISSION, "mutatingwebhookconfigurations"),
            ("delete", ADMISSION, "mutatingwebhookconfigurations"),
        ],
    ),
    ("creates_tokens", &[("create", "", "serviceaccounts/token")]),
    ("is_administrator", &[]),
];
const ADMINISTRATOR: &str = "is_administrator";
const CLUSTER_ADMIN: &str = "cluster-admin";

/// What a subject may do: each power with the bindings that give it.
type Held = BTreeMap<&'static str, BTreeSet<String>>;

/// What was read of RBAC.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// By namespace (empty for the cluster's) and name.
    roles: HashMap<(String, String), Vec<Rule>>,
    held: BTreeMap<BoundTo, Held>,
    /// Default service accounts that something is bound to, by namespace.
    pub(super) bound_defaults: BTreeMap<String, BTreeSet<String>>,
    /// Bindings of the group `system:masters` besides the built-in one.
    pub(super) masters_bindings: BTreeSet<String>,
}

/// Kind, namespace, name.
type BoundTo = (String, String, String);

impl Grants {
    /// Reads roles and bindings, and tells each role that is not built in.
    pub(super) fn read(api: &Api, out: &mut Observation) -> Result<Grants, Unasked> {
        let mut grants = Grants::default();
        for kind in ["roles", "clusterroles"] {
            api.each(&format!("/apis/{RBAC}/v1/{kind}"), ROLES_MAX, |role: Role| {
                out.subjects.extend(self::role(&role));
                let key = (role.metadata.namespace, role.metadata.name);
                grants.roles.insert(key, role.rules.unwrap_or_default());
            })?;
        }
        for kind in ["rolebindings", "clusterrolebindings"] {
            api.each(&format!("/apis/{RBAC}/v1/{kind}"), ROLES_MAX, |one: Binding| {
                grants.add(&one)
            })?;
        }
        Ok(grants)
    }

    fn add(&mut self, binding: &Binding) {
        let namespace = &binding.metadata.namespace;
        let role_in = if binding.role_ref.kind == "Role" { namespace.as_str() } else { "" };
        let key = (role_in.to_owned(), binding.role_ref.name.clone());
        let rules = self.roles.get(&key).map_or(&[][..], Vec::as_slice);
        let mut powers: Vec<&'static str> = powers(rules);
        if namespace.is_empty() && binding.role_ref.name == CLUSTER_ADMIN {
            powers.push(ADMINISTRATOR);
        }
        let place = if namespace.is_empty() { "the cluster" } else { namespace.as_str() };
        let through = format!("{} in {place}", binding.metadata.name);
        for bound in binding.subjects.iter().flatten() {
            self.note(binding, bound, &through);
            let held = self.held.entry(bound_to(bound, namespace)).or_default();
            for power in &powers {
                held.entry(power).or_default().insert(through.clone());
            }
        }
    }

    fn note(&mut self, binding: &Binding, bound: &BoundSubject, through: &str) {
        let (kind, namespace, name) = bound_to(bound, &binding.metadata.namespace);
        if kind == "ServiceAccount" && name == "default" {
            self.bound_defaults.entry(namespace).or_default().insert(through.to_owned());
        }
        let is_built_in =
            binding.metadata.name == CLUSTER_ADMIN && built_in(&binding.metadata.labels);
        if bound.kind == "Group" && bound.name == "system:masters" && !is_built_in {
            self.masters_bindings.insert(through.to_owned());
        }
    }

    /// Adds who may do what: everybody, and whoever holds a power.
    pub(super) fn tell(mut self, out: &mut Observation) {
        for group in ["system:authenticated", "system:unauthenticated"] {
            self.held.entry(("Group".to_owned(), String::new(), group.to_owned())).or_default();
        }
        let told = self
            .held
            .into_iter()
            .filter(|((_, _, name), held)| !held.is_empty() || EVERYBODY.contains(&name.as_str()));
        for (count, ((kind, namespace, name), held)) in told.enumerate() {
            if count >= PRINCIPALS_MAX {
                out.miss("principal", format!("only {PRINCIPALS_MAX} subjects were looked at"));
                break;
            }
            let joint = if namespace.is_empty() { "" } else { "/" };
            let shown = short(&format!("{kind} {namespace}{joint}{name}"));
            let mut subject = Subject::new("principal", shown.clone());
            subject.say("principal.name", shown);
            subject.say("principal.namespace", short(&namespace));
            let everybody = EVERYBODY.contains(&name.as_str())
                || (kind == "Group" && name.starts_with("system:serviceaccounts"));
            subject.say("principal.everybody", everybody);
            subject.say("principal.system", !everybody && name.starts_with("system:"));
            for (power, _) in POWERS {
                let through = held.get(power).cloned().unwrap_or_default();
                subject.say(&format!("principal.{power}"), set(through));
            }
            out.add(subject);
        }
    }
}

fn bound_to(bound: &BoundSubject, binding_in: &str) -> BoundTo {
    // Service accounts are users, too.
    let account =
        bound.name.strip_prefix("system:serviceaccount:").filter(|_| bound.kind == "User");
    if let Some((namespace, name)) = account.and_then(|account| account.split_once(':')) {
        return ("ServiceAccount".to_owned(), namespace.to_owned(), name.to_owned());
    }
    // A binding of a namespace may leave the account's own namespace out.
    let namespace = match (bound.kind.as_str(), bound.namespace.as_str()) {
        ("ServiceAccount", "") => binding_in,
        ("ServiceAccount", namespace) => namespace,
        _ => "",
    };
    (bound.kind.clone(), namespace.to_owned(), bound.name.clone())
}

fn built_in(labels: &Option<BTreeMap<String, String>>) -> bool {
    labels.as_ref().is_some_and(|labels| labels.contains_key(BUILT_IN))
}

/// The powers that rules give. Rules for objects by name are too narrow to be one.
fn powers(rules: &[Rule]) -> Vec<&'static str> {
    let wide: Vec<&Rule> = rules
        .iter()
        .filter(|rule| rule.resource_names.as_ref().is_none_or(Vec::is_empty))
        .collect();
    let given = POWERS.iter().filter(|(_, requests)| {
        requests.iter().any(|request| wide.iter().any(|rule| allows(rule, request)))
    });
    given.map(|(name, _)| *name).collect()
}

fn allows(rule: &Rule, (verb, group, resource): &(&str, &str, &str)) -> bool {
    let has = |list: &[String], word: &str| list.iter().any(|one| one == "*" || one == word);
    let groups = rule.api_groups.as_deref().unwrap_or_default();
    let resources = rule.resources.as_deref().unwrap_or_default();
    let part = resource.split_once('/').map(|(_, part)| format!("*/{part}"));
    has(&rule.verbs, verb)
        && has(groups, group)
        && (has(resources, resource) || part.is_some_and(|part| resources.contains(&part)))
}

/// A role that somebody made, with what it does not narrow down.
fn role(role: &Role) -> Option<Subject> {
    let metadata = &role.metadata;
    if built_in(&metadata.labels) || metadata.name.starts_with("system:") {
        return None;
    }
    let place = if metadata.namespace.is_empty() { "the cluster" } else { &metadata.namespace };
    let mut subject = Subject::new("role", short(&format!("{} in {place}", metadata.name)));
    let mut wild = BTreeSet::new();
    for rule in role.rules.iter().flatten() {
        let star = |list: &[String]| list.iter().any(|one| one == "*");
        let lists = [
            ("verbs", &rule.verbs[..]),
            ("resources", rule.resources.as_deref().unwrap_or_default()),
            ("API groups", rule.api_groups.as_deref().unwrap_or_default()),
        ];
        wild.extend(lists.iter().filter(|(_, list)| star(list)).map(|(name, _)| *name));
    }
    subject.say("role.name", short(&metadata.name));
    subject.say("role.namespace", short(&metadata.namespace));
    subject.say("role.wildcards", set(wild));
    Some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn powers_of_rules() {
        let of = |text: &str| powers(&[rule(text)]);
        assert_eq!(
            of(r#"{"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"]}"#),
            ["reads_secrets"]
        );
        assert!(of(r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]}"#).is_empty());
        assert!(
            of(r#"{"verbs": ["list"], "apiGroups": ["apps"], "resources": ["secrets"]}"#)
                .is_empty()
        );
        assert_eq!(
            of(r#"{"verbs": ["*"], "apiGroups": [""], "resources": ["*/proxy"]}"#),
            ["reaches_kubelets"]
        );
        assert_eq!(
            of(r#"{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}"#).len(),
            POWERS.len() - 1
        );
        assert!(of(r#"{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}"#).is_empty());
    }

    #[test]
    fn bindings_by_subject() {
        let mut grants = Grants::default();
        let key = (String::new(), "reader".to_owned());
        let reader = rule(r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}"#);
        grants.roles.insert(key, vec![reader]);
        let bindings = [
            r#"{"metadata": {"name": "a", "namespace": "shop"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": "ServiceAccount", "name": "default"}]}"#,
            r#"{"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "User", "name": "eve"}, {"kind": "Group", "name": "system:masters"}]}"#,
            r#"{"metadata": {"name": "c"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": "User", "name": "system:serviceaccount:bank:default"}]}"#,
        ];
        bindings.iter().for_each(|text| grants.add(&serde_json::from_str(text).unwrap()));
        assert!(grants.bound_defaults["shop"].contains("a in shop"));
        assert!(grants.bound_defaults["bank"].contains("c in the cluster"));
        assert!(grants.masters_bindings.contains("b in the cluster"));
        let mut out = Observation::default();
        grants.tell(&mut out);
        let names: Vec<&str> = out.subjects.iter().map(|subject| subject.name.as_str()).collect();
        let expect = [
            "Group system:authenticated",
            "Group system:masters",
            "Group system:unauthenticated",
            "ServiceAccount bank/default",
            "ServiceAccount shop/default",
            "User eve",
        ];
        assert_eq!(names, expect);
        assert_eq!(out.subjects[4].facts["principal.reads_secrets"], set(["a in shop"]).into());
        assert_eq!(
            out.subjects[5].facts["principal.is_administrator"],
            set(["b in the cluster"]).into()
        );
    }
}
