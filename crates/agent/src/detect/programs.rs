//! Which program a process is, told by the file that it runs as the kernel opened it, never by what
//! it calls itself. Pure: what must be looked up on disk is asked of [`Drift`].

use model::{Container, FileObject};

use super::options::{LOADER, Options};
use crate::attribute::{Process, Processes};
use crate::drift::{Drift, Origin};
use crate::key_files::is_manager;

/// Programs that do what they are called.
const MANY_IN_ONE: [&str; 4] = ["busybox", "toybox", "coreutils", "sbase-box"];
const SHELLS: [&str; 15] = [
    "sh", "bash", "dash", "ash", "hush", "zsh", "ksh", "ksh93", "mksh", "oksh", "rbash", "yash",
    "fish", "csh", "tcsh",
];
const INTERPRETERS: [&str; 20] = [
    "perl",
    "python",
    "pypy",
    "platform-python",
    "ruby",
    "php",
    "php-cli",
    "node",
    "nodejs",
    "deno",
    "bun",
    "lua",
    "luajit",
    "awk",
    "gawk",
    "mawk",
    "original-awk",
    "tclsh",
    "expect",
    "guile",
];
/// What makes and keeps containers on a host.
const RUNTIMES: [&str; 26] = [
    "runc",
    "crun",
    "youki",
    "runsc",
    "kata-runtime",
    "containerd-shim",
    "containerd-shim-runc-v1",
    "containerd-shim-runc-v2",
    "containerd-shim-kata-v2",
    "containerd-shim-runsc-v1",
    "containerd",
    "dockerd",
    "docker-init",
    "docker-proxy",
    "conmon",
    "conmonrs",
    "crio",
    "crio-conmon",
    "crio-crun",
    "crio-runc",
    "kubelet",
    "podman",
    "buildkitd",
    "k3s",
    "rke2",
    "lazaret",
];
/// Folders where distributions, engines and Kubernetes keep programs.
const FOLDERS: [&str; 15] = [
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/local/bin/",
    "/usr/local/sbin/",
    "/usr/lib/",
    "/usr/libexec/",
    "/usr/local/lib/",
    "/bin/",
    "/sbin/",
    "/lib/",
    "/opt/",
    "/snap/",
    "/var/lib/rancher/",
    "/var/lib/k0s/",
    "/var/lib/snapd/",
];
/// Ancestors of a sealed copy among which its original is.
const COPY_STEPS: usize = 3;
/// Options that `#!` lines of Python programs carry.
const PYTHON_FLAGS: [&str; 6] = ["-s", "-E", "-Es", "-sE", "-I", "-u"];

/// The name of the program that a process runs: of its file, or of the one among many that busybox
/// is asked to be. `None` when the file is not known.
pub(super) fn name(process: &Process) -> Option<&str> {
    let exe = process.exe.as_ref().map(|exe| exe.path.as_str())?;
    let called = process.arguments.first().map(String::as_str);
    name_of(exe, called, process.arguments.get(1).map(String::as_str))
}

/// The same, of the parts: the program's path, what it was called, its first argument.
pub(super) fn name_of<'a>(
    exe: &'a str,
    called: Option<&'a str>,
    first: Option<&'a str>,
) -> Option<&'a str> {
    let own = leaf(exe.trim_start_matches("memfd:").trim_end_matches(" (deleted)"));
    if own.is_empty() {
        return None;
    }
    let is_many = |name: &str| MANY_IN_ONE.contains(&name);
    if is_many(own) {
        let called = called.map(|called| leaf(called.trim_start_matches('-')));
        // What GNU's one program is to be, whatever it is called.
        let told = ["--coreutils-prog=", "--coreutils-prog-shebang="];
        let told = told.iter().find_map(|option| first?.strip_prefix(option));
        if let Some(told) = told.filter(|told| own == "coreutils" && !told.is_empty()) {
            return Some(leaf(told));
        }
        return match called {
            Some(many) if is_many(many) => Some(first.map_or(own, leaf)),
            Some(one) if !one.is_empty() => Some(one),
            _ => Some(own),
        };
    }
    // The loader runs what it is given.
    Some(if is_loader(own) { first.map_or(own, leaf) } else { own })
}

