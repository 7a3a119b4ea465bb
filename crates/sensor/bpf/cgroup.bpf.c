/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Cgroups made, removed and entered: a container is known before its first instruction. */

static __always_inline bool told_of(struct cgroup *cgroup)
{
	return READ(cgroup, root, hierarchy_id) == config.cgroup_hierarchy;
}

static __always_inline int tell_cgroup(__u16 kind, struct cgroup *cgroup)
{
	struct scratch *s;

	if (!told_of(cgroup))
		return 0;
	s = open_scratch();
	if (!s)
		return 0;
	fill(s, kind, CURRENT());
	put_cgroup(s, cgroup);
	send(s, CLASS_ALERT);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return tell_cgroup(EVENT_CGROUP_MKDIR, cgroup);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	return tell_cgroup(EVENT_CGROUP_RMDIR, cgroup);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task,
	     bool threadgroup)
{
	struct child child = {};
	struct scratch *s;

	if (!told_of(cgroup))
		return 0;
	s = open_scratch();
	if (!s)
		return 0;
	fill(s, EVENT_CGROUP_ATTACH, CURRENT());
	put_cgroup(s, cgroup);
	fill_child(&child, task);
	put(s, TAG_CHILD, &child, sizeof(child));
	send(s, CLASS_ALERT);
	return 0;
}
