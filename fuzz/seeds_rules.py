"""The seeds of the rule language and its files. All is invented."""

FILTERS = {
    "names": "evt.type in (execve, execveat) and proc.name in (words, bash) and not proc.aname[2]=sshd",
    "path": "fd.name startswith /etc and fd.name pmatch (/etc, /usr) or fd.name glob '/home/*/.ssh/*'",
    "numbers": "evt.rawres >= 0x0 and proc.pid < 5 and proc.duration <= 10s and fd.sport in (22, 80)",
    "networks": "fd.sip in (\"10.0.0.0/8\", fe80::/10) and fd.ip != 127.0.0.1",
    "modifiers": "proc.name startswith oneof (a, b) or proc.name != allof (x, y) or fd.name endswith anyof(z)",
    "calls": "toupper(proc.name) = BASH and len(proc.cmdline) > 3 and concat(proc.name, \"/\", fd.name) exists",
    "fields": "proc.name = val(proc.pname) and evt.arg.flags contains O_TRUNC and evt.dir=<",
    "bytes": "evt.buffer bcontains cafebabe or proc.cmdline regex \".*\\.sh$\"",
    "image": "vuln.severity >= high and vuln.fixable = true and image.age > 90d or secret.category = token",
    "missing": "not proc.env[PATH] exists and proc.env[\"A B\"] != x",
    "output": "%proc.name of %proc.aname[2] opened %fd.name 100%%",
    "macros": "m0 and not (m1 or m0)",
}

RULES = {
    "all": "- required_engine_version: 0.57.0\n- list: a\n  items: [x, 'y', b]\n- list: b\n  items: [z]\n- macro: m\n  condition: evt.type = open and evt.dir=<\n- rule: R\n  desc: d\n  condition: >\n    m and proc.name in (a)\n    and not fd.name startswith /tmp\n  output: \"%proc.name (%fd.name)\"\n  priority: WARNING\n  tags: [t]\n  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n      comps: [=, startswith]\n      values:\n        - [x, /etc]\n    - name: f\n      fields: proc.pname\n      values: [u, v]\n",
    "changes": "- list: a\n  items: [x]\n- list: a\n  items: [y]\n  override: {items: append}\n- macro: m\n  condition: evt.num = 0\n- macro: m\n  condition: or evt.type = open\n  append: true\n- rule: R\n  desc: d\n  condition: m\n  output: o\n  priority: INFO\n- rule: R\n  condition: and proc.name in (a)\n  priority: DEBUG\n  override: {condition: append, priority: replace}\n- rule: R\n  enabled: false\n",
    "two_files": "- macro: m\n  condition: evt.type = open\n- rule: R\n  desc: d\n  condition: m\n  output: o\n  priority: INFO\n\udcff- macro: m\n  condition: evt.type = close\n",
    "audit": "- required_plugin_versions:\n  - {name: k8saudit-x, version: 0.1.0, alternatives: [{name: k8saudit, version: 0.7.0}]}\n- rule: P\n  desc: d\n  condition: ka.verb = create and ka.req.pod.containers.privileged intersects (true) and jevt.value[/a/b] = x\n  output: \"%ka.user.name %jevt.value[/a]\"\n  priority: WARNING\n  source: k8s_audit\n",
    "anchors": "- list: a\n  items: &i [x, y]\n- list: b\n  items: *i\n- rule: &r R\n  desc: *r\n  condition: |\n    proc.name in (b)\n  output: o\n  priority: NOTICE\n  warn_evttypes: false\n  skip-if-unknown-filter: true\n",
}


def rules(put):
    for name, text in FILTERS.items():
        put("filter", name, text.encode() + b"\xffopenat\xffbash\xff/etc/shadow\xffproc.name = sh")
    for name, text in RULES.items():
        put("rules_file", name, text.encode("utf-8", "surrogateescape"))


# Rows of the audit log: numbers, zigzag and LEB128, then texts with their lengths.


def leb(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def audit_row(number, kind="command", container=False, **texts):
    numbers = [number, 1700000000000000000 + number, 100 + number, 5, 1, 1, 0, -1, 0, 7]
    names = (
        "kind action outcome container_id container_name engine image image_digest namespace pod "
        "exe command cwd user ancestors target text severity rule node details"
    ).split()
    values = {"kind": kind, "action": "exec", "outcome": "success", "severity": "unknown", "node": "n1"}
    if container:
        values |= {"container_id": "c0ffee" * 8, "container_name": "web", "engine": "docker"}
    values |= texts
    row = b"".join(leb((n << 1) ^ (n >> 63)) for n in numbers)
    for name in names:
        text = values.get(name, "").encode()
        row += leb(len(text)) + text
    return row


def audit(put):
    above = '[{"process":{"pid":1,"start_ns":1},"exe":"/bin/sh","command":"sh"}]'
    one = audit_row(1, exe="/usr/bin/curl", command="curl x", ancestors=above, container=True)
    two = audit_row(2, kind="alert", severity="high", rule="Drift", details='{"priority":"critical"}')
    put("audit_segment", "one", one)
    put("audit_segment", "two", one + b"\n\n" + two)
    put("audit_segment", "unknown-kind", audit_row(1, kind="dance"))
    put("audit_segment", "none", b"")
