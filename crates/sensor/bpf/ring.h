/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* io_uring: what a request says, kept from its beginning to its end. */
#ifndef LAZARET_RING_H
#define LAZARET_RING_H

/* Operations, as linux/io_uring.h numbers them. */
#define OP(number) (1ULL << (number))
#define OP_WRITEV 2
#define OP_SENDMSG 9
#define OP_ACCEPT 13
#define OP_CONNECT 16
#define OP_OPENAT 18
#define OP_WRITE 23
#define OP_SEND 26
#define OP_OPENAT2 28
#define OP_RENAMEAT 35
#define OP_UNLINKAT 36
#define OP_MKDIRAT 37
#define OP_SYMLINKAT 38
#define OP_LINKAT 39
#define OP_SOCKET 45
#define OP_SEND_ZC 47
#define OP_SENDMSG_ZC 48
#define OP_BIND 56
#define OP_LISTEN 57
/* Told with their end. */
#define OPS_OPEN (OP(OP_OPENAT) | OP(OP_OPENAT2))
#define OPS_NAME                                                                                   \
	(OP(OP_RENAMEAT) | OP(OP_UNLINKAT) | OP(OP_MKDIRAT) | OP(OP_SYMLINKAT) | OP(OP_LINKAT))
#define OPS_OF_SOCKETS (OP(OP_CONNECT) | OP(OP_BIND) | OP(OP_LISTEN))
#define OPS_OF_RESULTS (OP(OP_ACCEPT) | OP(OP_SOCKET))
#define OPS_TOLD (OPS_OPEN | OPS_NAME | OPS_OF_SOCKETS | OPS_OF_RESULTS)
/* Told as they are handed in, of a connection's first bytes. */
#define OPS_IN_PIECES (OP(OP_WRITEV) | OP(OP_SENDMSG) | OP(OP_SENDMSG_ZC))
#define OPS_THAT_SEND (OPS_IN_PIECES | OP(OP_WRITE) | OP(OP_SEND) | OP(OP_SEND_ZC))
/* The number is one of the ring's own table of files. */
#define REQ_F_FIXED_FILE 1
/* No end is told when it succeeds. */
#define REQ_F_CQE_SKIP (1 << 6)
/* The ring chooses the place in its table. */
#define ANY_SLOT 0xffffffff
#define FILE_BITS 7UL
#define PF_IO_WORKER 0x10

/* The file at a place of the ring's own table. */
static __always_inline struct file *fixed_file(struct io_ring_ctx *ctx, __u32 at)
{
	struct io_file_table *table;
	unsigned long file = 0;

	if (!bpf_core_field_exists(ctx->file_table))
		return NULL;
	table = (void *)ctx + bpf_core_field_offset(struct io_ring_ctx, file_table);
	if (bpf_core_field_exists(table->data.nodes)) {
		struct io_rsrc_node **nodes = READ(TYPED(io_file_table, table), data.nodes);
		struct io_rsrc_node *node = NULL;

		if (at >= READ(TYPED(io_file_table, table), data.nr))
			return NULL;
		bpf_probe_read_kernel(&node, sizeof(node), nodes + at);
		file = node ? READ(TYPED(io_rsrc_node, node), file_ptr) : 0;
	} else if (bpf_core_field_exists(((struct io_file_table___older *)table)->files) &&
		   bpf_core_field_exists(ctx->nr_user_files)) {
		struct io_file_table___older *older = (void *)table;
		struct io_fixed_file *files = NULL;

		if (at >= READ(ctx, nr_user_files))
			return NULL;
		bpf_core_read(&files, sizeof(files), &older->files);
		bpf_probe_read_kernel(&file, sizeof(file), files + at);
	}
	file &= ~FILE_BITS;
	return file ? TYPED(file, file) : NULL;
}

static __always_inline __u16 keep_name(char *to, struct filename *filename)
{
	long length;

	if (!filename)
		return 0;
	length = bpf_probe_read_kernel_str(to, RING_NAME_BYTES, READ(filename, name));
	return length > 0 ? length : 0;
}

