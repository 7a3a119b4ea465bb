/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* System calls, at their end: what was done, to which object, with which result. One program
 * looks whether anybody wants the call; the work is behind a tail call, one a family. */

#define TS_COMPAT 0x0002
#define X32_BIT 0x40000000
#define X32_FIRST 512
#define SOCKETCALL 102 /* of the 32-bit interface */
#define SOCKETCALL_SEND 9
#define SOCKETCALL_RECV 10
#define PSR_MODE32_BIT 0x10 /* of arm64's PSTATE: the caller runs AArch32 */
#define EXECVEAT 281 /* of arm64; of 32-bit Arm: socket */
#define ARM_SEND 289
#define ARM_RECV 291
#define NO_CALL 0xffffffff
#define O_ACCMODE 3
#define O_CREAT 0100
#define O_TRUNC 01000
#define SOCKADDR_BYTES 128
#define OPEN_HOW_BYTES 24

int opened(unsigned long long *ctx);
int with_fd(unsigned long long *ctx);
int result_fd(unsigned long long *ctx);
int sent_to(unsigned long long *ctx);
int at_directory(unsigned long long *ctx);
int plain(unsigned long long *ctx);
int typed(unsigned long long *ctx);
int message(unsigned long long *ctx);
int first_sent(unsigned long long *ctx);
int traced(unsigned long long *ctx);
int mounted(unsigned long long *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, HANDLERS);
	__uint(key_size, sizeof(__u32));
	__array(values, int(unsigned long long *));
} handlers SEC(".maps") = {
	.values = {
		[HANDLE_PLAIN] = (void *)&plain,
		[HANDLE_OPENED] = (void *)&opened,
		[HANDLE_FD] = (void *)&with_fd,
		[HANDLE_RESULT_FD] = (void *)&result_fd,
		[HANDLE_SEND] = (void *)&sent_to,
		[HANDLE_AT] = (void *)&at_directory,
		[HANDLE_TERMINAL] = (void *)&typed,
		[HANDLE_MESSAGE] = (void *)&message,
		[HANDLE_TRACE] = (void *)&traced,
		[HANDLE_MOUNT] = (void *)&mounted,
		[HANDLE_FIRST] = (void *)&first_sent,
	},
};

struct call {
	__u32 number;
	bool compat;
	bool narrow; /* its structures have words of 32 bits: compat or x32 */
	struct interest interest;
	__u64 arguments[6];
	long ret;
};

static __always_inline bool is_compat(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *task = CURRENT();

	return READ(task, thread_info.status) & TS_COMPAT;
#else
	return READ(regs, user_regs.pstate) & PSR_MODE32_BIT;
#endif
}

/* Whether the caller's structures have words of 32 bits. */
static __always_inline bool is_narrow(struct pt_regs *regs, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	return compat || READ(regs, orig_ax) & X32_BIT;
#else
	return compat;
#endif
}

static __always_inline __u32 translated(void *table, __u32 number)
{
	__u32 *own = bpf_map_lookup_elem(table, &number);

	return own ? *own : NO_CALL;
}

/* The call's number in the machine's own table. */
static __always_inline __u32 number_of(struct pt_regs *regs, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	__u32 number = READ(regs, orig_ax);

	if (compat && number == SOCKETCALL)
		return translated(&socket_numbers, READ(regs, bx));
	if (compat)
		return translated(&compat_numbers, number);
	if (number & X32_BIT && (number & ~X32_BIT) >= X32_FIRST)
		return translated(&x32_numbers, (number & ~X32_BIT) - X32_FIRST);
	return number & ~X32_BIT;
#else
	__u32 number = READ(regs, syscallno);

	/* Who has just become a 32-bit program has all registers new, and still the old number. No
	 * socket can be had of family 0. */
	if (compat && number == EXECVEAT && !READ(regs, orig_x0))
		return NO_CALL;
	if (compat)
		return translated(&compat_numbers, number);
	return number < NARROW_ONLY_FIRST ? number : NO_CALL;
#endif
}

