//! Laws of the judge.
