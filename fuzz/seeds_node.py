"""The seeds of what a guarded node reads: events, recordings, files of engines and the kernel. All
is invented."""

import json
import struct

ID = "c0ffee" * 10 + "abcd"

HOST_FILES = {
    ("daemon_config", "both"): '-H fd:// --icc=false --log-level debug -Hunix:///a --storage-opt dm.basesize=1G --default-ulimit nofile=1:2 --add-runtime a=/a -D\n{"hosts": ["tcp://0.0.0.0:1"], "icc": true, "default-ulimits": {"core": {"Name": "core", "Soft": 0, "Hard": 1}}, "runtimes": {"b": {"path": "/b"}}, "live-restore": true}',
    ("unit_file", "docker.socket"): "[Unit]\n# c\nDescription=a \\\n; c\n b\n[Socket]\nListenStream=/run/docker.sock\nListenStream=\nListenStream=0.0.0.0:2375\nSocketMode=0660\n",
    ("audit_rules", "docker.rules"): "-D\n-b 8192\n-w /etc/docker -p wa -k docker\n-a always,exit -F path=/usr/bin/dockerd -F perm=wa -F auid>=1000 -F auid!=unset -k d\n-A never,exit -S openat -F dir=/etc/docker/\n-a exit,always -F arch=b64 -S all -F uid=33 -F path=/a\n-W /a\n-e 2\n",
}

DOCKER_EVENTS = {
    "exec": {"status": "exec_create: sh -c id", "Type": "container", "Action": "exec_create: sh -c id", "Actor": {"ID": ID, "Attributes": {"execID": "e1", "image": "shop:1", "name": "web", "team": "a"}}, "scope": "local", "time": 7, "timeNano": 7000000009},
    "die": {"Type": "container", "Action": "die", "Actor": {"ID": ID, "Attributes": {"exitCode": "137", "signal": "9", "name": "web"}}, "time": 7},
    "network": {"Type": "network", "Action": "connect", "Actor": {"ID": "n", "Attributes": {"container": ID, "name": "front", "type": "bridge"}}},
    "image": {"Type": "image", "Action": "pull", "Actor": {"ID": "shop:1", "Attributes": {"name": "shop"}}},
    "health": {"Type": "container", "Action": "health_status: unhealthy", "Actor": {"ID": ID}},
}

AUDIT_EXEC = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "a1", "stage": "ResponseStarted", "requestURI": "/api/v1/namespaces/shop/pods/web-1/exec?command=sh&command=-c&command=id%3B+ls&container=web", "verb": "create", "user": {"username": "anna", "groups": ["dev"]}, "impersonatedUser": {"username": "root"}, "sourceIPs": ["10.0.0.9"], "userAgent": "kubectl/v1.30", "objectRef": {"resource": "pods", "namespace": "shop", "name": "web-1", "subresource": "exec", "apiVersion": "v1"}, "responseStatus": {"metadata": {}, "code": 101}, "requestReceivedTimestamp": "2026-11-25T10:00:00.000001Z", "stageTimestamp": "2026-11-25T10:00:00.500000Z"}
AUDIT_SECRET = {"stage": "ResponseComplete", "verb": "get", "user": {"username": "eve"}, "objectRef": {"resource": "secrets", "namespace": "shop", "name": "key", "apiGroup": ""}, "responseStatus": {"code": 403, "reason": "Forbidden"}}

POD = {"metadata": {"uid": "u1", "name": "web-1", "namespace": "shop", "resourceVersion": "5", "labels": {"app": "web"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]}, "spec": {"nodeName": "n1", "serviceAccountName": "web", "hostPID": True}, "status": {"phase": "Pending"}}
POD_LATER = {**POD, "metadata": {**POD["metadata"], "deletionTimestamp": "2026-11-25T10:00:00Z"}, "spec": {**POD["spec"], "nodeName": "n2"}, "status": {"phase": "Failed", "reason": "Evicted", "containerStatuses": [{"name": "web", "image": "shop:1", "imageID": "shop@sha256:00", "containerID": "containerd://" + ID, "restartCount": 1, "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}], "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}]}}

BUNDLES = {
    "plain": {"ociVersion": "1.0.2", "process": {"user": {"uid": 1000, "gid": 100}, "args": ["/bin/sh", "-c", "true"], "env": ["TOKEN=x", "PATH=/bin"], "noNewPrivileges": True, "apparmorProfile": "docker-default", "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"]}}, "root": {"path": "rootfs", "readonly": True}, "hostname": "web", "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/data", "type": "bind", "source": "/srv", "options": ["rbind", "ro", "rprivate"]}], "annotations": {"io.kubernetes.cri.image-name": "shop:1"}, "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "network", "path": "/proc/1/ns/net"}], "seccomp": {"defaultAction": "x"}, "sysctl": {"a": "1"}, "maskedPaths": ["/proc/kcore"], "cgroupsPath": "/docker/" + ID, "resources": {"memory": {"limit": 1048576}, "cpu": {"quota": 50000, "period": 100000}, "pids": {"limit": -1}, "devices": [{"allow": False}, {"allow": True, "type": "c", "major": 1}]}}},
    "privileged": {"process": {"capabilities": {"bounding": ["CAP_%d" % number for number in range(41)]}}, "mounts": [{"destination": "/host", "source": "/", "options": ["bind", "rshared"]}], "linux": {"devices": [{"path": "/dev/sda"}], "namespaces": [{"type": "user", "path": "/proc/7/ns/user"}], "resources": {"devices": [{"allow": True, "type": "a", "major": -1}]}, "cgroupsPath": "system.slice:docker:" + ID}},
}

