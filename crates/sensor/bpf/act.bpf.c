/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* System calls that act upon something else than a file: who is traced, what is mounted where. */

/* ptrace: the process that is traced. */
SEC("tp_btf/sys_exit")
int traced(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);
	struct task_struct *target = NULL;
	struct child child = {};

	if (!s)
		return 0;
	if (call.ret >= 0 && (__u32)call.arguments[1])
		target = traced_by(task, (__u32)call.arguments[1]);
	if (target) {
		fill_child(&child, target);
		put(s, TAG_TARGET, &child, sizeof(child));
	}
	end(s, &call);
	return 0;
}

/* mount: what, where and which type. */
SEC("tp_btf/sys_exit")
int mounted(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);

	if (!s)
		return 0;
	put_texts(s, &call);
	if (call.ret || !put_mounted(s, task, call.arguments[3]))
		put_user_text(s, TAG_FILESYSTEM, (const void *)call.arguments[2]);
	end(s, &call);
	return 0;
}