/* `socketcall` takes its arguments from an array of the caller's memory. */
static __always_inline void gathered_arguments(struct call *call, __u32 which,
					       unsigned long from)
{
	__u32 words[6] = {};

	if (bpf_probe_read_user(words, sizeof(words), (const void *)from))
		/* The array may end where the caller's memory does: three are in every call told. */
		bpf_probe_read_user(words, 3 * sizeof(words[0]), (const void *)from);
	for (int i = 0; i < 6; i++)
		call->arguments[i] = words[i];
	/* send and recv have no address. */
	if (which == SOCKETCALL_SEND || which == SOCKETCALL_RECV)
		call->arguments[4] = call->arguments[5] = 0;
}

static __always_inline void arguments_of(struct call *call, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	if (call->compat && (__u32)READ(regs, orig_ax) == SOCKETCALL) {
		gathered_arguments(call, READ(regs, bx), (__u32)READ(regs, cx));
		return;
	}
	if (call->compat) {
		call->arguments[0] = (__u32)READ(regs, bx);
		call->arguments[1] = (__u32)READ(regs, cx);
		call->arguments[2] = (__u32)READ(regs, dx);
		call->arguments[3] = (__u32)READ(regs, si);
		call->arguments[4] = (__u32)READ(regs, di);
		call->arguments[5] = (__u32)READ(regs, bp);
		return;
	}
	call->arguments[0] = READ(regs, di);
	call->arguments[1] = READ(regs, si);
	call->arguments[2] = READ(regs, dx);
	call->arguments[3] = READ(regs, r10);
	call->arguments[4] = READ(regs, r8);
	call->arguments[5] = READ(regs, r9);
#elif defined(__TARGET_ARCH_arm64)
	/* The result lies where the first argument was; the kernel keeps that aside. */
	call->arguments[0] = READ(regs, orig_x0);
	call->arguments[1] = READ(regs, user_regs.regs[1]);
	call->arguments[2] = READ(regs, user_regs.regs[2]);
	call->arguments[3] = READ(regs, user_regs.regs[3]);
	call->arguments[4] = READ(regs, user_regs.regs[4]);
	call->arguments[5] = READ(regs, user_regs.regs[5]);
	if (call->compat) {
		int number = READ(regs, syscallno);

		/* send and recv have no address. */
		if (number == ARM_SEND || number == ARM_RECV)
			call->arguments[4] = call->arguments[5] = 0;
	}
#endif
}

/* Before anything else of a write is looked at: nearly none is to a socket. */
static __always_inline bool writes_to_socket(struct pt_regs *regs, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	int fd = compat ? READ(regs, bx) : READ(regs, di);
#else
	int fd = READ(regs, orig_x0);
#endif

	return is_socket(file_of(CURRENT(), fd));
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	bool compat = is_compat(regs);
	__u32 number = number_of(regs, compat);
	struct interest *interest = bpf_map_lookup_elem(&interests, &number);

	if (!interest || !(interest->flags & INTEREST_ON))
		return 0;
	if (ret < 0 && !(interest->flags & INTEREST_FAILED))
		return 0;
	if (interest->handler == HANDLE_TERMINAL && !has_terminal(CURRENT()))
		return 0;
	if (interest->handler == HANDLE_FIRST && !writes_to_socket(regs, compat))
		return 0;
	bpf_tail_call(ctx, &handlers, interest->handler);
	return 0;
}

