"""How long after the act an alert and its audit record are there.  Usage: latency.py [REPETITIONS [OF HOGS]]

The act's time is the clock of the acting program just before it acts, which is before the call itself.
What begins a program (a container, `docker exec`) has the kernel's time of that program's start.
An alert's time is that at which its line can be read from the agent's output. A hog's time counts from
when its own threshold holds."""

import concurrent.futures
import pathlib
import statistics
import sys
import time

import lab

REPETITIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
HOG_REPETITIONS = int(sys.argv[2]) if len(sys.argv) > 2 else REPETITIONS
PLENTY_MS = 10_000

# Each line of output is an act and its time.
ACTS = r"""
nc -l -p 4455 >/dev/null & sleep 0.4
echo key-file $EPOCHREALTIME; echo x >>/keys/agent.conf; sleep 0.1
echo runc $EPOCHREALTIME; echo x >>/protected/runc; sleep 0.1
echo shell $EPOCHREALTIME; nc 127.0.0.1 4455 -e /bin/sh; sleep 0.1
perl -e 'use IO::Socket::INET; $l = IO::Socket::INET->new(Listen => 5, LocalPort => 4456) or die;
  $s = IO::Socket::INET->new(q(127.0.0.1:4456)) or die; syscall 228, 0, $t = "\0" x 16;
  ($seconds, $ns) = unpack q(qq), $t; printf qq(stratum %d.%06d\n), $seconds, $ns / 1000;
  send $s, qq({"id":1,"method":"mining.subscribe","params":[]}\n), 0'
sleep 1
"""
# The acts and what must be told of them: the alert's rule, and the program that did it.
TOLD = {
    "shell": ("reverse shell", "Shell on a network connection", "/bin/busybox"),
    "runc": ("copy of runc in a protected folder", "Runtime's program written through a mount", "/bin/bash"),
    "mount": ("container with a sensitive mount", "Container with a sensitive mount started", "/bin/bash"),
    "stratum": ("stratum handshake", "Stratum spoken", "/usr/bin/perl"),
    "key-file": ("key file edited", "Key file changed", "/bin/bash"),
    "exec": ("docker exec", "Terminal in a container", "/bin/bash"),
}
# Hogs with their limits. What is said first is when the threshold holds at the earliest.
HOGS = {
    # Ten periods of 10 ms are the fewest of which anything is said. The limit comes after the start, which is a hog too.
    "cpu": ("processor hog", "Processor throttled", "",
            "sleep 3; echo cpu $EPOCHREALTIME 0.1; while :; do :; done"),
    "memory": ("memory hog", "Memory at its limit", "--memory=32m --memory-swap=32m",
               "sleep 1; echo memory $EPOCHREALTIME 0; dd if=/dev/zero bs=29M count=1 2>/dev/null | sleep 60"),
    "disk": ("disk hog", "Writable layer too large", "",
             "sleep 1; echo disk $EPOCHREALTIME 0; dd if=/dev/zero of=/root/full bs=1M count=90 2>/dev/null; sleep 60"),
}
LOOKS = {"poll_ms": 100, "window_s": 1, "at_limit_percent": 90, "at_limit_s": 0, "throttled_percent": 40,
         "host_pressure_percent": 101, "io_stalled_percent": 101, "limits_wanted": [], "state": "",
         "mining": {"enabled": False}, "normal": {"enabled": False}, "disk": {"look_s": 0, "growth_mib": 4096}}


def is_right(told, container, program=None):
    """Container, image, and the tree from the program up to what the engine started it with."""
    where, who = told.get("container") or {}, told.get("initiator") or {}
    right = where.get("id") == container and where.get("image") == lab.IMAGE
    if program and right:
        above = [one["exe"] for one in who.get("ancestors", [])]
        # What `docker exec` begins comes from a runtime that is gone by then; the rest hangs below the shim.
        right = who.get("exe") == program and (len(above) > 0 and "containerd-shim" in above[-1])
    return right


def of(rule, container):
    return lambda told: told.get("rule") == rule and (told.get("container") or {}).get("id") == container


