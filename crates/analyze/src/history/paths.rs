//! Paths as a step means them: absolute, without `.` and `..`, without variables of the home.

/// A path as seen from a directory. What begins with an unknown variable stays as it is.
pub(super) fn resolve(directory: &str, path: &str) -> String {
    let path = path.trim_matches('"');
    let home = path.strip_prefix('~').or_else(|| path.strip_prefix("$HOME"));
    let home = home.or_else(|| path.strip_prefix("${HOME}"));
    let whole = match home.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => format!("/root{rest}"),
        None if path.starts_with(['/', '$']) => path.to_owned(),
        None => format!("{directory}/{path}"),
    };
    if whole.starts_with('$') {
        return whole;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The last part of a path or address.
pub(super) fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// The path as it stands in a layer; `None` when it holds a variable or a wildcard.
pub(super) fn in_layer(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    (!path.is_empty() && !path.contains(['$', '*', '?', '`'])).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_as_the_shell_would() {
        let cases = [
            ("/", "x", "/x"),
            ("/app", "./x", "/app/x"),
            ("/app", "../etc/passwd", "/etc/passwd"),
            ("/", "../../x", "/x"),
            ("/app", "~/.ssh/id_rsa", "/root/.ssh/id_rsa"),
            ("/app", "$HOME/.bashrc", "/root/.bashrc"),
            ("/app", "$X/y", "$X/y"),
            ("/app", "/tmp//x/", "/tmp/x"),
        ];
        for (directory, path, expect) in cases {
            assert_eq!(resolve(directory, path), expect, "{path}");
        }
        assert_eq!(in_layer("/tmp/x"), Some("tmp/x"));
        assert_eq!((in_layer("/tmp/*"), in_layer("$X/y"), in_layer("/")), (None, None, None));
    }
}
