"""A hundred containers of a moment by Docker: each program is told with its container and image.
Usage: brief.py [CONTAINERS]"""

import concurrent.futures
import sys
import time

import lab

CONTAINERS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
WORKERS = 4


def main():
    with lab.Docker() as docker, lab.Agent() as agent, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        def one(number):
            name = f"brief-{number}"
            return docker.run("run", "--rm", "--network", "none", "--name", name, lab.IMAGE,
                              "/bin/sh", "-c", f"sleep 0.05; /bin/true {name}")

        list(pool.map(one, range(CONTAINERS)))
        time.sleep(1)
        expected = {(f"brief-{number}", command) for number in range(CONTAINERS)
                    for command in [f"/bin/sh -c 'sleep 0.05; /bin/true brief-{number}'", "sleep 0.05", f"/bin/true brief-{number}"]}
        found = set()
        for record in agent.search("audit.kind = command and audit.action = exec"):
            container = record.get("container") or {}
            if container.get("image") == lab.IMAGE and container.get("image_digest"):
                found.add((container["name"], record["initiator"]["command"]))
        print(f"{len(found & expected)} of {len(expected)} programs of {CONTAINERS} containers told with container, "
              f"image and digest; lost {agent.lost():.0f}")
        for one in sorted(expected - found):
            print("not told:", one)


main()