/// Whether a name is a shell's, versions aside.
pub(super) fn is_shell_name(name: &str) -> bool {
    SHELLS.contains(&name) || SHELLS.contains(&without_version(name))
}

fn is_interpreter_name(name: &str) -> bool {
    INTERPRETERS.contains(&name) || INTERPRETERS.contains(&without_version(name))
}

/// Whether a process is a shell that reads what it is to do: not a script.
pub(super) fn is_shell(process: &Process) -> Option<bool> {
    Some(is_shell_name(name(process)?) && !process.is_script)
}

/// Whether a process is an interpreter that was called as one: not a script.
pub(super) fn is_interpreter(process: &Process) -> Option<bool> {
    Some(is_interpreter_name(name(process)?) && !process.is_script)
}

/// Whether a process is a container runtime or engine of the host: it became so outside of
/// containers, by a file of that name in a folder of programs; or it is the sealed copy of itself
/// that runc and crun run, begun by one of them.
pub fn is_runtime(process: &Process, processes: &Processes) -> bool {
    if !process.of_host {
        return false;
    }
    let Some(exe) = &process.exe else { return false };
    if !is_copy(exe) {
        return is_runtime_file(exe);
    }
    let above = processes.ancestors(process.id).take(COPY_STEPS);
    above.into_iter().any(|above| above.of_host && above.exe.as_ref().is_some_and(is_runtime_file))
}

/// A file without a name or mount: a memfd, or a file of a mount that is nowhere.
fn is_copy(exe: &FileObject) -> bool {
    exe.is_memfd() || exe.flags.detached
}

