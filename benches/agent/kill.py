"""How long a program lives that the hands end.  Usage: kill.py [REPETITIONS]

A shell in a container takes the clock before it begins the program and when it has its end. The same
program that ends by itself at once is told beside it: what beginning and ending costs without anybody."""

import sys

import lab

REPETITIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
# Three copies: one is killed by its alert, one by a standing order, one by nobody.
PLANT = "for name in alert never free; do cp /bin/busybox /tmp/busybox-$name; done"
LOOP = """for i in $(seq {times}); do
  a=$EPOCHREALTIME; /tmp/busybox-{name} {does} 2>/dev/null; status=$?; echo $status $a $EPOCHREALTIME
done 2>/dev/null"""
RULES = """
- rule: A planted program
  desc: one of the bench's own begins
  condition: evt.type = execve and proc.exepath = /tmp/busybox-alert
  output: began %proc.exepath
  priority: CRITICAL
  tags: [bench]
"""
RESPONSE = {
    "actions_per_hour": 1_000_000,
    "rules": [{"name": "end", "when": {"tags": ["bench"]}, "scope": {"names": ["victim"]}, "action": "kill"}],
    "never": [{"paths": ["/tmp/busybox-never"], "scope": {"names": ["victim"]}}],
}
KINDS = [("ended by itself", "free", "true", 0), ("killed in the kernel as it begins", "never", "sleep 60", 137),
         ("killed by its alert", "alert", "sleep 60", 137)]


def lives_ms(docker, name, does, status):
    script = LOOP.format(times=REPETITIONS, name=name, does=does)
    told = docker.run("exec", "victim", "/bin/bash", "-c", script).stdout.split()
    lives = []
    for code, begin, end in zip(told[::3], told[1::3], told[2::3]):
        if int(code) != status:
            raise SystemExit(f"{name}: ended with {code}")
        lives.append((float(end) - float(begin)) * 1000)
    return lives


with lab.Docker() as docker:
    rules = docker.folder / "rules.yaml"
    rules.write_text(RULES)
    with lab.Agent({"response": RESPONSE}, ["--rules", rules]) as agent:
        script = f"{PLANT}; sleep 3000"
        docker.run("run", "-d", "--network", "none", "--name", "victim", lab.IMAGE, "/bin/bash", "-c", script)
        lab.wait_until("the programs", lambda: not docker.run("exec", "victim", "ls", "/tmp/busybox-free", check=False).returncode)
        rows = []
        for kind, name, does, status in KINDS:
            lives = lives_ms(docker, name, does, status)
            rows.append([kind, len(lives), *(lab.rank(lives, part) for part in (50, 90, 99))])
        lab.table(["program", "runs", "p50 ms", "p90 ms", "p99 ms"], rows)
        answers = {name: value for name, value in agent.counters().items() if name.startswith("responses")}
        print(answers, f"lost {agent.lost():.0f}")
