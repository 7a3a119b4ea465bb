//! `Skips`: what was not looked at in one layer, however much it is.

use model::{Skip, SkipReason};

/// A bounded list of skips.
#[derive(Debug)]
pub(crate) struct Skips {
    listed: Vec<Skip>,
    most: usize,
    unlisted: u64,
}

impl Skips {
    /// A list of at most `most` skips.
    pub(crate) fn new(most: usize) -> Self {
        Skips { listed: Vec::new(), most, unlisted: 0 }
    }

    pub(crate) fn push(&mut self, skip: Skip) {
        if self.listed.len() < self.most {
            self.listed.push(skip);
        } else {
            self.unlisted += 1;
        }
    }

    /// The list; when it was too short, with one more that gives the count of the rest.
    pub(crate) fn finish(mut self) -> Vec<Skip> {
        if self.unlisted > 0 {
            self.listed.push(Skip {
                layer: None,
                path: String::new(),
                reason: SkipReason::TooMany,
                detail: format!("{} more skips; {} are listed", self.unlisted, self.listed.len()),
            });
        }
        self.listed
    }
}
