//! The numbers by which the database writes the model's words. A number once given stays.

use model::{AdvisoryKind, FixState, Severity};

use super::bytes::{Damage, Read};

const FIX_STATES: [FixState; 8] = [
    FixState::Unknown,
    FixState::NotAffected,
    FixState::UnderInvestigation,
    FixState::Affected,
    FixState::Deferred,
    FixState::WillNotFix,
    FixState::EndOfLife,
    FixState::Fixed,
];

const SEVERITIES: [Severity; 6] = [
    Severity::Unknown,
    Severity::Negligible,
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];

const KINDS: [AdvisoryKind; 3] =
    [AdvisoryKind::Vulnerability, AdvisoryKind::Malicious, AdvisoryKind::Informational];

pub(super) fn fix_state_code(state: FixState) -> u8 {
    code(&FIX_STATES, state)
}

pub(super) fn fix_state(code: u8) -> Read<FixState> {
    word(&FIX_STATES, code, "an unknown fix state")
}

pub(super) fn severity_code(severity: Severity) -> u8 {
    code(&SEVERITIES, severity)
}

pub(super) fn severity(code: u8) -> Read<Severity> {
    word(&SEVERITIES, code, "an unknown severity")
}

pub(super) fn kind_code(kind: AdvisoryKind) -> u8 {
    code(&KINDS, kind)
}

pub(super) fn kind(code: u8) -> Read<AdvisoryKind> {
    word(&KINDS, code, "an unknown kind of advisory")
}

fn code<T: PartialEq>(words: &[T], word: T) -> u8 {
    words.iter().position(|known| *known == word).unwrap_or(0) as u8
}

fn word<T: Copy>(words: &[T], code: u8, what: &'static str) -> Read<T> {
    words.get(usize::from(code)).copied().ok_or(Damage(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for state in FIX_STATES {
            assert_eq!(fix_state(fix_state_code(state)), Ok(state));
        }
        for rating in Severity::ALL {
            assert_eq!(severity(severity_code(rating)), Ok(rating));
        }
        for claim in KINDS {
            assert_eq!(kind(kind_code(claim)), Ok(claim));
        }
        assert!(fix_state(8).is_err() && severity(6).is_err() && kind(3).is_err());
    }
}
