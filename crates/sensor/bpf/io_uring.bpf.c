/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* io_uring does what system calls do without one; each request is told with its operation and, of
 * those that open, name or connect, with the path or the socket and address. */

/* Operations, as linux/io_uring.h numbers them. */
#define OP(number) (1ULL << (number))
#define OP_ACCEPT 13
#define OP_CONNECT 16
#define OP_OPENAT 18
#define OP_OPENAT2 28
#define OP_RENAMEAT 35
#define OP_UNLINKAT 36
#define OP_MKDIRAT 37
/* sendmsg, recvmsg, accept, connect, send, recv, shutdown, send_zc, sendmsg_zc, bind, listen */
#define OPS_OF_SOCKETS                                                                             \
	(OP(9) | OP(10) | OP(OP_ACCEPT) | OP(OP_CONNECT) | OP(26) | OP(27) | OP(34) | OP(47) |     \
	 OP(48) | OP(56) | OP(57))
/* The number is one of the ring's own table of files. */
#define REQ_F_FIXED_FILE 1

static __always_inline void put_filename(struct scratch *s, __u16 tag, struct filename *filename)
{
	if (filename)
		put_kernel_text(s, tag, READ(filename, name));
}

static __always_inline void put_names_of(struct scratch *s, __u32 opcode, struct io_kiocb *request)
{
	if ((opcode == OP_OPENAT || opcode == OP_OPENAT2) && bpf_core_type_exists(struct io_open)) {
		put_filename(s, TAG_CLAIMED, READ(TYPED(io_open, request), filename));
	} else if (opcode == OP_UNLINKAT && bpf_core_type_exists(struct io_unlink)) {
		put_filename(s, TAG_CLAIMED, READ(TYPED(io_unlink, request), filename));
	} else if (opcode == OP_MKDIRAT && bpf_core_type_exists(struct io_mkdir)) {
		put_filename(s, TAG_CLAIMED, READ(TYPED(io_mkdir, request), filename));
	} else if (opcode == OP_RENAMEAT && bpf_core_type_exists(struct io_rename)) {
		put_filename(s, TAG_CLAIMED, READ(TYPED(io_rename, request), oldpath));
		put_filename(s, TAG_CLAIMED_SECOND, READ(TYPED(io_rename, request), newpath));
	}
}

static __always_inline void put_socket_of(struct scratch *s, __u32 opcode, struct io_kiocb *request,
					  struct task_struct *task)
{
	struct file *file;
	int fd;

	if (opcode > 63 || !(OPS_OF_SOCKETS & OP(opcode)))
		return;
	if (bpf_core_field_exists(request->cqe.fd) && !(READ(request, flags) & REQ_F_FIXED_FILE)) {
		fd = READ(request, cqe.fd);
		file = file_of(task, fd);
		if (file)
			put_socket(s, file, fd);
	}
	if (opcode == OP_CONNECT && bpf_core_type_exists(struct io_connect)) {
		struct io_connect *connect = TYPED(io_connect, request);

		put_user_bytes(s, TAG_ADDRESS, (unsigned long)READ(connect, addr),
			       (__u32)READ(connect, addr_len), 127);
	}
}

static __always_inline int tell_request(struct io_kiocb *request)
{
	struct task_struct *task = CURRENT();
	struct scratch *s = open_scratch();
	__u32 opcode;

	if (!s)
		return 0;
	fill(s, EVENT_IO_URING, task);
	opcode = READ(request, opcode);
	s->event.ret = opcode;
	put_names_of(s, opcode, request);
	put_socket_of(s, opcode, request, task);
	send(s, CLASS_BULK);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_io_uring, struct io_kiocb *request)
{
	return tell_request(request);
}

/* The same until 6.2, under another name. Before 6.0 it gave the operation and not the request. */
SEC("tp_btf/io_uring_submit_sqe")
int on_io_uring_sqe(unsigned long long *ctx)
{
	struct scratch *s;

	if (!config.io_uring_opcode)
		return tell_request((struct io_kiocb *)ctx[0]);
	s = open_scratch();
	if (!s)
		return 0;
	fill(s, EVENT_IO_URING, CURRENT());
	s->event.ret = (__u8)(config.io_uring_opcode == 1 ? ctx[1] : ctx[3]);
	send(s, CLASS_BULK);
	return 0;
}
