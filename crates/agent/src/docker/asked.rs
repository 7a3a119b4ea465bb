//! `Asked`: one request of the daemon, read as far as it can be without asking anybody. Pure.

use super::endpoints::Group;
use super::json::{BadBody, Fields, Node};
use super::protocol::AuthzRequest;
use super::route::{self, Act, Body, Route};
use super::spec;
use super::target::Target;

/// A request that is understood.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// What it does.
    pub(crate) act: Act,
    /// Who decides over it.
    pub(crate) group: Group,
    /// The method and the route's pattern, for records and messages.
    pub(crate) action: String,
    /// What its wildcard stands for: a container, an image, a command.
    pub(crate) name: String,
    /// Its path and query.
    pub(crate) target: Target,
    /// Its body; `Null` when it has none or it does not matter.
    pub(crate) body: Node,
    /// The name in the client's certificate; empty on the unix socket.
    pub(crate) user: String,
}

/// Why a request is refused before anybody is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unclear {
    /// The target cannot be read with certainty.
    #[error("its address cannot be read with certainty: {0}")]
    Target(String),
    /// No route of a daemon that is known.
    #[error("this kind of request is not known: {0}")]
    Route(String),
    /// The daemon did not tell the body.
    #[error("its body was not shown (larger than the daemon tells, or no JSON)")]
    Withheld,
    /// The body cannot be read with certainty.
    #[error("its body cannot be read with certainty: {0}")]
    Body(#[from] BadBody),
}

impl Asked {
    /// Reads a request.
    pub(crate) fn read(request: &AuthzRequest) -> Result<Asked, Unclear> {
        let target =
            Target::parse(&request.request_uri).map_err(|bad| Unclear::Target(bad.to_string()))?;
        let Some(matched) = route::route(&request.request_method, &target) else {
            let path: String = target.path.chars().take(100).collect();
            return Err(Unclear::Route(format!("{} {path}", request.request_method)));
        };
        let body = body(request, matched.route)?;
        let asked = Asked {
            act: matched.route.act,
            group: matched.route.group,
            action: format!("{} {}", matched.route.method, matched.route.pattern),
            name: matched.name.trim_start_matches('/').to_owned(),
            body,
            user: request.user.clone(),
            target: target.clone(),
        };
        asked.check()?;
        Ok(asked)
    }

