/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Sockets: both ends, a unix socket's name, standard input and output. */
#ifndef LAZARET_SOCKET_H
#define LAZARET_SOCKET_H

static __always_inline struct sock *sock_of(struct file *file)
{
	struct inode *inode = READ(file, f_inode);
	struct socket *socket;

	if ((READ(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = TYPED(socket, READ(file, private_data));
	return READ(socket, sk);
}

static __always_inline void fill_remote(__u8 address[16], __u16 *port, struct sock *sk)
{
	__u16 family = READ(sk, __sk_common.skc_family);

	*port = bpf_ntohs(READ(sk, __sk_common.skc_dport));
	if (family == AF_INET)
		bpf_core_read(address, 4, &sk->__sk_common.skc_daddr);
	else if (family == AF_INET6)
		bpf_core_read(address, 16, &sk->__sk_common.skc_v6_daddr);
}

static __always_inline void fill_local(struct endpoint *end, struct sock *sk)
{
	__u16 family = READ(sk, __sk_common.skc_family);

	end->port = READ(sk, __sk_common.skc_num);
	if (family == AF_INET)
		bpf_core_read(end->address, 4, &sk->__sk_common.skc_rcv_saddr);
	else if (family == AF_INET6)
		bpf_core_read(end->address, 16, &sk->__sk_common.skc_v6_rcv_saddr);
}

/* A unix socket's name: the peer's when it has one, else its own. */
static __always_inline __u16 put_unix_name(struct scratch *s, struct sock *sk)
{
	struct unix_sock *own = TYPED(unix_sock, sk);
	struct unix_sock *peer = TYPED(unix_sock, READ(own, peer));
	struct unix_address *address = peer ? READ(peer, addr) : NULL;
	__u32 used = s->used;
	int length;

	if (!address)
		address = READ(own, addr);
	length = READ(address, len);
	length -= 2;
	if (length <= 0 || length > 108 || is_full(used))
		return 0;
	if (bpf_probe_read_kernel(spot(s, used), length & 127,
				  (void *)address + bpf_core_field_offset(struct unix_address, name) + 2))
		return 0;
	s->used = used + (length & 127);
	return length;
}

static __always_inline void put_socket(struct scratch *s, struct file *file, __u32 fd)
{
	struct sock *sk = sock_of(file);
	struct value *value = room(s, sizeof(*value) + sizeof(struct connection));
	struct connection *to = (void *)(value + 1);

	if (!sk || !value)
		return;
	__builtin_memset(to, 0, sizeof(*to));
	to->family = READ(sk, __sk_common.skc_family);
	to->kind = READ(sk, sk_type);
	to->protocol = READ(sk, sk_protocol);
	to->state = READ(sk, __sk_common.skc_state);
	to->inode = READ(file, f_inode, i_ino);
	to->fd = fd;
	fill_local(&to->local, sk);
	fill_remote(to->remote.address, &to->remote.port, sk);
	s->used += sizeof(*value) + sizeof(*to);
	if (to->family == AF_UNIX)
		to->path_bytes = put_unix_name(s, sk);
	value->tag = TAG_SOCKET;
	value->length_bytes = sizeof(*to) + to->path_bytes;
}

/* What a process's standard input, output and error are. */
static __always_inline void put_stdio(struct scratch *s, struct task_struct *task)
{
	struct stdio three[3] = {};

	for (int fd = 0; fd < 3; fd++) {
		struct file *file = file_of(task, fd);
		struct inode *inode;
		struct sock *sk;

		if (!file)
			continue;
		inode = READ(file, f_inode);
		three[fd].inode = READ(inode, i_ino);
		three[fd].mode = READ(inode, i_mode);
		three[fd].rdev = READ(inode, i_rdev);
		sk = sock_of(file);
		if (!sk)
			continue;
		three[fd].family = READ(sk, __sk_common.skc_family);
		fill_remote(three[fd].remote, &three[fd].remote_port, sk);
	}
	put(s, TAG_STDIO, three, sizeof(three));
}

#endif
