//! The central role of Lazaret: Kubernetes admission.
//!
//! Never parses image bytes in its own process. What may start is decided by `policy` from stored
//! reports; this room asks, answers and writes down.
