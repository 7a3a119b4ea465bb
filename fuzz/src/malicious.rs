//! Malicious code: archives walked by a method that wants everything, scripts through the
//! classifiers.

use std::sync::{Arc, LazyLock, Mutex};

use malware::{
    Detector, FileScan, LearntModel, LinearDetector, MalwareError, Sample, Scanner, TextcnnDetector,
};
use model::{Evidence, Method, MethodScore};

use crate::analyzers::Paged;
use crate::archive::mended;
use crate::names::{ARCHIVE, SCRIPT, entry, pick};

/// Members of one file that are told, and skips of them, at most.
const TOLD_MAX: usize = 10_000;
/// Bytes of the path of a member, at most: five archives deep, five names of 4 KiB.
const PATH_MAX_BYTES: usize = 21 << 10;
/// Bytes of one member, at most.
const MEMBER_MAX_BYTES: usize = 64 << 20;

/// What [`Everything`] has seen since it was last asked.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(vec![Box::new(Everything)]));

/// Both classifiers, with the model that ships.
static CLASSIFIERS: LazyLock<[Box<dyn Detector>; 2]> = LazyLock::new(|| {
    let model = LearntModel::built_in().unwrap_or_else(|error| panic!("{error}"));
    [Box::new(TextcnnDetector::new(Arc::clone(&model))), Box::new(LinearDetector::new(model))]
});

/// A method that wants every file and member, and speaks against each.
struct Everything;

impl Detector for Everything {
    fn method(&self) -> Method {
        Method::Heuristic
    }

    fn version(&self) -> String {
        String::new()
    }

    fn wants(&self, _sample: &Sample<'_>) -> bool {
        true
    }

    fn scan(&self, sample: &Sample<'_>) -> Result<Option<MethodScore>, MalwareError> {
        assert!(sample.bytes.len() <= MEMBER_MAX_BYTES, "{}", sample.path);
        SEEN.lock().unwrap_or_else(|seen| seen.into_inner()).push(sample.path.to_owned());
        let evidence = Vec::new();
        Ok(Some(MethodScore { method: self.method(), score: 1.0, decisive: false, evidence }))
    }
}

/// Walks the input as an archive whose name its first byte picks. Laws: the same in memory and in
/// pieces; what the method has said of a member is told of that member; members and their bytes keep
/// to the limits; what is skipped is told with a reason.
pub fn walk(input: &[u8]) {
    let Some((path, rest)) = pick(ARCHIVE, input) else { return };
    let bytes = &*mended(rest);
    let found = walked(path, SCANNER.scan(&entry(path, bytes.len()), &bytes));
    let paged = walked(path, SCANNER.scan(&entry(path, bytes.len()), &Paged(bytes)));
    assert_eq!(found, paged, "{path}: in memory and in pieces differ");
}

fn walked(path: &str, found: FileScan) -> FileScan {
    let seen = std::mem::take(&mut *SEEN.lock().unwrap_or_else(|seen| seen.into_inner()));
    let full = |inner: &str| match inner {
        "" => path.to_owned(),
        inner => format!("{path}!/{inner}"),
    };
    let told: Vec<String> = found.samples.iter().map(|sample| full(&sample.inner)).collect();
    assert!(seen.starts_with(&told), "{told:?} are not what the method has said: {seen:?}");
    assert!(told.len() == seen.len() || told.len() == TOLD_MAX, "{} of {}", told.len(), seen.len());
    assert!(told.iter().all(|one| one.len() <= PATH_MAX_BYTES) && found.skipped.len() <= TOLD_MAX);
    assert!(found.skipped.iter().all(|(_, _, detail)| !detail.is_empty()), "{:?}", found.skipped);
    found
}

/// Asks both classifiers of the input as the script that its first byte picks. Laws: a score is a
/// probability; evidence lies within the file; the same whatever was read before.
pub fn classify(input: &[u8]) {
    let Some((path, bytes)) = pick(SCRIPT, input) else { return };
    let sample = Sample::new(path, false, bytes);
    let other = Sample::new("b.php", false, b"<?php eval($_POST['a']); ?> <p>other</p>");
    for detector in CLASSIFIERS.iter().filter(|detector| detector.wants(&sample)) {
        let first = score(detector.as_ref(), &sample);
        score(detector.as_ref(), &other);
        assert_eq!(first, score(detector.as_ref(), &sample), "after another file");
    }
}

fn score(detector: &dyn Detector, sample: &Sample<'_>) -> Option<MethodScore> {
    let said = detector.scan(sample).unwrap_or_else(|error| panic!("{error}"))?;
    assert!((0.0..=1.0).contains(&said.score), "{said:?}");
    for Evidence { span, score, excerpt, .. } in &said.evidence {
        assert!((0.0..=1.0).contains(score), "{said:?}");
        assert!(!excerpt.contains(char::is_control), "{said:?}");
        let end = span.and_then(|span| span.offset.checked_add(span.length));
        assert!(end.is_some_and(|end| end <= sample.bytes.len() as u64), "{said:?}");
    }
    Some(said)
}
