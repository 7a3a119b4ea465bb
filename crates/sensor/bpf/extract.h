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
#define ENVIRONMENT_BYTES 1024
#define PIPE_BYTES 16

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

/* Room for `length` bytes of a value; NULL and a flag when the scratch is full. `length` is at
 * most NAME_BYTES … ARGUMENT_BYTES: constants of this file. */
static __always_inline void *room(struct scratch *s, __u32 length)
{
	__u32 used = s->used;

	if (used > PAYLOAD_BYTES - 4096 || length > 4096 - 64) {
		s->event.flags |= FLAG_TRUNCATED;
		return NULL;
	}
	return s->payload + used;
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

/* At most `most` bytes of the caller's memory; `most` is a constant power of two less one. */
static __always_inline void put_user_bytes(struct scratch *s, __u16 tag, unsigned long from,
					   __u64 length, const __u32 most)
{
	struct value *value = room(s, sizeof(*value) + most);

	if (!value || !from || !length)
		return;
	if (length > most)
		length = most;
	if (bpf_probe_read_user(value + 1, length & 4095, (const void *)from))
		return;
	value->tag = tag;
	value->length_bytes = length;
	s->used += sizeof(*value) + (length & 4095);
}

/* --- the task --- */

static __always_inline __u32 inner_number(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	unsigned int level = READ(pid, level);
	struct upid upid = {};

	if (!level)
		return READ(task, pid);
	if (level > 32)
		return 0;
	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]);
	return upid.nr;
}

static __always_inline __u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	unsigned int level = READ(pid, level);
	struct pid_namespace *ns = NULL;

	if (level > 32)
		return 0;
	bpf_core_read(&ns, sizeof(ns), &pid->numbers[level].ns);
	ns = TYPED(pid_namespace, ns);
	return READ(ns, ns.inum);
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;
	__u32 index = config.cgroup_subsystem;

	if (index == NO_SUBSYSTEM || index > 15)
		return READ(set, dfl_cgrp);
	bpf_core_read(&css, sizeof(css), &set->subsys[index & 15]);
	css = TYPED(cgroup_subsys_state, css);
	return READ(css, cgroup);
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	struct cgroup *cgroup = cgroup_of(task);

	return READ(cgroup, kn, id);
}

#define read_capability(to, cred, set)                                                             \
	do {                                                                                       \
		if (bpf_core_field_exists((cred)->set.val))                                        \
			*(to) = READ(cred, set.val);                                               \
		else /* two words of 32 bits until 6.3 */                                          \
			bpf_core_read(to, 8, &(cred)->set);                                        \
	} while (0)

static __always_inline void fill_credentials(struct event *event, struct task_struct *task)
{
	const struct cred *cred = READ(task, cred);

	event->uid = READ(cred, uid.val);
	event->gid = READ(cred, gid.val);
	event->euid = READ(cred, euid.val);
	event->egid = READ(cred, egid.val);
	event->suid = READ(cred, suid.val);
	event->fsuid = READ(cred, fsuid.val);
	read_capability(&event->cap_inheritable, cred, cap_inheritable);
	read_capability(&event->cap_permitted, cred, cap_permitted);
	read_capability(&event->cap_effective, cred, cap_effective);
	read_capability(&event->cap_bounding, cred, cap_bset);
	read_capability(&event->cap_ambient, cred, cap_ambient);
	event->namespaces[NS_USER] = READ(cred, user_ns, ns.inum);
}

static __always_inline void fill_namespaces(struct event *event, struct task_struct *task)
{
	struct nsproxy *proxy = READ(task, nsproxy);

	event->namespaces[NS_MNT] = READ(proxy, mnt_ns, ns.inum);
	event->namespaces[NS_PID] = pid_namespace_of(task);
	event->namespaces[NS_NET] = READ(proxy, net_ns, ns.inum);
	event->namespaces[NS_IPC] = READ(proxy, ipc_ns, ns.inum);
	event->namespaces[NS_UTS] = READ(proxy, uts_ns, ns.inum);
	event->namespaces[NS_CGROUP] = READ(proxy, cgroup_ns, ns.inum);
}

static __always_inline void fill_session(struct event *event, struct task_struct *task)
{
	struct signal_struct *signal = READ(task, signal);
	struct tty_struct *tty = READ(signal, tty);

	/* PIDTYPE_PGID and PIDTYPE_SID */
	event->process_group = READ(signal, pids[2], numbers[0].nr);
	event->session = READ(signal, pids[3], numbers[0].nr);
	event->tty = 0;
	if (tty) {
		__u32 major = READ(tty, driver, major);
		__u32 first = READ(tty, driver, minor_start);

		event->tty = major << 20 | (first + READ(tty, index));
	}
	event->login_uid = READ(task, loginuid.val);
	event->audit_session = READ(task, sessionid);
}

