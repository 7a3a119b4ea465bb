//! What libbpf says while it loads: kept, so that a refusal can be explained by the verifier's words.

use std::sync::{Mutex, PoisonError};

use libbpf_rs::PrintLevel;

use crate::limits::MAX_SAID_BYTES;

static SAID: Mutex<String> = Mutex::new(String::new());
/// One load at a time: libbpf has one listener for the whole process.
static LISTENING: Mutex<()> = Mutex::new(());

/// Runs `work` while listening; its error is told what was said.
pub(crate) fn while_listening<T, E>(
    work: impl FnOnce() -> Result<T, E>,
    explain: impl FnOnce(E, &str) -> E,
) -> Result<T, E> {
    let _one = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
    SAID.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let before = libbpf_rs::set_print(Some((PrintLevel::Warn, keep)));
    let outcome = work();
    libbpf_rs::set_print(before);
    outcome.map_err(|why| explain(why, &SAID.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn keep(_: PrintLevel, text: String) {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    // A verifier's last words matter, not its first.
    if said.len() + text.len() > MAX_SAID_BYTES {
        said.clear();
    }
    let from = text.len().saturating_sub(MAX_SAID_BYTES);
    said.push_str(text.get(from..).unwrap_or_default());
}

/// The line of what was said that says why: the verifier's last before its statistics, with the
/// program's name; else libbpf's own last line.
pub(crate) fn reason(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let statistics = ["verification time", "stack depth", "processed "];
    let Some(begin) = lines.iter().rposition(|line| line.contains("BEGIN PROG LOAD LOG")) else {
        return lines.last().map(|line| (*line).to_owned());
    };
    let log = lines.iter().skip(begin + 1).take_while(|line| !line.contains("END PROG LOAD LOG"));
    let words =
        log.filter(|line| !statistics.iter().any(|begin| line.starts_with(begin))).last()?;
    let program = lines.get(begin.checked_sub(1)?)?.split('\'').nth(1).unwrap_or_default();
    Some(format!("{program}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, expected: Option<&str>) {
        assert_eq!(reason(said).as_deref(), expected);
    }

    #[test]
    fn the_verifiers_last_words_are_the_reason() {
        let said = "libbpf: prog 'with_fd': BPF program load failed: -EACCES\n\
                    libbpf: prog 'with_fd': -- BEGIN PROG LOAD LOG --\n\
                    1696: (85) call bpf_probe_read_kernel#113\n\
                    R1 unbounded memory access\n\
                    processed 1780 insns\n\
                    -- END PROG LOAD LOG --\nlibbpf: failed to load object\n";
        check(said, Some("with_fd: R1 unbounded memory access"));
        check("libbpf: extern 'x': not found\n", Some("libbpf: extern 'x': not found"));
        check("-- BEGIN PROG LOAD LOG --", None);
        check("", None);
    }
}
