//! The field tables of the stages: container images, workloads, kernel events.
