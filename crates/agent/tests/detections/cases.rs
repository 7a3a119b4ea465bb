//! Table: behaviours in containers and what the rules say of them.

/// A behaviour: options of `docker run`, a script, the rule that must speak; `None` for silence.
pub struct Case {
    pub name: &'static str,
    pub options: &'static [&'static str],
    pub script: &'static str,
    pub rule: Option<&'static str>,
}

const fn case(
    name: &'static str,
    options: &'static [&'static str],
    script: &'static str,
    rule: &'static str,
) -> Case {
    Case { name, options, script, rule: Some(rule) }
}

const fn silent(
    name: &'static str,
    options: &'static [&'static str],
    script: &'static str,
) -> Case {
    Case { name, options, script, rule: None }
}

const LOOSE: &[&str] = &[
    "--cap-add",
    "SYS_ADMIN",
    "--security-opt",
    "apparmor=unconfined",
    "--security-opt",
    "seccomp=unconfined",
];

const IN_HOST_PIDS: &[&str] = &[
    "--pid",
    "host",
    "--cap-add",
    "SYS_ADMIN",
    "--cap-add",
    "SYS_PTRACE",
    "--cap-add",
    "SYS_CHROOT",
    "--security-opt",
    "apparmor=unconfined",
    "--security-opt",
    "seccomp=unconfined",
];
/// The kernel's settings can be written.
const OPEN_PROC: &[&str] = &[
    "--cap-add",
    "SYS_ADMIN",
    "--security-opt",
    "systempaths=unconfined",
    "--security-opt",
    "apparmor=unconfined",
];

/// An address of its own beside 127.0.0.1, which rules about peers leave out.
const NET: &[&str] = &["--cap-add", "NET_ADMIN"];

/// The beginning of a perl program that has a connection `$s` to an address of the container's own.
macro_rules! perl {
    () => {
        "ip addr add 10.9.8.7/32 dev lo; perl -e 'use IO::Socket::INET; \
         $l=IO::Socket::INET->new(Listen=>5,LocalPort=>4455) or die; \
         $s=IO::Socket::INET->new(q(10.9.8.7:4455)) or die;"
    };
}

/// Engines refuse io_uring otherwise.
const UNFILTERED: &[&str] = &["--security-opt", "seccomp=unconfined"];

/// Opens a file through an io_uring, with the request's flags and so many ends to wait for: perl's
/// `read` puts the request into the ring's memory.
macro_rules! ring_open {
    ($path:literal, $flags:literal, $wait:literal) => {
        concat!(
            "perl -e '$p=qq(\\0)x120; $f=syscall 425,4,$p; ($t,$a)=unpack q(x44Lx16L),$p; pipe R,W; \
             $r=syscall 9,0,4096,3,1,$f,0; $q=syscall 9,0,4096,3,1,$f,0x10000000; \
             sub put {syswrite W,$_[1]; syscall 0,fileno R,$_[0]+0,length $_[1]} $n=qq(",
            $path,
            "\\0); put($q,pack(q(CCSlQQLL),18,",
            $flags,
            ",-100,0,unpack(q(Q),pack q(P),$n),0,0).qq(\\0)x32); \
             put($r+$a,pack q(L),0); put($r+$t,pack q(L),1); print syscall(426,$f,1,",
            $wait,
            ",1,0,0),qq(\\n)'"
        )
    };
}

/// What a behaviour that is silent otherwise says all the same.
pub const ALSO: &[(&str, &str)] = &[("ring-passwd", "Ring of system calls set up in a container")];

