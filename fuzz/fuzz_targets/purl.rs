//! Package URLs: reading, printing, and packages made of them.
#![no_main]

use model::{Package, Purl};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(purl) = text.parse::<Purl>() else { return };
    assert_eq!(purl.as_str().parse(), Ok(purl.clone()), "print, then read");
    assert_eq!(purl.parts().build(), Ok(purl.clone()), "take apart, then build");
    assert!(purl.as_str().starts_with(purl.without_version().as_str()));
    let Some((package, distro)) = purl.to_package() else { return };
    let Ok(made) = Purl::of(&package, distro.as_ref()) else { return };
    let again = made.to_package().map(|(package, _)| package);
    assert_eq!(again.as_ref().map(identity), Some(identity(&package)), "{purl} became {made}");
});

/// What a package URL keeps of a package.
fn identity(package: &Package) -> impl PartialEq + std::fmt::Debug {
    let Package { kind, name, version, source, arch, module, .. } = package.clone();
    (kind, name, version, source, arch, module)
}
