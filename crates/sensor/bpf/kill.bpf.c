/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Programs that may not run: killed in the kernel as they begin, before their first instruction. */

#define SIGKILL 9
/* Of a path's names, leaf first, as many bytes are compared. */
#define HASHED_BYTES 512
/* FNV-1a of 64 bits. */
#define HASH_BEGIN 0xcbf29ce484222325ULL
#define HASH_TIMES 0x100000001b3ULL
/* The task's cgroup and those above it, as many as are asked for orders. */
#define ASKED_CGROUPS 16

static __always_inline bool is_meant(__u32 number)
{
	return number && !(number & KILL_TRIAL);
}

/* Of two orders the one that kills, else the first. */
static __always_inline __u32 stronger(__u32 one, __u32 other)
{
	return !one || (is_meant(other) && !is_meant(one)) ? other : one;
}

/* The number of the order to kill, when there is one for this cgroup, for one above it or for all;
 * 0 otherwise. The nearest one counts, but a trial hides no order that is meant. */
static __always_inline __u32 ordered(struct kill_key *key, struct kernfs_node *node)
{
	__u32 *number, found = 0;

	for (int i = 0; i < ASKED_CGROUPS; i++) {
		if (!node)
			break;
		key->cgroup = READ(node, id);
		number = bpf_map_lookup_elem(&kills, key);
		if (number)
			found = stronger(found, *number);
		if (is_meant(found))
			return found;
		node = above(node);
	}
	key->cgroup = 0;
	number = bpf_map_lookup_elem(&kills, key);
	return number ? stronger(found, *number) : found;
}

static __always_inline bool is_armed(__u32 by)
{
	__u32 *count = bpf_map_lookup_elem(&armed, &by);

	return count && *count;
}

static __always_inline __u32 ordered_by_file(struct inode *inode, struct kernfs_node *cgroup)
{
	struct kill_key key = {.by = KILL_BY_FILE};

	if (!is_armed(KILL_BY_FILE))
		return 0;
	key.first = READ(inode, i_ino);
	key.second = READ(inode, i_sb, s_dev);
	return ordered(&key, cgroup);
}

static __always_inline __u32 ordered_by_name(struct task_struct *task,
					     struct kernfs_node *cgroup)
{
	struct kill_key key = {.by = KILL_BY_NAME};
	char name[COMM_BYTES] = {};

	if (!is_armed(KILL_BY_NAME))
		return 0;
	bpf_core_read(name, sizeof(name), &task->comm);
	for (int i = 1; i < COMM_BYTES; i++) {
		if (!name[i - 1])
			name[i] = 0;
	}
	__builtin_memcpy(&key.first, name, 8);
	__builtin_memcpy(&key.second, name + 8, 8);
	return ordered(&key, cgroup);
}

static __always_inline __u32 ordered_by_path(struct scratch *s, struct file *file,
					     struct task_struct *task,
					     struct kernfs_node *cgroup)
{
	struct kill_key key = {.by = KILL_BY_PATH, .first = HASH_BEGIN};
	__u32 length;

	if (!is_armed(KILL_BY_PATH))
		return 0;
	s->used = 0;
	if (put_names(s, READ(file, f_path.dentry), READ(file, f_path.mnt), task))
		return 0;
	length = s->used;
	s->used = 0;
	if (length > HASHED_BYTES)
		return 0;
	for (__u32 i = 0; i < HASHED_BYTES; i++) {
		if (i >= length)
			break;
		key.first = (key.first ^ s->payload[i]) * HASH_TIMES;
	}
	key.second = length;
	return ordered(&key, cgroup);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_ordered, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct file *file = READ(task, mm, exe_file);
	struct cgroup *own = cgroup_of(task);
	struct kernfs_node *cgroup = READ(own, kn);
	__u32 number, pid = READ(task, tgid);
	struct scratch *s;
	long refused = 0;

	if (pid == 1 || pid == config.own_pid)
		return 0;
	number = ordered_by_file(READ(file, f_inode), cgroup);
	if (!is_meant(number))
		number = stronger(number, ordered_by_name(task, cgroup));
	s = open_scratch();
	if (!s)
		return 0;
	if (!is_meant(number))
		number = stronger(number, ordered_by_path(s, file, task, cgroup));
	if (!number)
		return 0;
	if (!(number & KILL_TRIAL))
		refused = bpf_send_signal(SIGKILL);
	fill(s, EVENT_KILLED, task);
	s->event.ret = refused;
	s->event.syscall = number;
	put_file(s, TAG_EXE, file, task);
	send(s, CLASS_ALERT);
	return 0;
}
