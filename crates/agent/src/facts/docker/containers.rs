//! Running containers: what each was started with, and what its first process really is.

mod started;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use model::{Observation, Subject};
use serde::Deserialize;

use super::super::engine::{Document, Engine};
use super::super::limits::{CONTAINERS_MAX, SHARED_NAMESPACE_HOPS};
use super::super::process::Status;
use super::daemon::{Daemon, has_option};
use super::images::Line;
use super::{Look, capabilities, set, short};
use started::{say_execs, say_limits, say_ports, word_or};

/// Sockets of engines, wherever they are.
const ENGINE_SOCKETS: [&str; 6] = [
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/podman/podman.sock",
    "/run/cri-dockerd.sock",
];

/// A line of the engine's list.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "ImageID", default)]
    pub(super) image_id: String,
    #[serde(rename = "State", default)]
    state: String,
}

impl Listed {
    pub(super) fn runs(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused" | "restarting")
    }
}

/// A container and the namespaces it shares, until all are known.
struct Found {
    subject: Subject,
    id: String,
    name: String,
    /// Modes of network, processes and IPC.
    modes: [String; 3],
}

/// What all containers are looked at with.
struct Surroundings<'a> {
    look: &'a Look<'a>,
    daemon: &'a Daemon,
    info: &'a Document,
    programs: Result<HashMap<String, BTreeSet<String>>, String>,
    sockets: Vec<PathBuf>,
    /// Images by their names with tags, and by their ids.
    named: HashMap<&'a str, &'a Line>,
    by_id: HashMap<&'a str, &'a Line>,
}

pub(super) async fn list(engine: &mut Engine) -> Result<Vec<Listed>, String> {
    engine.list("/containers/json?all=1").await
}

/// What the engine told, or why it did not.
type Told<T> = Result<T, String>;

pub(super) async fn look<'a>(
    look: &'a Look<'a>,
    engine: &mut Engine,
    (daemon, info): (&'a Daemon, &'a Document),
    (listed, images): (Told<Vec<Listed>>, &'a Told<Vec<Line>>),
    out: &mut Observation,
) {
    let listed = match listed {
        Ok(listed) => listed,
        Err(why) => return out.miss("container", why),
    };
    let running: Vec<&Listed> = listed.iter().filter(|container| container.runs()).collect();
    if running.is_empty() {
        return;
    }
    let named = images.iter().flatten().flat_map(|image| image.tags().map(move |tag| (tag, image)));
    let around = Surroundings {
        look,
        daemon,
        info,
        programs: look.processes.programs().map_err(|error| error.to_string()),
        sockets: sockets(look, daemon),
        named: named.collect(),
        by_id: images.iter().flatten().map(|image| (image.id.as_str(), image)).collect(),
    };
    let mut all = Vec::new();
    for (index, container) in running.iter().enumerate() {
        if index == CONTAINERS_MAX || !look.has_time() {
            let left = running.len() - index;
            out.miss(
                "container",
                format!("{left} of {} containers were not looked at", running.len()),
            );
            break;
        }
        match engine.object(&format!("/containers/{}/json", container.id)).await {
            Ok(document) => {
                let mut found = around.container(&document);
                say_execs(engine, &document, &mut found.subject).await;
                all.push(found);
            }
            // It may have ended since the list was made.
            Err(why) if why.contains("404") => {}
            Err(why) => out.miss("container", why),
        }
    }
    share_namespaces(&mut all);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    out.subjects.extend(all.into_iter().map(|found| found.subject));
}

