//! Names in an archive, made into paths below the root.

use model::SkipReason;

use crate::Limits;
use crate::stop::Stop;

/// Longest excerpt of a refused name in a message, in bytes.
const SHOWN_BYTES: usize = 200;

/// Writes `raw` to `path` as a path below the root: no leading `/`, no empty part, no `.` or
/// `..`. Empty is the root itself.
///
/// `..` is resolved by its letters as the runtimes' unpackers do; a name that leaves the root, holds
/// a NUL, or is over a limit is refused.
pub(crate) fn clean_path(raw: &[u8], limits: &Limits, path: &mut String) -> Result<(), Stop> {
    path.clear();
    if raw.len() > limits.path_bytes {
        let detail = format!("a path of {} bytes; the limit is {}", raw.len(), limits.path_bytes);
        return Err(Stop::new(SkipReason::UnsafePath, detail));
    }
    if raw.contains(&0) {
        return Err(Stop::new(SkipReason::UnsafePath, "a path with a NUL byte in it"));
    }
    let text = String::from_utf8_lossy(raw);
    let mut depth = 0;
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if depth == 0 {
                    return Err(Stop::new(SkipReason::UnsafePath, "a path that leaves the root"));
                }
                depth -= 1;
                let parent = path.rfind('/').unwrap_or(0);
                path.truncate(parent);
            }
            part => {
                depth += 1;
                if depth > 1 {
                    path.push('/');
                }
                path.push_str(part);
            }
        }
    }
    if depth > limits.path_depth {
        let detail = format!("a path of {depth} parts; the limit is {}", limits.path_depth);
        return Err(Stop::new(SkipReason::TooDeep, detail));
    }
    Ok(())
}

/// A name for a message: readable, and cut when long.
pub(crate) fn shown(raw: &[u8]) -> String {
    let cut = raw.get(..SHOWN_BYTES).unwrap_or(raw);
    let mut text = String::from_utf8_lossy(cut).replace(char::is_control, "\u{fffd}");
    if cut.len() < raw.len() {
        text.push('…');
    }
    text
}