/* Begins an event; NULL when it is not wanted after all. */
static __always_inline struct scratch *begin(unsigned long long *ctx, struct call *call,
					     struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct interest *interest;
	struct scratch *s;

	call->ret = (long)ctx[1];
	call->compat = is_compat(regs);
	call->number = number_of(regs, call->compat);
	interest = bpf_map_lookup_elem(&interests, &call->number);
	if (!interest || READ(task, tgid) == config.own_pid)
		return NULL;
	call->interest = *interest;
	arguments_of(call, regs);
	s = open_scratch();
	if (!s)
		return NULL;
	fill(s, EVENT_SYSCALL, task);
	s->event.ret = call->ret;
	s->event.syscall = call->number;
	call->narrow = is_narrow(regs, call->compat);
	if (call->narrow)
		s->event.flags |= FLAG_COMPAT;
	put(s, TAG_NUMBERS, call->arguments, sizeof(call->arguments));
	return s;
}

static __always_inline void put_texts(struct scratch *s, struct call *call)
{
	__u32 first = call->interest.first_text, second = call->interest.second_text;

	if (first > 0 && first <= 6)
		put_user_text(s, TAG_CLAIMED, (const void *)call->arguments[(first - 1) & 7]);
	if (second > 0 && second <= 6)
		put_user_text(s, TAG_CLAIMED_SECOND, (const void *)call->arguments[(second - 1) & 7]);
}

static __always_inline void end(struct scratch *s, struct call *call)
{
	/* Anybody may fail as often as they like: what failed is bulk, so that it cannot fill the
	 * ring of what was done. */
	send(s, (call->interest.flags & INTEREST_ALERT) && call->ret >= 0 ? CLASS_ALERT : CLASS_BULK);
}

static __always_inline void put_file_or_socket(struct scratch *s, struct task_struct *task, long fd)
{
	struct file *file = file_of(task, fd);
	__u32 mode;

	if (!file)
		return;
	mode = READ(file, f_inode, i_mode);
	if ((mode & S_IFMT) == S_IFSOCK)
		put_socket(s, file, fd);
	else
		put_file(s, TAG_OBJECT, file, task);
}

SEC("tp_btf/sys_exit")
int plain(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);

	if (!s)
		return 0;
	put_texts(s, &call);
	end(s, &call);
	return 0;
}

SEC("tp_btf/sys_exit")
int opened(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct file *file = (long)ctx[1] >= 0 ? file_of(task, (long)ctx[1]) : NULL;
	struct call call = {};
	struct scratch *s;
	bool has_how;

	/* The commonest case is decided before anything is filled. */
	if (file) {
		struct pt_regs *regs = (struct pt_regs *)ctx[0];
		__u32 number = number_of(regs, is_compat(regs));
		struct interest *interest = bpf_map_lookup_elem(&interests, &number);
		__u32 flags = READ(file, f_flags);

		if (interest && interest->flags & INTEREST_WRITES_ONLY &&
		    !(flags & (O_ACCMODE | O_CREAT | O_TRUNC)))
			return 0;
	}
	s = begin(ctx, &call, task);
	if (!s)
		return 0;
	put_file(s, TAG_OBJECT, file, task);
	/* The second of openat2 is a structure with its flags and mode. */
	has_how = call.interest.second_text;
	call.interest.second_text = 0;
	put_texts(s, &call);
	if (has_how)
		put_user_bytes(s, TAG_PAYLOAD, call.arguments[2], call.arguments[3], OPEN_HOW_BYTES);
	end(s, &call);
	return 0;
}

SEC("tp_btf/sys_exit")
int with_fd(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);

	if (!s)
		return 0;
	put_file_or_socket(s, task, (int)call.arguments[0]);
	put_texts(s, &call);
	end(s, &call);
	return 0;
}

SEC("tp_btf/sys_exit")
int result_fd(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);

	if (!s)
		return 0;
	put_file_or_socket(s, task, (int)call.ret);
	end(s, &call);
	return 0;
}

