//! What a node has to tell: what was done ([`AuditRecord`]) and what somebody should look at
//! ([`Alert`]).

mod alert;
mod audit;
mod priority;

pub use alert::{Alert, AlertSource, ImageContext};
pub use audit::{Ancestor, AuditKind, AuditOutcome, AuditRecord, ContainerRef, Initiator};
pub use priority::Priority;
