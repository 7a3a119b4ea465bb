/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Every process that runs now, asked for by user space: what was there before the programs, or what
 * became of the processes after events were lost. */

/* Bytes of a user's memory that may be another task's; all or nothing. */
static __always_inline void put_task_bytes(struct scratch *s, __u16 tag, unsigned long from,
					   __u64 length, const __u32 most, struct task_struct *task)
{
	struct value *value = room(s, sizeof(*value) + most);

	if (!value || !from || !length)
		return;
	if (length > most)
		length = most;
	if (bpf_copy_from_user_task(value + 1, length & 4095, (const void *)from, task, 0))
		return;
	value->tag = tag;
	value->length_bytes = length;
	s->used += sizeof(*value) + (length & 4095);
}

SEC("iter.s/task")
int on_each_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	__u64 lengths[2];
	struct mm_struct *mm;
	struct scratch *s;
	__u32 zero = 0, size;

	if (!task || task->pid != task->tgid)
		return 0;
	s = bpf_map_lookup_elem(&walking, &zero);
	if (!s)
		return 0;
	s->used = 0;
	fill(s, EVENT_RUNNING, task);
	mm = READ(task, mm);
	put_cgroup(s, cgroup_of(task));
	if (mm) {
		unsigned long start = READ(mm, arg_start), env = READ(mm, env_start);

		lengths[0] = READ(mm, arg_end) - start;
		lengths[1] = READ(mm, env_end) - env;
		put_file(s, TAG_EXE, READ(mm, exe_file), task);
		put_cwd(s, task);
		put_stdio(s, task);
		put_task_bytes(s, TAG_ARGUMENTS, start, lengths[0], ARGUMENT_BYTES - 1, task);
		put_task_bytes(s, TAG_ENVIRONMENT, env, lengths[1], ENVIRONMENT_BYTES - 1, task);
		put(s, TAG_COUNTS, lengths, sizeof(lengths));
	}
	size = sizeof(s->event) + s->used;
	if (size > sizeof(s->event) + PAYLOAD_BYTES)
		return 0;
	s->event.size_bytes = size;
	bpf_seq_write(seq, s, size);
	return 0;
}
