/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The kernel picks a process to kill because memory ran out. */

SEC("raw_tp/mark_victim")
int on_oom_victim(struct bpf_raw_tracepoint_args *ctx)
{
	struct scratch *s = open_scratch();

	if (!s)
		return 0;
	fill(s, EVENT_OOM_VICTIM, CURRENT());
	send(s, CLASS_ALERT);
	return 0;
}
