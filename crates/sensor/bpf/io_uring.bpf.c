/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* io_uring does what system calls do without one. A request that opens, names or connects is told at its
 * end as the call that does the same, with its result and the object; one that sends, as it is handed
 * in. What cannot be joined with its end is told by operation and name, without a result. */

/* Whether the structures of whoever hands in have words of 32 bits. */
static __always_inline bool asks_narrow(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return READ(task, thread_info.status) & TS_COMPAT;
#else
	return false;
#endif
}

static __always_inline struct file *file_of_request(struct io_kiocb *request,
						    struct task_struct *task, int *fd)
{
	if (!bpf_core_field_exists(request->cqe.fd))
		return NULL;
	*fd = READ(request, cqe.fd);
	if (READ(request, flags) & REQ_F_FIXED_FILE)
		return fixed_file(READ(request, ctx), *fd);
	return file_of(task, *fd);
}

/* Who did it: a helper of the kernel's has its own name, its process has the program's. */
static __always_inline void fill_asker(struct scratch *s, __u16 kind, struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);

	fill(s, kind, task);
	if (READ(task, flags) & PF_IO_WORKER)
		bpf_core_read(&s->event.comm, sizeof(s->event.comm), &leader->comm);
}

static __always_inline void end_request(struct scratch *s, struct interest *interest)
{
	send(s, interest->flags & INTEREST_ALERT && s->event.ret >= 0 ? CLASS_ALERT : CLASS_BULK);
}

/* A request without its end. */
static __always_inline void tell_handed_in(struct request *kept, __u32 opcode,
					   struct io_kiocb *request, struct task_struct *task)
{
	struct scratch *s = open_scratch();
	struct file *file;
	int fd = 0;

	if (!s)
		return;
	fill_asker(s, EVENT_IO_URING, task);
	s->event.ret = opcode;
	put_kept(s, TAG_CLAIMED, kept->first, kept->first_bytes, RING_NAME_BYTES);
	put_kept(s, TAG_CLAIMED_SECOND, kept->second, kept->second_bytes, RING_NAME_BYTES);
	put_kept(s, TAG_ADDRESS, kept->address, kept->address_bytes, RING_ADDRESS_BYTES);
	file = OP(opcode) & OPS_OF_SOCKETS ? file_of_request(request, task, &fd) : NULL;
	if (file)
		put_socket(s, file, fd);
	send(s, CLASS_BULK);
}

static __always_inline struct request *open_request(void)
{
	__u32 zero = 0;
	struct request *kept = bpf_map_lookup_elem(&request_scratches, &zero);

	if (kept)
		__builtin_memset(kept, 0, offsetof(struct request, first));
	return kept;
}

static __always_inline int keep(struct io_kiocb *request, __u32 opcode, __u32 call)
{
	struct task_struct *task = CURRENT();
	__u64 key = (unsigned long)request;
	struct request *kept = open_request();
	__u32 flags = READ(request, flags);
	struct file *file;
	int fd = 0;

	if (!kept)
		return 0;
	kept->call = call;
	kept->files = (unsigned long)READ(task, files);
	if (OP(opcode) & OPS_OF_SOCKETS) {
		file = file_of_request(request, task, &fd);
		kept->numbers[0] = fd;
		kept->fixed = flags & REQ_F_FIXED_FILE;
		/* What is linked to it is handed in before it is done. */
		if (opcode == OP_CONNECT && file)
			remember(file, 0, true);
	}
	keep_names(kept, opcode, request);
	keep_two_names(kept, opcode, request);
	keep_socket(kept, opcode, request);
	if (config.io_uring_joined && !(flags & REQ_F_CQE_SKIP) &&
	    !bpf_map_update_elem(&requests, &key, kept, BPF_ANY))
		return 0;
	/* One that lay here before and never ended is not this one. */
	bpf_map_delete_elem(&requests, &key);
	tell_handed_in(kept, opcode, request, task);
	return 0;
}

/* A connection's first bytes. */
static __always_inline int tell_sent(struct io_kiocb *request, __u32 opcode, __u32 call,
				     struct interest *interest)
{
	struct task_struct *task = CURRENT();
	bool narrow = asks_narrow(task);
	struct bytes sent = {};
	struct scratch *s;
	struct file *file;
	__u64 first;
	int fd = 0;

	file = file_of_request(request, task, &fd);
	if (!is_socket(file))
		return 0;
	if ((opcode == OP_WRITE || opcode == OP_WRITEV) && bpf_core_type_exists(struct io_rw)) {
		sent.from = READ(TYPED(io_rw, request), addr);
		sent.length = READ(TYPED(io_rw, request), len);
	} else if (bpf_core_type_exists(struct io_sr_msg)) {
		sent.from = (unsigned long)READ(TYPED(io_sr_msg, request), buf);
		sent.length = READ(TYPED(io_sr_msg, request), len);
	}
	if (opcode == OP_WRITEV)
		sent = first_piece(sent.from, sent.length, narrow);
	else if (OP(opcode) & OPS_IN_PIECES)
		sent = first_of_message(sent.from, narrow);
	first = spend(file, sent.length);
	s = first ? open_scratch() : NULL;
	if (!s)
		return 0;
	fill_asker(s, EVENT_SYSCALL, task);
	s->event.flags |= FLAG_RING;
	s->event.syscall = call;
	s->event.ret = sent.length;
	put_socket(s, file, fd);
	put_user_bytes(s, TAG_PAYLOAD, sent.from, first, FIRST_BYTES);
	end_request(s, interest);
	return 0;
}

