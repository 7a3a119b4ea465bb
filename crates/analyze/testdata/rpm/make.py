#!/usr/bin/env python3
"""Makes the rpm databases of this folder: the same packages in each format.

Needs db5.3_load (Debian's db5.3-util) for the Berkeley DB hashes; SQLite is Python's own. The
packages are invented. `expected.txt` says what must be read: name, version, architecture, source,
module, number of owned files.
"""

import gzip
import sqlite3
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
INT16, INT32, STRING, ARRAY, I18N = 3, 4, 6, 8, 9


def header(tags):
    """The header blob of (tag, type, value) triples."""
    index, data = b"", b""
    for tag, kind, value in tags:
        size = {INT16: 2, INT32: 4}.get(kind, 1)
        data += b"\0" * (-len(data) % size)
        if kind in (INT16, INT32):
            count, packed = len(value), b"".join(v.to_bytes(size, "big") for v in value)
        else:
            texts = [value] if kind == STRING else value
            count, packed = len(texts), b"".join(t.encode() + b"\0" for t in texts)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += packed
    return struct.pack(">II", len(tags), len(data)) + index + data


def packages():
    for n in range(64):
        files = n * n if n < 13 else n % 2  # from none to more than a page of them
        yield {
            "name": f"pkg{n}-libs" if n % 3 == 0 else f"pkg{n}",
            "version": f"{n}.{n * 7 % 10}",
            "release": f"{n + 1}.el8",
            "epoch": {1: 0, 2: 1, 3: 12}.get(n % 8),
            "arch": "noarch" if n % 5 == 0 else "x86_64",
            "source": f"pkg{n}-{n}.{n * 7 % 10}-{n + 1}.el8.src.rpm",
            "module": f"mod{n}:1:820{n}:0a1b2c" if n % 6 == 4 else None,
            "files": [f"file-{n}-{i}.txt" for i in range(files)],
        }


def blob(p):
    tags = [
        (1000, STRING, p["name"]),
        (1001, STRING, p["version"]),
        (1002, STRING, p["release"]),
        (1011, STRING, "Example Vendor"),
        (1014, STRING, "MIT"),
        (1022, STRING, p["arch"]),
        (1044, STRING, p["source"]),
    ]
    if p["epoch"] is not None:
        tags.insert(3, (1003, INT32, [p["epoch"]]))
    if p["files"]:
        names = ["share"] + p["files"]
        tags += [
            (1030, INT16, [0o040755] + [0o100644] * len(p["files"])),
            (1116, INT32, [0] + [1] * len(p["files"])),
            (1117, ARRAY, names),
            (1118, ARRAY, ["/usr/", "/usr/share/"]),
        ]
    if p["module"]:
        tags.append((5096, STRING, p["module"]))
    return header(tags)


def key_blob():
    return header([(1000, STRING, "gpg-pubkey"), (1001, STRING, "fd431d51"), (1002, STRING, "4ae0493b")])


def expected(p):
    version = f"{p['version']}-{p['release']}"
    full = f"{p['epoch']}:{version}" if p["epoch"] else version
    name = p["source"].rsplit("-", 2)[0]
    source = "-" if name == p["name"] else f"{name} {full}"
    return f"{p['name']} {full} {p['arch']} {source} {p['module'] or '-'} {len(p['files'])}"


def bdb(path, order, fill, blobs):
    """`fill` entries a bucket are aimed at: few make many buckets, many make chains of pages."""
    dump = f"VERSION=3\nformat=bytevalue\ntype=hash\nh_ffactor={fill}\n"
    dump += f"db_pagesize=512\ndb_lorder={order}\nHEADER=END\n"
    pack = "<I" if order == 1234 else ">I"
    records = [(0, struct.pack(pack, len(blobs)))] + list(enumerate(blobs, 1))
    for number, value in records:
        dump += f" {struct.pack(pack, number).hex()}\n {value.hex()}\n"
    path.unlink(missing_ok=True)
    subprocess.run(["db5.3_load", str(path)], input=dump + "DATA=END\n", text=True, check=True)


def ndb(path, blobs):
    slots, body, block = b"", b"", 256
    for number, value in enumerate(blobs, 1):
        size = -(-(len(value) + 28) // 16) * 16
        framed = b"BlbS" + struct.pack("<III", number, 0, len(value)) + value
        framed = framed.ljust(size - 12, b"\0") + struct.pack("<II", 0, len(value)) + b"BlbE"
        slots += b"Slot" + struct.pack("<III", number, block, size // 16)
        body, block = body + framed, block + size // 16
    head = b"RpmP" + struct.pack("<IIII", 0, 1, 1, len(blobs) + 1).ljust(28, b"\0")
    free = (4096 - len(head) - len(slots)) // 16
    path.write_bytes(head + slots + (b"Slot" + b"\0" * 12) * free + body)


def sqlite(path, page_bytes, blobs):
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA page_size = {page_bytes}")
    db.execute("CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    db.execute("CREATE INDEX 'Name_key_idx' ON 'Name'(key ASC)")
    gone = header([(1000, STRING, "gone"), (1001, STRING, "1"), (1002, STRING, "x" * 9000)])
    for value in [gone] + blobs:
        db.execute("INSERT INTO Packages (blob) VALUES (?)", (value,))
    db.execute("DELETE FROM Packages WHERE hnum = 1")
    db.commit()
    db.close()


def main():
    all_packages = list(packages())
    blobs = [blob(p) for p in all_packages]
    blobs.insert(5, key_blob())
    bdb(HERE / "little-endian.bdb", 1234, 2, blobs)
    bdb(HERE / "big-endian.bdb", 4321, 1000, blobs)
    ndb(HERE / "packages.ndb", blobs)
    for page_bytes in (512, 4096, 65536):
        sqlite(HERE / f"pages-of-{page_bytes}.sqlite", page_bytes, blobs)
    for file in [*HERE.glob("*.?db"), *HERE.glob("*.sqlite")]:
        (HERE / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
        file.unlink()
    lines = sorted(expected(p) for p in all_packages)
    (HERE / "expected.txt").write_text("\n".join(lines) + "\n")


main()