fn is_runtime_file(exe: &FileObject) -> bool {
    let path = exe.path.trim_end_matches(" (deleted)");
    !is_copy(exe)
        && RUNTIMES.contains(&leaf(path))
        && FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Whether a process manages packages of the system: a program of the host's, or of the image that
/// its container was made of, unchanged.
pub(super) fn is_package_manager(
    process: &Process,
    container: Option<&Container>,
    drift: Option<&Drift>,
) -> bool {
    let Some(exe) = &process.exe else { return false };
    let script = script_of(process);
    if !is_manager(&exe.path) && !script.is_some_and(is_manager) {
        return false;
    }
    let Some(container) = container else { return process.of_host };
    // Without an overlay nothing tells where a program comes from.
    let origin = drift.map(|drift| drift.origin(exe, container, process.id.pid));
    let from_image = match origin {
        Some(Some(origin)) => origin == Origin::Image,
        _ => !exe.flags.upper_layer && !exe.flags.foreign_mount,
    };
    let is_images = |script| match drift.map(|drift| drift.in_image(container, script)) {
        Some(Some(is_there)) => is_there,
        Some(None) => origin == Some(None),
        None => false,
    };
    !process.of_host && from_image && (is_manager(&exe.path) || script.is_some_and(is_images))
}

/// The script of a Python program as the system starts it: `python3 -Es /usr/bin/dnf …`.
fn script_of(process: &Process) -> Option<&str> {
    let own = name(process)?;
    if !matches!(without_version(own), "python" | "platform-python" | "perl") {
        return None;
    }
    let mut rest = process.arguments.iter().skip(1).map(String::as_str);
    // Perl's flags of these letters are others.
    let is_python = !own.starts_with("perl");
    rest.find(|word| !(is_python && PYTHON_FLAGS.contains(word)))
        .filter(|word| word.starts_with('/'))
}

/// The file that a program was given to run, when it is the loader or an interpreter: below its
/// working directory where it is relative.
pub(super) fn given(process: &Process) -> Option<String> {
    let own = leaf(&process.exe.as_ref()?.path);
    let words = process.arguments.get(1..).unwrap_or_default();
    let word = if is_loader(own) {
        LOADER.after(words)
    } else {
        let name = name(process)?;
        let options = match name {
            shell if is_shell_name(shell) => Options::of_shell(),
            other if is_interpreter_name(other) => Options::of_interpreter(without_version(other)),
            _ => return None,
        };
        // busybox sh x: the applet's own name comes first.
        let is_twice =
            process.arguments.first().is_some_and(|called| MANY_IN_ONE.contains(&leaf(called)));
        let words = if is_twice { words.get(1..).unwrap_or_default() } else { words };
        options.after(words)
    }?;
    if word.starts_with('/') {
        Some(word.to_owned())
    } else {
        Some(format!("{}/{word}", process.cwd))
    }
}

fn is_loader(leaf: &str) -> bool {
    leaf.starts_with("ld-linux")
        || leaf.starts_with("ld-musl")
        || leaf == "ld.so"
        || leaf.starts_with("ld-2.")
}

fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `python3.12` → `python`, `perl5.36.0` → `perl`.
fn without_version(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use model::{ObjectFlags, ProcessId};

    use super::*;

    fn process(pid: u32, parent: u32, exe: &str, words: &str, of_host: bool) -> Process {
        let detached = exe.starts_with("memfd:");
        let flags = ObjectFlags { detached, ..ObjectFlags::default() };
        Process {
            id: ProcessId { pid, start_ns: 1 },
            parent: ProcessId { pid: parent, start_ns: 1 },
            exe: Some(FileObject {
                path: exe.to_owned(),
                links: 1,
                flags,
                ..FileObject::default()
            }),
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            comm: "runc".to_owned(),
            cwd: "/work".to_owned(),
            of_host,
            ..Process::default()
        }
    }

    #[test]
    fn a_runtime_is_the_hosts_file_and_no_name() {
        let room = NonZeroUsize::new(64).unwrap();
        let mut processes = Processes::new(room, room);
        let all = [
            process(2, 1, "/usr/bin/containerd-shim-runc-v2", "x", true),
            process(3, 2, "/usr/bin/runc", "runc create x", true),
            process(4, 3, "memfd:runc_cloned:/proc/self/exe", "runc init", true),
            // The same names, in a container or by another's hand.
            process(5, 2, "memfd:runc_cloned:/proc/self/exe", "runc init", false),
            process(6, 2, "/usr/bin/runc", "runc init", false),
            process(7, 2, "/bin/busybox", "runc", true),
            process(8, 2, "/tmp/runc", "runc", true),
            process(9, 1, "memfd:runc_cloned:/proc/self/exe", "runc init", true),
            process(10, 1, "/usr/local/bin/k3s", "k3s", true),
        ];
        for one in &all {
            processes.seed(one.clone());
        }
        let told: Vec<u32> =
            all.iter().filter(|one| is_runtime(one, &processes)).map(|one| one.id.pid).collect();
        assert_eq!(told, [2, 3, 4, 10]);
    }

    #[test]
    fn programs_are_named_by_their_file() {
        let check = |exe: &str, words: &str, expected: &str, shell: bool, interpreter: bool| {
            let one = process(2, 1, exe, words, false);
            assert_eq!(name(&one), Some(expected), "{exe} {words}");
            assert_eq!((is_shell(&one), is_interpreter(&one)), (Some(shell), Some(interpreter)));
        };
        check("/usr/bin/bash", "x", "bash", true, false);
        check("/usr/bin/python3.12", "innocent", "python3.12", false, true);
        check("/bin/busybox", "/tmp/ash", "ash", true, false);
        check("/bin/busybox", "busybox sh", "sh", true, false);
        check("/bin/busybox", "cat x", "cat", false, false);
        check("/usr/bin/coreutils", "su --coreutils-prog=cat /etc/shadow", "cat", false, false);
        check("/lib64/ld-linux-x86-64.so.2", "ld.so /tmp/bash", "bash", true, false);
        check("/usr/bin/perl5.36.0", "runc", "perl5.36.0", false, true);
    }

    #[test]
    fn what_is_given_to_a_loader_or_interpreter_is_the_program() {
        let check = |exe: &str, words: &str, expected: Option<&str>| {
            let one = process(2, 1, exe, words, false);
            assert_eq!(given(&one).as_deref(), expected, "{words}");
        };
        let loader = "/lib64/ld-linux-x86-64.so.2";
        check(loader, "ld.so /tmp/evil a", Some("/tmp/evil"));
        check(loader, "ld.so --library-path /x /tmp/evil", Some("/tmp/evil"));
        check(loader, "ld.so --glibc-hwcaps-mask /bin/true /tmp/evil", Some("/tmp/evil"));
        check("/usr/bin/python3.12", "python3 -u evil.py --flag", Some("/work/evil.py"));
        check("/usr/bin/python3.12", "python3 -m pip install", None);
        check("/usr/bin/bash", "sh -c /tmp/x", None);
        check("/usr/bin/bash", "sh -ec /tmp/x", None);
        check("/bin/busybox", "busybox sh /tmp/x", Some("/tmp/x"));
        check("/bin/busybox", "cat /tmp/x", None);
        check("/usr/bin/node", "node --require a /srv/b.js", Some("/srv/b.js"));
        check("/usr/bin/perl", "perl -ne 1 /srv/b", None);
        check("/usr/bin/perl", "perl -lne 1 /srv/b", None);
        for words in ["sh -e", "sh -eu", "bash -p", "bash -norc", "bash --norc", "sh -", "sh +x"] {
            check("/usr/bin/bash", &format!("{words} /tmp/x"), Some("/tmp/x"));
        }
        check("/usr/bin/dash", "sh -eo pipefail /tmp/x", Some("/tmp/x"));
        check("/usr/bin/dash", "sh -ce /tmp/x", None);
        check("/usr/bin/dash", "sh -s /tmp/x", None);
        for words in ["-E", "-I", "-OO", "-W ignore", "-Wignore", "-Xdev", "-uWerror", "--"] {
            let words = format!("python3 {words} /tmp/x");
            check("/usr/bin/python3.12", &words, Some("/tmp/x"));
        }
        check("/usr/bin/python3.12", "python3 -Ec /tmp/x", None);
        check("/usr/bin/python3.12", "python3 -cCODE /usr/sbin/adduser", None);
        check("/usr/bin/perl", "perl -eCODE; /usr/sbin/adduser", None);
        for words in ["-p", "-w", "-Mre", "-I /lib", "-I/re", "-i.e", "-0777"] {
            check("/usr/bin/perl", &format!("perl {words} /tmp/x"), Some("/tmp/x"));
        }
        check("/usr/bin/ruby", "ruby -E UTF-8 -rjson /tmp/x", Some("/tmp/x"));
        check("/usr/bin/node", "node -pe /tmp/x", None);
        check("/usr/bin/node", "node --eval=1 /tmp/x", None);
        check("/usr/bin/php8.2", "php -d a=b -f /tmp/x", Some("/tmp/x"));
        check("/usr/bin/php8.2", "php -r /tmp/x", None);
        check("/usr/bin/lua5.4", "lua -e 1 /tmp/x", Some("/tmp/x"));
        check("/usr/bin/gawk", "awk -v a=b -f /tmp/x", Some("/tmp/x"));
    }

    #[test]
    fn package_managers_are_the_systems_own() {
        let check =
            |exe: &str, words: &str, of_host: bool, container: Option<&Container>, expected| {
                let one = process(2, 1, exe, words, of_host);
                assert_eq!(is_package_manager(&one, container, None), expected, "{exe} {words}");
            };
        let container = Container::default();
        check("/usr/bin/dpkg", "dpkg", true, None, true);
        check("/usr/bin/dpkg", "dpkg", false, Some(&container), true);
        check("/tmp/dpkg", "dpkg", false, Some(&container), false);
        check("/usr/bin/python3.11", "python3 /usr/bin/dnf install x", true, None, true);
        check("/usr/bin/python3.11", "python3 -c x /usr/bin/dnf", true, None, false);
        check("/usr/bin/python3.11", "pip install x", true, None, false);
        check("/usr/bin/node", "npm install", true, None, false);
        check("/usr/bin/perl", "perl -I /usr/bin/dnf /tmp/x", true, None, false);
        let mut written = process(2, 1, "/usr/bin/dpkg", "dpkg", false);
        written.exe.as_mut().unwrap().flags.upper_layer = true;
        assert!(!is_package_manager(&written, Some(&container), None));
    }
}
