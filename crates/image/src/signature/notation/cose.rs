//! The COSE envelope: COSE_Sign1 (RFC 9052, section 4.2; RFC 9053; x5chain of RFC 9360).

use model::Timestamp;

use super::super::Subject;
use super::super::authority::Trusted;
use super::super::crypto::Hash;
use super::super::verify::{Failure, Holds};
use super::cbor::{Value, head, read};
use super::{
    AUTHENTIC_SIGNING_TIME, Algorithm, EXPIRY, Envelope, Protected, SIGNING_SCHEME, SIGNING_TIME,
};

/// The tag of COSE_Sign1.
const SIGN1_TAG: u64 = 18;
/// Labels of headers: algorithm, critical, content type, certificates.
const ALG: i128 = 1;
const CRIT: i128 = 2;
const CONTENT_TYPE: i128 = 3;
const X5CHAIN: i128 = 33;
/// The tag of seconds since 1970.
const EPOCH_TAG: u64 = 1;

type Entries<'a> = [(Value<'a>, Value<'a>)];

/// Checks a COSE envelope with an authority's certificates.
pub(in super::super) fn check(
    bytes: &[u8],
    subject: &Subject,
    authority: &Trusted,
    now: Timestamp,
) -> Result<Holds, Failure> {
    let value = read(bytes).map_err(|why| Failure::new(format!("it is not CBOR: {why}")))?;
    let wrong = || Failure::new("it is not a COSE_Sign1 envelope");
    let Value::Tag(SIGN1_TAG, inner) = value else { return Err(wrong()) };
    let Value::Array(parts) = *inner else { return Err(wrong()) };
    let [Value::Bytes(protected), Value::Map(open), Value::Bytes(payload), Value::Bytes(signature)] =
        parts.as_slice()
    else {
        return Err(wrong());
    };
    let headers = read(protected)
        .map_err(|why| Failure::new(format!("its protected header is not CBOR: {why}")))?;
    let Value::Map(headers) = headers else { return Err(wrong()) };
    let envelope = Envelope {
        protected: protected_of(&headers)?,
        algorithm: algorithm(&headers)?,
        chain: chain(open)?,
        payload,
        message: signature_structure(protected, payload),
        signature: signature.to_vec(),
    };
    envelope.check(subject, authority, now)
}

/// The bytes that are signed: an array of a context, the protected header, nothing, the payload.
fn signature_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x84];
    for (major, part) in
        [(3, b"Signature1".as_slice()), (2, protected), (2, b"".as_slice()), (2, payload)]
    {
        head(&mut bytes, major, part.len() as u64);
        bytes.extend_from_slice(part);
    }
    bytes
}

fn by_label<'v, 'a>(entries: &'v Entries<'a>, label: i128) -> Option<&'v Value<'a>> {
    entries.iter().find(|(key, _)| *key == Value::Integer(label)).map(|(_, value)| value)
}

fn by_name<'v, 'a>(entries: &'v Entries<'a>, name: &str) -> Option<&'v Value<'a>> {
    entries.iter().find(|(key, _)| matches!(key, Value::Text(text) if *text == name)).map(|e| &e.1)
}

fn protected_of(headers: &Entries<'_>) -> Result<Protected, Failure> {
    let text = |value: Option<&Value<'_>>| match value {
        Some(Value::Text(text)) => (*text).to_owned(),
        _ => String::new(),
    };
    let signed_at = match time(headers, SIGNING_TIME)? {
        Some(time) => Some(time),
        None => time(headers, AUTHENTIC_SIGNING_TIME)?,
    };
    Ok(Protected {
        content_type: text(by_label(headers, CONTENT_TYPE)),
        signing_scheme: text(by_name(headers, SIGNING_SCHEME)),
        signed_at,
        expires: time(headers, EXPIRY)?,
        critical: critical(headers)?,
    })
}

/// A time of the protected header; an error when it is there and is none.
fn time(headers: &Entries<'_>, name: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(value) = by_name(headers, name) else { return Ok(None) };
    let seconds = match value {
        Value::Tag(EPOCH_TAG, inner) => match **inner {
            Value::Integer(seconds) => i64::try_from(seconds).ok(),
            _ => None,
        },
        _ => None,
    };
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(Some).ok_or_else(|| Failure::new(format!("its `{name}` is no time")))
}

/// The names of what is critical; labels that stand for registered headers are passed over when
/// they are the ones that are read here.
fn critical(headers: &Entries<'_>) -> Result<Vec<String>, Failure> {
    let wrong = || Failure::new("its list of what is critical cannot be read");
    let list = match by_label(headers, CRIT) {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return Err(wrong()),
    };
    let mut names = Vec::new();
    for item in list {
        match item {
            Value::Text(name) => names.push((*name).to_owned()),
            Value::Integer(ALG | CONTENT_TYPE) => {}
            Value::Integer(label) => names.push(label.to_string()),
            _ => return Err(wrong()),
        }
    }
    Ok(names)
}

/// RFC 9053, table 1, and RFC 8230: what the specification allows.
fn algorithm(headers: &Entries<'_>) -> Result<Algorithm, Failure> {
    Ok(match by_label(headers, ALG) {
        Some(Value::Integer(-37)) => Algorithm::Pss(Hash::Sha256),
        Some(Value::Integer(-38)) => Algorithm::Pss(Hash::Sha384),
        Some(Value::Integer(-39)) => Algorithm::Pss(Hash::Sha512),
        Some(Value::Integer(-7)) => Algorithm::Ecdsa(Hash::Sha256),
        Some(Value::Integer(-35)) => Algorithm::Ecdsa(Hash::Sha384),
        Some(Value::Integer(other)) => {
            return Err(Failure::new(format!("the algorithm {other} is not supported")));
        }
        _ => return Err(Failure::new("it names no algorithm")),
    })
}

/// The certificates; one alone is not in a list.
fn chain(open: &Entries<'_>) -> Result<Vec<Vec<u8>>, Failure> {
    let wrong = || Failure::new("its certificates cannot be read");
    match by_label(open, X5CHAIN).ok_or_else(|| Failure::new("no certificate came with it"))? {
        Value::Bytes(one) => Ok(vec![one.to_vec()]),
        Value::Array(list) => list
            .iter()
            .map(|item| match item {
                Value::Bytes(one) => Ok(one.to_vec()),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}
