//! Events as the kernel's programs write them, one after another.
#![no_main]

use agent::lines::Lines;
use model::Event;
use sensor::decode;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (mut rest, mut lines) = (input, Lines::default());
    while let Ok(event) = decode(rest) {
        let (size, _) = rest.split_first_chunk::<4>().expect("an event has its size");
        let size = u32::from_ne_bytes(*size) as usize;
        assert_eq!(decode(&rest[..size]).as_ref(), Ok(&event), "what follows is not looked at");
        assert!(decode(&rest[..size - 1]).is_err(), "an event that is cut is none");
        lines.take(&event);
        // A recording keeps it as it is.
        let text = serde_json::to_string(&event).expect("an event is JSON");
        let again: Event = serde_json::from_str(&text).expect("and back");
        assert_eq!(again, event);
        rest = &rest[size..];
    }
});
