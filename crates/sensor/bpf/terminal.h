/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Terminals: which one, how it is read, and what was typed. What is not echoed is not told. */
#ifndef LAZARET_TERMINAL_H
#define LAZARET_TERMINAL_H

#define S_IFCHR 0020000
#define TYPED_BYTES 256
/* termios(3) */
#define ICRNL 0000400
#define ISIG 0000001
#define ICANON 0000002
#define ECHO 0000010
/* Majors of terminals: virtual and serial consoles, /dev/tty and consoles, pseudo-terminals. */
#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define PTY_FIRST 136
#define PTY_LAST 143
/* The master's side reads what programs write, not what is typed. */
#define PTMX (TTYAUX_MAJOR << 20 | 2)

static __always_inline bool has_terminal(struct task_struct *task)
{
	return READ(task, signal, tty) != NULL;
}

static __always_inline bool is_terminal(__u32 rdev)
{
	__u32 major = rdev >> 20;

	return rdev != PTMX && (major == TTY_MAJOR || major == TTYAUX_MAJOR ||
				(major >= PTY_FIRST && major <= PTY_LAST));
}

/* Whether a program that takes each key is one that edits lines. Line editors take the carriage
 * return (readline, zsh) or ^C (busybox) as it is; who asks for a password key by key does neither. */
static __always_inline bool edits_lines(struct task_struct *task, __u32 input, __u32 local)
{
	char comm[COMM_BYTES] = {};

	if (input & ICRNL && local & ISIG)
		return false;
	bpf_core_read(comm, sizeof(comm), &task->comm);
	/* What lies behind the name's end is older names' remains. */
	for (int i = 1; i < COMM_BYTES; i++) {
		if (!comm[i - 1])
			comm[i] = 0;
	}
	return bpf_map_lookup_elem(&line_editors, comm) != NULL;
}

/* Which terminal is read, and how; false when it is none or is drawn upon. */
static __always_inline bool fill_terminal(struct terminal *to, struct task_struct *task, int fd)
{
	struct file *file = file_of(task, fd);
	struct tty_file_private *private;
	struct tty_struct *tty;
	struct inode *inode;
	__u32 local, input;

	if (!file)
		return false;
	inode = READ(file, f_inode);
	if ((READ(inode, i_mode) & S_IFMT) != S_IFCHR || !is_terminal(READ(inode, i_rdev)))
		return false;
	private = TYPED(tty_file_private, READ(file, private_data));
	tty = READ(private, tty);
	if (!tty)
		return false;
	local = READ(tty, termios.c_lflag);
	input = READ(tty, termios.c_iflag);
	if (local & ICANON)
		to->mode = local & ECHO ? TERMINAL_LINES : TERMINAL_HIDDEN;
	else if (local & ECHO || edits_lines(task, input, local))
		to->mode = TERMINAL_KEYS;
	else
		return false;
	to->device = READ(tty, driver, major) << 20 |
		     (READ(tty, driver, minor_start) + READ(tty, index));
	to->fd = fd;
	return true;
}

static __always_inline void put_terminal(struct scratch *s, struct terminal *terminal,
					 unsigned long from, __u64 length)
{
	struct value *value = room(s, sizeof(*value) + sizeof(*terminal) + TYPED_BYTES);
	struct terminal *to = (void *)(value + 1);

	if (!value)
		return;
	if (terminal->mode == TERMINAL_HIDDEN)
		length = 0;
	terminal->read_bytes = length;
	if (length > TYPED_BYTES) {
		length = TYPED_BYTES;
		s->event.flags |= FLAG_TRUNCATED;
	}
	*to = *terminal;
	if (length && bpf_probe_read_user(to + 1, length & (2 * TYPED_BYTES - 1), (const void *)from))
		length = 0;
	value->tag = TAG_TERMINAL;
	value->length_bytes = sizeof(*to) + length;
	s->used += sizeof(*value) + sizeof(*to) + (length & (2 * TYPED_BYTES - 1));
}

#endif
