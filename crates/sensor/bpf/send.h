/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* From the scratch to a ring, with every loss counted. */
#ifndef LAZARET_SEND_H
#define LAZARET_SEND_H

#define NS_PER_S 1000000000ULL
#define WAKE_BYTES (2 * 1024 * 1024)

static __always_inline void lose(__u32 class, __u32 reason, __u64 cgroup)
{
	struct loss_key key = {.cgroup = cgroup, .class = class, .reason = reason};
	__u64 *lost = bpf_map_lookup_elem(&cgroup_losses, &key);
	__u64 one = 1;

	count(&losses, class * LOSSES + reason, 1);
	/* Another processor may have made it meanwhile. */
	if (!lost && bpf_map_update_elem(&cgroup_losses, &key, &one, BPF_NOEXIST))
		lost = bpf_map_lookup_elem(&cgroup_losses, &key);
	else if (!lost)
		return;
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

/* Whether a cgroup may send one more bulk event. Two CPUs may give a token twice: the bucket
 * bounds noise, it does no accounting. */
static __always_inline bool may_send(__u64 cgroup, __u64 now)
{
	struct bucket *bucket;
	__u64 earned;

	if (!config.bulk_rate)
		return true;
	bucket = bpf_map_lookup_elem(&buckets, &cgroup);
	if (!bucket) {
		struct bucket fresh = {.last_ns = now, .tokens = config.bulk_burst};

		bpf_map_update_elem(&buckets, &cgroup, &fresh, BPF_NOEXIST);
		return true;
	}
	earned = (now - bucket->last_ns) * config.bulk_rate / NS_PER_S;
	if (earned) {
		__u64 tokens = bucket->tokens + earned;

		bucket->last_ns = now;
		bucket->tokens = tokens > config.bulk_burst ? config.bulk_burst : tokens;
	}
	if (!bucket->tokens)
		return false;
	bucket->tokens--;
	return true;
}

/* Readers look by themselves every few milliseconds; they are woken when a ring fills up. */
static __always_inline __u64 waking(void *ring)
{
	return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > WAKE_BYTES ? BPF_RB_FORCE_WAKEUP :
									 BPF_RB_NO_WAKEUP;
}

static __always_inline void send(struct scratch *s, __u32 class)
{
	__u32 size = sizeof(s->event) + s->used;
	__u64 cgroup = s->event.cgroup_id;
	long failed;

	if (size > sizeof(s->event) + PAYLOAD_BYTES)
		return;
	s->event.size_bytes = size;
	if (class == CLASS_ALERT) {
		s->event.flags |= FLAG_ALERT;
		failed = bpf_ringbuf_output(&alerts, s, size, 0);
	} else {
		__u32 shard = s->event.pid % (config.shards ? config.shards : 1);
		void *ring;

		if (!may_send(cgroup, s->event.time_ns)) {
			lose(CLASS_BULK, LOSS_THROTTLED, cgroup);
			return;
		}
		ring = bpf_map_lookup_elem(&bulk, &shard);
		if (!ring)
			return;
		failed = bpf_ringbuf_output(ring, s, size, waking(ring));
	}
	if (failed)
		lose(class, LOSS_RING_FULL, cgroup);
	else
		count(&sent, class, 1);
}

#endif
