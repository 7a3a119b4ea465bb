//! The messages between the daemon and an authorization plugin.
//!
//! Source: Docker's "Access authorization plugin" page and moby's `pkg/authorization`. The daemon
//! writes the field names exactly so; the plugin's answer is `{Allow, Msg, Err}`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What the daemon asks before it does a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthzRequest {
    /// The common name of the client's certificate; empty on the unix socket.
    pub user: String,
    /// `TLS`, or empty.
    #[serde(rename = "UserAuthNMethod")]
    pub user_authn_method: String,
    /// `GET`, `POST` …
    pub request_method: String,
    /// The request target as it came, still percent-encoded.
    pub request_uri: String,
    /// The request's headers; credentials are taken out by the daemon.
    #[serde(deserialize_with = "nullable")]
    pub request_headers: BTreeMap<String, String>,
    /// The body in base64; absent when there was none or the daemon does not tell it.
    #[serde(deserialize_with = "nullable")]
    pub request_body: String,
}

/// What the plugin answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuthzAnswer {
    /// Whether it may be done.
    pub allow: bool,
    /// What the user is told when it may not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub msg: String,
}

impl AuthzRequest {
    /// The body; `None` when the base64 is broken.
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.request_body).ok()
    }

    /// A header, by its name in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.request_headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the request announced a body that the daemon did not tell.
    pub(crate) fn withholds_body(&self) -> bool {
        let announced = self.header("content-length").is_some_and(|length| length.trim() != "0");
        self.request_body.is_empty() && (announced || self.header("transfer-encoding").is_some())
    }
}

impl AuthzAnswer {
    /// Yes.
    pub(crate) fn allow() -> Self {
        AuthzAnswer { allow: true, msg: String::new() }
    }

    /// No, and why.
    pub(crate) fn deny(msg: impl Into<String>) -> Self {
        AuthzAnswer { allow: false, msg: msg.into() }
    }
}

/// Go writes `null` for what is empty.
fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AuthzRequest {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn reads_what_the_daemon_writes() {
        let request = read(
            r#"{"UserAuthNMethod":"TLS","User":"ci","RequestMethod":"POST","RequestUri":"/v1.41/x",
                "RequestHeaders":{"Content-Length":"2"},"RequestBody":"e30=","RequestPeerCertificates":null}"#,
        );
        assert_eq!((request.user.as_str(), request.user_authn_method.as_str()), ("ci", "TLS"));
        assert_eq!(request.body().unwrap(), b"{}");
        assert!(!request.withholds_body());
        assert_eq!(read(r#"{"RequestHeaders":null,"RequestBody":null}"#).body().unwrap(), b"");
        assert_eq!(read(r#"{"RequestBody":"e30"}"#).body(), None);
    }

    #[test]
    fn notices_a_withheld_body() {
        let cases = [
            (r#"{"RequestHeaders":{"content-length":"5"}}"#, true),
            (r#"{"RequestHeaders":{"Content-Length":"0"}}"#, false),
            (r#"{"RequestHeaders":{"Transfer-Encoding":"chunked"}}"#, true),
            (r#"{"RequestHeaders":{}}"#, false),
        ];
        for (text, withheld) in cases {
            assert_eq!(read(text).withholds_body(), withheld, "{text}");
        }
    }

    #[test]
    fn answers_as_the_daemon_reads() {
        let text = |answer: AuthzAnswer| serde_json::to_string(&answer).unwrap();
        assert_eq!(text(AuthzAnswer::allow()), r#"{"Allow":true}"#);
        assert_eq!(text(AuthzAnswer::deny("no")), r#"{"Allow":false,"Msg":"no"}"#);
    }
}
