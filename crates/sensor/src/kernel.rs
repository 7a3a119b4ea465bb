//! What the running kernel has, by its own description of its types.

use libbpf_rs::ReferencesType as _;
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{FuncProto, Ptr, Struct, Typedef};

use crate::SensorError;

/// Where the end of an io_uring's request is told.
const END_OF_REQUEST: &str = "io_uring_complete";

/// The kernel's types.
pub(crate) struct Kernel(Btf<'static>);

impl Kernel {
    pub(crate) fn running() -> Result<Self, SensorError> {
        Btf::from_vmlinux().map(Kernel).map_err(|_| SensorError::NoTypes)
    }

    /// Whether it has the trace point or helper that a program's section asks for.
    pub(crate) fn offers(&self, section: &str) -> bool {
        match section.split_once('/') {
            Some(("tp_btf", END_OF_REQUEST)) => self.joins_requests(),
            Some(("tp_btf" | "raw_tp", point)) => self.trace_point(point).is_some(),
            // The helper that reads another task's memory is what the walk needs.
            Some(("iter.s", _)) => self.typedef("btf_bpf_copy_from_user_task").is_some(),
            _ => true,
        }
    }

    /// How many arguments a trace point gives.
    pub(crate) fn arguments_of(&self, point: &str) -> Option<usize> {
        // The first is the tracer's own.
        Some(self.function_of(point)?.len().saturating_sub(1))
    }

    /// Whether the end of an io_uring's request comes with the request, `(ring, request, …)`, and the
    /// request has its result: since 5.19. Before, the caller's own number stands in its place.
    pub(crate) fn joins_requests(&self) -> bool {
        let request = self.function_of(END_OF_REQUEST).and_then(|function| function.get(2));
        let is_pointer = |id| self.0.type_by_id::<Ptr<'_>>(id).is_some();
        request.is_some_and(|request| is_pointer(request.ty))
            && self.0.type_by_name::<Struct<'_>>("io_cqe").is_some()
    }

    fn function_of(&self, point: &str) -> Option<FuncProto<'_>> {
        let function: Ptr<'_> = self.trace_point(point)?.referenced_type().try_into().ok()?;
        function.referenced_type().try_into().ok()
    }

    fn trace_point(&self, point: &str) -> Option<Typedef<'_>> {
        self.typedef(&format!("btf_trace_{point}"))
    }

    fn typedef(&self, name: &str) -> Option<Typedef<'_>> {
        self.0.type_by_name(name)
    }
}
