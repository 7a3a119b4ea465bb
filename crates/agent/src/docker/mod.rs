//! Run blocking at Docker: an authorization plugin that decides on what the daemon will really
//! run, and a watch over what runs without having asked.
//!
//! ```text
//! dockerd ─AuthZReq→ protocol → target → route ─reads?→ allow
//!    ─group denied?→ no ─create→ body + image by id ─start→ the container as it is
//!    → Workload ─gate::Court→ Ruling → AuthzAnswer
//! ```
//! `json`, `target`, `route`, `asked`, `spec` and `mounts` read without asking anybody; `facts` and
//! `workloads` ask the daemon; `plugin` decides; `reconcile` watches; `serve` listens.

mod asked;
mod bounded;
mod endpoints;
mod engine;
mod facts;
mod json;
mod mounts;
mod plugin;
mod protocol;
mod reconcile;
mod route;
mod serve;
mod spec;
mod starts;
mod target;
mod workloads;

pub use asked::{read_message, read_request};
pub use endpoints::{Access, Endpoints, Group};
pub use engine::EngineApi;
pub(crate) use engine::encode;
pub use plugin::DockerAuthz;
pub use protocol::{AuthzAnswer, AuthzRequest};
pub use serve::serve_docker_authz;
