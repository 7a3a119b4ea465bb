"""One container does as much as it can (opens, programs, connections) while another attacks in the middle
of it: what is told of the attack, how late, and what is told of what was lost.  Usage: flood.py [SECONDS]"""

import subprocess
import sys
import time

import lab

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
FLOOD = r"""
perl -e 'while (1) { open my $h, q(<), q(/etc/passwd) }' &
perl -e 'use Socket; $to = sockaddr_in(9, inet_aton(q(127.0.0.1))); while (1) { socket $s, PF_INET, SOCK_STREAM, 0; connect $s, $to }' &
while :; do /bin/true; done
"""
ATTACK = """
nc -l -p 4455 >/dev/null & sleep 0.5
echo $EPOCHREALTIME; nc 127.0.0.1 4455 -e /bin/sh
echo $EPOCHREALTIME; cat /etc/shadow >/dev/null
"""
RULES = ["Shell on a network connection", "Password file read in a container"]
LOST = "Sensor lost sight"


def at(docker, name, script):
    command = ["run", "-d", "--network", "none", "--name", name, lab.IMAGE, "/bin/bash", "-c", script]
    return docker.run(*command).stdout.strip()


def attack(docker, agent, name):
    """Milliseconds from each act to its alert."""
    container = at(docker, name, ATTACK)
    docker.run("wait", container)
    stamps = docker.run("logs", container).stdout.split()
    for rule, stamp in zip(RULES, stamps):
        fits = lambda told: told.get("rule") == rule and (told.get("container") or {}).get("id") == container
        alert = agent.wait(fits, 15)
        yield (alert["came_ns"] / 1e6 - float(stamp) * 1e3) if alert else "not told"


def main():
    with lab.Docker() as docker, lab.Agent() as agent:
        rows = [["no flood", "", *attack(docker, agent, "alone"), "", "", agent.memory()["VmRSS"]]]
        at(docker, "flood", FLOOD)
        time.sleep(SECONDS / 2)
        before = (time.monotonic(), agent.events())
        found = list(attack(docker, agent, "attack"))
        most = agent.memory()["VmRSS"]
        time.sleep(SECONDS / 2)
        events = (agent.events() - before[1]) / (time.monotonic() - before[0])
        docker.run("kill", "flood")
        time.sleep(3)
        told = agent.alerts(LOST)
        lost = agent.lost()
        rows.append(["flood", events, *found, lost, agent.processor_s(), max(most, agent.memory()["VmHWM"])])
        lab.table(["", "events/s looked at", "ms to reverse shell", "ms to shadow read", "lost", "agent's processor s",
                   "most MiB"], rows)
        for alert in told:
            who = (alert.get("container") or {}).get("name", "the node")
            print(f"{LOST}: {who}: {alert['output_fields']}")
        print({name: value for name, value in agent.counters().items() if name.startswith("lost")})


main()
