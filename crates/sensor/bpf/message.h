/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Messages of sendmsg(2) and recvmsg(2), as the caller has them: whom they are for, what they say, and
 * files that are passed along. */
#ifndef LAZARET_MESSAGE_H
#define LAZARET_MESSAGE_H

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
/* Credentials and time stamps may come before the files. */
#define MAX_CONTROLS 4
/* Empty ones may come before the first that says something. */
#define MAX_PIECES 4

struct bytes {
	__u64 from, length;
};

/* A pointer and a length, each a word of the caller's. */
static __always_inline bool bytes_at(struct bytes *to, unsigned long from, bool narrow)
{
	__u32 words[2] = {};

	if (!narrow)
		return !bpf_probe_read_user(to, sizeof(*to), (const void *)from);
	if (bpf_probe_read_user(words, sizeof(words), (const void *)from))
		return false;
	to->from = words[0];
	to->length = words[1];
	return true;
}

/* The first of a vector's pieces (`struct iovec`) that is not empty. */
static __always_inline struct bytes first_piece(unsigned long vector, __u64 count, bool narrow)
{
	struct bytes piece = {};

	for (int i = 0; i < MAX_PIECES; i++) {
		if (i >= count || !bytes_at(&piece, vector + i * (narrow ? 8 : 16), narrow))
			break;
		if (piece.length)
			return piece;
	}
	piece.length = 0;
	return piece;
}

/* The first bytes of a `struct msghdr`. */
static __always_inline struct bytes first_of_message(unsigned long message, bool narrow)
{
	struct bytes vector = {};

	if (!bytes_at(&vector, message + (narrow ? 8 : 16), narrow))
		return vector;
	return first_piece(vector.from, vector.length, narrow);
}

/* Whom a `struct msghdr` is for; the length is an int on every machine. */
static __always_inline struct bytes name_of_message(unsigned long message, bool narrow)
{
	struct bytes name = {};

	if (!bytes_at(&name, message, narrow))
		name.from = 0;
	name.length = (__u32)name.length;
	return name;
}

/* A control message's length, level and type; `struct cmsghdr` begins with a size_t. */
static __always_inline bool header_of(unsigned long from, bool narrow, __u64 *length,
				      __u32 meaning[2])
{
	__u32 words[3] = {};

	if (narrow) {
		if (bpf_probe_read_user(words, sizeof(words), (const void *)from))
			return false;
		*length = words[0];
		meaning[0] = words[1];
		meaning[1] = words[2];
		return true;
	}
	return !bpf_probe_read_user(length, 8, (const void *)from) &&
	       !bpf_probe_read_user(meaning, 8, (const void *)(from + 8));
}

/* The first file that a message passes, by its number; -1 when it passes none. */
static __always_inline int passed_fd(unsigned long message, bool narrow)
{
	struct bytes control = {};
	__u64 at, length = 0, head = narrow ? 12 : 16, grain = narrow ? 4 : 8;
	__u32 meaning[2] = {};
	int fd = -1;

	if (!bytes_at(&control, message + (narrow ? 16 : 32), narrow))
		return -1;
	at = control.from;
	for (int i = 0; i < MAX_CONTROLS; i++) {
		if (at + head + sizeof(fd) > control.from + control.length ||
		    !header_of(at, narrow, &length, meaning) || length < head)
			return -1;
		if (meaning[0] == SOL_SOCKET && meaning[1] == SCM_RIGHTS) {
			if (bpf_probe_read_user(&fd, sizeof(fd), (const void *)(at + head)))
				return -1;
			return fd;
		}
		at += (length + grain - 1) & ~(grain - 1);
	}
	return -1;
}

#endif
