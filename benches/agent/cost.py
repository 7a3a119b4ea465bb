"""What the agent takes: processor time and memory, at rest and at 5,000 events a second of one container
(opens, connections, programs).  Usage: cost.py [SECONDS [EVENTS A SECOND]]"""

import sys
import time

import lab

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
WANTED = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
# Events of one of each: an open, a connection (its socket is told too), a program (fork, exec, its exit).
OPENS, CONNECTIONS, PROGRAMS = 0.80, 0.12, 0.08

# A hundred slices a second, each with its part of the opens, connections and programs.
LOAD = r"""
use Socket; my ($opens, $connections, $programs) = map { $_ / 100 } @ARGV; my ($o, $c, $p) = (0, 0, 0);
sub now { syscall 228, 1, my $t = "\0" x 16; my ($s, $n) = unpack q(qq), $t; $s + $n / 1e9 }
my ($begun, $slice) = (now(), 0); $SIG{CHLD} = q(IGNORE); my $to = sockaddr_in(9, inet_aton(q(127.0.0.1)));
my @files = map { my $f = qq(/tmp/f$_); open my $h, q(>), $f; $f } 1 .. 50;
while (1) {
  for ($o += $opens; $o >= 1; $o--) { open my $h, q(<), $files[rand @files] }
  for ($c += $connections; $c >= 1; $c--) { socket my $s, PF_INET, SOCK_STREAM, 0; connect $s, $to }
  for ($p += $programs; $p >= 1; $p--) { exec q(/bin/true), $p unless fork }
  my $rest = $begun + ++$slice / 100 - now(); select undef, undef, undef, $rest if $rest > 0;
}
"""


def measured(agent, what):
    before = (time.monotonic(), agent.processor_s(), agent.events(), agent.threads_s())
    time.sleep(SECONDS)
    after = (time.monotonic(), agent.processor_s(), agent.events(), agent.threads_s())
    seconds = after[0] - before[0]
    threads = sorted(((after[3][one] - before[3].get(one, 0)) * 100 / seconds for one in after[3]), reverse=True)
    print(f"{what}: busiest threads, % of a core: {', '.join(f'{one:.1f}' for one in threads[:5])}", file=sys.stderr)
    memory = agent.memory()
    row = [what, (after[2] - before[2]) / seconds, (after[1] - before[1]) * 100 / seconds,
           *(memory[kind] for kind in ["VmRSS", "RssAnon", "RssFile", "VmHWM"])]
    return row + [agent.lost()]


def load(docker, events):
    rates = [events * OPENS, events * CONNECTIONS / 2, events * PROGRAMS / 3]
    command = ["run", "-d", "--network", "none", "--name", "load", lab.IMAGE, "/usr/bin/perl", "-e", LOAD]
    docker.run(*command, *rates)


def main():
    with lab.Docker() as docker, lab.Agent() as agent:
        time.sleep(5)
        rows = [measured(agent, "at rest")]
        load(docker, WANTED)
        time.sleep(5)
        rows.append(measured(agent, "load"))
        docker.run("rm", "-f", "load")
        lab.table(["", "events/s", "% of a core", "MiB", "own", "files", "most", "lost"], rows)


main()
