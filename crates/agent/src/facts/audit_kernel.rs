//! The audit rules that the kernel has loaded, by netlink (audit(7): `AUDIT_GET`,
//! `AUDIT_LIST_RULES`; `include/uapi/linux/audit.h`).

use std::path::PathBuf;

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, sendto, socket_with};

use super::audit_rules::{AuditRules, FileRule};
use super::limits::{AUDIT_RULES_MAX, AUDIT_TIMEOUT};

const AUDIT_GET: u16 = 1000;
const AUDIT_LIST_RULES: u16 = 1013;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
/// `struct nlmsghdr`, in bytes.
const HEADER_BYTES: usize = 16;
/// Largest message, in bytes: a rule with its strings.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Words of `audit_rule_data` before its fields: flags, action, field count, 64 words of mask.
const WORDS_BEFORE_FIELDS: usize = 67;
/// Most fields of a rule (`AUDIT_MAX_FIELDS`).
const FIELDS_MAX: usize = 64;
/// Words of the mask that hold the system calls of every architecture.
const MASK_WORDS: usize = 14;
const FILTER_EXIT: u32 = 4;
const FILTER_PREPEND: u32 = 0x10;
const ACTION_NEVER: u32 = 0;
const FIELD_WATCH: u32 = 105;
const FIELD_PERM: u32 = 106;
const FIELD_DIR: u32 = 107;
const FIELD_KEY: u32 = 210;
const FIELD_ARCH: u32 = 11;
const FIELD_LOGIN: u32 = 9;

/// The loaded rules about files; the error says why the kernel does not tell.
pub(crate) fn list() -> Result<AuditRules, String> {
    let mut talk = Talk::open().map_err(|error| format!("audit socket: {error}"))?;
    let status = talk.ask(AUDIT_GET)?;
    // `struct audit_status`: mask, enabled, …
    let enabled = status.first().and_then(|status| word(status, 1)).is_some_and(|on| on != 0);
    let rules = talk.ask(AUDIT_LIST_RULES)?;
    let rules = rules.iter().filter_map(|bytes| rule(bytes)).collect();
    Ok(AuditRules { origin: "loaded in the kernel".to_owned(), enabled, rules })
}

struct Talk {
    socket: std::os::fd::OwnedFd,
    sequence: u32,
}

impl Talk {
    fn open() -> rustix::io::Result<Talk> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(netlink::AUDIT),
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(AUDIT_TIMEOUT))?;
        Ok(Talk { socket, sequence: 0 })
    }

    /// The payloads of the answers to one question.
    fn ask(&mut self, question: u16) -> Result<Vec<Vec<u8>>, String> {
        self.sequence += 1;
        let mut request = Vec::with_capacity(HEADER_BYTES);
        request.extend(u32::try_from(HEADER_BYTES).unwrap_or_default().to_ne_bytes());
        request.extend(question.to_ne_bytes());
        request.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
        request.extend(self.sequence.to_ne_bytes());
        request.extend(0_u32.to_ne_bytes());
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &request, SendFlags::empty(), &kernel).map_err(wrong)?;
        let mut answers = Answers { question, payloads: Vec::new(), acknowledged: false };
        let mut buffer = vec![0_u8; MESSAGE_BYTES];
        while answers.payloads.len() <= AUDIT_RULES_MAX {
            let (length, _) =
                recv(&self.socket, &mut buffer[..], RecvFlags::empty()).map_err(wrong)?;
            let mut rest = buffer.get(..length).unwrap_or_default();
            while let Some((kind, payload, after)) = message(rest) {
                rest = after;
                if answers.take(kind, payload)? {
                    return Ok(answers.payloads);
                }
            }
        }
        Err(format!("the kernel has more than {AUDIT_RULES_MAX} audit rules"))
    }
}

/// What has come back to a question.
struct Answers {
    question: u16,
    payloads: Vec<Vec<u8>>,
    acknowledged: bool,
}

impl Answers {
    /// Takes in a message; whether it was the last. A list ends with a message of its own, the
    /// status with both its answer and the acknowledgement, whichever comes first.
    fn take(&mut self, kind: u16, payload: &[u8]) -> Result<bool, String> {
        match kind {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => match word(payload, 0).map(u32::cast_signed) {
                Some(0) => self.acknowledged = true,
                Some(code) => {
                    let code = code.checked_neg().unwrap_or_default();
                    return Err(wrong(rustix::io::Errno::from_raw_os_error(code)));
                }
                None => return Err("the kernel's audit answer is cut off".to_owned()),
            },
            kind if kind == self.question => self.payloads.push(payload.to_vec()),
            _ => {}
        }
        Ok(self.question == AUDIT_GET && self.acknowledged && !self.payloads.is_empty())
    }
}

fn wrong(error: rustix::io::Errno) -> String {
    format!("the kernel's audit rules: {error}")
}

/// The first message: its kind, its payload, what comes after it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(word(bytes, 0)?).ok()?;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let payload = bytes.get(HEADER_BYTES..length.max(HEADER_BYTES))?;
    let after = bytes.get(length.next_multiple_of(4).max(HEADER_BYTES)..).unwrap_or_default();
    Some((kind, payload, after))
}

