/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What goes from the kernel to user space: a fixed header, then tagged values, each with its
 * length, little endian on every machine we run on. `src/wire.rs` reads the same layout. */
#ifndef LAZARET_EVENT_H
#define LAZARET_EVENT_H

/* Kinds of event. */
enum event_kind {
	EVENT_FORK = 1,
	EVENT_EXEC = 2,
	EVENT_EXIT = 3,
	EVENT_CGROUP_MKDIR = 4,
	EVENT_CGROUP_RMDIR = 5,
	EVENT_CGROUP_ATTACH = 6,
	EVENT_SYSCALL = 7,
	EVENT_IO_URING = 8,
	EVENT_OOM_VICTIM = 9,
	EVENT_THROTTLE = 10,
	EVENT_TERMINAL = 11,
	EVENT_KILLED = 12,
	EVENT_RUNNING = 13,
};

/* Flags of an event. */
enum event_flag {
	FLAG_TRUNCATED = 1 << 0,  /* a value was cut or left out */
	FLAG_COMPAT = 1 << 1,     /* called through the 32-bit interface */
	FLAG_ALERT = 1 << 2,      /* went through the ring that bulk cannot fill */
	FLAG_LEADER = 1 << 3,     /* the whole process, not only a thread */
	FLAG_RING = 1 << 4,       /* asked for through an io_uring */
};

/* Tags of the values after the header. */
enum tag {
	TAG_OBJECT = 1,       /* struct object, then its names, leaf first */
	TAG_OBJECT_SECOND = 2,
	TAG_EXE = 3,          /* struct object of the program's file, names */
	TAG_CWD = 4,          /* names */
	TAG_CLAIMED = 5,      /* what the caller called it: text */
	TAG_CLAIMED_SECOND = 6,
	TAG_ARGUMENTS = 7,    /* NUL between */
	TAG_ARGUMENTS_TAIL = 8,
	TAG_ENVIRONMENT = 9,
	TAG_NUMBERS = 10,     /* six __u64: the system call's arguments */
	TAG_SOCKET = 11,      /* struct endpoint pair */
	TAG_STDIO = 12,       /* three struct stdio */
	TAG_CGROUP = 13,      /* __u64 id, __u32 hierarchy, names leaf first */
	TAG_CHILD = 14,       /* struct child */
	TAG_INTERPRETER = 15, /* text */
	TAG_TARGET = 16,      /* struct child: the process acted upon */
	TAG_COUNTS = 17,      /* __u64 lengths of arguments and environment in bytes */
	TAG_ADDRESS = 18,     /* a sockaddr as the caller gave it */
	TAG_PAYLOAD = 19,     /* first bytes sent */
	TAG_TERMINAL = 20,    /* struct terminal, then the bytes read */
	TAG_FILESYSTEM = 21,  /* text: the type of what is mounted */
	TAG_SOURCE = 22,      /* names below the filesystem's own root, leaf first: what is mounted */
};

#define COMM_BYTES 16
#define NAMESPACES 7

/* Namespaces in the order of `namespaces`. */
enum namespace { NS_MNT, NS_PID, NS_NET, NS_USER, NS_IPC, NS_UTS, NS_CGROUP };

struct event {
	__u32 size_bytes;
	__u16 kind;
	__u16 flags;
	__u64 time_ns;         /* since boot, suspension included */
	__u64 start_ns;        /* of the process, since boot */
	__u64 parent_start_ns;
	__u64 cgroup_id;
	__s64 ret;
	__u64 cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	__u32 pid, tid, parent_pid;
	__u32 inner_pid, inner_tid; /* as the innermost pid namespace numbers them */
	__u32 uid, gid, euid, egid, suid, fsuid;
	__u32 login_uid, audit_session;
	__u32 session, process_group;
	__u32 tty;             /* device number; 0 for none */
	__u32 namespaces[NAMESPACES];
	__u32 syscall;         /* the machine's own number, also for 32-bit callers */
	char comm[COMM_BYTES];
};

struct value {
	__u16 tag;
	__u16 length_bytes;
};

/* Flags of an object. */
enum object_flag {
	OBJECT_OUTSIDE_ROOT = 1 << 0,   /* its names do not lead to the task's root */
	OBJECT_FOREIGN_MOUNT = 1 << 1,  /* its mount belongs to another mount namespace */
	OBJECT_DETACHED = 1 << 2,       /* its mount belongs to no namespace */
	OBJECT_UPPER = 1 << 3,          /* on the upper layer of an overlay */
	OBJECT_CUT = 1 << 4,            /* names nearer to the root are missing */
};

