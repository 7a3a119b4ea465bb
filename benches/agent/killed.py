"""The agent is ended by SIGKILL while a container works, and started again: what it told is in the audit log, the
log is whole, and the time in which nobody watched is told.  Usage: killed.py [KILLS]"""

import collections
import json
import subprocess
import sys
import tempfile
import time

import lab

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
AWAY = "Agent was away"
# Each program has arguments of its own, so that none is counted with another.
WORK = "i=0; while :; do i=$((i+1)); /bin/true $i; if [ $((i % 20)) = 0 ]; then cat /etc/shadow >/dev/null; fi; done"


def keys(told):
    """What was told of processes, by time and process."""
    named = [one for one in told if one.get("initiator")]
    moment = lambda one: one["time_ns"] if "time_ns" in one else lab.moment_ns(one["time"])
    return collections.Counter((moment(one), one["initiator"]["process"]["pid"]) for one in named)


def main():
    rows = []
    config = {"commands": {"rate": 1000, "burst": 5000}}
    with lab.Docker() as docker, tempfile.TemporaryDirectory(prefix="lazaret-figures-") as data:
        docker.run("run", "-d", "--network", "none", "--name", "work", lab.IMAGE, "/bin/bash", "-c", WORK)
        acknowledged = collections.Counter()
        for kill in range(KILLS + 1):
            agent = lab.Agent(config, data=data)
            time.sleep(1 + kill * 0.137)
            away = agent.alerts(AWAY)
            if kill < KILLS:
                agent.kill()
            else:
                agent.close(keep=True)
            acknowledged += keys(agent.told)
            if kill:
                rows.append([kill, sum(acknowledged.values()), away[0]["output_fields"]["from"] if away else "not told",
                             away[0]["output_fields"]["to"] if away else ""])
        missing = acknowledged - keys(agent.search("evt.num > 0"))
        verify = [lab.LAZARET, "--data-dir", data, "audit", "verify", "-f", "json"]
        whole = json.loads(subprocess.run(verify, capture_output=True, text=True).stdout)
    lab.table(["start", "told so far", "not watched from", "to"], rows)
    print(f"{sum(missing.values())} of {sum(acknowledged.values())} told are not in the log; verify: {whole}")


main()