static __always_inline void keep_names(struct request *kept, __u32 opcode, struct io_kiocb *request)
{
	if (OP(opcode) & OPS_OPEN && bpf_core_type_exists(struct io_open)) {
		struct io_open *open = TYPED(io_open, request);

		kept->numbers[0] = (int)READ(open, dfd);
		kept->numbers[2] = READ(open, how.flags);
		kept->numbers[3] = READ(open, how.mode);
		kept->slot = READ(open, file_slot);
		kept->first_bytes = keep_name(kept->first, READ(open, filename));
	} else if (opcode == OP_UNLINKAT && bpf_core_type_exists(struct io_unlink)) {
		struct io_unlink *unlink = TYPED(io_unlink, request);

		kept->numbers[0] = (int)READ(unlink, dfd);
		kept->numbers[2] = (int)READ(unlink, flags);
		kept->first_bytes = keep_name(kept->first, READ(unlink, filename));
	} else if (opcode == OP_MKDIRAT && bpf_core_type_exists(struct io_mkdir)) {
		struct io_mkdir *mkdir = TYPED(io_mkdir, request);

		kept->numbers[0] = (int)READ(mkdir, dfd);
		kept->numbers[2] = READ(mkdir, mode);
		kept->first_bytes = keep_name(kept->first, READ(mkdir, filename));
	}
}

static __always_inline void keep_two_names(struct request *kept, __u32 opcode,
					   struct io_kiocb *request)
{
	if (opcode == OP_RENAMEAT && bpf_core_type_exists(struct io_rename)) {
		struct io_rename *rename = TYPED(io_rename, request);

		kept->numbers[0] = (int)READ(rename, old_dfd);
		kept->numbers[2] = (int)READ(rename, new_dfd);
		kept->first_bytes = keep_name(kept->first, READ(rename, oldpath));
		kept->second_bytes = keep_name(kept->second, READ(rename, newpath));
	} else if ((opcode == OP_SYMLINKAT || opcode == OP_LINKAT) &&
		   bpf_core_type_exists(struct io_link)) {
		struct io_link *link = TYPED(io_link, request);

		/* The target of a symbolic link is a text: the only number is its own name's. */
		kept->numbers[0] = opcode == OP_LINKAT ? (int)READ(link, old_dfd) : AT_FDCWD;
		kept->numbers[opcode == OP_LINKAT ? 2 : 1] = (int)READ(link, new_dfd);
		kept->first_bytes = keep_name(kept->first, READ(link, oldpath));
		kept->second_bytes = keep_name(kept->second, READ(link, newpath));
	}
}

static __always_inline void keep_address(struct request *kept, struct io_kiocb *request)
{
	struct io_connect *connect = TYPED(io_connect, request);
	__u32 length = READ(connect, addr_len);

	if (length >= RING_ADDRESS_BYTES)
		length = RING_ADDRESS_BYTES - 1;
	kept->numbers[2] = length;
	if (!bpf_probe_read_user(kept->address, bounded(length, RING_ADDRESS_BYTES - 1),
				 READ(connect, addr)))
		kept->address_bytes = length;
}

static __always_inline void keep_socket(struct request *kept, __u32 opcode,
					struct io_kiocb *request)
{
	if (opcode == OP_CONNECT && bpf_core_type_exists(struct io_connect)) {
		keep_address(kept, request);
	} else if (opcode == OP_ACCEPT && bpf_core_type_exists(struct io_accept)) {
		kept->numbers[3] = (int)READ(TYPED(io_accept, request), flags);
		kept->slot = READ(TYPED(io_accept, request), file_slot);
	} else if (opcode == OP_SOCKET && bpf_core_type_exists(struct io_socket)) {
		struct io_socket *socket = TYPED(io_socket, request);

		kept->numbers[0] = (int)READ(socket, domain);
		kept->numbers[1] = (int)READ(socket, type);
		kept->numbers[2] = (int)READ(socket, protocol);
		kept->slot = READ(socket, file_slot);
	}
}

#endif
