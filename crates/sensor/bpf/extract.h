/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* From the kernel's structures to values in the scratch: headers, names, files, sockets.
 * The object, not the argument: what is told of a file or peer comes from the opened file and the
 * socket; what the caller wrote is kept beside it as claimed. */
#ifndef LAZARET_EXTRACT_H
#define LAZARET_EXTRACT_H

#define NAME_BYTES 256
#define MAX_NAMES 32
#define MAX_CGROUP_NAMES 6
#define CLAIMED_BYTES 1024
#define ARGUMENT_BYTES 3072
#define TAIL_BYTES 1024
#define ENVIRONMENT_BYTES 4000 /* with its head below VALUE_BYTES - 64 */
#define PIPE_BYTES 16
/* What is kept of a request is shorter. */
#define KEPT_MASK 511

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define OVERLAYFS_MAGIC 0x794c7630

/* The kernel marks its own threads so. */
#define PF_KTHREAD 0x00200000

static __always_inline struct scratch *open_scratch(void)
{
	__u32 zero = 0;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &zero);

	if (s)
		s->used = 0;
	return s;
}

static __always_inline void count(void *map, __u32 key, __u64 by)
{
	__u64 *cell = bpf_map_lookup_elem(map, &key);

	if (cell)
		*cell += by;
}

/* A place in the payload. The mask is set on the very register that is added: a compiler may keep
 * a copy of `used` that was never compared, and verifiers before 6.3 do not see that both are one. */
static __always_inline void *spot(struct scratch *s, __u64 used)
{
	asm volatile("%0 &= %1" : "+r"(used) : "i"(PAYLOAD_BYTES - 1));
	return s->payload + used;
}

/* A length that the verifier sees the end of, for the same reason. */
static __always_inline __u64 bounded(__u64 length, const __u32 mask)
{
	asm volatile("%0 &= %1" : "+r"(length) : "i"(mask));
	return length;
}

static __always_inline bool is_full(__u32 used)
{
	return used > PAYLOAD_BYTES - VALUE_BYTES;
}

/* Room for `length` bytes of a value; NULL and a flag when the scratch is full. `length` is at
 * most NAME_BYTES … ARGUMENT_BYTES: constants of this file. */
static __always_inline void *room(struct scratch *s, __u32 length)
{
	__u32 used = s->used;

	if (is_full(used) || length > VALUE_BYTES - 64) {
		s->event.flags |= FLAG_TRUNCATED;
		return NULL;
	}
	return spot(s, used);
}

static __always_inline void put(struct scratch *s, __u16 tag, const void *bytes, __u32 length)
{
	struct value *value = room(s, sizeof(*value) + length);

	if (!value)
		return;
	value->tag = tag;
	value->length_bytes = length;
	__builtin_memcpy(value + 1, bytes, length);
	s->used += sizeof(*value) + length;
}

/* Text of the caller's own memory, cut at `most` bytes. */
static __always_inline void put_user_text(struct scratch *s, __u16 tag, const void *from)
{
	struct value *value = room(s, sizeof(*value) + CLAIMED_BYTES);
	long length;

	if (!value || !from)
		return;
	length = bpf_probe_read_user_str(value + 1, CLAIMED_BYTES, from);
	if (length <= 0)
		return;
	if (length == CLAIMED_BYTES)
		s->event.flags |= FLAG_TRUNCATED;
	value->tag = tag;
	value->length_bytes = length & (2 * CLAIMED_BYTES - 1);
	s->used += sizeof(*value) + (length & (2 * CLAIMED_BYTES - 1));
}

static __always_inline void put_kernel_text(struct scratch *s, __u16 tag, const void *from)
{
	struct value *value = room(s, sizeof(*value) + CLAIMED_BYTES);
	long length;

	if (!value || !from)
		return;
	length = bpf_probe_read_kernel_str(value + 1, CLAIMED_BYTES, from);
	if (length <= 0)
		return;
	value->tag = tag;
	value->length_bytes = length & (2 * CLAIMED_BYTES - 1);
	s->used += sizeof(*value) + (length & (2 * CLAIMED_BYTES - 1));
}

/* At most `most` bytes of a map's value; `most` is a constant power of two. */
static __always_inline void put_kept(struct scratch *s, __u16 tag, const void *from, __u32 length,
				     const __u32 most)
{
	struct value *value = room(s, sizeof(*value) + most);
	__u64 bytes = bounded(length, KEPT_MASK);

	if (!value || !length || length > most)
		return;
	if (bpf_probe_read_kernel(value + 1, bytes, from))
		return;
	value->tag = tag;
	value->length_bytes = bytes;
	s->used += sizeof(*value) + bytes;
}

/* At most `most` bytes of the caller's memory; `most` is a constant below 4,096. */
static __always_inline void put_user_bytes(struct scratch *s, __u16 tag, unsigned long from,
					   __u64 length, const __u32 most)
{
	struct value *value = room(s, sizeof(*value) + most);

	if (!value || !from || !length)
		return;
	if (length > most)
		length = most;
	length = bounded(length, VALUE_BYTES - 1);
	if (bpf_probe_read_user(value + 1, length, (const void *)from))
		return;
	value->tag = tag;
	value->length_bytes = length;
	s->used += sizeof(*value) + length;
}

#endif
