//! The rules. Each module looks at one side of an object, or of all objects together; which rules
//! speak and how bad they are is the catalogue's (`rules/template/kubernetes.yaml`).

mod admission;
mod container;
mod control_plane;
mod exposure;
mod host;
mod identity;
mod image;
mod isolation;
mod links;
mod manners;
mod namespace;
mod psp;
mod rbac;
mod resources;
mod schema;
mod secret;
mod sets;
mod versions;

use super::cluster::Cluster;
use super::object::Object;
use super::report::Report;

/// Looks at every object, and then at all of them together.
pub(super) fn check(cluster: &Cluster<'_>, report: &mut Report<'_>) {
    for object in &cluster.objects {
        one(cluster, object, report);
    }
    namespace::check(cluster, report);
    isolation::check(cluster, report);
    links::check(cluster, report);
    sets::check(cluster, report);
}

fn one<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    if let Some(pod) = &object.pod {
        host::check(object, pod, report);
        identity::check(cluster, object, pod, report);
        image::check(object, pod, report);
        secret::check_pod(object, pod, report);
        manners::check(object, pod, report);
        schema::check_pod(cluster, object, pod, report);
        for container in &pod.containers {
            container::check(object, pod, container, report);
            resources::check(object, pod, container, report);
            control_plane::check(object, container, report);
        }
    }
    secret::check_object(object, report);
    exposure::check(object, report);
    psp::check(object, report);
    rbac::check(object, report);
    admission::check(object, report);
    schema::check_object(object, report);
    versions::check(object, report);
    control_plane::check_file(object, report);
}

/// The lines of a violation.
fn lines_of(violation: &super::pod_security::Violation) -> super::fields::Lines {
    super::fields::Lines { first: violation.first_line, last: violation.last_line }
}
