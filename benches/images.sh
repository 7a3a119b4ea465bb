#!/bin/sh
# Makes the archives that the comparison scans. Each is kept when it is already there.
# Usage: images.sh DIRECTORY     (about 8 GiB and a quarter of an hour for all three)
set -eu
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-target/bench}")
mkdir -p "$out"

# A Debian image with python, node and jars; about half a GiB.
mixed() {
    [ -s "$out/mixed.tar" ] && return
    work=$(mktemp -d)
    mmdebstrap --quiet --variant=minbase --include=python3,python3-pip,nodejs,default-jre-headless,liblog4j2-java,libjackson2-databind-java,libspring-core-java,libcommons-collections3-java,nginx-light \
        bookworm "$work/debian.tar"
    mkdir -p "$work/python/usr/local/lib/python3.11/dist-packages" "$work/node/srv/app"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-compile \
        --target "$work/python/usr/local/lib/python3.11/dist-packages" \
        django==2.2 flask==1.0 requests==2.19.1 numpy sqlalchemy celery
    (cd "$work/node/srv/app" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund \
        express@4.16.0 webpack@4 lodash@4.17.4)
    cargo xtask image "$out/mixed.tar" bench.lazaret.example/mixed:1 \
        "$work/debian.tar=ADD rootfs.tar /" "$work/python=RUN pip install" "$work/node=RUN npm install"
    rm -rf "$work"
}

# Several GiB: a development machine with documentation and compilers.
large() {
    [ -s "$out/large.tar" ] && return
    work=$(mktemp -d)
    mmdebstrap --quiet --variant=minbase --include=texlive-latex-extra,texlive-fonts-extra,openjdk-17-jdk,golang-go,clang,libreoffice-core,maven,ruby,php-cli,git,podman,skopeo \
        bookworm "$work/debian.tar"
    cargo xtask image "$out/large.tar" bench.lazaret.example/large:1 "$work/debian.tar=ADD rootfs.tar /"
    rm -rf "$work"
}

# A million files of a few bytes.
tiny() {
    [ -s "$out/tiny.tar" ] && return
    work=$(mktemp -d)
    python3 - "$work/tiny.tar" <<'PY'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as archive:
    for number in range(1_000_000):
        entry = tarfile.TarInfo(f"srv/data/{number // 1000:03}/{number % 1000:03}/file-{number}.txt")
        entry.size = 12
        archive.addfile(entry, io.BytesIO(b"%012d" % number))
PY
    cargo xtask image "$out/tiny.tar" bench.lazaret.example/tiny:1 "$work/tiny.tar=COPY data /srv/data"
    rm -rf "$work"
}

mixed
tiny
large
ls -l "$out"
