"""Many containers that live for a moment, by runc itself and two at a time: the agent's memory stays flat, and
each program is told with its container.  Usage: churn.py [CONTAINERS]    (10,000 take a quarter of an hour)"""

import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import lab

CONTAINERS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
EACH = 500
WORKERS = 2


def bundle(folder):
    """A bundle with busybox alone; its configuration is written for each container."""
    (folder / "rootfs/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", folder / "rootfs/bin/busybox")
    subprocess.run(["runc", "spec"], cwd=folder, check=True)
    config = json.loads((folder / "config.json").read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/busybox", "sleep", "0.05"]
    config["root"]["readonly"] = True
    return config


class Worker:
    """Runs one container after the other, each in a cgroup named as Docker names them."""

    def __init__(self, folder):
        self.folder = folder
        self.config = bundle(folder)

    def run(self):
        name = uuid.uuid4().hex + uuid.uuid4().hex
        self.config["linux"]["cgroupsPath"] = f"/{lab.CGROUP}/docker/{name}"
        (self.folder / "config.json").write_text(json.dumps(self.config))
        command = ["runc", "--root", self.folder / "state", "run", "--bundle", self.folder, name]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return name


def told_of(agent, names):
    """Containers of which the start of their one program was told."""
    def is_exec(told):
        return told.get("kind") == "command" and told["initiator"]["command"] == "/bin/busybox sleep 0.05"
    with agent.changed:
        return {told["container"]["id"] for told in agent.told if told.get("container") and is_exec(told)} & names


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lazaret-figures-"))
    names, rows, mine = set(), [], threading.local()

    def one(_):
        if not hasattr(mine, "worker"):
            mine.worker = Worker(folder / str(threading.get_ident()))
        return mine.worker.run()

    try:
        with lab.Agent() as agent, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            begun = time.monotonic()
            for done in range(0, CONTAINERS + 1, EACH):
                if done:
                    names |= set(pool.map(one, range(EACH)))
                time.sleep(1)
                memory = agent.memory()
                rows.append([done, time.monotonic() - begun, memory["VmRSS"], memory["RssAnon"], memory["VmHWM"],
                             len(told_of(agent, names)), int(agent.counters()["containers"]), agent.lost()])
                print(rows[-1], file=sys.stderr, flush=True)
            records = agent.search('audit.kind = command and proc.cmdline contains "sleep 0.05"')
            kept = {record["container"]["id"] for record in records if record.get("container")} & names
    finally:
        lab.tidy()
        shutil.rmtree(folder, ignore_errors=True)
    lab.table(["containers", "s", "MiB", "own", "most", "told with theirs", "remembered", "lost"], rows)
    print(f"in the audit log with their container: {len(kept)} of {len(names)}")


main()
