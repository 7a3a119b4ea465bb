//! Recordings of a node: the JSON lines, compressed here; or a zstd stream as it is.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use agent::detect::{BUILT_IN_RULES, Engine};
use agent::watch::{Replayed, replay};
use lazaret_fuzz::files::file;

const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    Engine::open(&[BUILT_IN_RULES.into()]).unwrap_or_else(|error| panic!("{error}"))
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let packed = input.starts_with(&ZSTD);
    let bytes = if packed { input.to_vec() } else { compressed(input) };
    let (_file, path) = file(&bytes).expect("a file in memory");
    let Some((replayed, said)) = replayed(&path) else { return };
    if !packed {
        let lines = input.iter().filter(|&&byte| byte == b'\n').count();
        assert!((replayed.events as usize) < lines.max(1), "the first line is no event");
    }
    assert!(said.iter().all(|output| !output.is_empty()), "{said:?}");
});

/// What came of it and what was said. An error has one line of words.
fn replayed(path: &Path) -> Option<(Replayed, Vec<String>)> {
    let mut said = Vec::new();
    let sink = |seen: &agent::watch::Seen<'_>| {
        said.extend(seen.detections.iter().map(|detection| detection.output.clone()));
    };
    match replay(path, &ENGINE, sink) {
        Ok(replayed) => {
            assert!(replayed.cut.as_ref().is_none_or(|why| !why.is_empty()), "{replayed:?}");
            Some((replayed, said))
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
            None
        }
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).expect("it is packed in memory")
}
