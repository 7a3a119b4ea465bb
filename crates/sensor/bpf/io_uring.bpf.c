/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* io_uring does what system calls do without one; each request is told with its operation. */

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_io_uring, struct io_kiocb *request)
{
	struct task_struct *task = CURRENT();
	struct scratch *s = open_scratch();

	if (!s)
		return 0;
	fill(s, EVENT_IO_URING, task);
	s->event.ret = READ(request, opcode);
	send(s, CLASS_BULK);
	return 0;
}
