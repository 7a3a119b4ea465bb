/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The maps: rings to user space, interest from user space, losses counted, scratch. */
#ifndef LAZARET_MAPS_H
#define LAZARET_MAPS_H

#define SYSCALLS 576
/* From here on: calls that the machine has in its 32-bit interface only. */
#define NARROW_ONLY_FIRST 512
#define MAX_SHARDS 16
/* Values after the header, in bytes. A power of two. */
#define PAYLOAD_BYTES 16384
/* What one value may take; kept free behind the payload, so that a masked place is always good. */
#define VALUE_BYTES 4096
#define TRACKED_CGROUPS 16384
#define LOSING_CGROUPS 4096
#define LINE_EDITORS 64
#define KILLS 4096
#define X32_CALLS 64
#define SOCKET_CALLS 32
#define FRESH_CONNECTIONS 16384
#define RING_OPERATIONS 64
#define RING_REQUESTS 4096
#define RING_NAME_BYTES 256
#define RING_ADDRESS_BYTES 128

#define NO_SUBSYSTEM 0xffffffff

/* Set before loading; `src/config.rs` writes the same layout. */
struct config {
	__u32 own_pid;
	__u32 shards;
	__u32 cgroup_subsystem; /* whose cgroup tells a container; NO_SUBSYSTEM: the unified one */
	__u32 cgroup_hierarchy; /* the hierarchy whose cgroups are told of; 0: the unified one */
	__u32 bulk_rate;        /* bulk events a second for each cgroup; 0 for no limit */
	__u32 bulk_burst;
	__u32 io_uring_opcode; /* which argument of the trace point is the operation; 0: the request */
	__u32 io_uring_joined; /* whether the end of a request is told with the request */
};

const volatile struct config config SEC(".rodata.config") = {.shards = 1};

struct scratch {
	struct event event;
	__u8 payload[PAYLOAD_BYTES + VALUE_BYTES];
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
};

/* Of each cgroup: how much bulk it may still send. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TRACKED_CGROUPS);
	__type(key, __u64);
	__type(value, struct bucket);
} buckets SEC(".maps");

/* Of each cgroup that lost events: how many, by class and reason. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LOSING_CGROUPS);
	__type(key, struct loss_key);
	__type(value, __u64);
} cgroup_losses SEC(".maps");

/* From the x32 interface's own numbers (512 and up) to the machine's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, X32_CALLS);
	__type(key, __u32);
	__type(value, __u32);
} x32_numbers SEC(".maps");

/* From `socketcall`'s first argument to the machine's number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOCKET_CALLS);
	__type(key, __u32);
	__type(value, __u32);
} socket_numbers SEC(".maps");

/* Programs that edit the line themselves, by the kernel's name for them. Of others that read key by
 * key nothing is told: they may be asking for a password, or carry a session of another host. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LINE_EDITORS);
	__type(key, char[16]);
	__type(value, __u32);
} line_editors SEC(".maps");

/* Programs that are killed as they begin, with the number that the event then carries. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KILLS);
	__type(key, struct kill_key);
	__type(value, __u32);
} kills SEC(".maps");

/* How many of `kills` there are of each kind: looking costs nothing while there are none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u32);
} armed SEC(".maps");

struct fresh {
	__u64 inode; /* of the socket: another may lie where it lay */
	__u64 left_bytes;
};

/* Connections made here over which little was sent so far, by the kernel's socket. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FRESH_CONNECTIONS);
	__type(key, __u64);
	__type(value, struct fresh);
} fresh_connections SEC(".maps");

struct process {
	__u64 start_ns;
	__u64 pid;
};

/* Processes whose end was told, the latest of them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process);
	__type(value, __u32);
} ended SEC(".maps");

/* From an operation of io_uring to the number of the call that does the same. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RING_OPERATIONS);
	__type(key, __u32);
	__type(value, __u32);
} ring_numbers SEC(".maps");

/* What a request of io_uring says as it is handed in; the kernel has forgotten it at the end. */
struct request {
	__u64 files; /* of whoever handed it in */
	__u64 numbers[6];
	__u32 call;
	__u32 slot; /* of the ring's own table, from 1; 0 for a descriptor */
	__u32 fixed; /* the socket is one of that table too */
	__u16 first_bytes, second_bytes, address_bytes, reserved;
	char first[RING_NAME_BYTES];
	char second[RING_NAME_BYTES];
	__u8 address[RING_ADDRESS_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct request);
} request_scratches SEC(".maps");

/* Requests that are not done, by the kernel's own. Whoever hands in many pushes nobody's out: what finds
 * no room is told as it is handed in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RING_REQUESTS);
	__type(key, __u64);
	__type(value, struct request);
} requests SEC(".maps");

/* The scratch of the walk over all processes, which may sleep: one walk at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} walking SEC(".maps");

#endif