static __always_inline void fill(struct scratch *s, __u16 kind, struct task_struct *task)
{
	struct event *event = &s->event;
	struct task_struct *leader = READ(task, group_leader);
	struct task_struct *parent = READ(task, real_parent);

	event->kind = kind;
	event->flags = 0;
	event->ret = 0;
	event->syscall = 0xffffffff;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->pid = READ(task, tgid);
	event->tid = READ(task, pid);
	event->start_ns = READ(leader, start_boottime);
	event->parent_pid = READ(parent, tgid);
	event->parent_start_ns = READ(parent, group_leader, start_boottime);
	event->inner_pid = inner_number(leader);
	event->inner_tid = inner_number(task);
	event->cgroup_id = cgroup_id_of(task);
	bpf_core_read(&event->comm, sizeof(event->comm), &task->comm);
	fill_credentials(event, task);
	fill_namespaces(event, task);
	fill_session(event, task);
}

static __always_inline void fill_child(struct child *child, struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);

	child->pid = READ(task, tgid);
	child->tid = READ(task, pid);
	child->start_ns = READ(leader, start_boottime);
	child->inner_pid = inner_number(leader);
	child->cgroup_id = cgroup_id_of(task);
	child->pid_namespace = pid_namespace_of(task);
}

/* --- files --- */

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return TYPED(mount, (void *)mnt - bpf_core_field_offset(struct mount, mnt));
}

static __always_inline bool on_upper_layer(struct inode *inode)
{
	struct ovl_inode *ovl;
	struct dentry *upper = NULL;

	if (!bpf_core_type_exists(struct ovl_inode))
		return false;
	if (READ(inode, i_sb, s_magic) != OVERLAYFS_MAGIC)
		return false;
	ovl = (struct ovl_inode *)((void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode));
	bpf_core_read(&upper, sizeof(upper), &ovl->__upperdentry);
	return upper != NULL;
}

static __always_inline void fill_times(struct object *object, struct inode *inode)
{
	struct inode___timespec *newer = (void *)inode;
	struct inode___timespec_old *older = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		object->changed_s = READ(inode, i_ctime_sec);
		object->modified_s = READ(inode, i_mtime_sec);
		return;
	}
	if (bpf_core_field_exists(newer->__i_ctime))
		object->changed_s = READ(newer, __i_ctime.tv_sec);
	else if (bpf_core_field_exists(older->i_ctime))
		object->changed_s = READ(older, i_ctime.tv_sec);
	if (bpf_core_field_exists(newer->__i_mtime))
		object->modified_s = READ(newer, __i_mtime.tv_sec);
	else if (bpf_core_field_exists(older->i_mtime))
		object->modified_s = READ(older, i_mtime.tv_sec);
}

static __always_inline void fill_object(struct object *object, struct inode *inode,
					struct vfsmount *mnt, struct task_struct *task)
{
	struct mnt_namespace *ns = READ(mount_of(mnt), mnt_ns);
	struct mnt_namespace *own = READ(task, nsproxy, mnt_ns);

	object->inode = READ(inode, i_ino);
	object->size_bytes = READ(inode, i_size);
	object->device = READ(inode, i_sb, s_dev);
	object->rdev = READ(inode, i_rdev);
	object->mode = READ(inode, i_mode);
	object->links = READ(inode, i_nlink);
	object->uid = READ(inode, i_uid.val);
	object->magic = READ(inode, i_sb, s_magic);
	object->flags = 0;
	object->mount_namespace = 0;
	object->open_flags = 0;
	object->reserved = 0;
	object->changed_s = object->modified_s = 0;
	fill_times(object, inode);
	/* Internal mounts (pipes, memfd) have no namespace or an error in its place. */
	if (!ns || (unsigned long)ns > (unsigned long)-4096) {
		object->flags |= OBJECT_DETACHED;
	} else {
		object->mount_namespace = READ(ns, ns.inum);
		if (ns != own)
			object->flags |= OBJECT_FOREIGN_MOUNT;
	}
	if (on_upper_layer(inode))
		object->flags |= OBJECT_UPPER;
}

/* The names from a file up to the task's root, leaf first, each ended by a NUL, so that what is
 * cut is what lies nearest to the root. Gives object flags. */