/* connect, bind: the address is the second argument; sendto: the fifth. */
SEC("tp_btf/sys_exit")
int sent_to(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);
	struct file *file;

	if (!s)
		return 0;
	file = file_of(task, (int)call.arguments[0]);
	put_file_or_socket(s, task, (int)call.arguments[0]);
	if (call.interest.second_text == SENDS_BUFFER) {
		put_user_bytes(s, TAG_ADDRESS, call.arguments[4], (__u32)call.arguments[5],
			       SOCKADDR_BYTES - 1);
		put_user_bytes(s, TAG_PAYLOAD, call.arguments[1], call.arguments[2], FIRST_BYTES);
		spend(file, call.ret);
	} else {
		put_user_bytes(s, TAG_ADDRESS, call.arguments[1], (__u32)call.arguments[2],
			       SOCKADDR_BYTES - 1);
		remember(file, call.ret, false);
	}
	end(s, &call);
	return 0;
}

/* write, writev: told only of a connection's first bytes. */
SEC("tp_btf/sys_exit")
int first_sent(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s;
	struct file *file;
	struct bytes sent;
	__u64 first;

	call.compat = is_compat((struct pt_regs *)ctx[0]);
	arguments_of(&call, (struct pt_regs *)ctx[0]);
	file = file_of(task, (int)call.arguments[0]);
	first = spend(file, (long)ctx[1]);
	if (!first)
		return 0;
	s = begin(ctx, &call, task);
	if (!s)
		return 0;
	put_socket(s, file, (int)call.arguments[0]);
	sent = (struct bytes){call.arguments[1], call.arguments[2]};
	if (call.interest.second_text == SENDS_PIECES)
		sent = first_piece(call.arguments[1], call.arguments[2], call.narrow);
	if (sent.length > first)
		sent.length = first;
	put_user_bytes(s, TAG_PAYLOAD, sent.from, sent.length, FIRST_BYTES);
	end(s, &call);
	return 0;
}

SEC("tp_btf/sys_exit")
int at_directory(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);
	struct file *directory = NULL;

	if (!s)
		return 0;
	if (call.interest.flags & INTEREST_DIRECTORY_FD && (int)call.arguments[0] != AT_FDCWD)
		directory = file_of(task, (int)call.arguments[0]);
	if (directory)
		put_file(s, TAG_OBJECT, directory, task);
	else
		put_cwd(s, task);
	put_texts(s, &call);
	end(s, &call);
	return 0;
}

/* What was read from a terminal. */
SEC("tp_btf/sys_exit")
int typed(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct terminal terminal = {};
	struct call call = {};
	struct scratch *s;

	call.compat = is_compat((struct pt_regs *)ctx[0]);
	arguments_of(&call, (struct pt_regs *)ctx[0]);
	if ((long)ctx[1] <= 0 || !fill_terminal(&terminal, task, (int)call.arguments[0]))
		return 0;
	s = begin(ctx, &call, task);
	if (!s)
		return 0;
	s->event.kind = EVENT_TERMINAL;
	put_terminal(s, &terminal, call.arguments[1], call.ret);
	end(s, &call);
	return 0;
}

/* sendmsg, recvmsg: the socket, the first file that is passed, and of what is sent the first bytes. */
SEC("tp_btf/sys_exit")
int message(unsigned long long *ctx)
{
	struct task_struct *task = CURRENT();
	struct call call = {};
	struct scratch *s = begin(ctx, &call, task);
	int passed;

	if (!s)
		return 0;
	put_file_or_socket(s, task, (int)call.arguments[0]);
	passed = call.ret < 0 ? -1 : passed_fd(call.arguments[1], call.narrow);
	if (passed >= 0)
		put_file(s, TAG_OBJECT, file_of(task, passed), task);
	if (call.interest.second_text == SENDS_PIECES) {
		struct bytes sent = first_of_message(call.arguments[1], call.narrow);
		struct bytes name = name_of_message(call.arguments[1], call.narrow);

		put_user_bytes(s, TAG_ADDRESS, name.from, name.length, SOCKADDR_BYTES - 1);
		put_user_bytes(s, TAG_PAYLOAD, sent.from, sent.length, FIRST_BYTES);
		spend(file_of(task, (int)call.arguments[0]), call.ret);
	}
	end(s, &call);
	return 0;
}
