//! Which workload a container is one of: what stays the same when it is started anew, so that what
//! was learnt of it is not forgotten.

use model::Container;

/// Bytes of a command that tell workloads apart.
const COMMAND_BYTES: usize = 120;
/// The letters of names that Kubernetes makes up.
const MADE_UP: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The workload of a container, as one name in one line: its owner in Kubernetes, Swarm or Compose,
/// else the image (without tag) and the command.
pub fn workload_of(container: &Container) -> String {
    let name = name_of(container);
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn name_of(container: &Container) -> String {
    let label =
        |name: &str| container.labels.get(name).map(String::as_str).filter(|l| !l.is_empty());
    if let Some((namespace, pod)) = pod_of(container) {
        let inner = label("io.kubernetes.container.name").unwrap_or(&container.name);
        return format!("kubernetes:{namespace}/{}/{inner}", owner(pod));
    }
    if let Some(service) = label("com.docker.compose.service") {
        let project = label("com.docker.compose.project").unwrap_or_default();
        return format!("compose:{project}/{service}");
    }
    if let Some(service) = label("com.docker.swarm.service.name") {
        return format!("swarm:{service}");
    }
    let image = without_tag(&container.spec.image.reference);
    let command = container.spec.command.join(" ");
    let command = &command[..command.floor_char_boundary(COMMAND_BYTES)];
    match (image, command) {
        ("", "") => format!("container:{}", container.id),
        (image, "") => format!("image:{image}"),
        (image, command) => format!("image:{image} {command}"),
    }
}

fn pod_of(container: &Container) -> Option<(&str, &str)> {
    let label = |name: &str| container.labels.get(name).map(String::as_str).unwrap_or_default();
    let pod = container.pod.as_ref();
    let known = pod.filter(|pod| !pod.name.is_empty());
    let (namespace, name) = known.map_or_else(
        || (label("io.kubernetes.pod.namespace"), label("io.kubernetes.pod.name")),
        |pod| (pod.namespace.as_str(), pod.name.as_str()),
    );
    (!name.is_empty()).then_some((namespace, name))
}

/// The pod's name without what Kubernetes adds to its owner's: a number of a stateful set, the
/// five letters of a pod, the hash of a replica set, the minute of a cron job.
fn owner(pod: &str) -> &str {
    let Some((rest, last)) = pod.rsplit_once('-') else { return pod };
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return rest;
    }
    let made_up = |part: &str| part.chars().all(|letter| MADE_UP.contains(letter));
    if last.len() != 5 || !made_up(last) {
        return pod;
    }
    match rest.rsplit_once('-') {
        Some((above, hash)) if (8..=10).contains(&hash.len()) && is_hash(hash) => above,
        _ => rest,
    }
}

/// A replica set's hash or the minute of a cron job.
fn is_hash(part: &str) -> bool {
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    digits || part.chars().all(|letter| MADE_UP.contains(letter))
}

/// The reference without tag and digest: a new version is the same workload.
fn without_tag(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or_default();
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(container: Container, expected: &str) {
        assert_eq!(workload_of(&container), expected);
    }

    fn labelled(labels: &[(&str, &str)]) -> Container {
        let labels = labels.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Container { labels: labels.collect(), ..Container::default() }
    }

    #[test]
    fn an_owner_stays_when_its_containers_change() {
        let pod = |name| {
            labelled(&[
                ("io.kubernetes.pod.name", name),
                ("io.kubernetes.pod.namespace", "shop"),
                ("io.kubernetes.container.name", "app"),
            ])
        };
        check(pod("web-6d4cf56db6-x7k2p"), "kubernetes:shop/web/app");
        check(pod("web-x7k2p"), "kubernetes:shop/web/app");
        check(pod("db-0"), "kubernetes:shop/db/app");
        check(pod("backup-28512345-x7k2p"), "kubernetes:shop/backup/app");
        check(pod("single"), "kubernetes:shop/single/app");
        check(pod("my-alpha"), "kubernetes:shop/my-alpha/app");
        check(
            labelled(&[
                ("com.docker.compose.project", "shop"),
                ("com.docker.compose.service", "db"),
            ]),
            "compose:shop/db",
        );
        check(labelled(&[("com.docker.swarm.service.name", "api")]), "swarm:api");
    }

    #[test]
    fn without_an_owner_image_and_command_tell() {
        let mut container = Container { id: "ab".to_owned(), ..Container::default() };
        check(container.clone(), "container:ab");
        container.spec.image.reference = "registry:5000/shop/web:1.2".to_owned();
        check(container.clone(), "image:registry:5000/shop/web");
        container.spec.command = vec!["sh".to_owned(), "-c\n".to_owned(), "ä".repeat(100)];
        let name = workload_of(&container);
        assert!(name.starts_with("image:registry:5000/shop/web sh -c  ää") && name.len() < 200);
    }
}