    /// The body's fields.
    pub(crate) fn fields(&self) -> Result<Fields<'_>, BadBody> {
        Fields::of("the body", &self.body)
    }

    /// What can be said of a body by itself.
    fn check(&self) -> Result<(), BadBody> {
        let body = match self.act {
            Act::Create | Act::Start | Act::ExecCreate | Act::Update | Act::Volume => {
                self.fields()?
            }
            _ => return Ok(()),
        };
        match self.act {
            Act::Create => {
                spec::refuse_misplaced(&body)?;
                if body.text("Image")?.is_empty() {
                    return Err(BadBody::new("the body", "it names no image"));
                }
                spec::read(&body, &body.fields("HostConfig")?, &spec::Defaults::default())?;
            }
            // Until API 1.23 a start took a HostConfig; no daemon takes one from 1.24 on.
            Act::Start if body.has_any() => {
                return Err(BadBody::new("the body", "a start takes no configuration"));
            }
            Act::ExecCreate => {
                body.flag("Privileged")?;
                body.text("User")?;
            }
            Act::Volume => {
                body.text_map("DriverOpts")?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn body(request: &AuthzRequest, route: &Route) -> Result<Node, Unclear> {
    let reads = matches!(route.body, Body::Json | Body::Needed);
    if !reads {
        return Ok(Node::Null);
    }
    if request.withholds_body() || (route.body == Body::Needed && request.request_body.is_empty()) {
        return Err(Unclear::Withheld);
    }
    let broken = || Unclear::Body(BadBody::new("the body", "its base64 is broken"));
    let bytes = request.body().ok_or_else(broken)?;
    if bytes.iter().all(u8::is_ascii_whitespace) && route.body == Body::Json {
        return Ok(Node::Null);
    }
    Ok(Node::parse(&bytes)?)
}

/// Reads a message of the daemon as the plugin does and forgets it. For fuzzing: nothing that the
/// daemon sends may end the plugin.
pub fn read_message(message: &[u8]) {
    if let Ok(request) = serde_json::from_slice::<AuthzRequest>(message) {
        let _ = Asked::read(&request);
    }
}

/// Reads a request of a client as the plugin does. For fuzzing: `None` when it is refused before
/// anybody is asked, else whether its body was read.
pub fn read_request(method: &str, uri: &str, body: &[u8]) -> Option<bool> {
    use base64::Engine as _;
    let request = AuthzRequest {
        request_method: method.to_owned(),
        request_uri: uri.to_owned(),
        request_body: base64::engine::general_purpose::STANDARD.encode(body),
        ..AuthzRequest::default()
    };
    Asked::read(&request).ok().map(|asked| asked.body != Node::Null)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn read(request: &str, headers: &[(&str, &str)], body: &str) -> Result<Act, String> {
        let (method, uri) = request.split_once(' ').unwrap();
        let request = AuthzRequest {
            request_method: method.into(),
            request_uri: uri.into(),
            request_headers: headers.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            request_body: base64::engine::general_purpose::STANDARD.encode(body),
            ..AuthzRequest::default()
        };
        Asked::read(&request).map(|asked| asked.act).map_err(|unclear| unclear.to_string())
    }

    fn refused(request: &str, body: &str, why: &str) {
        let error = read(request, &[], body).unwrap_err();
        assert!(error.contains(why), "{request} {body}: {error}");
    }

    #[test]
    fn understands_what_clients_send() {
        let cases = [
            (
                "POST /v1.41/containers/create?name=a",
                r#"{"Image":"a","HostConfig":{"Binds":null}}"#,
                Act::Create,
            ),
            ("POST /v1.41/containers/a/start", "", Act::Start),
            ("POST /v1.41/containers/a/start", "{}", Act::Start),
            ("POST /v1.41/containers/a/start", "null", Act::Start),
            ("POST /v1.41/containers/a/exec", r#"{"Cmd":["sh"]}"#, Act::ExecCreate),
            ("POST /v1.41/exec/1/start", r#"{"Detach":false}"#, Act::ExecStart),
            ("POST /v1.41/build", "", Act::Grouped),
            ("GET /v1.41/info", "", Act::Free),
        ];
        for (request, body, act) in cases {
            assert_eq!(read(request, &[], body), Ok(act), "{request}");
        }
    }

    #[test]
    fn a_body_that_is_not_shown_is_refused() {
        let long = [("Content-Length", "1048577")];
        assert!(read("POST /containers/create", &long, "").is_err());
        assert!(read("POST /containers/create", &[], "").is_err(), "chunked, too long to be told");
        assert!(read("POST /containers/a/start", &long, "").is_err());
        assert!(read("POST /containers/a/exec", &[], "").is_err());
        assert!(read("POST /networks/a/connect", &[], "").is_err());
        assert!(read("POST /images/load", &long, "").is_ok(), "a stream is never told");
        assert!(read("POST /containers/a/stop", &[("Content-Length", "0")], "").is_ok());
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        refused("POST /v1.41//containers/create", "{}", "address");
        refused("POST /v1.20/containers/a/start", "", "1.20");
        refused("POST /containers/a/copy", "{}", "not known");
        refused("POST /containers/create", r#"{"Image":"a","image":"b"}"#, "twice");
        refused("POST /containers/create", r#"{"HostConfig":{}}"#, "no image");
        refused("POST /containers/create", r#"{"Image":"a","Privileged":true}"#, "HostConfig");
        refused(
            "POST /containers/create",
            r#"{"Image":"a","HostConfig":{"Binds":"/:/x"}}"#,
            "list",
        );
        refused("POST /containers/a/start", r#"{"Binds":["/:/host"]}"#, "start takes no");
        refused("POST /containers/a/exec", r#"{"Privileged":"yes"}"#, "true or false");
    }

    #[test]
    fn no_message_ends_the_reader() {
        for message in [&b""[..], b"{}", b"null", b"[1]", br#"{"RequestBody":5}"#, b"\xff\xfe"] {
            read_message(message);
        }
    }

    /// Seeds of the fuzz target, changed at random but always the same.
    #[test]
    fn changed_requests_do_not_end_the_reader() {
        let seeds = [
            r#"POST|/v1.41/containers/create?name=a|{"Image":"a","HostConfig":{"Binds":["/:/h:ro"],"PortBindings":{"1/tcp":[{"HostPort":"1-2"}]}}}"#,
            r#"POST|/v1.41/containers/create|{"image":"a","hostconfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"DriverConfig":{"Options":{"o":"a=/x"}}}}]}}"#,
            r#"POST|/containers/a%2Fb/exec|{"User":"0","Privileged":true}"#,
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % 1_000_003).unwrap() % below
        };
        let rounds = std::env::var("ROUNDS").map_or(20_000, |rounds| rounds.parse().unwrap());
        for _ in 0..rounds {
            let mut bytes = seeds[next(seeds.len())].as_bytes().to_vec();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(4) {
                    0 => bytes[at] = u8::try_from(next(256)).unwrap(),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"{}[]\",:%/\xc5\xbfk"[next(12)]),
                    _ => bytes.extend_from_within(at..),
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            let mut parts = text.splitn(3, '|');
            let (Some(method), Some(uri)) = (parts.next(), parts.next()) else { continue };
            let body = parts.next().unwrap_or_default();
            if read_request(method, uri, body.as_bytes()) == Some(true) {
                let more = format!("{body} {{}}");
                assert_eq!(read_request(method, uri, more.as_bytes()), None, "{text}");
            }
        }
    }
}
