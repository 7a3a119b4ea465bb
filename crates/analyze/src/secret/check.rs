//! What a value must be beside its form, when a rule asks for it.

use model::Confidence;

use super::keys::decode_base64;
use super::plausible::{self, Worth};
use super::rules::Check;

/// What stands in the payload of the token that every introduction shows.
const EXAMPLE_CLAIMS: [&str; 5] = ["John Doe", "1234567890", "example", "Jane Doe", "\"payload\""];

/// How much the value proves; `None` when it fails the check.
pub(crate) fn passes(check: Check, value: &[u8]) -> Option<Confidence> {
    match check {
        Check::Basic => basic(value),
        Check::Random => (plausible::worth(value) == Worth::Random).then_some(Confidence::Certain),
        Check::Jwt => jwt(value).map(|(worth, _)| worth),
        Check::KubernetesJwt => {
            let (worth, payload) = jwt(value)?;
            payload.contains("kubernetes").then_some(worth)
        }
    }
}

/// `user:password` in base64.
fn basic(value: &[u8]) -> Option<Confidence> {
    let clear = decode_base64(value)?;
    let printable = clear.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    let colon = clear.iter().position(|&b| b == b':')?;
    let password = clear.get(colon + 1..)?;
    if !printable || colon == 0 || password.is_empty() {
        return None;
    }
    Some(match plausible::worth(password) {
        Worth::Nothing | Worth::Placeholder => Confidence::Placeholder,
        _ => Confidence::Certain,
    })
}

/// A token whose header names an algorithm; its payload in clear.
fn jwt(value: &[u8]) -> Option<(Confidence, String)> {
    let mut parts = value.split(|&b| b == b'.');
    let header = decode_base64(parts.next()?)?;
    let payload = String::from_utf8(decode_base64(parts.next()?)?).ok()?;
    let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
    let signed = header.get("alg")?.as_str()? != "none";
    let example = EXAMPLE_CLAIMS.iter().any(|claim| payload.contains(claim));
    let worth = if example { Confidence::Placeholder } else { Confidence::Certain };
    signed.then_some((worth, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_what_is_encoded() {
        let check = |check: Check, clear: &str, expect: Option<Confidence>| {
            assert_eq!(
                passes(check, crate::secret::keys::encode(clear).as_bytes()),
                expect,
                "{clear}"
            );
        };
        check(Check::Basic, "robot:Vq9sLwm2Xz", Some(Confidence::Certain));
        check(Check::Basic, "user:password", Some(Confidence::Placeholder));
        check(Check::Basic, "no colon here", None);
        check(Check::Basic, ":nobody", None);
    }

    #[test]
    fn a_token_has_an_algorithm() {
        let token = |header: &str, payload: &str| {
            let part = |text| crate::secret::keys::encode(text).trim_end_matches('=').to_owned();
            format!("{}.{}.c2ln", part(header), part(payload))
        };
        let header = "{\"alg\":\"HS256\"}";
        let of = |payload| passes(Check::Jwt, token(header, payload).as_bytes());
        assert_eq!(of("{\"sub\":\"svc\"}"), Some(Confidence::Certain));
        assert_eq!(of("{\"name\":\"John Doe\"}"), Some(Confidence::Placeholder));
        let none = token("{\"alg\":\"none\"}", "{}");
        assert_eq!(passes(Check::Jwt, none.as_bytes()), None);
        let kubernetes = token(header, "{\"iss\":\"kubernetes/serviceaccount\"}");
        assert_eq!(passes(Check::KubernetesJwt, kubernetes.as_bytes()), Some(Confidence::Certain));
        assert_eq!(passes(Check::KubernetesJwt, token(header, "{}").as_bytes()), None);
    }
}