def acts(docker, agent, number):
    """A container that does everything, one after the other; milliseconds by act."""
    keys = docker.folder / "keys"
    started = docker.run("run", "-d", "--network", "none", "--name", f"figure-{number}", "--volume", "/etc:/host:ro",
                         "--volume", f"{keys}:/keys", "--volume", f"{docker.folder}/protected:/protected",
                         lab.IMAGE, "/bin/bash", "-c", ACTS)
    container = started.stdout.strip()
    docker.run("exec", "-t", container, "/bin/bash", "-c", "true")
    docker.run("wait", container)
    stamps = dict(line.split() for line in docker.run("logs", container).stdout.splitlines())
    found = {}
    for act, (_, rule, program) in TOLD.items():
        alert = agent.wait(of(rule, container))
        if not alert:
            print(f"not told: {act} of {container[:12]}", file=sys.stderr)
            found[act] = (PLENTY_MS, PLENTY_MS, False, False)
            continue
        kernel_ns = lab.moment_ns(alert["time"])
        began_ns = int(float(stamps[act]) * 1e6) * 1000 if act in stamps else kernel_ns
        on_disk = container.encode() in b"".join(wal.read_bytes() for wal in (agent.data / "audit").glob("*.wal"))
        found[act] = ((alert["came_ns"] - began_ns) / 1e6, (alert["came_ns"] - kernel_ns) / 1e6,
                      is_right(alert, container, program), on_disk)
    docker.run("rm", "-f", container)
    return container, found


def hog(docker, agent, number, kind):
    _, rule, limits, script = HOGS[kind]
    name = f"hog-{kind}-{number}"
    container = docker.run("run", "-d", "--network", "none", "--name", name, *limits.split(), lab.IMAGE,
                           "/bin/bash", "-c", script).stdout.strip()
    if kind == "cpu":
        docker.run("update", "--cpu-period=10000", "--cpu-quota=1000", container)
    alert = agent.wait(of(rule, container), 15)
    said = docker.run("logs", container).stdout.split()
    docker.run("rm", "-f", container)
    if not alert:
        print(f"not told: {name}", file=sys.stderr)
        return container, (PLENTY_MS, PLENTY_MS, False, False)
    holds_ns = int((float(said[1]) + float(said[2])) * 1e9)
    took = (alert["came_ns"] - holds_ns) / 1e6
    return container, (took, (alert["came_ns"] - lab.moment_ns(alert["time"])) / 1e6, is_right(alert, container), True)


def records(agent, rule, containers):
    """How many of the containers have the alert's record in what `audit search` finds."""
    found = agent.search(f'audit.kind = alert and audit.rule = "{rule}"')
    return len({record["container"]["id"] for record in found if record.get("container")} & set(containers))


def row(what, results, kept):
    took = [one[0] for one in results]
    since_event = statistics.median(one[1] for one in results)
    right = sum(one[2] for one in results)
    return [what, len(results), statistics.median(took), lab.rank(took, 99), since_event, right, kept]


def tell(rows):
    lab.table(["act", "times", "alert ms (median)", "p99", "since the event", "right", "recorded"], rows)
    print(f"worst p99: {max(entry[3] for entry in rows):.1f} ms", flush=True)


def main():
    rules = str(pathlib.Path(__file__).parent / "exec.yaml")
    rows = []
    with lab.Docker() as docker:
        for folder in ["keys", "protected"]:
            (docker.folder / folder).mkdir()
        (docker.folder / "keys/agent.conf").write_text("a\n")
        (docker.folder / "protected/runc").write_text("a copy\n")
        more = [{"path": f"{docker.folder}/{folder}/"} for folder in ["keys", "protected"]]
        config = {"key_files": {"built_in": False, "more": more}, "isolation": {"enabled": False}}
        with lab.Agent(config, ["--rules", "built-in", "--rules", rules]) as agent:
            done = dict(acts(docker, agent, number) for number in range(REPETITIONS))
            time.sleep(1)
            for act, (what, rule, _) in TOLD.items():
                results = [found[act] for found in done.values()]
                rows.append(row(what, results, records(agent, rule, done)))
            sessions = agent.search("audit.kind = command and audit.action = session_start")
            sessions = {one["container"]["id"] for one in sessions if one.get("container")}
            print(f"sessions of docker exec recorded: {len(sessions & set(done))} of {len(done)}")
            print(f"lost: {agent.lost():.0f}")
            tell(rows)
    rows = []
    with lab.Docker(small_mib=300) as docker, lab.Agent({"isolation": LOOKS}) as agent, \
            concurrent.futures.ThreadPoolExecutor(len(HOGS)) as pool:
        done = {kind: {} for kind in HOGS}
        for number in range(HOG_REPETITIONS):
            for kind, one in [(kind, pool.submit(hog, docker, agent, number, kind)) for kind in HOGS]:
                container, result = one.result()
                done[kind][container] = result
        for kind, (what, rule, *_) in HOGS.items():
            rows.append(row(what, list(done[kind].values()), records(agent, rule, done[kind])))
    tell(rows)


main()
