"""Times whole processes in turn, run by run, and prints medians and ratios as a table."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile

directory, runs = pathlib.Path(sys.argv[1]), int(sys.argv[2])
lazaret = os.environ.get("LAZARET_BIN", "target/release/lazaret")
scratch = pathlib.Path(tempfile.mkdtemp())


def layers(archive):
    with tarfile.open(archive) as opened:
        return json.load(opened.extractfile("manifest.json"))[0]["Layers"]


def timed(command):
    """Seconds and peak KiB of a process; the clock of the system, the kernel's own account."""
    report = scratch / "time"
    wrapped = ["/usr/bin/time", "-o", report, "-f", "%e %M", "sh", "-c", f"exec {command}"]
    subprocess.run(wrapped, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds, kib = report.read_text().split()
    return float(seconds), int(kib)


def cold(command, cache):
    return lambda: (shutil.rmtree(cache, ignore_errors=True), timed(command))[1]


def contenders(archive):
    floor = " && ".join(f"tar -xOf {archive} {layer} | tar -t >/dev/null" for layer in layers(archive))
    own = f"{lazaret} --cache-dir {scratch}/lazaret sbom -f cyclonedx -o {scratch}/out {archive}"
    yield "floor: tar into tar", lambda: timed(f"sh -c '{floor}'")
    yield "lazaret, cold", cold(own, scratch / "lazaret")
    yield "lazaret, warm", lambda: timed(own)
    if trivy := os.environ.get("TRIVY"):
        cache = scratch / "trivy"
        # Its Java index is a download, so its jars are left out: less work than ours.
        command = f"{trivy} --cache-dir {cache} image -q --skip-files '**/*.jar' --format cyclonedx --input {archive}"
        yield "trivy without jars, cold", cold(command, cache)
        yield "trivy --version (unpacking itself)", lambda: timed(f"{trivy} --version")
    if syft := os.environ.get("SYFT"):
        yield "syft", lambda: timed(f"{syft} -q -o cyclonedx-json docker-archive:{archive}")


print("| archive | program | s (median of %d) | ÷ lazaret cold | peak MiB |" % runs)
print("|---|---|--:|--:|--:|")
for archive in sorted(directory.glob("*.tar")):
    entries = list(contenders(archive.resolve()))
    results = {name: [] for name, _ in entries}
    for _ in range(runs):
        for name, measure in entries:
            results[name].append(measure())
    medians = {name: statistics.median(seconds for seconds, _ in got) for name, got in results.items()}
    for name, got in results.items():
        peak = max(kib for _, kib in got) / 1024
        ratio = medians[name] / medians["lazaret, cold"]
        print(f"| {archive.stem} ({archive.stat().st_size / 1e6:.0f} MB) | {name} | {medians[name]:.2f} | {ratio:.2f} | {peak:.0f} |", flush=True)
shutil.rmtree(scratch)
