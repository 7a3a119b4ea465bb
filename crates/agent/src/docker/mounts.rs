//! What of the host a container sees, whichever way it was asked for: `Binds`, `Mounts`, volumes
//! with options, `Tmpfs`, and the effective list that an inspection gives.

use std::path::Path;

use model::Mount;
use policy::clean_path;

use super::json::{BadBody, Fields, Node};

/// The word for a path of the host.
const BIND: &str = "bind";

/// Mounts that `HostConfig` asks for. Images mounted as volumes are left to the caller.
pub(crate) fn asked(host: &Fields<'_>) -> Result<Vec<Mount>, BadBody> {
    let mut mounts = Vec::new();
    let driver = host.text("VolumeDriver")?;
    for bind in host.texts("Binds")? {
        mounts.extend(bind_text(bind, driver));
    }
    for mount in host.structs("Mounts")? {
        mounts.extend(mount_struct(&mount)?);
    }
    for (target, options) in host.text_map("Tmpfs")? {
        mounts.push(tmpfs(target, has_word(options, "ro")));
    }
    Ok(mounts)
}

/// The effective mounts that an inspection lists.
pub(crate) fn effective(container: &Fields<'_>) -> Result<Vec<Mount>, BadBody> {
    let one = |mount: &Fields<'_>| {
        let kind = mount.text("Type")?;
        let name = mount.text("Name")?;
        let is_volume = kind == "volume" || (kind.is_empty() && !name.is_empty());
        Ok(Mount {
            kind: if is_volume {
                "volume"
            } else if kind.is_empty() {
                BIND
            } else {
                kind
            }
            .to_owned(),
            source: if is_volume { name } else { mount.text("Source")? }.to_owned(),
            target: mount.text("Destination")?.to_owned(),
            read_only: !mount.flag("RW")?,
            propagation: mount.text("Propagation")?.to_owned(),
        })
    };
    container.structs("Mounts")?.iter().map(one).collect()
}

/// What a volume of the `local` driver shows of the host through its options: a device or
/// directory as `device`, and every path in `o`, such as overlay's `lowerdir`.
///
/// Source: docker-volume-create(1); the options go to mount(2) as they are.
pub(crate) fn behind_volume(options: &[(&str, &str)], mount: &Mount) -> Vec<Mount> {
    let value =
        |name: &str| options.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
    let device = Some(value("device")).filter(|device| device.starts_with('/'));
    let paths = value("o").split(',').filter_map(|option| option.split_once('='));
    let paths = paths.flat_map(|(_, value)| value.split(':')).filter(|path| path.starts_with('/'));
    let bound = |path: &str| Mount {
        kind: BIND.to_owned(),
        source: path.to_owned(),
        read_only: mount.read_only || has_word(value("o"), "ro"),
        ..mount.clone()
    };
    device.into_iter().chain(paths).map(bound).collect()
}

/// Adds to every bind the place that its path leads to through symbolic links, where this host
/// can tell, and takes out what is there twice.
pub(crate) fn follow(mounts: &mut Vec<Mount>) {
    let led: Vec<Mount> = mounts
        .iter()
        .filter(|mount| mount.kind == BIND)
        .filter_map(|mount| {
            let source = real_path(&mount.source)?;
            Some(Mount { source, ..mount.clone() })
        })
        .collect();
    mounts.extend(led);
    for mount in mounts.iter_mut().filter(|mount| mount.kind == BIND) {
        mount.source = clean_path(&mount.source);
    }
    let mut seen = std::collections::HashSet::new();
    mounts
        .retain(|m| seen.insert((m.kind.clone(), m.source.clone(), m.target.clone(), m.read_only)));
}

/// Where a path leads, if it leads elsewhere.
pub(crate) fn real_path(path: &str) -> Option<String> {
    let real = Path::new(path).canonicalize().ok()?;
    let real = real.to_str()?;
    (real != path).then(|| real.to_owned())
}

/// `source:target[:mode]`; a target alone is a volume without a name and shows nothing.
fn bind_text(bind: &str, driver: &str) -> Option<Mount> {
    let mut parts = bind.split(':');
    let (source, target) = (parts.next()?, parts.next()?);
    let mode = parts.next().unwrap_or_default();
    let words = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];
    let propagation = mode.split(',').find(|word| words.contains(word)).unwrap_or_default();
    let is_path = source.starts_with('/');
    Some(Mount {
        kind: if is_path { BIND } else { "volume" }.to_owned(),
        source: match driver {
            "" | "local" => source.to_owned(),
            _ if is_path => source.to_owned(),
            driver => format!("{driver}:{source}"),
        },
        target: target.to_owned(),
        read_only: has_word(mode, "ro"),
        propagation: propagation.to_owned(),
    })
}

