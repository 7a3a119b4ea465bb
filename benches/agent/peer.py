"""What a call costs with nothing, with our sensor and with bpftrace attached, and how much of 100,000 opens a second
each tells, at which cost of its own.  Usage: peer.py COST  (the built example of that name of the crate sensor)

bpftrace (0.17) prints each open's process, name, path and result from the trace points of system calls. It needs
tracefs, which is mounted for it alone."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import lab

COST = sys.argv[1]
SECONDS, RATE = 5, 100_000
PATH = "/etc/hostname"
PROGRAM = """
tracepoint:syscalls:sys_enter_openat { @path[tid] = args->filename }
tracepoint:syscalls:sys_exit_openat /@path[tid]/ {
  printf("%d %s %s %d\\n", pid, comm, str(@path[tid]), args->ret); delete(@path[tid])
}"""
MOUNT = 'mount -t tracefs none /sys/kernel/tracing; mount -t debugfs none /sys/kernel/debug; exec "$@"'
# Opens at a rate, by the bare call.
OPENS = r"""
my ($rate, $seconds) = @ARGV; my $path = qq(/etc/hostname\0); my $slice = 0;
sub now { syscall 228, 1, my $t = "\0" x 16; my ($s, $n) = unpack q(qq), $t; $s + $n / 1e9 }
my $begun = now();
while ($slice < $seconds * 200) {
  for (1 .. $rate / 200) { syscall 3, syscall 257, -100, $path, 0 }
  my $rest = $begun + ++$slice / 200 - now(); select undef, undef, undef, $rest if $rest > 0;
}
printf qq(%.2f\n), now() - $begun;
"""


class Bpftrace:
    def __init__(self, out):
        environment = os.environ | {"BPFTRACE_STRLEN": "64"}
        self.out = open(out, "wb")
        command = ["unshare", "-m", "sh", "-c", MOUNT, "sh", "bpftrace", "-e", PROGRAM]
        self.process = subprocess.Popen(command, stdout=self.out, stderr=subprocess.STDOUT, env=environment)
        lab.wait_until("bpftrace", lambda: b"Attaching" in pathlib.Path(out).read_bytes()[:4096])
        time.sleep(3)

    def processor_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def told(self):
        """Opens of the path told, and lines that say how many were lost."""
        text = pathlib.Path(self.out.name).read_text(errors="replace")
        return len(re.findall(rf"^\d+ perl {PATH} \d+$", text, re.MULTILINE)), \
            sum(int(lost) for lost in re.findall(r"^Lost (\d+) events", text, re.MULTILINE))

    def close(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def costs():
    """What the example prints: ns of open and close by row, and its flood."""
    out = subprocess.run([COST], capture_output=True, text=True, check=True).stdout
    found = {name.strip(): int(ns) for name, ns in re.findall(r"^(\S.*?)\s+\d+\s+(\d+)\s+\d+$", out, re.MULTILINE)}
    return found, re.search(r"^(\d+) opens in .*?: (\d+) told", out, re.MULTILINE).groups()


def opens():
    ran = subprocess.run(["perl", "-e", OPENS, str(RATE), str(SECONDS)], capture_output=True, text=True, check=True)
    return float(ran.stdout)


def main():
    ours, (opened, told) = costs()
    bare = ours["nothing loaded"]
    with tempfile.TemporaryDirectory(prefix="lazaret-figures-") as folder:
        peer = Bpftrace(f"{folder}/calls")
        try:
            attached = costs()[0]["nothing loaded"]
        finally:
            peer.close()
        peer = Bpftrace(f"{folder}/opens")
        try:
            before = peer.processor_s()
            peer_took = opens()
            time.sleep(2)
            peer_own = peer.processor_s() - before
        finally:
            peer.close()
        peer_told, peer_lost = peer.told()
    with lab.Agent() as agent:
        time.sleep(3)
        before, events = agent.processor_s(), agent.events()
        agent_took = opens()
        time.sleep(2)
        agent_own, events, lost = agent.processor_s() - before, agent.events() - events, agent.lost()
    name = "every open wanted"
    rows = [["nothing attached", bare, "1.00", "", "", ""],
            ["our sensor, opens not wanted", ours["loaded, neither wanted"],
             f"{ours['loaded, neither wanted'] / bare:.2f}", "", "", ""],
            ["our sensor, every open told in full", ours[name], f"{ours[name] / bare:.2f}", f"{told} of {opened}", "", ""],
            ["the agent with its rules", "", "", f"{events:.0f} events, {lost:.0f} lost", agent_own, agent_took],
            ["bpftrace", attached, f"{attached / bare:.2f}", f"{peer_told} of {RATE * SECONDS}, {peer_lost} told lost",
             peer_own, peer_took]]
    lab.table(["", "ns open+close", "÷ bare", f"told of {RATE} opens/s", "own processor s", "opener's s"], rows)


main()