KEYS = {
    "edited": b"\0echo hallo\x01\x1b[C\x1b[C\x7f\x04\x17\x19x\x14\r",
    "history": b"\0id\rls -l\r\x1b[A\x1bOA\x10\x0e\x1bb\x1bf\x1bd\x0b\r",
    "pasted": b"\0\x1b[200~a\r\tb\x1b[201~\x1b[3~\r\x16\x03\x03x\x0f",
    "characters": "\1ä€😀\nzwei\n".encode() + b"\xc3x\xff\n",
}

SPOOLED = [
    {"record": {"kind": "file", "action": "write", "target": "/etc/passwd", "node": "n1", "details": {"before": "0"}}},
    {"alert": {"time_ns": 1, "rule": "Drift", "source": "syscall", "priority": "critical", "tags": ["T1611"], "text": "a program", "fields": {"proc.name": "x", "fd.name": None}, "node": "n1", "times": 2}},
]

STAT = "7 (a) b) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0\n"
KERNEL_FILES = {
    "process": STAT.encode() + b"\xffsh\0-c\0id\0\xffName:\ta) b\nNSpid:\t7\t1\n",
    "cgroup": b"/kubepods.slice/kubepods-pod0_1.slice/cri-containerd-" + ID.encode() + b".scope",
    "io": b"8:0 rbytes=1 wbytes=2 rios=3\n8:0 Read 1\n8:0 Write 2\n",
    "numbers": b"some avg10=1.00 total=42\noom_kill 3\n0-3,8\n",
    "cpu": b"50000 100000\n",
    "cpus": b"0-3,8\n",
    "disks": b"254 0 vda 1 0 10 0 1 0 20 0\n254 1 vda1 1 0 10 0 1 0 20 0\n7 0 loop0 1 0 99 0 1 0 99 0\n",
}


