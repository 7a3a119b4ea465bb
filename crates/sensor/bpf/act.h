/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What an act is done to: the process that is traced, the filesystem that is mounted. */
#ifndef LAZARET_ACT_H
#define LAZARET_ACT_H

/* Processes that one thread traces and that are looked at; the newest comes first. */
#define MAX_TRACED 32
/* Nodes on the way down a tree of mounts; twice the logarithm of their number. */
#define MAX_DEPTH 48
#define MS_REMOUNT 32
#define MS_MOVE 8192
#define MS_BIND 4096
#define MS_REC 16384
/* Private, slave, shared, unbindable. */
#define MS_PROPAGATION (15 << 17)

/* A task's number as the pid namespace at a level has it; 0 where it is not in it. */
static __always_inline __u32 number_at(struct task_struct *task, unsigned int level)
{
	struct pid *pid = READ(task, thread_pid);
	struct upid upid = {};

	if (level > READ(pid, level) || level > 32)
		return 0;
	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]);
	return upid.nr;
}

/* The one that the task traces under this number, which is its own namespace's. */
static __always_inline struct task_struct *traced_by(struct task_struct *task, __u32 number)
{
	void *end = (void *)task + bpf_core_field_offset(struct task_struct, ptraced);
	struct list_head *next = READ(task, ptraced.next);
	unsigned int level = READ(task, thread_pid, level);

	for (int i = 0; i < MAX_TRACED; i++) {
		struct task_struct *traced;

		if (!next || next == end)
			break;
		traced = TYPED(task_struct, (void *)next -
						    bpf_core_field_offset(struct task_struct, ptrace_entry));
		if (number_at(traced, level) == number)
			return traced;
		next = READ(TYPED(list_head, next), next);
	}
	return NULL;
}

/* The mount that came last into a namespace. */
static __always_inline struct mount *newest_mount(struct mnt_namespace *ns)
{
	struct mount *mount;

	if (bpf_core_field_exists(ns->mounts)) {
		struct rb_node *node = READ(ns, mounts.rb_node);

		for (int i = 0; node && i < MAX_DEPTH; i++) {
			struct rb_node *right = READ(TYPED(rb_node, node), rb_right);

			if (!right)
				break;
			node = right;
		}
		mount = (void *)node - bpf_core_field_offset(struct mount, mnt_node);
		return node ? TYPED(mount, mount) : NULL;
	}
	if (bpf_core_field_exists(ns->list)) {
		struct list_head *last = READ(ns, list.prev);

		mount = (void *)last - bpf_core_field_offset(struct mount, mnt_list);
		return last ? TYPED(mount, mount) : NULL;
	}
	return NULL;
}

/* The names from a directory up to its filesystem's root, leaf first. */
static __always_inline void put_source(struct scratch *s, struct dentry *dentry)
{
	struct value *value = room(s, sizeof(*value));
	__u32 start = s->used;

	if (!value)
		return;
	s->used += sizeof(*value);
	for (int i = 0; i < MAX_NAMES; i++) {
		struct dentry *parent = READ(dentry, d_parent);
		__u32 used = s->used;
		long length;

		if (parent == dentry || is_full(used))
			break;
		length = bpf_probe_read_kernel_str(spot(s, used), NAME_BYTES,
						   READ(dentry, d_name.name));
		if (length > 0)
			s->used = used + (length & (2 * NAME_BYTES - 1));
		dentry = parent;
	}
	value->tag = TAG_SOURCE;
	value->length_bytes = s->used - start - sizeof(*value);
}

/* What was mounted just now, and where; of trees and of mounts that were there before nothing. */
static __always_inline bool put_mounted(struct scratch *s, struct task_struct *task, __u64 flags)
{
	struct mount *mount;
	struct dentry *root;

	if (flags & (MS_REMOUNT | MS_MOVE | MS_REC | MS_PROPAGATION))
		return false;
	mount = newest_mount(READ(task, nsproxy, mnt_ns));
	if (!mount)
		return false;
	root = READ(mount, mnt.mnt_root);
	put_path(s, TAG_OBJECT, root,
		 (void *)mount + bpf_core_field_offset(struct mount, mnt), NULL, 0, task);
	put_kernel_text(s, TAG_FILESYSTEM, READ(mount, mnt.mnt_sb, s_type, name));
	if (flags & MS_BIND)
		put_source(s, root);
	return true;
}

#endif
