//! An audit policy (audit.k8s.io/v1): which of the concerns that matter it leaves out.

use serde_json::Value;

use super::super::yaml;

/// What has to be in the log, at least as metadata: what it is, verbs, group, resource.
const CONCERNS: [(&str, &[&str], &str, &str); 9] = [
    ("reading secrets", &["get", "list", "watch"], "", "secrets"),
    ("changing config maps", &["update"], "", "configmaps"),
    ("token reviews", &["create"], "authentication.k8s.io", "tokenreviews"),
    ("making pods", &["create"], "", "pods"),
    ("changing deployments", &["patch"], "apps", "deployments"),
    ("sessions in pods", &["create"], "", "pods/exec"),
    ("forwarded ports", &["create"], "", "pods/portforward"),
    ("proxied pods", &["create"], "", "pods/proxy"),
    ("proxied services", &["create"], "", "services/proxy"),
];

/// The stages that a request goes through.
const STAGES: [&str; 4] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];
/// The group of all that have logged in.
const EVERYBODY: &str = "system:authenticated";

/// Every concern, as where there is no policy.
pub(super) fn all_concerns() -> Vec<String> {
    CONCERNS.iter().map(|(name, ..)| (*name).to_owned()).collect()
}

/// The concerns that a policy does not log for everybody: the first rule that fits decides.
pub(super) fn gaps(text: &str) -> Result<Vec<String>, String> {
    let policy = yaml::document(text)?;
    let logged = |verb: &str, group: &str, resource: &str| {
        let fits = |rule: &&Value| fits(rule, verb, group, resource);
        let rule = yaml::items(&policy, "/rules").find(fits);
        rule.is_some_and(|rule| !is_silent(rule) && !leaves_all_out(&policy, rule))
    };
    let missed = CONCERNS.iter().filter(|(_, verbs, group, resource)| {
        !verbs.iter().all(|verb| logged(verb, group, resource))
    });
    Ok(missed.map(|(name, ..)| (*name).to_owned()).collect())
}

fn is_silent(rule: &Value) -> bool {
    matches!(yaml::text(rule, "/level"), "None" | "")
}

/// Whether the policy and the rule together leave every stage of a request out.
fn leaves_all_out(policy: &Value, rule: &Value) -> bool {
    let mut left_out = yaml::texts(policy, "/omitStages");
    left_out.extend(yaml::texts(rule, "/omitStages"));
    STAGES.iter().all(|stage| left_out.iter().any(|one| one == stage))
}

/// Whether a rule decides for whoever asks, in whatever namespace. One that logs nothing does so
/// already when it is for all that have logged in.
fn fits(rule: &Value, verb: &str, group: &str, resource: &str) -> bool {
    let list = |pointer| yaml::texts(rule, pointer);
    let groups = list("/userGroups");
    let everybody = is_silent(rule) && groups.iter().any(|one| one == EVERYBODY);
    let narrowed = !list("/users").is_empty()
        || !list("/namespaces").is_empty()
        || !(groups.is_empty() || everybody);
    let verbs = list("/verbs");
    let of_other_verbs = !verbs.is_empty() && !verbs.iter().any(|one| one == verb || one == "*");
    if narrowed || of_other_verbs {
        return false;
    }
    let resources: Vec<&Value> = yaml::items(rule, "/resources").collect();
    if resources.is_empty() {
        return list("/nonResourceURLs").is_empty();
    }
    resources.into_iter().any(|one| {
        let names = yaml::texts(one, "/resources");
        let group_fits =
            matches!(yaml::text(one, "/group"), found if found == group || found == "*");
        let all = yaml::texts(one, "/resourceNames").is_empty();
        group_fits && all && (names.is_empty() || names.iter().any(|name| covers(name, resource)))
    })
}

fn covers(pattern: &str, resource: &str) -> bool {
    let sub = resource.split_once('/');
    pattern == "*"
        || pattern == resource
        || sub.is_some_and(|(whole, part)| {
            pattern.strip_suffix("/*") == Some(whole) || pattern.strip_prefix("*/") == Some(part)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        assert!(gaps("rules: [{level: Metadata}]").unwrap().is_empty());
        assert_eq!(gaps("rules: []").unwrap().len(), CONCERNS.len());
        let policy = "rules:\n- {level: None, users: [system:kube-proxy]}\n- {level: None, resources: [{group: '', resources: [secrets]}]}\n- {level: None, resources: [{group: '', resources: ['pods/*']}]}\n- {level: Request, resources: [{group: ''}, {group: apps}]}\n";
        let expect = [
            "reading secrets",
            "token reviews",
            "sessions in pods",
            "forwarded ports",
            "proxied pods",
        ];
        assert_eq!(gaps(policy).unwrap(), expect);
        let by_url = "rules: [{level: Metadata, nonResourceURLs: ['/api*']}]";
        assert_eq!(gaps(by_url).unwrap().len(), CONCERNS.len());
        assert!(gaps("{").is_err());
        let all = |text: &str| gaps(text).unwrap().len() == CONCERNS.len();
        assert!(all(
            "rules: [{level: None, userGroups: ['system:authenticated']}, {level: Metadata}]"
        ));
        assert!(!all("rules: [{level: None, userGroups: [staff]}, {level: Metadata}]"));
        let stages = "omitStages: [RequestReceived, ResponseStarted]";
        assert!(all(&format!(
            "{stages}\nrules: [{{level: Metadata, omitStages: [ResponseComplete, Panic]}}]"
        )));
        assert!(gaps(&format!("{stages}\nrules: [{{level: Metadata}}]")).unwrap().is_empty());
        let lists = "rules: [{level: None, verbs: [list], resources: [{group: '', resources: [secrets]}]}, {level: Metadata}]";
        assert_eq!(gaps(lists).unwrap(), ["reading secrets"]);
    }
}