impl Surroundings<'_> {
    fn container(&self, document: &Document) -> Found {
        let name = document.text("/Name").trim_start_matches('/').to_owned();
        let mut subject = Subject::new("container", short(&name));
        let pid = u32::try_from(document.number("/State/Pid")).ok().filter(|pid| *pid > 0);
        let status = pid.and_then(|pid| self.look.processes.status(pid).ok());
        self.say_user(document, (pid, status.as_ref()), &mut subject);
        self.say_confinement(document, status.as_ref(), &mut subject);
        say_limits(document, &mut subject);
        self.say_ulimits(document, &mut subject);
        say_ports(document, &mut subject);
        self.say_mounts(document, &mut subject);
        self.say_image(document, &mut subject);
        let programs = self.programs.as_ref().map_err(Clone::clone);
        let programs = programs.map(|all| all.get(document.text("/Id")));
        let none = || "no process of it was found".to_owned();
        subject
            .say_or_miss("container.programs", programs.and_then(|p| p.map(set).ok_or_else(none)));
        let mode = |name: &str| document.text(&format!("/HostConfig/{name}")).to_owned();
        Found {
            subject,
            id: document.text("/Id").to_owned(),
            name,
            modes: [mode("NetworkMode"), mode("PidMode"), mode("IpcMode")],
        }
    }

    /// The user inside of the first process; where it cannot be seen, a number that was asked for.
    fn say_user(
        &self,
        document: &Document,
        (pid, status): (Option<u32>, Option<&Status>),
        subject: &mut Subject,
    ) {
        let seen = pid.zip(status.and_then(|status| status.uid));
        let seen = seen.and_then(|(pid, uid)| self.look.processes.inside_uid(pid, uid));
        let asked = document.text("/Config/User").split(':').next().unwrap_or_default();
        let asked = match asked {
            "" | "root" => Some(0),
            word => word.parse::<u32>().ok(),
        };
        match seen.or(asked) {
            Some(uid) => subject.say("container.user_id", uid),
            None => subject.miss("container.user_id", "its first process cannot be seen"),
        }
    }

    fn say_confinement(&self, document: &Document, status: Option<&Status>, subject: &mut Subject) {
        let privileged = document.flag("/HostConfig/Privileged");
        subject.say("container.privileged", privileged);
        let names = match status.and_then(|status| status.capabilities) {
            Some(mask) => capabilities::of_mask(mask),
            None => capabilities::asked(
                privileged,
                &document.texts("/HostConfig/CapAdd"),
                &document.texts("/HostConfig/CapDrop"),
            ),
        };
        subject.say("container.capabilities", set(names));
        subject.say("container.host_apparmor", has_option(self.info, "apparmor"));
        subject.say("container.apparmor", word_or(document.text("/AppArmorProfile"), "none"));
        subject.say("container.host_selinux", has_option(self.info, "selinux"));
        subject.say("container.selinux_label", word_or(document.text("/ProcessLabel"), "none"));
        let options = document.texts("/HostConfig/SecurityOpt");
        let filtered = status.and_then(|status| status.seccomp);
        let seccomp = match option_value(&options, "seccomp") {
            _ if filtered == Some(0) || (filtered.is_none() && privileged) => "unconfined",
            Some("unconfined") => "unconfined",
            None | Some("default" | "builtin") => "default",
            Some(_) => "custom",
        };
        subject.say("container.seccomp", seccomp);
        self.say_no_new_privileges(&options, status, subject);
    }

    fn say_no_new_privileges(
        &self,
        options: &[&str],
        status: Option<&Status>,
        subject: &mut Subject,
    ) {
        const FIELD: &str = "container.no_new_privileges";
        if let Some(seen) = status.and_then(|status| status.no_new_privileges) {
            return subject.say(FIELD, seen);
        }
        match option_value(options, "no-new-privileges") {
            Some(value) => subject.say(FIELD, value != "false"),
            None => subject.say_or_miss(
                FIELD,
                self.daemon
                    .directive("no-new-privileges", |c| c.flag("no-new-privileges") == Some(true)),
            ),
        }
    }

    /// The engine writes its own default limits into each container: those are left out.
    fn say_ulimits(&self, document: &Document, subject: &mut Subject) {
        let limits = document.items("/HostConfig/Ulimits").map(|limit| {
            let limit = Document(limit.clone());
            format!("{}={}:{}", limit.text("/Name"), limit.number("/Soft"), limit.number("/Hard"))
        });
        let limits: Vec<String> = limits.collect();
        let own = match limits.is_empty() {
            true => Ok(Vec::new()),
            false => self.daemon.directive("default-ulimits", |config| {
                let default = config.ulimits();
                set(limits.iter().filter(|limit| !default.contains(limit)))
            }),
        };
        subject.say_or_miss("container.ulimits", own);
    }

    fn say_mounts(&self, document: &Document, subject: &mut Subject) {
        let (mut writable, mut readable) = (Vec::new(), Vec::new());
        let (mut shared, mut sockets) = (Vec::new(), Vec::new());
        for mount in document.items("/Mounts").map(|mount| Document(mount.clone())) {
            let target = mount.text("/Destination");
            let propagation = mount.text("/Propagation");
            if matches!(propagation, "shared" | "rshared") {
                shared.push(format!("{target} ({propagation})"));
            }
            if mount.text("/Type") != "bind" {
                continue;
            }
            let source = self.look.root.resolved(Path::new(mount.text("/Source")));
            let within = self.sockets.iter().filter(|socket| socket.starts_with(&source));
            sockets.extend(within.map(|socket| format!("{} by {target}", socket.display())));
            let list = if mount.flag("/RW") { &mut writable } else { &mut readable };
            list.push(source.display().to_string());
        }
        subject.say("container.binds_writable", set(writable));
        subject.say("container.binds_read_only", set(readable));
        subject.say("container.shared_mounts", set(shared));
        subject.say("container.engine_sockets", set(sockets));
    }

    fn say_image(&self, document: &Document, subject: &mut Subject) {
        let (name, id) = (document.text("/Config/Image"), document.text("/Image"));
        subject.say("container.image", short(name));
        let whole = with_tag(name);
        let now = self.named.get(whole.as_str());
        subject.say("container.image_replaced", now.is_some_and(|image| image.id != id));
        let own = self.by_id.get(id);
        let age = own.map(|image| (self.look.now.as_second() - image.created_s).div_euclid(86_400));
        let gone = || "the image is gone".to_owned();
        subject.say_or_miss("container.image_age_days", age.ok_or_else(gone));
    }
}

