//! Who may change key files without an alert: package managers and configuration tools, and what
//! belongs to a purpose: `passwd` to the accounts. Known by the path of their program's file, as the
//! kernel opened it; a program of that name elsewhere is a stranger.

use model::Initiator;

use super::built_in::Purpose;

/// Folders of the system's own programs.
const FOLDERS: [&str; 8] = [
    "/usr/bin/",
    "/usr/sbin/",
    "/bin/",
    "/sbin/",
    "/usr/lib/",
    "/usr/libexec/",
    "/lib/",
    "/opt/puppetlabs/",
];
/// What manages packages or the whole configuration; also for the scripts that they start.
const MANAGERS: [&str; 25] = [
    "dpkg",
    "dpkg-preconfigure",
    "apt",
    "apt-get",
    "aptitude",
    "unattended-upgrade",
    "rpm",
    "dnf",
    "dnf5",
    "yum",
    "microdnf",
    "zypper",
    "apk",
    "pacman",
    "snapd",
    "rpm-ostree",
    "cloud-init",
    "puppet",
    "chef-client",
    "salt-minion",
    "salt-call",
    "ansible-playbook",
    "needrestart",
    "update-alternatives",
    "packagekitd",
];
/// What belongs to one purpose alone.
const OF_PURPOSE: &[(Purpose, &[&str])] = &[
    (
        Purpose::Accounts,
        &[
            "passwd",
            "chpasswd",
            "chage",
            "chfn",
            "chsh",
            "useradd",
            "usermod",
            "userdel",
            "groupadd",
            "groupmod",
            "groupdel",
            "gpasswd",
            "newusers",
            "pwck",
            "grpck",
            "pwconv",
            "grpconv",
            "vipw",
            "adduser",
            "deluser",
            "systemd-sysusers",
            "sssd",
            "pam-auth-update",
            "unix_chkpwd",
        ],
    ),
    (Purpose::Sudo, &["visudo"]),
    (Purpose::Schedule, &["crontab", "cron", "crond", "anacron"]),
    (Purpose::Ssh, &["ssh-keygen", "sshd", "ssh"]),
    (
        Purpose::Services,
        &["systemctl", "systemd", "update-rc.d", "chkconfig", "deb-systemd-helper"],
    ),
    (Purpose::Loader, &["ldconfig"]),
    (Purpose::Engine, &["dockerd", "containerd", "podman", "crio", "docker"]),
    (Purpose::Kubernetes, &["kubelet", "kubeadm", "k3s", "rke2"]),
    (Purpose::Own, &["lazaret"]),
];

/// Whether whoever changes a file of a purpose is known to do that.
pub(super) fn is_known(by: &Initiator, purpose: Purpose, added: &[String]) -> bool {
    if added.contains(&by.exe) {
        return true;
    }
    let own = OF_PURPOSE.iter().find(|(of, _)| *of == purpose).map_or(&[][..], |(_, names)| names);
    let programs = std::iter::once(&by.exe).chain(by.ancestors.iter().map(|above| &above.exe));
    is_program(&by.exe, own) || programs.into_iter().any(|exe| is_program(exe, &MANAGERS))
}

/// Whether a file is a manager of packages or of the whole configuration, by its path.
pub(crate) fn is_manager(exe: &str) -> bool {
    is_program(exe, &MANAGERS)
}

/// Whether a file is a program of the system's of one of these names, or a version of it.
fn is_program(exe: &str, names: &[&str]) -> bool {
    let Some(name) = exe.rsplit('/').next().filter(|_| in_system(exe)) else { return false };
    names.contains(&name)
}

fn in_system(exe: &str) -> bool {
    FOLDERS.iter().any(|folder| exe.starts_with(folder)) && !exe.contains("/../")
}

#[cfg(test)]
mod tests {
    use model::Ancestor;

    use super::*;

    fn by(exe: &str, above: &[&str]) -> Initiator {
        let ancestor = |exe: &&str| Ancestor { exe: (*exe).to_owned(), ..Ancestor::default() };
        Initiator {
            exe: exe.to_owned(),
            ancestors: above.iter().map(ancestor).collect(),
            ..Initiator::default()
        }
    }

    #[test]
    fn strangers_are_told_from_tools() {
        let check = |exe: &str, above: &[&str], purpose, expected| {
            let added = ["/opt/config/agent".to_owned()];
            assert_eq!(is_known(&by(exe, above), purpose, &added), expected, "{exe} {purpose:?}");
        };
        check("/usr/bin/passwd", &["/usr/bin/bash"], Purpose::Accounts, true);
        check("/usr/bin/passwd", &[], Purpose::Runtime, false);
        check("/tmp/passwd", &[], Purpose::Accounts, false);
        check("/usr/bin/dpkg", &[], Purpose::Runtime, true);
        check("/usr/bin/cp", &["/usr/bin/dash", "/usr/bin/dpkg"], Purpose::Runtime, true);
        check("/usr/bin/vim", &["/usr/bin/bash", "/usr/sbin/sshd"], Purpose::Ssh, false);
        check("/usr/bin/cp", &["/usr/lib/systemd/systemd"], Purpose::Services, false);
        check("/opt/config/agent", &[], Purpose::Runtime, true);
    }
}
