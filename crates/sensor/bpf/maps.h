/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The maps: rings to user space, interest from user space, losses counted, scratch. */
#ifndef LAZARET_MAPS_H
#define LAZARET_MAPS_H

#define SYSCALLS 512
#define MAX_SHARDS 16
/* Values after the header, in bytes. A power of two. */
#define PAYLOAD_BYTES 16384
#define TRACKED_CGROUPS 16384

#define NO_SUBSYSTEM 0xffffffff

/* Set before loading; `src/config.rs` writes the same layout. */
struct config {
	__u32 own_pid;
	__u32 shards;
	__u32 cgroup_subsystem; /* whose cgroup tells a container; NO_SUBSYSTEM: the unified one */
	__u32 cgroup_hierarchy; /* the hierarchy whose cgroups are told of; 0: the unified one */
	__u32 bulk_rate;        /* bulk events a second for each cgroup; 0 for no limit */
	__u32 bulk_burst;
};

const volatile struct config config SEC(".rodata.config") = {.shards = 1};

struct scratch {
	struct event event;
	__u8 payload[PAYLOAD_BYTES];
	__u32 used; /* of the payload; not sent */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Life cycle, privileges, escapes: what must not be lost to noise. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} alerts SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
};

/* Opens, connections: one ring a shard, so that the events of one process stay in order. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_SHARDS);
	__type(key, __u32);
	__array(values, struct ring);
} bulk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS);
	__type(key, __u32);
	__type(value, struct interest);
} interests SEC(".maps");

/* From the 32-bit interface's number to the machine's own; 0xffffffff where there is none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS);
	__type(key, __u32);
	__type(value, __u32);
} compat_numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CLASSES * LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CLASSES);
	__type(key, __u32);
	__type(value, __u64);
} sent SEC(".maps");

struct bucket {
	__u64 last_ns;
	__u64 tokens;
	__u64 suppressed;
	__u64 lost;
};

/* Of each cgroup: how much bulk it may still send, and what it lost. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TRACKED_CGROUPS);
	__type(key, __u64);
	__type(value, struct bucket);
} buckets SEC(".maps");

#endif
