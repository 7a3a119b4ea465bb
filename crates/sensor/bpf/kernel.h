/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The kernel's structures, with only the fields that are read here. CO-RE moves each access to
 * where the field lies in the running kernel. Names with `___` are flavours: another shape of the
 * same structure in another kernel version. */
#ifndef LAZARET_KERNEL_H
#define LAZARET_KERNEL_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	__u32 s_dev;
	struct file_system_type *s_type;
	unsigned long s_magic;
};

struct timespec64___kernel {
	long long tv_sec;
	long tv_nsec;
};

struct inode {
	unsigned short i_mode;
	struct {
		__u32 val;
	} i_uid;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	struct super_block *i_sb;
	long long i_size;
	void *i_pipe;
	long long i_ctime_sec;
	long long i_mtime_sec;
};

/* Until 6.10 the times were structures. */
struct inode___timespec {
	struct timespec64___kernel __i_ctime;
	struct timespec64___kernel __i_mtime;
};

/* Until 6.6 without underscores. */
struct inode___timespec_old {
	struct timespec64___kernel i_ctime;
	struct timespec64___kernel i_mtime;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

/* Embedded in an overlay's own inode, which lies around `vfs_inode`. */
struct ovl_inode {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct ns_common {
	unsigned int inum;
};

struct rb_node {
	struct rb_node *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

/* Its mounts in the order in which they came: a tree since 6.8, a list before. */
struct mnt_namespace {
	struct ns_common ns;
	struct rb_root mounts;
	struct list_head list;
};

struct mount {
	struct rb_node mnt_node;
	struct list_head mnt_list;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};

struct user_namespace {
	struct ns_common ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct cgroup_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
	unsigned int level;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
};

typedef struct {
	__u64 val;
} kernel_cap_t;

struct cred {
	struct {
		__u32 val;
	} uid, suid, euid, fsuid;
	struct {
		__u32 val;
	} gid, egid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct user_namespace *user_ns;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct ktermios {
	unsigned int c_iflag;
	unsigned int c_lflag;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
	struct ktermios termios;
};

struct tty_file_private {
	struct tty_struct *tty;
};

struct signal_struct {
	struct {
		int counter;
	} live; /* threads that have not begun to end */
	unsigned int flags;
	int group_exit_code;
	struct tty_struct *tty;
	struct pid *pids[4];
};

struct kernfs_node {
	__u64 id;
	const char *name;
	struct kernfs_node *parent;
};

/* From 6.15 on. */
struct kernfs_node___6_15 {
	struct kernfs_node *__parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
	int level;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct list_head ptraced;
	struct list_head ptrace_entry;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *cred;
	const struct cred *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct {
		__u32 val;
	} loginuid;
	unsigned int sessionid;
	struct mm_struct *mm;
	struct css_set *cgroups;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	int argc, envc;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport; /* network order */
	__u16 skc_num;   /* host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
	__u16 sk_protocol;
};

struct socket {
	short type;
	struct file *file;
	struct sock *sk;
};

struct sockaddr_un {
	__u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
};

struct io_cqe {
	int fd; /* until it is done */
	int res;
};

/* A file of a ring's own table; bits of its own are below the pointer. */
struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

struct io_file_table {
	struct io_rsrc_data data;
};

/* Until 6.12 an array, its length in the ring. */
struct io_fixed_file {
	unsigned long file_ptr;
};

struct io_file_table___older {
	struct io_fixed_file *files;
};

struct io_ring_ctx {
	struct io_file_table file_table;
	unsigned int nr_user_files;
};

struct io_kiocb {
	__u8 opcode;
	__u32 flags; /* the low ones */
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
};

struct filename {
	const char *name;
};

struct open_how {
	__u64 flags, mode;
};

/* What a request carries, by operation; each lies at the request's beginning. */
struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_accept {
	int flags;
	__u32 file_slot;
};

struct io_socket {
	int domain, type, protocol;
	__u32 file_slot;
};

struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	unsigned short mode;
	struct filename *filename;
};

struct io_rename {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath;
	struct filename *newpath;
};

struct io_link {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath;
	struct filename *newpath;
};

struct io_connect {
	void *addr;
	int addr_len;
};

struct io_sr_msg {
	void *buf;
	int len;
};

struct io_rw {
	__u64 addr;
	__u32 len;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 pstate;
};
struct pt_regs {
	struct user_pt_regs user_regs;
	__u64 orig_x0;
	int syscallno;
};
#endif

#pragma clang attribute pop

#endif
