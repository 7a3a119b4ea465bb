//! The containers of a pod.

use std::collections::BTreeMap;

use model::{ContainerRole, ContainerSpec};

use super::NotAWorkload;
use super::fields::At;
use super::quantity::whole;
use super::security::PodSecurity;
use super::volumes::{Volume, identity, images, mounts, volumes};

/// The lists of containers in a pod, with what their containers are for.
const LISTS: [(&str, ContainerRole); 3] = [
    ("initContainers", ContainerRole::Init),
    ("containers", ContainerRole::Main),
    ("ephemeralContainers", ContainerRole::Ephemeral),
];

/// The containers of a pod's specification, and the images that it mounts.
pub(super) fn containers<'a>(
    spec: &At<'a>,
    annotations: &'a BTreeMap<String, String>,
) -> Result<Vec<ContainerSpec>, NotAWorkload> {
    let security = PodSecurity::read(spec, annotations)?;
    let volumes = volumes(spec)?;
    let limits = spec.child("resources").child("limits");
    let mut found = Vec::new();
    for (key, role) in LISTS {
        for at in spec.child(key).items()? {
            found.push(container(&at, role, (&security, &volumes, &limits))?);
        }
    }
    found.extend(images(spec)?);
    Ok(found)
}

type OfPod<'p, 'a> = (&'p PodSecurity<'a>, &'p [Volume], &'p At<'a>);

fn container<'a>(
    at: &At<'a>,
    role: ContainerRole,
    (security, volumes, pod_limits): OfPod<'_, 'a>,
) -> Result<ContainerSpec, NotAWorkload> {
    let mut spec = ContainerSpec {
        name: at.text("name")?.unwrap_or_default().to_owned(),
        role,
        image: identity(at.text("image")?.unwrap_or_default()),
        mounts: mounts(at, volumes)?,
        ..ContainerSpec::default()
    };
    security.merge(at, &mut spec)?;
    for device in at.child("volumeDevices").items()? {
        spec.devices.push(device.text("devicePath")?.unwrap_or_default().to_owned());
    }
    let own = at.child("resources").child("limits");
    let limit = |key| Ok(own.quantity(key)?.or(pod_limits.quantity(key)?));
    spec.memory_limit_bytes = limit("memory")?.map(whole);
    spec.cpu_limit_millicores = limit("cpu")?.map(|cores: f64| whole(cores * 1000.0));
    for port in at.child("ports").items()? {
        let number = port.number("hostPort")?.unwrap_or(0);
        spec.host_ports.extend(u16::try_from(number).ok().filter(|port| *port != 0));
    }
    spec.command = at.words("command")?;
    spec.command.extend(at.words("args")?);
    for variable in at.child("env").items()? {
        spec.env_names.push(variable.text("name")?.unwrap_or_default().to_owned());
    }
    Ok(spec)
}
