/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Files: the object and its names, from the leaf up. */
#ifndef LAZARET_FILE_H
#define LAZARET_FILE_H

#define AT_FDCWD -100

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
		if (is_full(used))
			return OBJECT_CUT;
		length = bpf_probe_read_kernel_str(spot(s, used), NAME_BYTES,
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

#endif
