/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* How the kernel's memory is read. Two objects are built from the same source:
 * direct: through pointers whose type the verifier knows (6.2 and newer): a plain load each.
 * probed: through bpf_probe_read_kernel (5.8 and newer): a call each.
 * `READ(task, nsproxy, mnt_ns, ns.inum)` follows the pointers; a null one gives zero. */
#ifndef LAZARET_READ_H
#define LAZARET_READ_H

#ifdef LAZARET_DIRECT

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

#define TYPED(type, pointer)                                                                       \
	((struct type *)bpf_rdonly_cast((const void *)(pointer),                                   \
					bpf_core_type_id_kernel(struct type)))
#define CURRENT() ((struct task_struct *)bpf_get_current_task_btf())

#define READ_1(p, a) ((p)->a)
#define READ_2(p, a, b) ((p)->a->b)
#define READ_3(p, a, b, c) ((p)->a->b->c)
#define READ_4(p, a, b, c, d) ((p)->a->b->c->d)
#define READ_PICK(_1, _2, _3, _4, NAME, ...) NAME
#define READ(p, ...) READ_PICK(__VA_ARGS__, READ_4, READ_3, READ_2, READ_1)(p, __VA_ARGS__)

#else

#define TYPED(type, pointer) ((struct type *)(pointer))
#define CURRENT() ((struct task_struct *)bpf_get_current_task())
#define READ(p, ...) BPF_CORE_READ(p, __VA_ARGS__)

#endif

#endif