def message(*fields):
    """Protobuf of (number, value) pairs, each number below 16."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += bytes([number << 3, value])
        else:
            value = value.encode() if isinstance(value, str) else value
            out += bytes([number << 3 | 2, len(value)]) + value
    return out


def envelope(topic, kind, event):
    any_event = message((1, kind), (2, event))
    return message((1, message((1, 7), (2, 9))), (2, "k8s.io"), (3, topic), (4, any_event))


# Events as `bpf/event.h` lays them out.


def value(tag, content):
    return struct.pack("<HH", tag, len(content)) + content


def event(kind, *values, ret=0, call=0):
    body = struct.pack("<HHQQQQq5Q", kind, 0, 9, 5, 1, 7, ret, 0, 1, 1, 1, 0)
    body += struct.pack("<3I2I6I2I2II7II", 7, 7, 1, 1, 1, *[0] * 6, 2**32 - 1, 0, 7, 7, 0, *range(1, 8), call)
    body += b"sh".ljust(16, b"\0") + b"".join(values)
    return struct.pack("<I", len(body) + 4) + body


def sensor_events():
    file = struct.pack("<QQqq10I", 5, 100, 1, 1, 8 << 20, 0, 0o100755, 1, 0, 0xEF53, 1, 0, 0, 0)
    end = bytes([127, 0, 0, 1]).ljust(16, b"\0") + struct.pack("<HH", 4444, 0)
    socket = end + end + struct.pack("<4HQIHH", 2, 1, 6, 1, 9, 3, 0, 0)
    stdio = struct.pack("<QIIHH16sI", 9, 0o140777, 0, 2, 4444, b"\x7f\0\0\1", 0)
    cgroup = struct.pack("<QI", 7, 0) + ID.encode() + b"\0docker\0"
    child = struct.pack("<QIIIIQII", 6, 8, 8, 2, 0, 7, 1, 0)
    program = [value(3, file + b"sh\0bin\0"), value(4, file + b"tmp\0"), value(5, b"/bin/sh"), value(7, b"sh\0-i\0"), value(9, b"HOME=/\0"), value(12, stdio * 3), value(13, cgroup), value(17, struct.pack("<QQ", 6, 7))]
    call = [value(1, file + b"shadow\0etc\0"), value(5, b"/etc/shadow"), value(10, bytes(48)), value(99, b"new")]
    speaks = [value(11, socket), value(18, struct.pack("<HH", 2, 0x5C11) + bytes([127, 0, 0, 1])), value(19, b'{"method":"login"}')]
    return {
        "exec": event(2, *program),
        "fork-exit": event(1, value(14, child)) + event(3, ret=9),
        "open": event(7, *call, ret=3, call=257),
        "connect": event(7, *speaks, call=42),
        "cgroup": event(4, value(13, cgroup)) + event(5, value(13, cgroup)) + event(6, value(13, cgroup), value(14, child)),
        "typed": event(11, value(20, struct.pack("<4I", 5, 0, 1, 3) + b"id\n")),
        "request": event(8, *call[:2], ret=18) + event(9) + event(12, value(3, file + b"x\0")),
    }


# Recordings.

NAMESPACES = {name: number for number, name in enumerate("mnt pid net user ipc uts cgroup".split())}
SETS = dict.fromkeys("inheritable permitted effective bounding ambient".split(), 1)
TASK = {
    **dict.fromkeys("tid inner_pid inner_tid uid gid euid egid suid fsuid session process_group tty".split(), 0),
    **{"process": {"pid": 7, "start_ns": 5}, "parent": {"pid": 1, "start_ns": 1}, "comm": "sh", "cgroup_id": 7},
    **{"login_uid": None, "capabilities": SETS, "namespaces": NAMESPACES},
}
FILE = {
    **dict.fromkeys("inode device rdev mode uid size_bytes filesystem mount_namespace changed_s modified_s open_flags".split(), 0),
    **{"path": "/bin/sh", "links": 1, "flags": {}},
}
NO_STDIO = {"inode": 0, "mode": 0, "rdev": 0, "family": "none", "remote": None}
EXEC = {
    **{"exe": FILE, "cwd": None, "claimed": "/bin/sh", "interpreter": "", "arguments": ["sh", "-i"], "arguments_tail": ""},
    **{"arguments_bytes": 6, "environment": [], "environment_bytes": 0, "cgroup": None},
    "stdio": [{**NO_STDIO, "family": "ipv4", "remote": {"ip": ["10.0.0.1", 4444]}}, NO_STDIO, NO_STDIO],
}
CALL = {
    **{"name": "openat", "ret": 3, "compat": False, "arguments": [0] * 6, "object": {**FILE, "path": "/etc/shadow"}, "cwd": None},
    **{"connection": None, "claimed": "/etc/shadow", "claimed_second": "", "address": None, "payload": []},
}


def recording(*kinds):
    snapshot = {"node": "n1", "boot_ns": 0, "host_namespaces": {**NAMESPACES, "mnt": 9}, "cgroups": [{"id": 7, "hierarchy": 0, "path": "/docker/" + ID}]}
    lines = [{"before": {"format": "lazaret-recording/1", "snapshot": snapshot}}]
    lines.append({"container": {"id": ID, "name": "web", "spec": {"image": {"reference": "shop:1"}}}})
    lines += [{"event": {"time_ns": number, "task": TASK, "kind": kind}} for number, kind in enumerate(kinds)]
    return "".join(json.dumps(line) + "\n" for line in lines)


def node(put, compressed):
    for (target, name), text in HOST_FILES.items():
        put(target, name, text)
    for name, told in DOCKER_EVENTS.items():
        put("engine_event", "docker-" + name, json.dumps(told))
    exit_event = message((1, "web"), (2, "web"), (3, 7), (4, 9))
    put("engine_event", "containerd-exit", envelope("/tasks/exit", "containerd.events.TaskExit", exit_event))
    created = message((1, "web"), (2, "shop:1"))
    put("engine_event", "containerd-create", envelope("/containers/create", "containerd.events.ContainerCreate", created))
    put("kubernetes_trail", "exec", json.dumps(AUDIT_EXEC))
    put("kubernetes_trail", "secret", json.dumps(AUDIT_SECRET))
    put("kubernetes_trail", "pod", json.dumps(POD).encode() + b"\xff" + json.dumps(POD_LATER).encode())
    for name, bundle in BUNDLES.items():
        put("bundle_config", name, json.dumps(bundle))
    for name, keys in KEYS.items():
        put("terminal_lines", name, keys)
    put("spool", "both", "".join(json.dumps(line) + "\n" for line in SPOOLED))
    put("spool", "torn", json.dumps(SPOOLED[0]) + "\nno entry\n\n{\"record\":{")
    for name, content in KERNEL_FILES.items():
        put("kernel_files", name, content)
    for name, content in sensor_events().items():
        put("sensor_event", name, content)
    cgroup = {"id": 8, "hierarchy": 0, "path": "/docker/" + "ab" * 32}
    child = {"process": {"pid": 8, "start_ns": 6}, "inner_pid": 2, "cgroup_id": 8}
    put("recording", "shell", recording({"exec": EXEC}))
    put("recording", "opens", recording({"call": CALL}, {"call": {**CALL, "name": "open", "ret": -13}}))
    put("recording", "lives", recording({"cgroup_made": cgroup}, {"fork": child}, "oom_victim", {"exit": {"status": 9}}, {"cgroup_removed": cgroup}))
    put("recording", "packed", compressed("zstd", recording("oom_victim").encode()))