/// Follows containers that join another one's namespaces to the one that decides.
fn share_namespaces(all: &mut [Found]) {
    let modes: HashMap<String, [String; 3]> = all
        .iter()
        .flat_map(|found| {
            [(found.id.clone(), found.modes.clone()), (found.name.clone(), found.modes.clone())]
        })
        .collect();
    let fields = ["container.host_network", "container.host_pid", "container.host_ipc"];
    for found in all {
        for (index, field) in fields.iter().enumerate() {
            let mut mode = found.modes.get(index).cloned().unwrap_or_default();
            for _ in 0..SHARED_NAMESPACE_HOPS {
                let other = mode.strip_prefix("container:").and_then(|other| modes.get(other));
                match other.and_then(|modes| modes.get(index)) {
                    Some(next) => mode = next.clone(),
                    None => break,
                }
            }
            found.subject.say(field, mode == "host");
        }
    }
}

/// Every engine socket that is on the host, by its real path.
fn sockets(look: &Look<'_>, daemon: &Daemon) -> Vec<PathBuf> {
    let told = daemon.sockets().into_iter().chain([look.places.socket.clone()]);
    let usual = ENGINE_SOCKETS.iter().map(PathBuf::from).filter(|path| {
        look.root.look(path).is_ok_and(|seen| seen.is_some_and(|seen| seen.is_socket))
    });
    let mut all: Vec<PathBuf> = told.chain(usual).map(|path| look.root.resolved(&path)).collect();
    all.sort();
    all.dedup();
    all
}

/// The value of a security option, `name=value` or `name:value`; empty for a bare name.
fn option_value<'o>(options: &[&'o str], name: &str) -> Option<&'o str> {
    options.iter().find_map(|option| {
        let rest = option.strip_prefix(name)?;
        rest.strip_prefix(['=', ':']).or(Some(rest).filter(|rest| rest.is_empty()))
    })
}

/// An image's name with the tag that Docker adds where there is none.
fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains(':') || name.contains('@') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_options_and_names() {
        let options = ["no-new-privileges", "seccomp=unconfined", "label:disable"];
        assert_eq!(option_value(&options, "no-new-privileges"), Some(""));
        assert_eq!(option_value(&options, "seccomp"), Some("unconfined"));
        assert_eq!(option_value(&options, "apparmor"), None);
        assert_eq!(with_tag("a:5000/b"), "a:5000/b:latest");
        assert_eq!(with_tag("b:1"), "b:1");
        assert_eq!(with_tag("b@sha256:00"), "b@sha256:00");
    }

    #[test]
    fn joined_namespaces_count() {
        let found = |id: &str, network: &str| Found {
            subject: Subject::new("container", id),
            id: id.to_owned(),
            name: format!("n{id}"),
            modes: [network.to_owned(), String::new(), "host".to_owned()],
        };
        let mut all = [
            found("a", "host"),
            found("b", "container:a"),
            found("c", "container:nb"),
            found("d", "bridge"),
            found("e", "container:e"),
        ];
        share_namespaces(&mut all);
        let host = all
            .each_ref()
            .map(|found| found.subject.facts.get("container.host_network") == Some(&true.into()));
        assert_eq!(host, [true, true, true, false, false]);
    }
}
