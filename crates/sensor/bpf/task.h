/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Who acts: from the kernel's task to an event's header. */
#ifndef LAZARET_TASK_H
#define LAZARET_TASK_H

static __always_inline __u32 inner_number(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	unsigned int level = READ(pid, level);
	struct upid upid = {};

	if (!level)
		return READ(task, pid);
	if (level > 32)
		return 0;
	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]);
	return upid.nr;
}

static __always_inline __u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	unsigned int level = READ(pid, level);
	struct pid_namespace *ns = NULL;

	if (level > 32)
		return 0;
	bpf_core_read(&ns, sizeof(ns), &pid->numbers[level].ns);
	ns = TYPED(pid_namespace, ns);
	return READ(ns, ns.inum);
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;
	__u32 index = config.cgroup_subsystem;

	if (index == NO_SUBSYSTEM || index > 15)
		return READ(set, dfl_cgrp);
	bpf_core_read(&css, sizeof(css), &set->subsys[index & 15]);
	css = TYPED(cgroup_subsys_state, css);
	return READ(css, cgroup);
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	struct cgroup *cgroup = cgroup_of(task);

	return READ(cgroup, kn, id);
}

#define read_capability(to, cred, set)                                                             \
	do {                                                                                       \
		if (bpf_core_field_exists((cred)->set.val))                                        \
			*(to) = READ(cred, set.val);                                               \
		else /* two words of 32 bits until 6.3 */                                          \
			bpf_core_read(to, 8, &(cred)->set);                                        \
	} while (0)

static __always_inline void fill_credentials(struct event *event, struct task_struct *task)
{
	const struct cred *cred = READ(task, cred);

	event->uid = READ(cred, uid.val);
	event->gid = READ(cred, gid.val);
	event->euid = READ(cred, euid.val);
	event->egid = READ(cred, egid.val);
	event->suid = READ(cred, suid.val);
	event->fsuid = READ(cred, fsuid.val);
	read_capability(&event->cap_inheritable, cred, cap_inheritable);
	read_capability(&event->cap_permitted, cred, cap_permitted);
	read_capability(&event->cap_effective, cred, cap_effective);
	read_capability(&event->cap_bounding, cred, cap_bset);
	read_capability(&event->cap_ambient, cred, cap_ambient);
	event->namespaces[NS_USER] = READ(cred, user_ns, ns.inum);
}

static __always_inline void fill_namespaces(struct event *event, struct task_struct *task)
{
	struct nsproxy *proxy = READ(task, nsproxy);

	event->namespaces[NS_MNT] = READ(proxy, mnt_ns, ns.inum);
	event->namespaces[NS_PID] = pid_namespace_of(task);
	event->namespaces[NS_NET] = READ(proxy, net_ns, ns.inum);
	event->namespaces[NS_IPC] = READ(proxy, ipc_ns, ns.inum);
	event->namespaces[NS_UTS] = READ(proxy, uts_ns, ns.inum);
	event->namespaces[NS_CGROUP] = READ(proxy, cgroup_ns, ns.inum);
}

static __always_inline void fill_session(struct event *event, struct task_struct *task)
{
	struct signal_struct *signal = READ(task, signal);
	struct tty_struct *tty = READ(signal, tty);

	/* PIDTYPE_PGID and PIDTYPE_SID */
	event->process_group = READ(signal, pids[2], numbers[0].nr);
	event->session = READ(signal, pids[3], numbers[0].nr);
	event->tty = 0;
	if (tty) {
		__u32 major = READ(tty, driver, major);
		__u32 first = READ(tty, driver, minor_start);

		event->tty = major << 20 | (first + READ(tty, index));
	}
	event->login_uid = READ(task, loginuid.val);
	event->audit_session = READ(task, sessionid);
}

static __always_inline void fill(struct scratch *s, __u16 kind, struct task_struct *task)
{
	struct event *event = &s->event;
	struct task_struct *leader = READ(task, group_leader);
	struct task_struct *parent = READ(task, real_parent);

	event->kind = kind;
	event->flags = 0;
	event->ret = 0;
	event->syscall = 0xffffffff;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->pid = READ(task, tgid);
	event->tid = READ(task, pid);
	event->start_ns = READ(leader, start_boottime);
	event->parent_pid = READ(parent, tgid);
	event->parent_start_ns = READ(parent, group_leader, start_boottime);
	event->inner_pid = inner_number(leader);
	event->inner_tid = inner_number(task);
	event->cgroup_id = cgroup_id_of(task);
	bpf_core_read(&event->comm, sizeof(event->comm), &task->comm);
	fill_credentials(event, task);
	fill_namespaces(event, task);
	fill_session(event, task);
}

static __always_inline void fill_child(struct child *child, struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);

	child->pid = READ(task, tgid);
	child->tid = READ(task, pid);
	child->start_ns = READ(leader, start_boottime);
	child->inner_pid = inner_number(leader);
	child->cgroup_id = cgroup_id_of(task);
	child->pid_namespace = pid_namespace_of(task);
}

#endif
