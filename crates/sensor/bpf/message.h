/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Messages of sendmsg(2) and recvmsg(2), as the caller has them: files that are passed along. */
#ifndef LAZARET_MESSAGE_H
#define LAZARET_MESSAGE_H

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
/* Credentials and time stamps may come before the files. */
#define MAX_CONTROLS 4

/* The control part of a `struct msghdr`: where it lies and how long it is. */
static __always_inline bool control_of(unsigned long message, bool narrow, __u64 control[2])
{
	__u32 words[2] = {};

	if (!narrow)
		return !bpf_probe_read_user(control, 16, (const void *)(message + 32));
	if (bpf_probe_read_user(words, sizeof(words), (const void *)(message + 16)))
		return false;
	control[0] = words[0];
	control[1] = words[1];
	return true;
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
	__u64 control[2] = {}, at, length = 0, head = narrow ? 12 : 16, grain = narrow ? 4 : 8;
	__u32 meaning[2] = {};
	int fd = -1;

	if (!control_of(message, narrow, control))
		return -1;
	at = control[0];
	for (int i = 0; i < MAX_CONTROLS; i++) {
		if (at + head + sizeof(fd) > control[0] + control[1] ||
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
