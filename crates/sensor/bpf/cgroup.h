/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Cgroups: number, hierarchy and names. */
#ifndef LAZARET_CGROUP_H
#define LAZARET_CGROUP_H

static __always_inline struct kernfs_node *above(struct kernfs_node *node)
{
	struct kernfs_node___6_15 *newer = (void *)node;

	if (bpf_core_field_exists(newer->__parent))
		return READ(newer, __parent);
	return READ(node, parent);
}

static __always_inline void put_cgroup(struct scratch *s, struct cgroup *cgroup)
{
	struct value *value = room(s, sizeof(*value) + 12);
	struct kernfs_node *node = READ(cgroup, kn);
	__u32 start = s->used;

	if (!value)
		return;
	*(__u64 *)(value + 1) = READ(node, id);
	*(__u32 *)((void *)(value + 1) + 8) = READ(cgroup, root, hierarchy_id);
	s->used += sizeof(*value) + 12;
	for (int i = 0; i < MAX_CGROUP_NAMES; i++) {
		__u32 used = s->used;
		long length;

		/* The root of a hierarchy has no name to tell. */
		if (!node || !above(node) || is_full(used))
			break;
		length = bpf_probe_read_kernel_str(spot(s, used), NAME_BYTES,
						   READ(node, name));
		if (length > 0)
			s->used = used + (length & (2 * NAME_BYTES - 1));
		node = above(node);
	}
	value->tag = TAG_CGROUP;
	value->length_bytes = s->used - start - sizeof(*value);
}

#endif
