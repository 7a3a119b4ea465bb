/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Processes: born, become another program, gone. */

#define SIGNAL_GROUP_EXIT 4
#define EEXIST 17

/* A new process; threads are not told. The parent is the header's process. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *task)
{
	struct child child = {};
	struct scratch *s;

	fill_child(&child, task);
	if (child.pid != child.tid)
		return 0;
	s = open_scratch();
	if (!s)
		return 0;
	fill(s, EVENT_FORK, parent);
	put(s, TAG_CHILD, &child, sizeof(child));
	send(s, CLASS_ALERT);
	return 0;
}

static __always_inline void put_memory(struct scratch *s, struct mm_struct *mm)
{
	unsigned long start = READ(mm, arg_start), end = READ(mm, arg_end);
	unsigned long env = READ(mm, env_start), env_end = READ(mm, env_end);
	__u64 lengths[2] = {end - start, env_end - env};

	put_user_bytes(s, TAG_ARGUMENTS, start, lengths[0], ARGUMENT_BYTES - 1);
	if (lengths[0] > ARGUMENT_BYTES - 1) {
		__u64 rest = lengths[0] - (ARGUMENT_BYTES - 1);

		if (rest > TAIL_BYTES - 1)
			rest = TAIL_BYTES - 1;
		put_user_bytes(s, TAG_ARGUMENTS_TAIL, end - rest, rest, TAIL_BYTES - 1);
	}
	put_user_bytes(s, TAG_ENVIRONMENT, env, lengths[1], ENVIRONMENT_BYTES - 1);
	put(s, TAG_COUNTS, lengths, sizeof(lengths));
}

/* After the point of no return: memory, file and credentials are the new program's. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct mm_struct *mm = READ(task, mm);
	const char *filename = READ(bprm, filename);
	const char *interp = READ(bprm, interp);
	struct scratch *s = open_scratch();

	if (!s)
		return 0;
	fill(s, EVENT_EXEC, task);
	put_file(s, TAG_EXE, READ(mm, exe_file), task);
	put_cwd(s, task);
	put_kernel_text(s, TAG_CLAIMED, filename);
	if (interp != filename)
		put_kernel_text(s, TAG_INTERPRETER, interp);
	put_stdio(s, task);
	put_cgroup(s, cgroup_of(task));
	put_memory(s, mm);
	send(s, CLASS_ALERT);
	return 0;
}

/* What the parent is told, as wait(2) has it. */
static __always_inline int status_of(struct task_struct *task)
{
	if (READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return READ(task, signal, group_exit_code);
	return READ(task, group_leader, exit_code);
}

/* A process ends with its last thread, which need not be the first: that one may have ended long
 * before, and a thread that becomes another program takes its place. Two threads that end side by
 * side may both find themselves the last. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct process process = {};
	struct scratch *s;
	__u32 one = 1;

	if (READ(task, signal, live.counter))
		return 0;
	process.pid = READ(task, tgid);
	process.start_ns = READ(task, group_leader, start_boottime);
	/* Any other failure may tell an end twice, and leaves none out. */
	if (bpf_map_update_elem(&ended, &process, &one, BPF_NOEXIST) == -EEXIST)
		return 0;
	s = open_scratch();
	if (!s)
		return 0;
	fill(s, EVENT_EXIT, task);
	s->event.ret = status_of(task);
	send(s, CLASS_ALERT);
	return 0;
}
