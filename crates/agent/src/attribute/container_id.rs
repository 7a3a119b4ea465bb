//! Which container a cgroup is, from its path: every engine writes the id into it, each in its way.

use model::Engine;

/// What a cgroup's path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerId {
    /// The id, all digits.
    pub id: String,
    /// Who runs it, where the path says so.
    pub engine: Engine,
    /// The pod's unique id, of Kubernetes.
    pub pod_uid: Option<String>,
}

/// Digits of an id.
const ID_DIGITS: usize = 64;
/// What stands before the id in a scope's name, and whose that is.
const PREFIXES: [(&str, Engine); 6] = [
    ("docker-", Engine::Docker),
    ("cri-containerd-", Engine::Containerd),
    ("nerdctl-", Engine::Containerd),
    ("crio-", Engine::CriO),
    ("libpod-payload-", Engine::Podman),
    ("libpod-", Engine::Podman),
];

/// The container of a cgroup's path; `None` for the host's own. A cgroup below a container's is
/// the container's too.
pub fn container_of(path: &str) -> Option<ContainerId> {
    containers_of(path).pop()
}

/// The containers of a cgroup's path, the outermost first: there are several where a container runs
/// containers of its own.
pub(super) fn containers_of(path: &str) -> Vec<ContainerId> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let pod_uid = names.iter().rev().find_map(|name| pod_uid(name));
    let one = |(at, name): (usize, &&str)| {
        let above = at.checked_sub(1).and_then(|at| names.get(at)).copied().unwrap_or_default();
        // Users may make folders of any name below their own: there a bare id says nothing. What
        // engines without root make there has a scope's name.
        let is_users = || names.iter().take(at).any(|name| is_of_user(name));
        let bare = || bare(name, above, pod_uid.is_some()).filter(|_| !is_users());
        let (id, engine) = scope(name).or_else(bare)?;
        Some(ContainerId { id, engine, pod_uid: pod_uid.clone() })
    };
    names.iter().enumerate().filter_map(one).collect()
}

/// `docker-<id>.scope`, `slice:cri-containerd:<id>`.
fn scope(name: &str) -> Option<(String, Engine)> {
    if let Some((_, id)) = name.rsplit_once(":cri-containerd:") {
        return is_id(id).then(|| (id.to_owned(), Engine::Containerd));
    }
    let whole = name.strip_suffix(".scope").unwrap_or(name);
    PREFIXES.iter().find_map(|(prefix, engine)| {
        let id = whole.strip_prefix(prefix)?;
        // conmon, the monitor of Podman and CRI-O, is the host's: `libpod-conmon-<id>`.
        is_id(id).then(|| (id.to_owned(), *engine))
    })
}

/// The bare id of engines that make their cgroups themselves. Whose it is, the name above says.
fn bare(name: &str, above: &str, in_pod: bool) -> Option<(String, Engine)> {
    if !is_id(name) {
        return None;
    }
    let engine = match above {
        "docker" => Engine::Docker,
        "libpod_parent" => Engine::Podman,
        "default" | "k8s.io" => Engine::Containerd,
        _ if in_pod => Engine::Kubernetes,
        _ => Engine::Unknown,
    };
    Some((name.to_owned(), engine))
}

/// Whether a name of a cgroup's path is a user's: what is below it, the user makes.
pub fn is_of_user(name: &str) -> bool {
    name == "user.slice" || name.starts_with("user@")
}

/// Whether a text is an id as engines make them up.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `pod<uid>`, or `kubepods-burstable-pod<uid with underscores>.slice`.
fn pod_uid(name: &str) -> Option<String> {
    let name = name.strip_suffix(".slice").unwrap_or(name);
    let uid = match name.strip_prefix("kubepods") {
        Some(rest) => rest.rsplit_once("-pod")?.1,
        None => name.strip_prefix("pod")?,
    };
    let uid = uid.replace('_', "-");
    let looks = uid.len() >= 32 && uid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    looks.then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "2f5a3c1e-1111-4222-8333-0123456789ab";

    fn check(path: &str, engine: Option<Engine>, pod: Option<&str>) {
        let path = path.replace("ID", ID).replace("UUU", UID);
        let path = path.replace("U_U", &UID.replace('-', "_"));
        let found = container_of(&path);
        assert_eq!(found.as_ref().map(|found| found.engine), engine, "{path}");
        assert_eq!(found.as_ref().and_then(|found| found.pod_uid.as_deref()), pod, "{path}");
        assert!(found.is_none_or(|found| found.id == ID), "{path}");
    }

    #[test]
    fn every_engine_has_its_way() {
        use Engine::{Containerd, CriO, Docker, Kubernetes, Podman, Unknown};
        for (path, engine, pod) in [
            ("/docker/ID", Some(Docker), None),
            ("/system.slice/docker-ID.scope", Some(Docker), None),
            ("/system.slice/docker-ID.scope/init.scope", Some(Docker), None),
            ("/kubepods/burstable/podUUU/ID", Some(Kubernetes), Some(UID)),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podU_U.slice/cri-containerd-ID.scope",
                Some(Containerd),
                Some(UID),
            ),
            ("/kubepods-podU_U.slice:cri-containerd:ID", Some(Containerd), None),
            (
                "/kubepods.slice/kubepods-podU_U.slice/crio-ID.scope/container",
                Some(CriO),
                Some(UID),
            ),
            ("/machine.slice/libpod-ID.scope/container", Some(Podman), None),
            ("/libpod_parent/libpod-ID", Some(Podman), None),
            ("/machine.slice/libpod-payload-ID", Some(Podman), None),
            ("/default/ID", Some(Containerd), None),
            ("/ID", Some(Unknown), None),
            ("/machine.slice/libpod-conmon-ID.scope", None, None),
            ("/kubepods.slice/kubepods-podU_U.slice/crio-conmon-ID.scope", None, None),
            ("/user.slice/user-0.slice/session-1.scope", None, None),
            ("/user.slice/user-1000.slice/user@1000.service/ID", None, None),
            ("/user.slice/user-1000.slice/user@1000.service/docker/ID", None, None),
            ("/user.slice/ID", None, None),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope",
                Some(Podman),
                None,
            ),
            ("/job/0123456789abcdef0123456789abcdef", None, None),
            ("/", None, None),
            ("", None, None),
        ] {
            check(path, engine, pod);
        }
    }
}
