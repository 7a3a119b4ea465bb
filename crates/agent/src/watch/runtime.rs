//! The OCI runtime's own command line says which bundle is to become which container, before that
//! container has a process.

use std::path::PathBuf;

use model::Exec;

/// Words with which a runtime is told to make a container.
const MAKING: [&str; 2] = ["create", "run"];

/// The id and the bundle's folder, when a program is a runtime that makes a container:
/// `runc --root R create --bundle B --pid-file P ID`.
pub(super) fn container_made(exec: &Exec) -> Option<(String, PathBuf)> {
    let arguments = &exec.arguments;
    if !arguments.iter().any(|argument| MAKING.contains(&argument.as_str())) {
        return None;
    }
    let bundle = arguments.iter().enumerate().find_map(|(at, argument)| {
        match argument.strip_prefix("--bundle=") {
            Some(bundle) => Some(bundle.to_owned()),
            None if argument == "--bundle" || argument == "-b" => arguments.get(at + 1).cloned(),
            None => None,
        }
    });
    let folder = match bundle {
        Some(bundle) => PathBuf::from(bundle),
        None => PathBuf::from(&exec.cwd.as_ref()?.path),
    };
    let id = arguments.last()?.clone();
    (!id.is_empty() && !id.starts_with('-')).then_some((id, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, &str)>) {
        let arguments = line.split(' ').map(str::to_owned).collect();
        let made = container_made(&Exec { arguments, ..Exec::default() });
        let expected = expected.map(|(id, folder)| (id.to_owned(), PathBuf::from(folder)));
        assert_eq!(made, expected, "{line}");
    }

    #[test]
    fn a_runtime_tells_what_it_makes() {
        check("runc --root /r create --bundle /b --pid-file /p abc", Some(("abc", "/b")));
        check("crun create --bundle=/b abc", Some(("abc", "/b")));
        check("runc run -b /b abc", Some(("abc", "/b")));
        check("runc --root /r start abc", None);
        check("ls create", None);
    }
}