fn word(bytes: &[u8], index: usize) -> Option<u32> {
    let at = index.checked_mul(4)?;
    Some(u32::from_ne_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// An `audit_rule_data` as a rule about a file; `None` when it speaks of none.
fn rule(bytes: &[u8]) -> Option<FileRule> {
    let (list, action) = (word(bytes, 0)? & !FILTER_PREPEND, word(bytes, 1)?);
    if list != FILTER_EXIT {
        return None;
    }
    let count = usize::try_from(word(bytes, 2)?).ok()?.min(FIELDS_MAX);
    let all_calls = (0..MASK_WORDS).all(|index| word(bytes, 3 + index) == Some(u32::MAX));
    let mut rule = FileRule {
        text: String::new(),
        path: PathBuf::new(),
        below: false,
        writes: action != ACTION_NEVER,
        access: None,
        narrowed: !all_calls,
    };
    let mut strings = bytes.get((WORDS_BEFORE_FIELDS + 3 * FIELDS_MAX + 1) * 4..)?;
    let mut key = String::new();
    for index in 0..count {
        let field = word(bytes, WORDS_BEFORE_FIELDS + index)?;
        let value = word(bytes, WORDS_BEFORE_FIELDS + FIELDS_MAX + index)?;
        if is_string(field) {
            let (text, rest) = strings.split_at_checked(usize::try_from(value).ok()?)?;
            strings = rest;
            let text = String::from_utf8_lossy(text).into_owned();
            match field {
                FIELD_WATCH => rule.path = PathBuf::from(text),
                FIELD_DIR => (rule.path, rule.below) = (PathBuf::from(text), true),
                FIELD_KEY => key = text,
                _ => rule.narrowed = true,
            }
            continue;
        }
        match field {
            FIELD_PERM => rule.access = Some(access(value)),
            FIELD_ARCH | FIELD_LOGIN => {}
            _ => rule.narrowed = true,
        }
    }
    let path = rule.path.display();
    let perm = rule.access.clone().unwrap_or_else(|| "rwxa".to_owned());
    let never = if rule.writes { "" } else { "never, " };
    rule.text = format!("{never}{path}, access {perm}, key {key}");
    (!rule.path.as_os_str().is_empty()).then_some(rule)
}

/// Fields whose value is the length of a text behind the rule.
fn is_string(field: u32) -> bool {
    matches!(field, FIELD_WATCH | FIELD_DIR | FIELD_KEY | 13..=17 | 19..=23 | 112)
}

/// The bits of a `perm` field: x 1, w 2, r 4, a 8.
fn access(bits: u32) -> String {
    let names = [(4, 'r'), (2, 'w'), (1, 'x'), (8, 'a')];
    names.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule as the kernel lists it: fields with their values, and the texts behind them.
    fn listed(list: u32, action: u32, mask: u32, fields: &[(u32, u32)], texts: &str) -> Vec<u8> {
        let mut words = vec![list, action, u32::try_from(fields.len()).unwrap()];
        words.extend([mask; 64]);
        let mut block = |pick: fn(&(u32, u32)) -> u32| {
            let mut values: Vec<u32> = fields.iter().map(pick).collect();
            values.resize(FIELDS_MAX, 0);
            words.extend(values);
        };
        block(|field| field.0);
        block(|field| field.1);
        block(|_| 0);
        words.push(u32::try_from(texts.len()).unwrap());
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend(texts.bytes());
        bytes
    }

    #[test]
    fn decodes_what_the_kernel_lists() {
        let watch = listed(4, 2, u32::MAX, &[(105, 8), (106, 10), (210, 3)], "/bin/abcdoc");
        let watch = rule(&watch).unwrap();
        assert_eq!((watch.path.as_path(), watch.below), (std::path::Path::new("/bin/abc"), false));
        assert_eq!(watch.access.as_deref(), Some("wa"));
        assert!(watch.writes && !watch.narrowed);
        let folder = rule(&listed(4, 0, 1, &[(107, 4), (1, 33)], "/etc")).unwrap();
        assert!(folder.below && folder.narrowed && !folder.writes);
        assert!(rule(&listed(5, 2, u32::MAX, &[(105, 2)], "/a")).is_none(), "another list");
        assert!(rule(&listed(4, 2, u32::MAX, &[(105, 9)], "/a")).is_none(), "a length too long");
        for cut in 0..800 {
            let whole = listed(4, 2, u32::MAX, &[(105, 2)], "/a");
            let _ = rule(whole.get(..cut).unwrap());
        }
        assert!(message(&[8, 0, 0, 0]).is_none());
    }

    #[test]
    fn asks_this_kernel() {
        // Without the right to ask, or in a container, the kernel refuses: it then says why.
        match list() {
            Ok(rules) => assert_eq!(rules.origin, "loaded in the kernel"),
            Err(why) => assert!(!why.is_empty()),
        }
    }
}
