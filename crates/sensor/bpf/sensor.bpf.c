/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The sensor: one object of all families. Built by clang, moved to the running kernel by CO-RE. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel.h"

#include <bpf/bpf_tracing.h>

#include "read.h"

#include "event.h"
#include "maps.h"

#include "extract.h"
#include "task.h"
#include "file.h"
#include "socket.h"
#include "cgroup.h"
#include "message.h"
#include "first.h"
#include "ring.h"
#include "act.h"
#include "terminal.h"
#include "send.h"

#include "cgroup.bpf.c"
#include "kill.bpf.c"
#include "oom.bpf.c"
#include "process.bpf.c"
#include "running.bpf.c"
#include "syscall.bpf.c"
#include "act.bpf.c"
#include "io_uring.bpf.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
