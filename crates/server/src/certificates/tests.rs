//! Rotation over years, checked with another X.509 reader than the one that writes.

use jiff::ToSpan;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::*;

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn names() -> Vec<String> {
    vec!["lazaret-admission.lazaret.svc".to_owned(), "127.0.0.1".to_owned()]
}

/// Whether a client that trusts `bundle` accepts what is served, as rustls' verifier sees it.
fn accepted(bundle: &str, served: &Certificates, name: &str, at: Timestamp) -> bool {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(authority.unwrap()).unwrap();
    }
    let verifier =
        rustls::client::WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
            .build()
            .unwrap();
    let leaf = CertificateDer::from_pem_slice(served.serving_certificate().as_bytes()).unwrap();
    let seconds = Duration::from_secs(u64::try_from(at.as_second()).unwrap());
    let name = ServerName::try_from(name.to_owned()).unwrap();
    use rustls::client::danger::ServerCertVerifier;
    verifier.verify_server_cert(&leaf, &[], &name, &[], UnixTime::since_unix_epoch(seconds)).is_ok()
}

#[test]
fn serves_its_names_and_no_others() {
    let made = Certificates::made(&names(), start()).unwrap();
    let bundle = made.bundle();
    for name in ["lazaret-admission.lazaret.svc", "127.0.0.1"] {
        assert!(accepted(&bundle, &made, name, start()), "{name}");
    }
    assert!(!accepted(&bundle, &made, "other.lazaret.svc", start()));
    let stranger = Certificates::made(&names(), start()).unwrap();
    assert!(!accepted(&stranger.bundle(), &made, "127.0.0.1", start()));
}

#[test]
fn ten_years_of_rotation_leave_no_gap() {
    let mut now = start();
    let mut certificates = Certificates::made(&names(), now).unwrap();
    // What the API server trusts lags an hour behind what the server knows.
    let mut trusted = certificates.bundle();
    let (mut servings, mut bundles) = (0, 0);
    for _ in 0..10 * 365 * 2 {
        now = now.checked_add(12.hours()).unwrap();
        if let Some(new) = certificates.renewed(&names(), now).unwrap() {
            servings += i32::from(new.serving != certificates.serving);
            bundles += i32::from(new.bundle() != certificates.bundle());
            certificates = new;
        }
        assert!(accepted(&trusted, &certificates, "127.0.0.1", now), "with the old bundle, {now}");
        trusted = certificates.bundle();
        assert!(accepted(&trusted, &certificates, "127.0.0.1", now), "{now}");
        assert!(!certificates.serving.is_ageing(now) && !certificates.current.is_over(now));
    }
    assert!((60..80).contains(&servings), "{servings} serving certificates");
    assert!(bundles >= 14, "{bundles} changes of the bundle");
}

#[test]
fn a_long_sleep_begins_anew_and_new_names_are_served() {
    let made = Certificates::made(&names(), start()).unwrap();
    assert!(made.renewed(&names(), start()).unwrap().is_none());
    let later = start().checked_add((24 * 365 * 5).hours()).unwrap();
    let anew = made.renewed(&names(), later).unwrap().unwrap();
    assert!(accepted(&anew.bundle(), &anew, "127.0.0.1", later));
    let other = vec!["admission.example".to_owned()];
    let renamed = made.renewed(&other, start()).unwrap().unwrap();
    assert_eq!(renamed.bundle(), made.bundle());
    assert!(accepted(&made.bundle(), &renamed, "admission.example", start()));
}

#[test]
fn a_folder_keeps_them_to_itself() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let folder = CertificateFolder::at(&directory.path().join("tls"));
    let first = folder.current(&names(), start()).unwrap();
    assert_eq!(folder.current(&names(), start()).unwrap(), first);
    let mode = |name: &str| {
        let path = directory.path().join("tls").join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("certificates.json"), mode("ca.crt")), (0o600, 0o644));
    std::fs::write(directory.path().join("tls/certificates.json"), "{").unwrap();
    let error = folder.current(&names(), start()).unwrap_err().to_string();
    assert!(error.contains("certificates.json"), "{error}");
}