struct object {
	__u64 inode;
	__u64 size_bytes;
	__s64 changed_s;  /* ctime */
	__s64 modified_s; /* mtime */
	__u32 device;     /* the kernel's own form: major << 20 | minor */
	__u32 rdev;
	__u32 mode;
	__u32 links;
	__u32 uid;
	__u32 magic;      /* of the filesystem */
	__u32 mount_namespace;
	__u32 flags;
	__u32 open_flags;
	__u32 reserved;
};

struct child {
	__u64 start_ns;
	__u32 pid, tid;
	__u32 inner_pid;
	__u32 clone_flags;
	__u64 cgroup_id;
	__u32 pid_namespace;
	__u32 reserved;
};

struct endpoint {
	__u8 address[16];
	__u16 port; /* host order */
	__u16 reserved;
};

struct connection {
	struct endpoint local, remote;
	__u16 family;
	__u16 kind;     /* SOCK_STREAM … */
	__u16 protocol;
	__u16 state;
	__u64 inode;
	__u32 fd;
	__u16 path_bytes; /* of a unix socket's name, which follows */
	__u16 reserved;
};

struct stdio {
	__u64 inode;
	__u32 mode;
	__u32 rdev;
	__u16 family; /* of a socket */
	__u16 remote_port;
	__u8 remote[16];
	__u32 reserved;
};

/* How a terminal's input was read. */
enum terminal_mode {
	TERMINAL_LINES,  /* the kernel edits the line and echoes it */
	TERMINAL_KEYS,   /* a line editor takes each key and echoes it itself */
	TERMINAL_HIDDEN, /* nothing is echoed: a password, or a program that draws by itself */
};

struct terminal {
	__u32 device; /* major << 20 | minor */
	__u32 fd;
	__u32 mode;
	__u32 read_bytes; /* 0 when hidden */
};

/* Programs that are killed as they begin. */
enum kill_by { KILL_BY_FILE, KILL_BY_NAME, KILL_BY_PATH };

/* In an order's number: it is told, and nothing is killed. */
#define KILL_TRIAL 0x80000000u

struct kill_key {
	__u64 cgroup; /* and those below it; 0: every one */
	__u64 first;  /* inode; half of the name; hash of the path */
	__u64 second; /* device; the other half; bytes of the path's names */
	__u64 by;
};

/* What a cgroup lost. */
struct loss_key {
	__u64 cgroup;
	__u32 class;
	__u32 reason;
};

/* Classes and reasons of loss. */
enum event_class { CLASS_ALERT, CLASS_BULK, CLASSES };
enum loss { LOSS_RING_FULL, LOSS_THROTTLED, LOSS_SCRATCH, LOSSES };

/* How a system call's event is filled. */
enum handler {
	HANDLE_PLAIN,     /* the six numbers and the texts only */
	HANDLE_OPENED,    /* the result is a file just opened */
	HANDLE_FD,        /* the first argument is a file or socket */
	HANDLE_RESULT_FD, /* the result is a file or socket */
	HANDLE_SEND,      /* the first argument is a socket, with an address and bytes */
	HANDLE_AT,        /* names below a directory: that of the first argument, or the working one */
	HANDLE_TERMINAL,  /* the first argument is a terminal, with what was read from it */
	HANDLE_MESSAGE,   /* the first argument is a socket, with a message that may pass files */
	HANDLE_TRACE,     /* a process is traced: ptrace */
	HANDLE_MOUNT,     /* a filesystem is mounted: mount */
	HANDLE_FIRST,     /* the first argument may be a connection: the first bytes sent over it */
	HANDLERS
};

enum interest_flag {
	INTEREST_ON = 1 << 0,
	INTEREST_ALERT = 1 << 1,       /* through the ring that bulk cannot fill */
	INTEREST_FAILED = 1 << 2,      /* failed calls too */
	INTEREST_WRITES_ONLY = 1 << 3, /* opens for reading are not wanted */
	INTEREST_DIRECTORY_FD = 1 << 4 /* the first argument is a directory's fd */
};

/* What `second_text` says of calls that send: where the bytes are. */
enum sending { SENDS_NOTHING, SENDS_BUFFER, SENDS_PIECES };

/* What user space says of a system call. */
struct interest {
	__u8 handler;
	__u8 flags;
	__u8 first_text;  /* which argument is a text, from 1; 0 for none */
	__u8 second_text;
};

#endif
