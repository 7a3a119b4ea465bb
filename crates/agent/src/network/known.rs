//! Table: addresses, ports, names and words that say by themselves what is going on.

use std::net::IpAddr;

/// Where clouds give credentials or settings to whoever asks, beside those that the rules of
/// `rules/runtime/lazaret.yaml` know (169.254.169.254, 100.100.100.200, 192.0.0.192).
const METADATA: [(&str, &str); 5] = [
    ("fd00:ec2::254", "AWS"),
    ("169.254.170.2", "AWS, of tasks"),
    ("168.63.129.16", "Azure"),
    ("fd20:ce::254", "Google"),
    ("169.254.42.42", "Scaleway"),
];
/// Azure's address answers names too.
const DNS_PORT: u16 = 53;

/// Ports on which mining pools listen and hardly anybody else in the internet.
const POOL_PORTS: [u16; 12] =
    [3333, 4444, 5555, 7777, 9999, 14433, 14444, 20535, 45560, 45700, 10128, 10343];

/// Ends of the names of mining pools.
const POOLS: [&str; 24] = [
    "minexmr.com",
    "supportxmr.com",
    "nanopool.org",
    "2miners.com",
    "ethermine.org",
    "nicehash.com",
    "moneroocean.stream",
    "hashvault.pro",
    "f2pool.com",
    "antpool.com",
    "viabtc.com",
    "unmineable.com",
    "herominers.com",
    "xmrpool.eu",
    "c3pool.com",
    "c3pool.org",
    "monerohash.com",
    "dwarfpool.com",
    "minergate.com",
    "crypto-pool.fr",
    "skypool.org",
    "p2pool.io",
    "flexpool.io",
    "woolypooly.com",
];

/// Words of the stratum protocol in its dialects.
const STRATUM: [&str; 6] = [
    "mining.subscribe",
    "mining.authorize",
    "mining.submit",
    "eth_submitLogin",
    "\"method\":\"login\"",
    "\"method\": \"login\"",
];

/// Whose metadata service an address is.
pub(super) fn metadata_of(ip: IpAddr, port: u16) -> Option<&'static str> {
    let found = METADATA.iter().find(|(address, _)| address.parse() == Ok(ip))?;
    (port != DNS_PORT).then_some(found.1)
}

/// Whether pools listen on a port.
pub(super) fn is_pool_port(port: u16) -> bool {
    POOL_PORTS.contains(&port)
}

/// The word of the stratum protocol in what is sent.
pub(super) fn stratum_word(payload: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(payload);
    STRATUM.iter().copied().find(|word| text.contains(word))
}

/// The name that a question to a name server asks for (RFC 1035, section 4.1).
pub(super) fn asked_name(payload: &[u8]) -> Option<String> {
    const HEADER_BYTES: usize = 12;
    const MOST_LABELS: usize = 32;
    let is_question = payload.get(2)? & 0x80 == 0 && payload.get(4..6)? != [0, 0];
    let mut rest = payload.get(HEADER_BYTES..).filter(|_| is_question)?;
    let mut labels = Vec::new();
    while labels.len() < MOST_LABELS {
        let (length, after) = rest.split_first()?;
        let length = usize::from(*length);
        if length == 0 {
            break;
        }
        let label = after.get(..length)?;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        if !label.iter().all(plain) {
            return None;
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        rest = after.get(length..)?;
    }
    (!labels.is_empty()).then(|| labels.join("."))
}

/// Whether a name is a mining pool's.
pub(super) fn is_pool(name: &str) -> bool {
    POOLS.iter().any(|pool| {
        name.strip_suffix(pool).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_places_are_known() {
        let whose = |ip: &str, port| metadata_of(ip.parse().unwrap(), port);
        assert_eq!(whose("fd00:ec2::254", 80), Some("AWS"));
        assert_eq!(whose("168.63.129.16", 80), Some("Azure"));
        assert_eq!(whose("168.63.129.16", 53), None);
        assert_eq!(whose("169.254.169.254", 80), None);
        assert!(METADATA.iter().all(|(ip, _)| ip.parse::<IpAddr>().is_ok()));
        assert!(is_pool("pool.supportxmr.com") && !is_pool("notsupportxmr.com.example"));
        assert!(is_pool("supportxmr.com") && !is_pool("badsupportxmr.com"));
    }

    #[test]
    fn a_question_tells_its_name() {
        let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        question.extend(b"\x04Pool\x0asupportxmr\x03com\x00\x00\x01\x00\x01");
        assert_eq!(asked_name(&question).as_deref(), Some("pool.supportxmr.com"));
        let mut answer = question.clone();
        answer[2] |= 0x80;
        assert_eq!(asked_name(&answer), None);
        for cut in 0..question.len() - 5 {
            assert_eq!(asked_name(&question[..cut]), None, "{cut}");
        }
        assert_eq!(
            stratum_word(b"{\"id\":1,\"method\":\"mining.subscribe\"}"),
            Some("mining.subscribe")
        );
        assert_eq!(stratum_word(b"GET / HTTP/1.1\r\n"), None);
    }
}