/// Every act is harmless: files are opened and not written, namespaces entered to do nothing.
pub const CASES: &[Case] = &[
    case("shadow", &[], "cat /innocent", "Password file read in a container"),
    silent("passwd", &[], "cat /etc/passwd; ls -la /etc; cat /proc/self/status"),
    case(
        "package",
        &[],
        "cp /bin/busybox /tmp/apt; /tmp/apt true",
        "Package manager in a container",
    ),
    case(
        "cron",
        &[],
        "mkdir /etc/cron.d; : > /etc/cron.d/job",
        "Scheduled job written in a container",
    ),
    silent("crontab-read", &[], "mkdir /etc/cron.d; cat /etc/cron.d/* ; true"),
    case(
        "ssh",
        &[],
        "mkdir /root/.ssh; : > /root/.ssh/authorized_keys",
        "Key for remote login added",
    ),
    case("preload", &[], ": > /etc/ld.so.preload", "Preloaded library planted"),
    case(
        "shm",
        &["--tmpfs", "/dev/shm:exec"],
        "cp /bin/busybox /dev/shm/true; /dev/shm/true",
        "Program from shared memory started",
    ),
    case(
        "core-pattern",
        OPEN_PROC,
        ": >> /proc/sys/kernel/core_pattern",
        "Kernel setting opened for writing in a container",
    ),
    silent("core-pattern-read", OPEN_PROC, "cat /proc/sys/kernel/core_pattern"),
    case(
        "cgroup-mount",
        LOOSE,
        "mkdir /m; mount -t cgroup -o pids cgroup /m; umount /m",
        "Cgroup filesystem mounted in a container",
    ),
    // The type tells, whatever the device is called.
    case(
        "cgroup-mount-unnamed",
        LOOSE,
        "mkdir /m; mount -t cgroup -o pids none /m; umount /m",
        "Cgroup filesystem mounted in a container",
    ),
    silent(
        "bind-mount",
        LOOSE,
        "mkdir /m; : >/m/null; mount --bind /dev/null /m/null; umount /m/null; mkdir /n; mount --bind /m /n; umount /n",
    ),
    silent("tmpfs-mount", LOOSE, "mkdir /m; mount -t tmpfs none /m; umount /m"),
    case(
        "host-mount-namespace",
        IN_HOST_PIDS,
        "nsenter -t $HOST_PID -m /bin/true",
        "Namespace of the host gained",
    ),
    case(
        "host-root",
        IN_HOST_PIDS,
        "cat /proc/$HOST_PID/root/etc/hostname",
        "File of another mount namespace opened",
    ),
    case(
        "reverse-shell",
        &[],
        "(nc -l -p 4455 & sleep 1; : | nc 127.0.0.1 4455 -e /bin/sh) & sleep 3",
        "Shell on a network connection",
    ),
    case("miner", &[], "cp /bin/busybox /tmp/xmrig; /tmp/xmrig true", "Known miner started"),
    silent(
        "work",
        &[],
        "for i in 1 2 3 4 5; do echo $i > /tmp/f$i; grep $i /tmp/f$i; done; ls /proc; ps; id",
    ),
    // ── Shells for somebody outside ──
    case(
        "relay-of-pipes",
        NET,
        "ip addr add 10.9.8.7/32 dev lo; mkfifo /tmp/f; (sleep 2 | nc -l -p 4455 >/tmp/o) & sleep 0.5; \
         sh -i </tmp/f 2>&1 | nc 10.9.8.7 4455 >/tmp/f",
        "Shell carried to a connection",
    ),
    case(
        "relay-of-a-parent",
        NET,
        concat!(
            perl!(),
            " use IPC::Open2; $pid=open2(my $o,my $i,q(/bin/sh)); close $i; waitpid $pid,0'"
        ),
        "Shell carried to a connection",
    ),
    case(
        "relay-of-a-terminal",
        NET,
        concat!(
            perl!(),
            " open $m,q(+<),q(/dev/ptmx) or die; $u=pack q(i),0; ioctl $m,0x40045431,$u; $n=$u; \
             ioctl $m,0x80045430,$n; if(!fork){$t=q(/dev/pts/).unpack(q(i),$n); open STDIN,q(<),$t or die; \
             open STDOUT,q(>),$t; exec q(/bin/sh)} sleep 1; close $m; wait'"
        ),
        "Shell on a terminal below a connection",
    ),
    case(
        "dev-tcp",
        &[],
        "bash -c 'exec 5<>/dev/tcp/127.0.0.1/9' ; true",
        "Interpreter told to open a shell on a connection",
    ),
    case(
        "dup",
        NET,
        concat!(perl!(), " open STDIN,q(<&),$s; open STDOUT,q(>&),$s'"),
        "Standard input or output turned into a network connection",
    ),
    case(
        "interpreter-on-a-connection",
        NET,
        concat!(perl!(), " open STDIN,q(<&),$s; exec q(/usr/bin/perl),q(-e),1'"),
        "Shell on a network connection",
    ),
    silent("client", NET, concat!(perl!(), " print $s qq(hello\\n); close $s; print `ls /`'")),
    silent(
        "shell-of-a-pipe",
        &[],
        "echo ls / | sh | cat >/tmp/o; sh <&- -c true >/tmp/p 2>&1; true",
    ),
    case("network-tool", &[], "nc -e /bin/true 127.0.0.1 9; true", "Network tool runs a program"),
    case(
        "web-shell",
        &[],
        "cp /usr/bin/perl /tmp/nginx; /tmp/nginx -e 'system q(/bin/sh),q(-c),q(id;true)'",
        "Web server started a shell",
    ),
    case(
        "database-shell",
        &[],
        "cp /usr/bin/perl /tmp/postgres; /tmp/postgres -e 'system q(/bin/sh),q(-c),q(id;true)'",
        "Database started a shell",
    ),
    case(
        "fetched",
        &[],
        "sh -c 'wget -qO- http://127.0.0.1:9/x | sh'; true",
        "Program fetched and run in one line",
    ),
    case(
        "decoded",
        &[],
        "sh -c 'echo dHJ1ZQ== | base64 -d | sh'",
        "Encoded program decoded into a shell",
    ),
    silent(
        "fetched-to-a-file",
        &[],
        "sh -c 'wget -qO /tmp/x http://127.0.0.1:9/x'; echo dHJ1ZQ== | base64 -d >/tmp/y; true",
    ),
    // ── Programs that are not the image's ──
    case(
        "added",
        &[],
        "cp /bin/busybox /tmp/true; /tmp/true",
        "Program that is not in the image started",
    ),
    case(
        "changed",
        &[],
        "cp /bin/bash /bin/tool; /bin/tool -c true",
        "Program of the image changed and started",
    ),
    // Its last byte alone, a MiB behind what is compared at once.
    case(
        "changed-at-its-end",
        &[],
        "printf x | dd of=/bin/tool bs=1 seek=$(($(wc -c </bin/tool)-1)) conv=notrunc 2>/tmp/o; /bin/tool true",
        "Program of the image changed and started",
    ),
    silent("mode-changed", &[], "chmod 700 /bin/tool; /bin/tool true; /bin/true"),
    case(
        "packed",
        &[],
        "cp /bin/busybox /tmp/true; printf 'UPX!' | dd of=/tmp/true bs=1 seek=9 conv=notrunc 2>/tmp/o; /tmp/true",
        "Packed program started",
    ),
    case(
        "deleted",
        &[],
        "cp /bin/busybox /tmp/true; perl -e '$^F=255; open $f,q(<),q(/tmp/true); unlink q(/tmp/true); exec {q(/proc/self/fd/).fileno $f} q(true)'",
        "Deleted program started",
    ),
    case(
        "memory",
        &[],
        "perl -e '$^F=255; $n=q(x); $f=syscall 319,$n,0; open $o,qq(>&=$f); open $i,q(<),q(/bin/busybox); local $/; print {$o} <$i>; \
         $o->flush; exec {qq(/proc/self/fd/$f)} q(true)'",
        "Program without a file started",
    ),
    case(
        "preloaded",
        &[],
        "LD_PRELOAD=/tmp/x.so /bin/true",
        "Library preloaded from a place that everybody may write",
    ),
    silent("preloaded-of-the-image", &[], "LD_PRELOAD=/usr/lib/x.so /bin/true"),
    case(
        "pkexec",
        &[],
        "cp /bin/busybox /tmp/pkexec; perl -e '$p=q(/tmp/pkexec); $none=pack q(Q),0; syscall 59,$p,$none,$none'; true",
        "pkexec started without arguments",
    ),
    case(
        "sudoedit",
        &[],
        "cp /bin/busybox /tmp/sudoedit; /tmp/sudoedit -s '\\' x; true",
        "sudoedit started as an exploit does",
    ),
    case(
        "tunables",
        &["--user", "1000", "--tmpfs", "/t:exec,suid,mode=1777"],
        "cp /bin/busybox /t/true; chmod 4755 /t/true; GLIBC_TUNABLES=x=y /t/true",
        "Privileged program started with a variable that attacks its loader",
    ),
    case(
        "own-interpreter",
        &[],
        "echo '#!/proc/self/exe' >/tmp/s; chmod 755 /tmp/s; perl -e 'exec q(/tmp/s)'; true",
        "Script run by the process's own program",
    ),
    // ── Mining ──
    case(
        "stratum",
        NET,
        concat!(
            perl!(),
            " send $s,qq({\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\\n),0'"
        ),
        "Stratum spoken",
    ),
    case(
        "stratum-written",
        NET,
        // Netcat writes, as most programs do.
        "ip addr add 10.9.8.7/32 dev lo; (nc -l -p 4455 >/tmp/o) & sleep 0.5; \
         echo '{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}' | nc 10.9.8.7 4455; cat /tmp/o",
        "Stratum spoken",
    ),
    silent("request-written", NET, concat!(perl!(), " syswrite $s,qq(GET / HTTP/1.0\r\n\r\n)'")),
    silent("spoken", NET, concat!(perl!(), " send $s,qq({\"id\":1,\"method\":\"list\"}\\n),0'")),
    case("pool", &[], "true -o pool.supportxmr.com:3333", "Miner's pool named"),
    // ── Starts ──
    case("privileged", &["--privileged"], "true", "Privileged container started"),
    case(
        "capable",
        &["--cap-add", "SYS_PTRACE"],
        "true",
        "Container with dangerous capabilities started",
    ),
    case(
        "of-the-host",
        &["--ipc", "host"],
        "true",
        "Container in the host's processes or messages started",
    ),
    case(
        "sensitive",
        &["--volume", "/etc:/host:ro"],
        "true",
        "Container with a sensitive mount started",
    ),
    case(
        "unfiltered",
        &["--security-opt", "seccomp=unconfined"],
        "true",
        "Container without system call filter started",
    ),
    silent(
        "usual",
        &["--volume", "/srv:/srv", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"],
        "true",
    ),
    // ── Credentials ──
    case(
        "token",
        &[],
        "d=/run/secrets/kubernetes.io/serviceaccount; mkdir -p $d; echo x >$d/token; cat $d/token",
        "Service account's token read by a tool",
    ),
    silent(
        "token-used",
        &[],
        "d=/run/secrets/kubernetes.io/serviceaccount; mkdir -p $d; echo x >$d/token; perl -ne 1 $d/token",
    ),
    case(
        "keys-searched",
        &[],
        "grep -r 'PRIVATE KEY' /etc; true",
        "Keys and passwords searched for",
    ),
    case(
        "key-read",
        &[],
        "mkdir /root/.ssh; echo x >/root/.ssh/id_rsa; cat /root/.ssh/id_rsa",
        "Private key or credential read in a container",
    ),
    case("environment", &[], "cat /proc/1/environ >/tmp/o", "Environment of another process read"),
    case(
        "memory-opened",
        &[],
        "perl -e 'open $f,q(<),q(/proc/self/mem) or die'",
        "Memory of another process opened",
    ),
    case(
        "memory-copied",
        LOOSE,
        "perl -e 'syscall 310,$$+0,0,0,0,0,0'",
        "Memory of another process copied",
    ),
    case("linked", &[], "ln -s /etc/shadow /tmp/s", "Link to a sensitive file made"),
    silent(
        "linked-elsewhere",
        &[],
        "ln -s /etc/passwd /tmp/s; cat /proc/self/maps /proc/meminfo >/tmp/o; grep -r key /etc/passwd; true",
    ),
    case(
        "traced",
        LOOSE,
        "perl -e 'if(!($c=fork)){sleep 1;exit} syscall 101,16,$c,0,0'",
        "Process in a container traced",
    ),
    case(
        "traced-on-the-host",
        IN_HOST_PIDS,
        "perl -e 'syscall 101,0x4206,$ENV{HOST_PID}+0,0,0'",
        "Process of another container traced",
    ),
    // ── To come back ──
    case(
        "account",
        &[],
        "echo 'x:x:0:0::/:/bin/sh' >>/etc/passwd",
        "Accounts changed in a container",
    ),
    case(
        "useradd",
        &[],
        "cp /bin/busybox /tmp/useradd; /tmp/useradd x; true",
        "Account made or changed by a tool",
    ),
    case("bashrc", &[], "echo true >>/root/.bashrc", "Shell's start file written in a container"),
    case(
        "service",
        &[],
        "mkdir -p /etc/systemd/system; echo x >/etc/systemd/system/x.service",
        "Service written in a container",
    ),
    case("loader", &[], ": >/lib/ld-linux-x.so.2", "Loader or system library replaced"),
    case(
        "planted",
        &[],
        "cp /bin/busybox /bin/planted",
        "Program written below a system folder in a container",
    ),
    case(
        "setuid",
        &[],
        "cp /bin/busybox /tmp/b; chmod 4755 /tmp/b",
        "Program made setuid in a container",
    ),
    case(
        "sshd",
        &[],
        "mkdir /etc/ssh; echo x >>/etc/ssh/sshd_config",
        "SSH server changed in a container",
    ),
    silent(
        "written",
        &[],
        "cp /bin/busybox /tmp/b; chmod 755 /tmp/b; echo x >/root/notes; mkdir /srv; echo x >/srv/ld-linux; cat /root/.bashrc; true",
    ),
    // ── Traces wiped ──
    case(
        "log-emptied",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/a.log; : >/var/log/a.log",
        "Log emptied",
    ),
    case(
        "log-deleted",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/a.log; rm /var/log/a.log",
        "Log deleted",
    ),
    case("logins", &[], "mkdir -p /var/log; : >/var/log/wtmp", "Record of logins wiped"),
    case(
        "history",
        &[],
        "echo x >>/root/.bash_history; rm /root/.bash_history",
        "Shell's history wiped",
    ),
    case(
        "destroyed",
        &[],
        "cp /bin/busybox /tmp/shred; echo x >/tmp/x; /tmp/shred /tmp/x",
        "Files destroyed beyond recovery",
    ),
    silent(
        "log-written",
        &[],
        "mkdir -p /var/log; for i in 1 2 3; do echo $i >>/var/log/a.log; done; echo x >>/root/.bash_history; rm -f /tmp/x",
    ),
    // ── Tools ──
    case(
        "kubectl",
        &[],
        "cp /bin/busybox /tmp/kubectl; /tmp/kubectl get pods; true",
        "Client of the platform started in a container",
    ),
    case("scanner", &[], "nc -z 127.0.0.1 9; true", "Network tool started in a container"),
    case("namespace-tool", LOOSE, "unshare -u true", "Namespace tool started in a container"),
    // ── More ways out ──
    case(
        "runc-through-a-mount",
        &["--volume", "$LAB/protected:/p"],
        ": >>/p/runc",
        "Runtime's program written through a mount",
    ),
    silent(
        "runc-looked-at",
        &["--volume", "$LAB/protected:/p"],
        "cat /p/runc >/tmp/o; : >>/p/other",
    ),
    case("node", &[], "mknod /tmp/d b 7 9", "Device node made in a container"),
    silent("pipe-made", &[], "mknod /tmp/p p; mkfifo /tmp/q"),
    case(
        "hardening",
        OPEN_PROC,
        ": >>/proc/sys/kernel/kptr_restrict",
        "Hardening of the kernel changed",
    ),
    case(
        "device-filter",
        LOOSE,
        "perl -e '$a=qq(\\0)x64; syscall 321,8,$a,64'",
        "Device filter replaced in a container",
    ),
    case("program-loaded", LOOSE, PROGRAM_LOAD, "Program loaded into the kernel from a container"),
    case(
        "entered",
        IN_HOST_PIDS,
        "nsenter -t $HOST_PID -u true",
        "Other namespace entered in a container",
    ),
    case("user-namespace", LOOSE, "unshare -U true", "User namespace made in a container"),
    case(
        "spliced",
        &[],
        "perl -e 'pipe $r,$w; open $f,q(<),q(/etc/passwd); syscall 275,fileno $f,0,fileno $w,0,1,0'",
        "File of accounts moved through a pipe without a write",
    ),
    case(
        "keyring",
        &[],
        "perl -e 'syscall 250,0,-3,0,0,0'",
        "Keys of the kernel asked for in a container",
    ),
    case(
        "ring",
        LOOSE,
        "perl -e '$p=qq(\\0)x120; syscall 425,1,$p'",
        "Ring of system calls set up in a container",
    ),
    case(
        "ring-shadow",
        UNFILTERED,
        ring_open!("/innocent", "0,0", 1),
        "Password file read in a container",
    ),
    case(
        "ring-hidden",
        UNFILTERED,
        ring_open!("/etc/shadow", "64,0", 0),
        "Password file asked for through a ring",
    ),
    silent("ring-passwd", UNFILTERED, ring_open!("/etc/passwd", "0,0", 1)),
    case("kexec", &[], "perl -e 'syscall 246,0,0,0,0'", "New kernel loaded"),
    case(
        "kubelet",
        NET,
        concat!(
            perl!(),
            " $k=IO::Socket::INET->new(Listen=>1,LocalPort=>10250); IO::Socket::INET->new(q(10.9.8.7:10250))'"
        ),
        "Engine or kubelet spoken to over the network from a container",
    ),
    case(
        "engine-socket",
        &["--volume", "$LAB/docker.sock:/run/docker.sock"],
        "perl -e 'use IO::Socket::UNIX; IO::Socket::UNIX->new(q(/run/docker.sock)) or die'",
        "Engine's socket used from a container",
    ),
    case(
        "release-agent",
        LOOSE,
        "mkdir /m; mount -t cgroup -o pids cgroup /m; : >>/m/notify_on_release; umount /m",
        "Release agent written in a container",
    ),
    case(
        "devices-allowed",
        LOOSE,
        "mkdir /m; mount -t cgroup -o devices cgroup /m; : >>/m/devices.allow; umount /m",
        "Device access widened in a container",
    ),
    case(
        "leaked-descriptor",
        &[],
        "perl -e 'opendir $d,q(/tmp); chdir q(/proc/self/fd/).fileno $d or die'",
        "Working directory in a leaked descriptor",
    ),
    case(
        "filesystem-context",
        LOOSE,
        "perl -e '$n=q(tmpfs); syscall 430,$n,0'",
        "Filesystem context opened in a container",
    ),
    case(
        "module",
        &[],
        "perl -e '$n=q(none); syscall 176,$n,0'",
        "Kernel module loaded from a container",
    ),
    case(
        "handle",
        &[],
        "perl -e '$h=qq(\\0)x16; syscall 304,-100,$h,0'",
        "File opened by handle in a container",
    ),
    case(
        "page-faults",
        LOOSE,
        "perl -e 'syscall 323,1'",
        "Page faults handled by an unprivileged program in a container",
    ),
    case("raw-packets", &[], "perl -e 'socket $s,17,3,8 or die'", "Raw packets in a container"),
    case(
        "metadata",
        NET,
        "ip addr add 169.254.169.254/32 dev lo; perl -e 'use IO::Socket::INET; $l=IO::Socket::INET->new(Listen=>1,LocalPort=>80); \
         IO::Socket::INET->new(q(169.254.169.254:80)) or die'",
        "Cloud's metadata service asked from a container",
    ),
];

/// What an intruder does who knows the rules, each beside what only looks like it.
pub const EVASIONS: &[Case] = &[
    // ── Names that excuse ──
    case(
        "called-runc",
        &[],
        "perl -e '$0=q(runc); open $f,q(<),q(/proc/self/mem) or die'",
        "Memory of another process opened",
    ),
    case(
        "copy-called-runc",
        &[],
        "cp /bin/busybox /tmp/runc; /tmp/runc true; true",
        "Program that is not in the image started",
    ),
    case(
        "memory-called-runc",
        &[],
        "perl -e '$^F=255; $n=q(runc_cloned:/proc/self/exe); $f=syscall 319,$n,0; open $o,qq(>&=$f); open $i,q(<),q(/bin/busybox); local $/; print {$o} <$i>; \
         $o->flush; exec {qq(/proc/self/fd/$f)} q(true)'",
        "Program without a file started",
    ),
    case(
        "called-dpkg",
        &[],
        "mkdir -p /etc/cron.d; perl -e '$0=q(dpkg); open $f,q(>),q(/etc/cron.d/x) or die'",
        "Scheduled job written in a container",
    ),
    case(
        "below-npm",
        &[],
        "mkdir -p /etc/cron.d; cp /usr/bin/perl /tmp/npm; /tmp/npm -e 'system q(/bin/sh),q(-c),q(: >/etc/cron.d/x)'",
        "Scheduled job written in a container",
    ),
    silent(
        "by-a-package-manager",
        &[],
        "mkdir -p /etc/cron.d; /usr/bin/update-alternatives -e 'open $f,q(>),q(/etc/cron.d/x) or die'",
    ),
    case(
        "package-manager-preloads",
        &[],
        "/usr/bin/update-alternatives -e 'open $f,q(>),q(/etc/ld.so.preload) or die'",
        "Preloaded library planted",
    ),
    case(
        "called-su",
        &[],
        "perl -e '$0=q(su); open $f,q(<),q(/etc/shadow) or die'",
        "Password file read in a container",
    ),
    // ── What is long ──
    case(
        "long-argument",
        &[],
        "p=$(printf %2200s); perl -e \"$p use IO::Socket::INET; exec q(/bin/sh),q(-c),q(true)\"; true",
        "Interpreter told to open a shell on a connection",
    ),
    case(
        "longer-argument",
        &[],
        "p=$(printf %7000s); perl -e \"$p use IO::Socket::INET; exec q(/bin/sh),q(-c),q(true)\"; true",
        "Interpreter told to open a shell on a connection",
    ),
    silent("long-and-harmless", &[], "p=$(printf %7000s); perl -e \"$p 1\""),
    case(
        "preloaded-behind-many",
        &[],
        "v=; for i in $(seq 1 200); do v=\"$v V$i=xxxxxxxx\"; done; env $v LD_PRELOAD=/tmp/x.so /bin/true",
        "Library preloaded from a place that everybody may write",
    ),
    // ── Shells ──
    case(
        "relay-of-socket-pairs",
        NET,
        concat!(
            perl!(),
            " socketpair $a,$b,1,1,0; socketpair $c,$d,1,1,0; if(!fork){open STDIN,q(<&),$b; open STDOUT,q(>&),$d; \
             exec q(/bin/sh)} close $b; close $a; close $d; wait'"
        ),
        "Shell carried to a connection",
    ),
    silent(
        "command-of-socket-pairs",
        NET,
        concat!(
            perl!(),
            " socketpair $a,$b,1,1,0; if(!fork){open STDIN,q(<&),$b; open STDOUT,q(>&),$b; \
             exec q(sh),q(-c),q(true)} close $b; wait'"
        ),
    ),
    case(
        "relay-through-a-shell",
        NET,
        concat!(
            perl!(),
            " use IPC::Open2; $pid=open2(my $o,my $i,q(/bin/sh),q(-c),q(/bin/sh; true)); close $i; waitpid $pid,0'"
        ),
        "Shell carried to a connection",
    ),
    case(
        "relay-before-the-connection",
        NET,
        "ip addr add 10.9.8.7/32 dev lo; perl -e 'use IO::Socket::INET; use IPC::Open2; $pid=open2(my $o,my $i,q(/bin/sh)); \
         $l=IO::Socket::INET->new(Listen=>5,LocalPort=>4455) or die; sleep 1; \
         $s=IO::Socket::INET->new(q(10.9.8.7:4455)) or die; close $i; waitpid $pid,0'",
        "Shell carried to a connection",
    ),
    case(
        "relay-to-a-link",
        NET,
        concat!(
            "ln -s /bin/bash /tmp/x; ",
            perl!(),
            " use IPC::Open2; $pid=open2(my $o,my $i,q(/tmp/x)); close $i; waitpid $pid,0'"
        ),
        "Shell carried to a connection",
    ),
    case(
        "interpreter-by-a-link",
        &[],
        "ln -s /usr/bin/perl /tmp/x; /tmp/x -e 'use IO::Socket::INET; exec q(/bin/sh),q(-c),q(true)'",
        "Interpreter told to open a shell on a connection",
    ),
    case(
        "parent-called-sshd",
        NET,
        concat!(perl!(), " $0=q(sshd); open STDIN,q(<&),$s; system q(/usr/bin/perl),q(-e),1'"),
        "Shell on a network connection",
    ),
    // ── Logs ──
    case(
        "log-cut",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/b.log; perl -e 'open $f,q(+<),q(/var/log/b.log) or die; truncate $f,0'",
        "Log emptied",
    ),
    case(
        "log-cut-by-name",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/b.log; perl -e 'truncate q(/var//log/b.log),0 or die'",
        "Log emptied",
    ),
    case(
        "log-cut-while-read",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/b.log; perl -e 'sysopen $f,q(/var/log/b.log),01000 or die'",
        "Log emptied",
    ),
    case(
        "log-cut-by-a-new-call",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/b.log; perl -e '$p=q(/var/log/b.log); $h=pack q(QQQ),01001,0,0; syscall 437,-100,$p,$h,24'",
        "Log emptied",
    ),
    case(
        "log-moved",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/c.log; mv /var/log/c.log /gone",
        "Log deleted",
    ),
    case(
        "log-deleted-oddly",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/c.log; rm /var//log/c.log",
        "Log deleted",
    ),
    case(
        "log-deleted-from-elsewhere",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/c.log; rm /tmp/../var/log/c.log",
        "Log deleted",
    ),
    case(
        "log-deleted-by-another-name",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/c.log; perl -e '$0=q(app); unlink q(/var/log/c.log) or die'",
        "Log deleted",
    ),
    case(
        "logins-moved",
        &[],
        "mkdir -p /var/log; echo x >>/var/log/wtmp; mv /var/log/wtmp /gone",
        "Record of logins wiped",
    ),
    silent(
        "moved-elsewhere",
        &[],
        "echo x >/tmp/a; mv /tmp/a /tmp/b; perl -e 'truncate q(/tmp/b),0'; rm /tmp//b; mkdir -p /var/log; echo x >>/var/log/d.log",
    ),
    // ── The host through a mount ──
    case(
        "shadow-of-the-host",
        &["--volume", "/etc:/host/etc:ro"],
        "head -c 0 /host/etc/shadow",
        "Credentials of the host read through a mount",
    ),
    silent("name-of-the-host", &["--volume", "/etc:/host/etc:ro"], "cat /host/etc/hostname"),
    case("disk-by-a-new-call", LOOSE, FSCONFIG, "Disk mounted in a container"),
    silent("bound", LOOSE, "mkdir /m; mount --bind /tmp /m; umount /m"),
    case("cgroup-left", OUT_OF_CGROUP, LEAVE, "Container's cgroup left"),
    case("beside-the-cgroup", OUT_OF_CGROUP, LEAVE, "Password file read in a container"),
    silent(
        "cgroup-looked-at",
        OUT_OF_CGROUP,
        "cat /cg/cgroup.procs /cg/unified/cgroup.procs >/tmp/o; true",
    ),
    case(
        "console",
        &["--volume", "$LAB/protected/runc:/dev/console"],
        "sleep 3",
        "Protected path of the kernel laid open",
    ),
    // ── Against the watcher ──
    // Urgent data: harmless to the process that runs the test.
    case("watcher", IN_HOST_PIDS, "kill -URG $AGENT_PID", "Watcher signalled"),
    case(
        "watcher-read",
        IN_HOST_PIDS,
        "perl -e 'syscall 310,$ENV{AGENT_PID}+0,0,0,0,0,0'",
        "Watcher traced",
    ),
    case(
        "watcher-stopped",
        &[],
        "cp /bin/busybox /tmp/systemctl; /tmp/systemctl stop lazaret-agent; true",
        "Watcher's service stopped",
    ),
    silent(
        "others-signalled",
        IN_HOST_PIDS,
        "kill -0 $AGENT_PID; kill -CONT $AGENT_PID; kill -URG $$",
    ),
    // ── What is given to the image's own programs ──
    case(
        "given-to-the-loader",
        &[],
        "cp /bin/bash /tmp/evil; /lib64/ld-linux-x86-64.so.2 /tmp/evil -c true",
        "Program that is not in the image started",
    ),
    case(
        "script",
        &[],
        "echo 1 >/tmp/x.pl; perl /tmp/x.pl",
        "Program that is not in the image started",
    ),
    silent("script-of-the-image", &[], "perl /usr/lib/x86_64-linux-gnu/perl-base/strict.pm"),
];

/// Names the source of a filesystem's context as mount(8) does since util-linux 2.39.
const FSCONFIG: &str = "perl -e '$n=q(tmpfs); $f=syscall 430,$n,0; $k=q(source); $v=q(/tmp/d); syscall 431,$f,1,$k,$v,0'";
const OUT_OF_CGROUP: &[&str] = &[
    "--cgroupns",
    "host",
    "--cap-add",
    "SYS_ADMIN",
    "--security-opt",
    "apparmor=unconfined",
    "--volume",
    "/sys/fs/cgroup:/cg",
];
/// Goes to the root of the hierarchy, whichever this machine has, and reads there what must not be read.
const LEAVE: &str = "for f in /cg/unified/cgroup.procs /cg/cgroup.procs; do [ -e $f ] && sh -c \"echo 0 >$f; cat /innocent\"; done; true";

/// Loads a program of two instructions, `r0 = 0; exit`, as a socket filter.
const PROGRAM_LOAD: &str = "perl -e '$code=pack q(CCsl)x2,0xb7,0,0,0,0x95,0,0,0; $gpl=qq(GPL\\0); \
    $a=pack(q(LLQQLLQLL),1,2,unpack(q(Q),pack q(P),$code),unpack(q(Q),pack q(P),$gpl),0,0,0,0,0).qq(\\0)x72; syscall 321,5,$a,120'";

/// Rules that no behaviour here makes speak, and why.
pub const UNDRIVEN: &[(&str, &str)] = &[
    (
        "Program of another mount namespace started",
        "nsenter -m alone gives the host's namespace first",
    ),
    ("Capability gained", "needs a flaw of the kernel"),
    (
        "Container runtime's program opened for writing from a container",
        "would touch the host's own runtime",
    ),
    ("Container runtime's program written on the host", "would touch the host's own runtime"),
    ("Shim's abstract socket used from a container", "newer shims have none"),
    ("Block device opened in a container", "would open a disk of the host"),
    ("Key of the cluster read on the host", "a file of the host"),
    ("Engine's configuration written", "a file of the host"),
    ("Processor's registers prepared for mining", "a device of the host"),
    ("Password file read on the host", "a file of the host"),
    ("Files copied by the engine's helper", "of the host, not of a container"),
    ("Engine's helper loaded a library of a container", "engines of today do not"),
    ("Backdoored library loaded by the SSH server", "a release that nobody has"),
    ("Runtime's program reached from a container", "the runtime seals what it runs"),
    ("Control of the kernel opened for writing in a container", "a file of the host's kernel"),
    ("Memory of the kernel opened", "a file that not every kernel has"),
    ("Kernel module loaded on the host by an unusual program", "would load a module"),
    (
        "File of the host that starts programs written through a mount",
        "a file of the host: `facts/answers.rs`",
    ),
    ("Program of the kernel taken off on the host", "of the host, not of a container"),
    (
        "Runtime's write to the kernel led elsewhere",
        "needs a runtime with a flaw: `facts/paths.rs`",
    ),
];
