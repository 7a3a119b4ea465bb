//! OpenVEX documents: recognised, so that a folder of them is not called unreadable, and kept
//! nowhere. A scan reads them with `--vex`; they judge findings, they bring none.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Feed, Malformed, Reading};

/// OpenVEX documents.
pub(super) struct OpenvexFeed;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "statements")]
    _statements: Vec<IgnoredAny>,
}

impl Feed for OpenvexFeed {
    fn source(&self) -> &str {
        "openvex"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        serde_json::from_slice::<Document>(bytes)?;
        Ok(Reading::default())
    }
}
