//! Run blocking at containerd: a plugin of its node resource interface (NRI).
//!
//! ```text
//! containerd ─frame→ ttrpc → call ─Create→ name → image by digest ─early→ Workload ┐
//!                                 ─Start→ containerd's record ─late→ Workload ─────┤
//!    error with the reason ← Ruling ← gate::Court ←────────────────────────────────┘
//! ```
//! `frame`, `call` and `workload` read without asking anybody; `containerd` asks; `plugin` decides;
//! `session` holds one connection, `serve` keeps one; `reconcile` looks at what runs.
//!
//! NRI passes what comes over CRI, from Kubernetes, and nothing else: not `ctr`, nerdctl or Docker.
//! While the plugin is away containerd starts everything; what that was is found at its return.

mod call;
mod containerd;
mod frame;
mod plugin;
mod proto;
mod reconcile;
mod serve;
mod session;
mod workload;

pub use call::read_nri_message;
pub use serve::serve_nri;
