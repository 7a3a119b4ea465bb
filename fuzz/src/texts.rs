//! Input as texts.

use std::borrow::Cow;

/// The input cut at the bytes `ff`, which no UTF-8 has; what is not UTF-8 becomes U+FFFD.
pub fn texts(input: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    input.split(|&byte| byte == 0xff).map(String::from_utf8_lossy)
}

/// Texts without end: those of the input, over and over.
pub struct Texts(Vec<String>, usize);

impl Texts {
    /// The texts of the input.
    pub fn new(input: &[u8]) -> Self {
        Texts(texts(input).map(Cow::into_owned).collect(), 0)
    }

    /// The next text.
    pub fn take(&mut self) -> String {
        self.1 += 1;
        self.0[(self.1 - 1) % self.0.len()].clone()
    }

    /// The next text as a number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let sum =
            self.take().bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
        sum % bound
    }
}
