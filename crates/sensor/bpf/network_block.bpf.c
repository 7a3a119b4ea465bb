/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Cuts the network of a cgroup and of all below it. An object of its own: it reads nothing of the
 * kernel, so that it needs no type information. Attached and taken away by `src/block.rs`, which
 * knows the programs by these names. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define REFUSED 0

/* What leaves through a socket of the cgroup; the caller gets EPERM. */
SEC("cgroup_skb/egress")
int lz_block_out(struct __sk_buff *packet)
{
	return REFUSED;
}

/* What arrives for one. */
SEC("cgroup_skb/ingress")
int lz_block_in(struct __sk_buff *packet)
{
	return REFUSED;
}

/* A new connection fails at once instead of waiting for an answer. */
SEC("cgroup/connect4")
int lz_block_conn4(struct bpf_sock_addr *address)
{
	return REFUSED;
}

SEC("cgroup/connect6")
int lz_block_conn6(struct bpf_sock_addr *address)
{
	return REFUSED;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