static __always_inline int tell_request(struct io_kiocb *request)
{
	__u32 opcode = READ(request, opcode);
	struct task_struct *task = CURRENT();
	struct interest *interest;
	__u32 call;

	if (opcode > 63 || !(OP(opcode) & (OPS_TOLD | OPS_THAT_SEND)))
		return 0;
	call = translated(&ring_numbers, opcode);
	interest = bpf_map_lookup_elem(&interests, &call);
	if (!interest || !(interest->flags & INTEREST_ON) || READ(task, tgid) == config.own_pid)
		return 0;
	if (OP(opcode) & OPS_THAT_SEND)
		return tell_sent(request, opcode, call, interest);
	return keep(request, opcode, call);
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

/* The file that a request made: a descriptor, or a place in the ring's own table. */
static __always_inline struct file *file_made(struct request *kept, struct io_kiocb *request,
					      struct task_struct *task, long ret)
{
	if (ret < 0)
		return NULL;
	if (!kept->slot)
		return file_of(task, ret);
	return fixed_file(READ(request, ctx), kept->slot == ANY_SLOT ? ret : kept->slot - 1);
}

static __always_inline void put_done(struct scratch *s, struct request *kept, __u32 opcode,
				     struct io_kiocb *request)
{
	struct task_struct *task = CURRENT();
	struct file *file = NULL;
	int fd = kept->numbers[0];

	if (OP(opcode) & (OPS_OPEN | OPS_OF_RESULTS))
		file = file_made(kept, request, task, s->event.ret);
	else if (OP(opcode) & OPS_OF_SOCKETS && kept->fixed)
		file = fixed_file(READ(request, ctx), fd);
	else if (OP(opcode) & OPS_OF_SOCKETS || fd != AT_FDCWD)
		file = file_of(task, fd);
	else
		put_cwd(s, task);
	if (is_socket(file))
		put_socket(s, file, OP(opcode) & OPS_OF_RESULTS ? s->event.ret : fd);
	else if (file)
		put_file(s, TAG_OBJECT, file, task);
}

/* The end of a request. */
static __always_inline int tell_done(struct io_kiocb *request, struct request *kept, __u32 opcode)
{
	struct interest *interest = bpf_map_lookup_elem(&interests, &kept->call);
	struct task_struct *task = CURRENT();
	long ret = READ(request, cqe.res);
	struct scratch *s;

	/* What is left of a process that ended is done by the kernel itself. */
	if (READ(task, flags) & PF_KTHREAD)
		return 0;
	if (!interest || !(interest->flags & INTEREST_ON) ||
	    (ret < 0 && !(interest->flags & INTEREST_FAILED)))
		return 0;
	if (OP(opcode) & OPS_OPEN && interest->flags & INTEREST_WRITES_ONLY &&
	    !(kept->numbers[2] & (O_ACCMODE | O_CREAT | O_TRUNC)))
		return 0;
	/* Another table of files since then: the number may be another file's, the name is what was asked. */
	if (kept->files != (unsigned long)READ(task, files))
		tell_handed_in(kept, opcode, request, task);
	s = open_scratch();
	if (!s)
		return 0;
	fill_asker(s, EVENT_SYSCALL, task);
	s->event.flags |= FLAG_RING;
	s->event.syscall = kept->call;
	s->event.ret = ret;
	put(s, TAG_NUMBERS, kept->numbers, sizeof(kept->numbers));
	put_kept(s, TAG_CLAIMED, kept->first, kept->first_bytes, RING_NAME_BYTES);
	put_kept(s, TAG_CLAIMED_SECOND, kept->second, kept->second_bytes, RING_NAME_BYTES);
	put_kept(s, TAG_ADDRESS, kept->address, kept->address_bytes, RING_ADDRESS_BYTES);
	put_done(s, kept, opcode, request);
	end_request(s, interest);
	return 0;
}

/* (ring, request, …) since 5.18; ends that are not a request's last have none. */
SEC("tp_btf/io_uring_complete")
int on_io_uring_complete(unsigned long long *ctx)
{
	struct io_kiocb *request = TYPED(io_kiocb, ctx[1]);
	__u64 key = (unsigned long)request;
	struct request *kept;
	__u32 opcode;

	if (!key)
		return 0;
	opcode = READ(request, opcode);
	if (opcode > 63 || !(OP(opcode) & OPS_TOLD))
		return 0;
	kept = bpf_map_lookup_elem(&requests, &key);
	if (!kept)
		return 0;
	tell_done(request, kept, opcode);
	bpf_map_delete_elem(&requests, &key);
	return 0;
}
