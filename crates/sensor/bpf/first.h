/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The first bytes that are sent over a connection made here: who speaks which protocol shows in them.
 * What comes after them is not looked at, so that a write costs what a call costs that nobody wants. */
#ifndef LAZARET_FIRST_H
#define LAZARET_FIRST_H

#define FIRST_BYTES 127
#define SOCK_STREAM 1
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE_WAIT 8
#define EINTR 4
#define EINPROGRESS 115

static __always_inline bool is_socket(struct file *file)
{
	return file && (READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

/* Whether a connection was begun: it stands, or goes on without the caller. */
static __always_inline bool has_begun(struct sock *sk, long ret)
{
	__u8 state = READ(sk, __sk_common.skc_state);

	if (ret && ret != -EINPROGRESS && ret != -EINTR)
		return false;
	/* bind(2) comes this way too. */
	return state == TCP_ESTABLISHED || state == TCP_SYN_SENT || state == TCP_CLOSE_WAIT;
}

static __always_inline bool is_stream(struct sock *sk)
{
	__u16 family = READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && READ(sk, sk_type) == SOCK_STREAM;
}

/* `asked`: it is about to begin. */
static __always_inline void remember(struct file *file, long ret, bool asked)
{
	struct sock *sk = is_socket(file) ? sock_of(file) : NULL;
	struct fresh fresh = {.left_bytes = FIRST_BYTES};
	__u64 key = (unsigned long)sk;

	if (!sk || !is_stream(sk) || !(asked || has_begun(sk, ret)))
		return;
	fresh.inode = READ(file, f_inode, i_ino);
	bpf_map_update_elem(&fresh_connections, &key, &fresh, BPF_ANY);
}

/* How many of the bytes just sent are among a connection's first; 0 when it is none of ours. */
static __always_inline __u64 spend(struct file *file, long sent)
{
	struct sock *sk = is_socket(file) ? sock_of(file) : NULL;
	__u64 key = (unsigned long)sk, left;
	struct fresh *fresh;

	if (!sk || sent <= 0)
		return 0;
	fresh = bpf_map_lookup_elem(&fresh_connections, &key);
	if (!fresh)
		return 0;
	left = fresh->inode == READ(file, f_inode, i_ino) ? fresh->left_bytes : 0;
	if ((__u64)sent >= left)
		bpf_map_delete_elem(&fresh_connections, &key);
	else
		fresh->left_bytes = left - sent;
	return (__u64)sent < left ? (__u64)sent : left;
}

#endif
