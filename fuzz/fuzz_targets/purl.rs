//! Package URLs: reading, printing, and packages made of them.
#![no_main]

use model::Purl;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(purl) = text.parse::<Purl>() else { return };
    assert_eq!(purl.as_str().parse(), Ok(purl.clone()), "print, then read");
    assert_eq!(purl.parts().build(), Ok(purl.clone()), "take apart, then build");
    assert!(purl.as_str().starts_with(purl.without_version().as_str()));
    let Some(made) = again(&purl) else { return };
    assert_eq!(again(&made), Some(made), "to a package and back, from {purl}");
});

/// The package URL of the package that one speaks of.
fn again(purl: &Purl) -> Option<Purl> {
    let (package, distro) = purl.to_package()?;
    Purl::of(&package, distro.as_ref()).ok()
}
