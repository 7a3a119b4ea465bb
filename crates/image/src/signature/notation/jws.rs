//! The JWS envelope: JSON, flattened serialisation (RFC 7515, section 7.2.2; RFC 7518).

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use model::Timestamp;
use serde::Deserialize;

use super::super::Subject;
use super::super::authority::Trusted;
use super::super::crypto::Hash;
use super::super::verify::{Failure, Holds};
use super::{Algorithm, Envelope, Protected};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvelope {
    payload: String,
    protected: String,
    header: Header,
    signature: String,
}

/// What is not signed; only the chain is used, which proves itself.
#[derive(Deserialize)]
struct Header {
    x5c: Vec<String>,
}

#[derive(Deserialize)]
struct RawProtected {
    alg: String,
    cty: String,
    crit: Vec<String>,
    #[serde(rename = "io.cncf.notary.signingScheme")]
    signing_scheme: String,
    #[serde(rename = "io.cncf.notary.signingTime")]
    signing_time: Option<Timestamp>,
    #[serde(rename = "io.cncf.notary.authenticSigningTime")]
    authentic_signing_time: Option<Timestamp>,
    #[serde(rename = "io.cncf.notary.expiry")]
    expiry: Option<Timestamp>,
}

/// Checks a JWS envelope with an authority's certificates.
pub(in super::super) fn check(
    bytes: &[u8],
    subject: &Subject,
    authority: &Trusted,
    now: Timestamp,
) -> Result<Holds, Failure> {
    let raw: RawEnvelope = serde_json::from_slice(bytes)
        .map_err(|error| Failure::new(format!("it is not a JWS envelope: {error}")))?;
    let decode = |text: &str, what: &str| {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(text);
        decoded.map_err(|_| Failure::new(format!("the {what} is not base64url")))
    };
    let payload = decode(&raw.payload, "payload")?;
    let signature = decode(&raw.signature, "signature")?;
    let protected: RawProtected = serde_json::from_slice(&decode(&raw.protected, "header")?)
        .map_err(|error| Failure::new(format!("its protected header cannot be read: {error}")))?;
    let algorithm = algorithm(&protected.alg)?;
    let chain: Result<Vec<Vec<u8>>, _> =
        raw.header.x5c.iter().map(|text| BASE64_STANDARD.decode(text)).collect();
    let chain = chain.map_err(|_| Failure::new("a certificate is not base64"))?;
    let envelope = Envelope {
        protected: Protected {
            content_type: protected.cty,
            signing_scheme: protected.signing_scheme,
            signed_at: protected.signing_time.or(protected.authentic_signing_time),
            expires: protected.expiry,
            critical: protected.crit,
        },
        algorithm,
        chain,
        payload: &payload,
        message: format!("{}.{}", raw.protected, raw.payload).into_bytes(),
        signature,
    };
    envelope.check(subject, authority, now)
}

/// Only what the specification names: no `none`, nothing with a shared secret.
fn algorithm(name: &str) -> Result<Algorithm, Failure> {
    Ok(match name {
        "PS256" => Algorithm::Pss(Hash::Sha256),
        "PS384" => Algorithm::Pss(Hash::Sha384),
        "PS512" => Algorithm::Pss(Hash::Sha512),
        "ES256" => Algorithm::Ecdsa(Hash::Sha256),
        "ES384" => Algorithm::Ecdsa(Hash::Sha384),
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(Failure::new(format!("the algorithm `{shown}` is not supported")));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{loaded, now, vector};
    use super::super::super::{Authorities, RawSignature, SignatureBody, verify};
    use super::*;

    #[test]
    fn only_what_the_specification_names_is_an_algorithm() {
        for good in ["PS256", "PS384", "PS512", "ES256", "ES384"] {
            assert!(algorithm(good).is_ok(), "{good}");
        }
        for bad in ["none", "None", "", "HS256", "RS256", "ES256K", "EdDSA", "ps256"] {
            assert!(algorithm(bad).is_err(), "{bad}");
        }
    }

    /// Changes the protected header or the envelope of a real signature.
    fn changed(change: impl Fn(&mut serde_json::Value, &mut serde_json::Value)) -> String {
        let raw = vector("notation-jws-ec256");
        let SignatureBody::NotationJws(bytes) = &raw.body else { panic!() };
        let mut envelope: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let protected = envelope["protected"].as_str().unwrap();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(protected).unwrap();
        let mut protected: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut envelope, &mut protected);
        if envelope["protected"].is_string() {
            envelope["protected"] = BASE64_URL_SAFE_NO_PAD.encode(protected.to_string()).into();
        }
        let body = SignatureBody::NotationJws(envelope.to_string().into_bytes());
        let raw = RawSignature { body, ..raw };
        let ca = model::Authority {
            name: "ca".into(),
            kind: model::AuthorityKind::Certificate,
            material: model::Material::File("keys/ec256-ca.pem".into()),
            formats: Vec::new(),
            identities: Vec::new(),
        };
        let authorities: Authorities = loaded(&[ca]);
        verify(&raw, &authorities, now()).remove(0).failure.unwrap_or_default()
    }

    #[test]
    fn what_is_changed_is_refused() {
        assert_eq!(changed(|_, _| {}), "");
        type Change = fn(&mut serde_json::Value, &mut serde_json::Value);
        let changes: [(Change, &str); 8] = [
            (|_, p| p["alg"] = "none".into(), "`none` is not supported"),
            (|_, p| p["alg"] = "HS256".into(), "`HS256` is not supported"),
            (|_, p| p["alg"] = "PS256".into(), "not for the key"),
            (|_, p| p["crit"] = serde_json::json!(["io.cncf.notary.signingScheme", "x"]), "`x`"),
            (|_, p| p["x"] = 1.into(), "was changed"),
            (|e, _| e["header"]["x5c"] = serde_json::json!([]), "0 certificates"),
            (|e, _| e["signatures"] = serde_json::json!([]), "unknown field `signatures`"),
            (
                |e, _| {
                    let text = e["payload"].as_str().unwrap();
                    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
                    let text = String::from_utf8(bytes).unwrap().replace("491", "492");
                    e["payload"] = BASE64_URL_SAFE_NO_PAD.encode(text).into();
                },
                "was changed",
            ),
        ];
        for (change, why) in changes {
            let found = changed(change);
            assert!(found.contains(why), "{why}: {found}");
        }
    }
}
