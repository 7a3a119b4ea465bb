//! Requests of docker clients, as the daemon tells them to the authorization plugin.
#![no_main]

use agent::docker::{read_message, read_request};

// Method, target and body, divided by `ff`; and the whole as the daemon's message.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    read_message(data);
    let mut parts = data.splitn(3, |byte| *byte == 0xff);
    let (Some(method), Some(uri), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let (Ok(method), Ok(uri)) = (std::str::from_utf8(method), std::str::from_utf8(uri)) else {
        return;
    };
    if read_request(method, uri, body) == Some(true) {
        // Go reads one value and stops: what follows it must never be understood here.
        let more = [body, b" {}"].concat();
        assert_eq!(read_request(method, uri, &more), None);
        let broken = [body, b"\xff"].concat();
        assert_eq!(read_request(method, uri, &broken), None);
    }
});
