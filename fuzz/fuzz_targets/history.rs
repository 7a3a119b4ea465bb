//! Build steps of a foreign image against the rules for suspicious ones.
#![no_main]

use std::sync::LazyLock;

use analyze::history::HistoryScanner;
use lazaret_fuzz::secrets::SCANNER as SECRETS;
use lazaret_fuzz::texts::texts;
use model::{HistoryStep, ImageConfig, ImageFacts, Layer, LayerIndex, SuspiciousStep};

static SCANNER: LazyLock<HistoryScanner> =
    LazyLock::new(|| HistoryScanner::built_in().expect("the rules are in the program"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let image = image(input);
    let found = SCANNER.scan_masked(&image, &|text| SECRETS.places(text));
    let numbers: Vec<u32> = found.iter().map(|one| one.step.step).collect();
    assert!(numbers.is_sorted(), "steps are in order: {numbers:?}");
    for one in found {
        check(&one.step, &image);
        assert!(one.paths.iter().all(|path| !path.starts_with('/')), "{:?}", one.paths);
    }
});

/// A history of the input's texts: a text that ends with a zero has no layer. What the image runs
/// is the last of them.
fn image(input: &[u8]) -> ImageFacts {
    let mut image = ImageFacts::default();
    for text in texts(input) {
        let empty_layer = text.ends_with('\0');
        let created_by = text.into_owned();
        if !empty_layer {
            let index = LayerIndex(image.layers.len() as u32);
            let created_by = Some(created_by.clone());
            image.layers.push(Layer {
                index,
                diff_id: None,
                size_bytes: 1,
                created_by,
                base: false,
            });
        }
        let step = HistoryStep { created_by, empty_layer, ..HistoryStep::default() };
        image.config.history.push(step);
    }
    let last = image.config.history.last().map(|step| step.created_by.clone()).unwrap_or_default();
    image.config = ImageConfig {
        user: last.clone(),
        env: vec![last.clone()],
        entrypoint: vec![last.clone()],
        cmd: vec!["sh".into(), "-c".into(), last],
        ..image.config
    };
    image
}

/// Laws: the step and its layer are the image's; its text is printable, the span lies in it.
fn check(step: &SuspiciousStep, image: &ImageFacts) {
    let (layers, steps) = (image.layers.len() as u32, image.config.history.len() as u32);
    assert!(step.layer.0 < layers.max(1), "{step:?}");
    assert!(step.step <= steps + 8, "{step:?}");
    assert!(!step.text.contains(char::is_control), "{step:?}");
    if let Some(span) = step.span {
        let stretch = span.offset as usize..(span.offset + span.length) as usize;
        assert!(step.text.get(stretch).is_some_and(|part| !part.is_empty()), "{step:?}");
    }
}
