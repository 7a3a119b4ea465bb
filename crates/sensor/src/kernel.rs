//! What the running kernel has, by its own description of its types.

use libbpf_rs::ReferencesType as _;
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{FuncProto, Ptr, Typedef};

use crate::SensorError;

/// The kernel's types.
pub(crate) struct Kernel(Btf<'static>);

impl Kernel {
    pub(crate) fn running() -> Result<Self, SensorError> {
        Btf::from_vmlinux().map(Kernel).map_err(|_| SensorError::NoTypes)
    }

    /// Whether it has the trace point or helper that a program's section asks for.
    pub(crate) fn offers(&self, section: &str) -> bool {
        match section.split_once('/') {
            Some(("tp_btf" | "raw_tp", point)) => self.trace_point(point).is_some(),
            // The helper that reads another task's memory is what the walk needs.
            Some(("iter.s", _)) => self.typedef("btf_bpf_copy_from_user_task").is_some(),
            _ => true,
        }
    }

    /// How many arguments a trace point gives.
    pub(crate) fn arguments_of(&self, point: &str) -> Option<usize> {
        let function: Ptr<'_> = self.trace_point(point)?.referenced_type().try_into().ok()?;
        let function: FuncProto<'_> = function.referenced_type().try_into().ok()?;
        // The first is the tracer's own.
        Some(function.len().saturating_sub(1))
    }

    fn trace_point(&self, point: &str) -> Option<Typedef<'_>> {
        self.typedef(&format!("btf_trace_{point}"))
    }

    fn typedef(&self, name: &str) -> Option<Typedef<'_>> {
        self.0.type_by_name(name)
    }
}
