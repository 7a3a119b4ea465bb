#!/usr/bin/env python3
"""Writes `corpus/`: the inputs from which each target begins. All is invented.

Needs the commands `zstd`, `xz`, `bzip2` and `db5.3_load` (Debian's db5.3-util). The seeds of
`advisory_database` are written by `cargo run --example databases` instead.
"""

import gzip
import hashlib
import io
import json
import re
import shutil
import sqlite3
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

import seeds_content
import seeds_node
import seeds_rules
from seeds_texts import FEEDS, FILES, PLAIN, VERSIONS

HERE = Path(__file__).parent
TABLES = (HERE / "src/names.rs").read_text() + (HERE / "src/feed.rs").read_text()
REPOSITORY = HERE.parent
# Written by `examples/databases.rs`; a case for each rule, kept as they are.
BY_HAND = {"advisory_database", "compose", "dockerfile"}


def put(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    assert len(content) <= 20 << 10, (target, name, len(content))
    (folder / name).write_bytes(content)


def table(name):
    """A table of `names.rs` or `feed.rs`."""
    return re.findall(r'"([^"]+)"', re.search(rf"pub const {name}: .*?\];", TABLES, re.S)[0])


def put_file(target, names, path, content, name=None):
    """A seed whose first byte picks this path from the table."""
    content = content.encode() if isinstance(content, str) else content
    first = bytes([ord("!") + table(names).index(path)])
    put(target, name or path.rsplit("/", 1)[-1].lstrip("."), first + content)


def compressed(command, content):
    return subprocess.run([command, "-c"], input=content, capture_output=True, check=True).stdout


# Layers and archives.


def tar(members, form=tarfile.USTAR_FORMAT):
    """A tar of (name, content) pairs; a pair's content may be a link target after `->`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            elif isinstance(content, str) and content.startswith(("->", "==")):
                kinds = {"->": tarfile.SYMTYPE, "==": tarfile.LNKTYPE}
                member.type, member.linkname = kinds[content[:2]], content[2:]
            content = b"" if isinstance(content, str) or content is None else content
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    # Two blocks of zeros end an archive; Python pads it to twenty.
    blocks = -(-len(out.getvalue().rstrip(b"\0")) // 512)
    return out.getvalue()[: blocks * 512] + bytes(1024)


def layers():
    plain = tar([
        ("etc/", None),
        ("etc/os-release", b"ID=debian\nVERSION_ID=12\n"),
        ("etc/.wh.passwd", b""),
        ("var/.wh..wh..opq", b""),
        ("usr/lib/link", "->../etc/os-release"),
        ("usr/lib/hard", "==etc/os-release"),
        ("big", b"0123456789abcdef" * 150),
    ])
    long = "d" * 60 + "/" + "e" * 70
    put("layer", "plain", b"1" + plain)
    put("layer", "pax", b"1" + tar([(long, b"long"), ("f\u00e9", b"x")], tarfile.PAX_FORMAT))
    put("layer", "gnu", b"1" + tar([(long, b"long"), ("l", "->" + long)], tarfile.GNU_FORMAT))
    put("layer", "gzip", b"0" + gzip.compress(plain, mtime=0))
    put("layer", "gzip-members", b"0" + gzip.compress(plain[:1024], mtime=0) + gzip.compress(plain[1024:], mtime=0))
    put("layer", "zstd", b"0" + compressed("zstd", plain))
    put("layer", "xz", b"0" + compressed("xz", plain))
    put("layer", "bomb", b"0" + gzip.compress(tar([("zeros", bytes(600_000))]), mtime=0))
    put("layer", "empty", b"1" + bytes(1024))
    put("layer", "sparse", b"1" + sparse())


def sparse():
    """An old GNU sparse file: spans at 2 and 8 of 12 bytes."""
    head = bytearray(tar([("old", b"abcdef")]))
    head[156:157] = b"S"
    head[257:265] = b"ustar  \0"
    for at, number in [(386, 2), (398, 3), (410, 8), (422, 3), (483, 12)]:
        head[at : at + 11] = b"%011o" % number
    return bytes(head)


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def image():
    """Two layers, and their configuration."""
    base = tar([("etc/os-release", b"ID=x\n")])
    top = tar([("etc/.wh.os-release", b"")])
    config = json.dumps({
        "os": "linux", "architecture": "amd64",
        "config": {"Env": ["A=1"], "Cmd": ["sh"], "Labels": {"a": "b"}, "ExposedPorts": {"80/tcp": {}}},
        "rootfs": {"type": "layers", "diff_ids": [sha256(base), sha256(top)]},
        "history": [{"created_by": "ADD base"}, {"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "RUN x", "created": "2024-01-01T00:00:00Z"}],
    }).encode()
    return base, top, config


def archives():
    base, top, config = image()
    entry = {"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["1/layer.tar", "2/layer.tar"]}
    docker = [("1/layer.tar", base), ("2/layer.tar", top), ("c.json", config)]
    manifest = ("manifest.json", json.dumps([entry]).encode())
    put("archive_stream", "docker", b"1" + tar([*docker, manifest]))
    put("archive_stream", "docker-manifest-first", b"1" + tar([manifest, *docker]))
    linked = [("1/layer.tar", base), ("2/layer.tar", "->../1/layer.tar"), *docker[2:], manifest]
    put("archive_stream", "docker-linked", b"1" + tar(linked))
    put("archive_stream", "docker-gzip", b"0" + gzip.compress(tar([*docker, manifest]), mtime=0))
    put("archive_stream", "oci", b"0" + tar(oci(lambda tar: tar)))
    put("archive_stream", "oci-gzip", b"0" + tar(oci(lambda tar: gzip.compress(tar, mtime=0))))
    put("archive_stream", "oci-zstd", b"0" + compressed("zstd", tar(oci(lambda tar: compressed("zstd", tar)))))


def blob(content, **more):
    return {"mediaType": "", "digest": sha256(content), "size": len(content), **more}


def oci(compress):
    base, top, config = image()
    stored = [compress(base), compress(top)]
    manifest = json.dumps({"schemaVersion": 2, "config": blob(config), "layers": [blob(l) for l in stored]}).encode()
    platform = {"os": "linux", "architecture": "amd64"}
    names = {"org.opencontainers.image.ref.name": "x:1"}
    index = {"schemaVersion": 2, "manifests": [blob(manifest, platform=platform, annotations=names)]}
    blobs = [("blobs/sha256/" + sha256(c)[7:], c) for c in [*stored, config, manifest]]
    return [*blobs, ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", json.dumps(index).encode())]


def documents():
    _, _, config = image()
    members = dict(oci(lambda tar: tar))
    put("image_documents", "config", config)
    put("image_documents", "index", members["index.json"])
    put("image_documents", "manifest", next(c for n, c in members.items() if b'"layers"' in c and b"config" in c))
    put("image_documents", "schema-1", '{"schemaVersion":1,"fsLayers":[]}')
    put("image_documents", "nulls", '{"os":null,"config":null,"history":null,"rootfs":{"diff_ids":null}}')
    words = '{"config":{"Entrypoint":"sh","Cmd":["a"],"Volumes":{"/v":{}}},"rootfs":{"diff_ids":[]},"created":"0001-01-01T00:00:00Z"}'
    put("image_documents", "words", words)


# Package databases.


def os_databases():
    status = """Package: libssl3
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: openssl (3.0.11-1~deb12u1)
Version: 3.0.11-1~deb12u1+b1
Maintainer: Somebody <x@example.org>
Conffiles:
 /etc/x 0123
Description: short
 long
 .

Package: gone
Status: deinstall ok config-files
Version: 1

"""
    put_file("dpkg", "DPKG", "var/lib/dpkg/status", status)
    put_file("dpkg", "DPKG", "var/lib/dpkg/status.d/base", status)
    put_file("dpkg", "DPKG", "var/lib/dpkg/status.d/base.md5sums", "0123  usr/bin/x\n")
    put_file("dpkg", "DPKG", "var/lib/dpkg/info/bash:amd64.list", "/.\n/bin\n/bin/bash\n", "bash.list")
    put_file("dpkg", "DPKG", "usr/lib/opkg/status", status.replace("ok installed", "user installed"), "opkg")
    wall = """{"jsonwall":"1.0","schema":"1.0","count":4}
{"kind":"content","slice":"hello_bins","path":"/usr/bin/hello"}
{"kind":"package","name":"hello","version":"2.10-3","sha256":"00","arch":"amd64"}
{"kind":"slice","name":"hello_bins"}
"""
    put_file("dpkg", "DPKG", "var/lib/chisel/manifest.wall", compressed("zstd", wall.encode()))
    apk = """C:Q1abc=
P:libcrypto3
V:3.1.4-r0
A:x86_64
S:1
I:2
T:Crypto
L:Apache-2.0
o:openssl
m:Somebody <x@example.org>
D:so:libc.musl-x86_64.so.1
F:lib
R:libcrypto.so.3
a:0:0:755
Z:Q1abc=
F:usr/lib

"""
    put_file("apk", "APK", "lib/apk/db/installed", apk)
    put_file("apk", "APK", "usr/lib/apk/db/installed", apk.replace("\n", "\r\n"), "installed-crlf")
    desc = "%NAME%\nbash\n\n%VERSION%\n5.2.026-2\n\n%BASE%\nbash\n\n%ARCH%\nx86_64\n\n%LICENSE%\nGPL\n\n%PACKAGER%\nx\n"
    put_file("apk", "APK", "var/lib/pacman/local/bash-5.2.026-2/desc", desc)
    put_file("apk", "APK", "var/lib/pacman/local/bash-5.2.026-2/files", "%FILES%\nusr/\nusr/bin/bash\n\n%BACKUP%\netc/x\t00\n")


def releases():
    os_release = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME='Debian \\$X'
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
ID_LIKE="a b"
CPE_NAME="cpe:/o:x"
# comment
"""
    put_file("os_release", "RELEASE", "etc/os-release", os_release)
    lines = {
        "etc/lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n",
        "etc/alpine-release": "3.19.1\n",
        "etc/debian_version": "trixie/sid\n",
        "etc/redhat-release": "Red Hat Enterprise Linux release 8.9 (Ootpa)\n",
        "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n",
        "etc/oracle-release": "Oracle Linux Server release 8.9\n",
        "etc/mariner-release": "CBL-Mariner 2.0.20240112\n",
        "etc/SuSE-release": "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
        "etc/arch-release": "",
    }
    for path, text in lines.items():
        put_file("os_release", "RELEASE", path, text)


INT16, INT32, STRING, ARRAY = 3, 4, 6, 8


def rpm_header(tags):
    index, data = b"", b""
    for tag, kind, value in tags:
        size = {INT16: 2, INT32: 4}.get(kind, 1)
        data += b"\0" * (-len(data) % size)
        if kind in (INT16, INT32):
            count, packed = len(value), b"".join(v.to_bytes(size, "big") for v in value)
        else:
            texts = [value] if kind == STRING else value
            count, packed = len(texts), b"".join(text.encode() + b"\0" for text in texts)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += packed
    return struct.pack(">II", len(tags), len(data)) + index + data


def rpm_packages():
    for number in range(3):
        tags = [
            (1000, STRING, f"pkg{number}"), (1001, STRING, "1.2"), (1002, STRING, "3.el8"),
            (1003, INT32, [number]), (1011, STRING, "Vendor"), (1014, STRING, "MIT"),
            (1022, STRING, "x86_64"), (1044, STRING, "pkg-1.2-3.el8.src.rpm"),
            (1030, INT16, [0o100644] * 2), (1116, INT32, [0, 0]), (1117, ARRAY, ["a", "b"]), (1118, ARRAY, ["/usr/"]),
        ]
        if number == 2:
            tags.append((5096, STRING, "mod:1:820:0a"))
        yield rpm_header(tags)


def bdb(order, blobs):
    pack = "<I" if order == 1234 else ">I"
    dump = f"VERSION=3\nformat=bytevalue\ntype=hash\nh_ffactor=2\ndb_pagesize=512\ndb_lorder={order}\nHEADER=END\n"
    records = [(0, struct.pack(pack, len(blobs)))] + list(enumerate(blobs, 1))
    for number, value in records:
        dump += f" {struct.pack(pack, number).hex()}\n {value.hex()}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        subprocess.run(["db5.3_load", str(path)], input=dump + "DATA=END\n", text=True, check=True)
        return path.read_bytes()


def ndb(blobs):
    slots, body, block = b"", b"", 256
    for number, value in enumerate(blobs, 1):
        size = -(-(len(value) + 28) // 16) * 16
        framed = (b"BlbS" + struct.pack("<III", number, 0, len(value)) + value).ljust(size - 12, b"\0")
        body += framed + struct.pack("<II", 0, len(value)) + b"BlbE"
        slots += b"Slot" + struct.pack("<III", number, block, size // 16)
        block += size // 16
    head = b"RpmP" + struct.pack("<IIII", 0, 1, 1, len(blobs) + 1).ljust(28, b"\0")
    free = (4096 - len(head) - len(slots)) // 16
    return head + slots + (b"Slot" + b"\0" * 12) * free + body


def sqlite(blobs):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        db = sqlite3.connect(path)
        db.execute("PRAGMA page_size = 512")
        db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
        for value in blobs:
            db.execute("INSERT INTO Packages (blob) VALUES (?)", (value,))
        db.commit()
        db.close()
        return path.read_bytes()


def rpm_databases():
    blobs = list(rpm_packages())
    put_file("rpmdb", "RPM", "var/lib/rpm/Packages", bdb(1234, blobs), "bdb-little")
    put_file("rpmdb", "RPM", "var/lib/rpm/Packages", bdb(4321, blobs), "bdb-big")
    put_file("rpmdb", "RPM", "usr/lib/sysimage/rpm/Packages.db", ndb(blobs), "ndb")
    put_file("rpmdb", "RPM", "var/lib/rpm/rpmdb.sqlite", sqlite(blobs), "sqlite")
    put_file("rpmdb", "RPM", "var/lib/rpm/rpmdb.sqlite-wal", b"\x37\x7f\x06\x82" + bytes(28), "wal")
    text = "glibc\t2.35-2.cm2\t1\t1\tMicrosoft\t(none)\t1\tx86_64\t0\tglibc-2.35-2.cm2.src.rpm\n"
    put_file("rpmdb", "RPM", "var/lib/rpmmanifest/container-manifest-2", text)


# Archives and programs.


def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def jars():
    properties = b"#made\ngroupId=org.example\nartifactId=core\nversion=1.2.3\n"
    manifest = b"Manifest-Version: 1.0\r\nImplementation-Title: core\r\nImplementation-Version: 1.2\r\n .3\r\nBundle-SymbolicName: org.example.core;x=y\r\n\r\n"
    pom = b"<project><parent><groupId>org.example</groupId><version>1</version></parent><artifactId>core</artifactId><version>${parent.version}</version></project>"
    inner = zipped([("META-INF/maven/org.example/core/pom.properties", properties)])
    jar = "app/lib/guava-31.1-jre.jar"
    put_file("jar", "JAR", jar, zipped([("META-INF/MANIFEST.MF", manifest), ("a/B.class", b"x")]), "manifest")
    put_file("jar", "JAR", jar, inner, "properties")
    put_file("jar", "JAR", jar, zipped([("META-INF/maven/org.example/core/pom.xml", pom)]), "pom")
    put_file("jar", "JAR", jar, b"#!/bin/sh\nexec java -jar $0\n" + inner, "prefixed")
    put_file("jar", "JAR", "app.war", zipped([("WEB-INF/lib/x-2.0.jar", inner), ("WEB-INF/lib/y-1.jar", b"no zip")]), "nested")
    put_file("jar", "JAR", "app.ear", zipped([("a.war", zipped([("WEB-INF/lib/x-2.0.jar", inner)]))], zipfile.ZIP_STORED), "stored")
    put_file("jar", "JAR", "app.jpi", zipped([("META-INF/MANIFEST.MF", b"Short-Name: x\nPlugin-Version: 1.0\n")], zipfile.ZIP_BZIP2), "bzip2")
    put_file("jar", "JAR", jar, zipped([]), "empty")


ADDRESS, PAGE = 0x400000, 0x1000


def elf(parts):
    """A 64-bit ELF file: each (name, bytes) is one section and one segment."""
    body, rows, segments, names = bytearray(64 + 56 * len(parts)), [bytes(64)], b"", b"\0"
    for number, (name, content) in enumerate(parts):
        body += bytes(-len(body) % 16)
        address = ADDRESS + number * PAGE
        rows.append(struct.pack("<IIQQQQIIQQ", len(names), 1, 3, address, len(body), len(content), 0, 0, 16, 0))
        segments += struct.pack("<IIQQQQQQ", 1, 6, len(body), address, address, len(content), len(content), PAGE)
        names += name.encode() + b"\0"
        body += content
    rows.append(struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, len(body), len(names), 0, 0, 1, 0))
    body += names + bytes(-(len(body) + len(names)) % 16)
    sizes = (64, 56, len(parts), 64, len(rows), len(rows) - 1)
    head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQI6H", 2, 62, 1, ADDRESS, 64, len(body), 0, *sizes)
    body[: len(head)] = head
    body[64 : 64 + len(segments)] = segments
    return bytes(body + b"".join(rows))


def pe(content):
    """A 64-bit PE file with one writable section."""
    out = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0"
    out += struct.pack("<10H", 0x8664, 1, 0, 0, 0, 0, 0, 0, 112, 0x22)
    optional = struct.pack("<H", 0x20B).ljust(24, b"\0") + struct.pack("<Q", ADDRESS)
    out += optional.ljust(112, b"\0") + b".data\0\0\0"
    out += struct.pack("<8I", len(content), PAGE, len(content), 0x400, 0, 0, 0, 0xC0000040)
    return out.ljust(0x400, b"\0") + content


def mach(name, content):
    """A 64-bit Mach-O file with one section."""
    command, start = 72 + 80, 32 + 72 + 80
    out = struct.pack("<10I", 0xFEEDFACF, 0x0100000C, 0, 2, 1, command, 0, 0, 0x19, command)
    out += b"__DATA".ljust(16, b"\0") + struct.pack("<4Q4I", ADDRESS, len(content), start, len(content), 3, 3, 1, 0)
    out += name.encode().ljust(16, b"\0") + b"__DATA".ljust(16, b"\0")
    return out + struct.pack("<2Q8I", ADDRESS, len(content), start, 4, 0, 0, 0, 0, 0, 0) + content


def executables():
    lines = b"path\texample.com/tool\nmod\texample.com/tool\tv1.0.0\th1:x=\ndep\texample.com/dep\tv0.3.0\n=>\texample.com/fork\tv0.3.1\th1:x=\nbuild\t-ldflags=\"-X main.version=1.0.1\"\nbuild\tvcs.revision=0123\n"
    marked = bytes.fromhex("3077af0c9274080241e1c107e6d618e6") + lines + bytes.fromhex("f932433186182072008242104116d8f2")
    varint = lambda n: bytes([n & 0x7F | 0x80, n >> 7]) if n > 0x7F else bytes([n])
    inline = b"\xff Go buildinf:" + b"\x08\x02" + bytes(16)
    inline += varint(8) + b"go1.22.3" + varint(len(marked)) + marked
    text = ADDRESS + PAGE
    pointers = b"\xff Go buildinf:" + b"\x08\x00" + struct.pack("<QQ", text, text + 16)
    strings = struct.pack("<QQQQ", text + 32, 8, text + 40, len(marked)) + b"go1.17.1" + marked
    crates = [
        {"name": "app", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1]},
        {"name": "serde", "version": "1.0.1", "source": "crates.io"},
    ]
    audit = zlib.compress(json.dumps({"packages": crates}).encode())
    put_file("executable", "EXECUTABLE", "usr/local/bin/tool", elf([(".go.buildinfo", inline)]), "go-inline")
    put_file("executable", "EXECUTABLE", "usr/local/bin/tool", elf([(".go.buildinfo", pointers), (".data", strings)]), "go-pointers")
    put_file("executable", "EXECUTABLE", "usr/local/bin/tool", elf([(".dep-v0", audit)]), "rust")
    put_file("executable", "EXECUTABLE", "usr/local/bin/tool", pe(inline), "pe")
    put_file("executable", "EXECUTABLE", "usr/local/bin/tool", mach("__go_buildinfo", inline), "mach")
    versions = {
        "usr/bin/python3.11": b"\x003.11.4\0%.80s (%.80s) %.80s\0",
        "usr/bin/node": b"node.js/v18.17.0",
        "usr/sbin/nginx": b"\0nginx/1.25.3\0openresty/1.21.4.1",
        "usr/lib/libssl.so.3": b"\0OpenSSL 3.0.11 19 Sep 2023\0",
        "usr/lib/libz.so.1.3.1": b" deflate 1.3.1 Copyright",
        "bin/busybox": b"BusyBox v1.36.1 (2023)",
        "usr/bin/postgres": b"postgres (PostgreSQL) 15.4\0",
    }
    for path, text in versions.items():
        put_file("executable", "EXECUTABLE", path, elf([(".rodata", text)]))


# containerd's questions to its NRI plugin.


def field(number, value):
    if isinstance(value, int):
        return bytes([number << 3, value])
    value = value.encode() if isinstance(value, str) else value
    length = bytes([len(value)]) if len(value) < 128 else bytes([len(value) & 0x7F | 0x80, len(value) >> 7])
    key = number << 3 | 2
    return (bytes([key]) if key < 128 else bytes([key & 0x7F | 0x80, key >> 7])) + length + value


def nri_question(method, payload, stream=1):
    request = field(1, "nri.pkg.api.v1alpha1.Plugin") + field(2, method) + field(3, payload)
    message = struct.pack(">IIBB", len(request), stream, 1, 0) + request
    return struct.pack(">II", 1, len(message)) + message


def nri_messages():
    annotation = field(1, "io.kubernetes.cri.image-name") + field(2, "docker.io/library/busybox:1")
    mount = field(1, "/host") + field(2, "bind") + field(3, "/etc") + field(4, "rbind") + field(4, "ro")
    linux = field(1, field(1, "network") + field(2, "/proc/1/ns/net")) + field(2, field(1, "/dev/fuse"))
    container = field(1, "c1") + field(2, "s1") + field(3, "web") + field(6, annotation) + field(7, "/bin/sh")
    container += field(8, "TOKEN=x") + field(9, mount) + field(11, linux) + field(21, field(1, 1) + field(2, 1))
    pod = field(1, "s1") + field(2, "web-0") + field(3, "u1") + field(4, "shop") + field(5, field(1, "app") + field(2, "web"))
    about = field(1, pod) + field(2, container)
    create, start = nri_question("CreateContainer", about), nri_question("StartContainer", about, 3)
    put("nri_message", "create-start", create + start)
    put("nri_message", "event", nri_question("StateChange", field(1, 6) + field(2, pod) + field(3, container)))
    put("nri_message", "configure", nri_question("Configure", field(2, "containerd") + field(3, "2.1.9") + field(4, 1)))
    put("nri_message", "synchronize", nri_question("Synchronize", field(1, pod) + field(2, container) + field(3, 1)))
    registered = struct.pack(">IIBB", 0, 1, 2, 0)
    put("nri_message", "registered", struct.pack(">II", 2, len(registered)) + registered)


# Texts.


def texts():
    for (target, names), files in FILES.items():
        for path, content in files.items():
            put_file(target, names, path, content)
    for target, seeds in PLAIN.items():
        for name, content in seeds.items():
            divided = content.encode().replace(b"|", b"\xff") if target in ("report", "authz_request") else content
            put(target, name, divided)
    for number, (scheme, *versions) in enumerate(VERSIONS):
        put("version", scheme, bytes([ord("!") + number]) + b"\xff".join(v.encode() for v in versions))
    for path in sorted((REPOSITORY / "crates/scan/testdata/sbom").iterdir()):
        put("sbom", path.name, path.read_bytes())


def feeds():
    packed = ["osv-debian.json", "php.yaml"]
    for name, file, content in FEEDS:
        if name not in packed:
            put_file("feed", "FEED_FILES", file, content, name)
    members = [(f"a/{name}", content.encode()) for name, _, content in FEEDS if name in packed]
    put_file("feed", "FEED_FILES", "x.tar", tar(members))
    put_file("feed", "FEED_FILES", "x.zip", zipped(members))


def main():
    for target in (HERE / "corpus").glob("*"):
        if target.name not in BY_HAND:
            shutil.rmtree(target)
    layers()
    archives()
    documents()
    os_databases()
    releases()
    nri_messages()
    rpm_databases()
    jars()
    executables()
    texts()
    feeds()
    seeds_content.plain(put, put_file)
    seeds_content.archives(put_file, tar, zipped, compressed)
    seeds_content.keys(put_file)
    seeds_content.signatures(put)
    seeds_rules.rules(put)
    seeds_rules.audit(put)
    seeds_node.node(put, compressed)


main()
