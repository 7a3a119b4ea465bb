//! `Interner`: texts by number while a segment is built, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// Texts by number, in the order in which they first came.
#[derive(Debug, Default)]
pub(super) struct Interner<T: ?Sized + std::hash::Hash + Eq> {
    numbers: HashMap<Arc<T>, u32>,
    texts: Vec<Arc<T>>,
}

impl<T: ?Sized + std::hash::Hash + Eq> Interner<T> {
    pub(super) fn new() -> Self {
        Interner { numbers: HashMap::new(), texts: Vec::new() }
    }

    /// The number of a text; a new one for a text not seen before.
    pub(super) fn number<'t>(&mut self, text: &'t T) -> u32
    where
        Arc<T>: From<&'t T>,
    {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        let text: Arc<T> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number that this interner gave.
    pub(super) fn text(&self, number: u32) -> &T {
        &self.texts[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The last text in ascending order.
    pub(super) fn greatest(&self) -> Option<&T>
    where
        T: Ord,
    {
        self.texts.iter().max().map(Arc::as_ref)
    }

    /// For each number its place among the texts in ascending order.
    pub(super) fn ranks(&self) -> Vec<u32>
    where
        T: Ord,
    {
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.text(*a).cmp(self.text(*b)));
        let mut ranks = vec![0; order.len()];
        for (rank, number) in order.into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        ranks
    }
}