static __always_inline __u32 put_names(struct scratch *s, struct dentry *dentry,
				       struct vfsmount *vfsmount, struct task_struct *task)
{
	struct mount *mount = mount_of(vfsmount);
	struct dentry *root = READ(task, fs, root.dentry);
	struct vfsmount *root_mount = READ(task, fs, root.mnt);
	struct mount *task_mount = mount_of(root_mount);

	for (int i = 0; i < MAX_NAMES; i++) {
		struct dentry *parent;
		__u32 used = s->used;
		long length;

		if (dentry == root && mount == task_mount)
			return 0;
		if (dentry == READ(mount, mnt.mnt_root)) {
			struct mount *above = READ(mount, mnt_parent);

			if (above == mount)
				return OBJECT_OUTSIDE_ROOT;
			dentry = READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		parent = READ(dentry, d_parent);
		if (used > PAYLOAD_BYTES - 4096)
			return OBJECT_CUT;
		length = bpf_probe_read_kernel_str(s->payload + used, NAME_BYTES,
						   READ(dentry, d_name.name));
		if (length > 0)
			s->used = used + (length & (2 * NAME_BYTES - 1));
		if (parent == dentry)
			return OBJECT_OUTSIDE_ROOT;
		dentry = parent;
	}
	return OBJECT_CUT;
}

static __always_inline void put_path(struct scratch *s, __u16 tag, struct dentry *dentry,
				     struct vfsmount *mnt, struct inode *inode, __u32 open_flags,
				     struct task_struct *task)
{
	struct value *value = room(s, sizeof(*value) + sizeof(struct object));
	struct object *object = (void *)(value + 1);
	__u32 start = s->used, flags;

	if (!value || !dentry || !mnt)
		return;
	if (!inode)
		inode = READ(dentry, d_inode);
	fill_object(object, inode, mnt, task);
	object->open_flags = open_flags;
	s->used += sizeof(*value) + sizeof(*object);
	flags = put_names(s, dentry, mnt, task);
	object->flags |= flags;
	if (flags & OBJECT_CUT)
		s->event.flags |= FLAG_TRUNCATED;
	value->tag = tag;
	value->length_bytes = s->used - start - sizeof(*value);
}

static __always_inline void put_file(struct scratch *s, __u16 tag, struct file *file,
				     struct task_struct *task)
{
	if (!file)
		return;
	put_path(s, tag, READ(file, f_path.dentry), READ(file, f_path.mnt),
		 READ(file, f_inode), READ(file, f_flags), task);
}

static __always_inline void put_cwd(struct scratch *s, struct task_struct *task)
{
	put_path(s, TAG_CWD, READ(task, fs, pwd.dentry), READ(task, fs, pwd.mnt),
		 NULL, 0, task);
}

static __always_inline struct file *file_of(struct task_struct *task, long fd)
{
	struct fdtable *table = READ(task, files, fdt);
	struct file **files = READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || fd >= READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file ? TYPED(file, file) : NULL;
}

/* --- sockets --- */

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
	if (length <= 0 || length > 108 || used > PAYLOAD_BYTES - 4096)
		return 0;
	if (bpf_probe_read_kernel(s->payload + used, length & 127,
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

/* --- cgroups --- */

static __always_inline struct kernfs_node *above(struct kernfs_node *node)
{
	struct kernfs_node___6_15 *newer = (void *)node;

	if (bpf_core_field_exists(newer->__parent))
		return READ(newer, __parent);
	return READ(node, parent);
}

static __always_inline void put_cgroup(struct scratch *s, struct cgroup *cgroup)
{
	struct value *value = room(s, sizeof(*value) + 12);
	struct kernfs_node *node = READ(cgroup, kn);
	__u32 start = s->used;

	if (!value)
		return;
	*(__u64 *)(value + 1) = READ(node, id);
	*(__u32 *)((void *)(value + 1) + 8) = READ(cgroup, root, hierarchy_id);
	s->used += sizeof(*value) + 12;
	for (int i = 0; i < MAX_CGROUP_NAMES; i++) {
		__u32 used = s->used;
		long length;

		/* The root of a hierarchy has no name to tell. */
		if (!node || !above(node) || used > PAYLOAD_BYTES - 4096)
			break;
		length = bpf_probe_read_kernel_str(s->payload + used, NAME_BYTES,
						   READ(node, name));
		if (length > 0)
			s->used = used + (length & (2 * NAME_BYTES - 1));
		node = above(node);
	}
	value->tag = TAG_CGROUP;
	value->length_bytes = s->used - start - sizeof(*value);
}

#endif
