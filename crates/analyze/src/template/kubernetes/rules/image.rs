//! The images of a pod: of its containers, and of the volumes that are images.

use crate::template::image_name::ImageName;
use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::{Container, Pod};
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Looks at one pod.
pub(super) fn check(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    for container in &pod.containers {
        let part = container.subject();
        let image = container.node.text(&["image"]);
        let lines = container.node.lines_at(&["image"]);
        let used = Used { object, part: &part, image, lines };
        used.check(container.node.text(&["imagePullPolicy"]), report);
        known_programs(&used, container, pod, report);
    }
    for volume in pod.spec.list("volumes") {
        if let Some(source) = volume.field("image") {
            let part = format!("image volume {}", volume.text(&["name"]));
            let image = source.text(&["reference"]);
            let lines = source.lines_at(&["reference"]);
            let used = Used { object, part: &part, image, lines };
            used.check(source.text(&["pullPolicy"]), report);
        }
    }
}

struct Used<'u, 'n> {
    object: &'u Object<'n>,
    part: &'u str,
    image: &'u str,
    lines: Lines,
}

impl Used<'_, '_> {
    fn tell(&self, rule: &'static str, message: String, report: &mut Report<'_>) {
        let message = format!("{}: {message}", self.part);
        report.object(rule, self.object, self.lines, message);
    }

    fn check(&self, pull_policy: &str, report: &mut Report<'_>) {
        let image = self.image;
        if image.is_empty() {
            // Only templates of injected containers may do without.
            return;
        }
        report.image(self.object, self.part, image, self.lines);
        let name = ImageName::parse(image);
        let is_latest = name.tag.is_none_or(|tag| tag == "latest" || tag.is_empty());
        if name.digest.is_none() {
            if is_latest {
                let message = match name.tag {
                    Some("latest") => format!("{image} is whatever was pushed last"),
                    _ => format!("{image} has no tag, which means latest"),
                };
                self.tell("kubernetes-image-tag", message, report);
            }
            let message = format!("{image} is not pinned by a digest");
            self.tell("kubernetes-image-digest", message, report);
            if pull_policy != "Always" && !(pull_policy.is_empty() && is_latest) {
                let policy = if pull_policy.is_empty() { "IfNotPresent" } else { pull_policy };
                let message = format!("{image} is taken from the node when it is there ({policy})");
                self.tell("kubernetes-image-pull-policy", message, report);
            }
        }
        let rule = "kubernetes-image-registry";
        let allowed = report.catalogue().parameter(rule, "registries");
        if !allowed.is_empty() && !name.is_within(allowed) {
            let message = format!("{image} is from none of {}", allowed.join(", "));
            self.tell(rule, message, report);
        }
    }
}

/// Programs that should not be there.
fn known_programs(
    used: &Used<'_, '_>,
    container: &Container<'_>,
    pod: &Pod<'_>,
    report: &mut Report<'_>,
) {
    let label = |key: &str| pod.labels().map_or("", |labels| labels.text(&[key]));
    let repository = ImageName::parse(used.image).repository;
    let is_dashboard =
        ["kubernetes-dashboard", "kubernetesui"].iter().any(|name| repository.contains(name))
            || label("app") == "kubernetes-dashboard"
            || label("k8s-app") == "kubernetes-dashboard";
    if is_dashboard {
        used.tell("kubernetes-dashboard", "the Kubernetes dashboard".to_owned(), report);
    }
    if repository.contains("tiller") || label("app") == "helm" || label("name") == "tiller" {
        used.tell("kubernetes-tiller", "Tiller, the server of Helm 2".to_owned(), report);
        let listens_inside = |arg: &Node| {
            let arg = arg.str().unwrap_or_default();
            arg.contains("--listen") && (arg.contains("localhost") || arg.contains("127.0.0.1"))
        };
        if !container.node.list("args").iter().any(listens_inside) {
            let message = "Tiller can be reached from the whole cluster".to_owned();
            used.tell("kubernetes-tiller-listens", message, report);
        }
    }
    for variable in container.node.list("env") {
        if variable.text(&["name"]) == "GITSYNC_GIT" {
            let message = "GITSYNC_GIT lets who sets it run any program";
            report.container(
                "kubernetes-git-sync",
                (used.object, container),
                variable.lines(),
                message,
            );
        }
    }
}