fn mount_struct(asked: &Fields<'_>) -> Result<Vec<Mount>, BadBody> {
    let kind = asked.text("Type")?;
    let mount = Mount {
        kind: kind.to_owned(),
        source: asked.text("Source")?.to_owned(),
        target: asked.text("Target")?.to_owned(),
        read_only: asked.flag("ReadOnly")?,
        propagation: asked.fields("BindOptions")?.text("Propagation")?.to_owned(),
    };
    if kind != "volume" {
        return Ok(vec![mount]);
    }
    let driver = asked.fields("VolumeOptions")?.fields("DriverConfig")?;
    let mut mounts = behind_volume(&driver.text_map("Options")?, &mount);
    mounts.push(mount);
    Ok(mounts)
}

fn tmpfs(target: &str, read_only: bool) -> Mount {
    let (kind, target) = ("tmpfs".to_owned(), target.to_owned());
    Mount { kind, target, read_only, ..Mount::default() }
}

fn has_word(options: &str, word: &str) -> bool {
    options.split(',').any(|option| option == word)
}

/// References of images that are mounted as volumes.
pub(crate) fn images<'a>(host: &Fields<'a>) -> Result<Vec<&'a str>, BadBody> {
    let mounts = host.structs("Mounts")?;
    let images = mounts.iter().filter(|mount| mount.text("Type") == Ok("image"));
    images.map(|mount| mount.text("Source")).collect()
}

/// Options of a volume as an inspection of it gives them.
pub(crate) fn volume_options(volume: &Node) -> Result<Vec<(&str, &str)>, BadBody> {
    Fields::of("the volume", volume)?.text_map("Options")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expect: &[(&str, &str, &str, bool)]) {
        let node = Node::parse(host.as_bytes()).unwrap();
        let mut mounts = asked(&Fields::of("HostConfig", &node).unwrap()).unwrap();
        follow(&mut mounts);
        let told: Vec<_> = mounts
            .iter()
            .map(|m| (m.kind.as_str(), m.source.as_str(), m.target.as_str(), m.read_only))
            .collect();
        assert_eq!(told, expect, "{host}");
    }

    #[test]
    fn every_way_to_ask_is_read_alike() {
        check(r#"{"Binds":["/nowhere:/host:ro,rslave"]}"#, &[("bind", "/nowhere", "/host", true)]);
        check(r#"{"Binds":["/nowhere/../:/host"]}"#, &[("bind", "/", "/host", false)]);
        check(r#"{"Binds":["data:/x","/anonymous"]}"#, &[("volume", "data", "/x", false)]);
        check(
            r#"{"mounts":[{"type":"bind","source":"/nowhere","target":"/host","readonly":true}]}"#,
            &[("bind", "/nowhere", "/host", true)],
        );
        check(r#"{"Tmpfs":{"/run":"rw,size=1m"}}"#, &[("tmpfs", "", "/run", false)]);
        check(
            r#"{"Mounts":[{"Type":"volume","Source":"v","Target":"/x","VolumeOptions":{"DriverConfig":
                {"Name":"local","Options":{"type":"none","o":"bind,ro","device":"/nowhere"}}}}]}"#,
            &[("bind", "/nowhere", "/x", true), ("volume", "v", "/x", false)],
        );
    }

    #[test]
    fn options_of_a_volume_show_the_host() {
        let mount = Mount { kind: "volume".into(), source: "v".into(), ..Mount::default() };
        let sources = |options: &[(&str, &str)]| -> Vec<String> {
            behind_volume(options, &mount).into_iter().map(|mount| mount.source).collect()
        };
        let overlay = "lowerdir=/etc:/usr,upperdir=/up,workdir=/work";
        assert_eq!(
            sources(&[("type", "overlay"), ("o", overlay), ("device", "overlay")]),
            ["/etc", "/usr", "/up", "/work"]
        );
        assert_eq!(sources(&[("type", "ext4"), ("device", "/dev/sda1")]), ["/dev/sda1"]);
        assert_eq!(sources(&[("type", "nfs"), ("o", "addr=10.0.0.1"), ("device", ":/x")]), [""; 0]);
    }

    #[test]
    fn a_link_is_followed() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/proc", &link).unwrap();
        let link = link.to_str().unwrap();
        check(
            &format!(r#"{{"Binds":["{link}:/x"]}}"#),
            &[("bind", link, "/x", false), ("bind", "/proc", "/x", false)],
        );
    }
}
