"""What the agent's benches share: an engine of their own, the real agent as a process, tables.

Needs root, dockerd, docker, busybox-static, bash and perl. Only what a bench made itself is looked at,
and all of it is taken away at the end."""

import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAZARET = os.environ.get("LAZARET_BIN", str(ROOT / "target/release/lazaret"))
IMAGE = "figures:1.0"
# The containers' cgroup, below which their names are as Docker gives them.
CGROUP = "lazaret-figures"
APPLETS = """sh cat true cp ls nc sleep ip rm dd head seq date id""".split()
PATIENCE_S = 60
# Whoever is told to end takes away what it made.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))


def wait_until(what, ready, patience_s=PATIENCE_S):
    until = time.monotonic() + patience_s
    while not (found := ready()):
        if time.monotonic() > until:
            raise SystemExit(f"{what}: it takes too long")
        time.sleep(0.05)
    return found


def end(process):
    """Asks a process of ours to end, and ends it when it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Docker:
    """dockerd with folders of its own, on a filesystem of so many MiB where they are said."""

    def __init__(self, small_mib=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lazaret-figures-"))
        self.small = small_mib
        data = self.folder / "data"
        data.mkdir()
        if small_mib:
            size = f"size={small_mib}m,mode=0755"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "lazaret-figures", data], check=True)
        (self.folder / "none.json").write_text("{}")
        self.socket = f"unix://{self.folder}/docker.sock"
        self.log = open(self.folder / "log", "wb")
        command = ["dockerd", "--bridge", "none", "--iptables=false", "--storage-driver", "overlay2",
                   "--host", self.socket, "--data-root", data, "--exec-root", self.folder / "exec",
                   "--pidfile", self.folder / "pid", "--config-file", self.folder / "none.json",
                   "--cgroup-parent", f"/{CGROUP}/docker"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        wait_until("dockerd", lambda: self.run("version", check=False).returncode == 0)
        self.run("import", self.rootfs(), IMAGE)

    def command(self, *arguments):
        return ["docker", "--host", self.socket, *map(str, arguments)]

    def run(self, *arguments, check=True):
        ran = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and ran.returncode:
            raise SystemExit(f"docker {arguments}: {ran.stderr}")
        return ran

    def rootfs(self):
        """busybox, bash and perl with what they need, packed."""
        root = self.folder / "root"
        for folder in ["bin", "etc", "tmp", "root"]:
            (root / folder).mkdir(parents=True)
        (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (root / "etc/shadow").write_text("root:*:1::::::\n")
        shutil.copy("/bin/busybox", root / "bin/busybox")
        for name in APPLETS:
            (root / "bin" / name).symlink_to("busybox")
        for program in ["/bin/bash", "/usr/bin/perl"]:
            listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
            for path in [word for word in listed.split() if word.startswith("/")] + [program]:
                (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, root / path[1:])
        modules = "usr/lib/x86_64-linux-gnu/perl-base"
        if pathlib.Path("/", modules).exists():
            shutil.copytree(f"/{modules}", root / modules, symlinks=True)
        subprocess.run(["tar", "-cf", self.folder / "root.tar", "-C", root, "."], check=True)
        return self.folder / "root.tar"

    def close(self):
        ids = self.run("ps", "-aq", check=False).stdout.split()
        if ids:
            self.run("rm", "-f", *ids, check=False)
        end(self.process)
        if self.small:
            subprocess.run(["umount", "-l", self.folder / "data"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        tidy()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def tidy():
    """Takes the cgroups away again."""
    for hierarchy in pathlib.Path("/sys/fs/cgroup").iterdir():
        for folder in [f"{CGROUP}/docker", CGROUP]:
            try:
                (hierarchy / folder).rmdir()
            except OSError:
                pass


class Agent:
    """`lazaret agent`; every line that it tells is kept with the moment at which it came."""

    def __init__(self, config=None, arguments=(), data=None):
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="lazaret-figures-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        kinds = ["container", "image", "file", "command", "line", "response", "agent"]
        whole = {"outputs": [{"to": {"stdout": {}}, "least_priority": "debug", "records": kinds}],
                 "metrics": {"listen": f"127.0.0.1:{self.port}"}}
        # A file of JSON is a file of YAML.
        (self.data / "agent.yaml").write_text(json.dumps(whole | (config or {})))
        self.log = self.data / "agent.log"
        command = [LAZARET, "--data-dir", self.data, "--cache-dir", self.data / "cache", "agent",
                   "--config", self.data / "agent.yaml", *arguments]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.told, self.changed = [], threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        begun = lambda: b"watching" in self.log.read_bytes() or self.process.poll() is not None
        wait_until("the agent", begun)
        if self.process.poll() is not None:
            raise SystemExit(f"skipped: {self.log.read_text().strip()}")

    def listen(self):
        for line in iter(self.process.stdout.readline, b""):
            now = time.time_ns()
            told = json.loads(line) | {"came_ns": now}
            with self.changed:
                self.told.append(told)
                self.changed.notify_all()

    def wait(self, fits, patience_s=10):
        """The first thing told that fits; nothing when none came."""
        until, seen = time.monotonic() + patience_s, 0
        with self.changed:
            while True:
                for told in self.told[seen:]:
                    if fits(told):
                        return told
                seen = len(self.told)
                if not self.changed.wait(max(0.0, until - time.monotonic())):
                    return None

    def alerts(self, rule):
        with self.changed:
            return [told for told in self.told if told.get("rule") == rule and "output" in told]

    def counters(self):
        """Its numbers, by name with labels."""
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10).read().decode()
        found = re.findall(r"^lazaret_(\S+?)(\{.*?\})? (\S+)$", page, re.MULTILINE)
        return {name + labels: float(value) for name, labels, value in found}

    def events(self):
        return self.counters()["events_total"]

    def lost(self):
        return sum(value for name, value in self.counters().items() if name.startswith("lost_total"))

    def memory(self):
        """MiB by kind: all, its own, of files, shared (rings mapped)."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        found = dict(re.findall(r"^(VmHWM|VmRSS|RssAnon|RssFile|RssShmem):\s+(\d+)", text, re.MULTILINE))
        return {name: int(kib) / 1024 for name, kib in found.items()}

    def processor_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def threads_s(self):
        """Seconds of processor time by thread."""
        found = {}
        for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            head, _, rest = stat.read_text().rpartition(")")
            fields = rest.split()
            found[head] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return found

    def search(self, condition):
        """What `lazaret audit search` finds."""
        command = [LAZARET, "--data-dir", self.data, "audit", "search", "-f", "json", "-n", "1000000", condition]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"audit search: {ran.stderr}")
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self, keep=False):
        end(self.process)
        if not keep:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def moment_ns(text):
    """A time of RFC 3339 with up to nine digits, in nanoseconds since 1970."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9] or 0)


def rank(values, percent):
    """The smallest value that so many percent are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" + "--:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
