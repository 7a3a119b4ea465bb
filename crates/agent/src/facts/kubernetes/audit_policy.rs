//! An audit policy (audit.k8s.io/v1): which of the concerns that matter it leaves out.

use serde_json::Value;

use super::super::yaml;

/// What has to be in the log, at least as metadata: what it is, verb, group, resource.
const CONCERNS: [(&str, &str, &str, &str); 9] = [
    ("reading secrets", "get", "", "secrets"),
    ("changing config maps", "update", "", "configmaps"),
    ("token reviews", "create", "authentication.k8s.io", "tokenreviews"),
    ("making pods", "create", "", "pods"),
    ("changing deployments", "patch", "apps", "deployments"),
    ("sessions in pods", "create", "", "pods/exec"),
    ("forwarded ports", "create", "", "pods/portforward"),
    ("proxied pods", "create", "", "pods/proxy"),
    ("proxied services", "create", "", "services/proxy"),
];

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
        rule.is_some_and(|rule| !matches!(yaml::text(rule, "/level"), "None" | ""))
    };
    let missed =
        CONCERNS.iter().filter(|(_, verb, group, resource)| !logged(verb, group, resource));
    Ok(missed.map(|(name, ..)| (*name).to_owned()).collect())
}

/// Whether a rule decides for whoever asks, in whatever namespace.
fn fits(rule: &Value, verb: &str, group: &str, resource: &str) -> bool {
    let list = |pointer| yaml::texts(rule, pointer);
    let narrowed = ["/users", "/userGroups", "/namespaces"].iter().any(|at| !list(at).is_empty());
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
    }
}
