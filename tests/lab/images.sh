#!/bin/sh
# Makes the images that the walks scan, and beside each what its own package manager lists.
# Everything comes from the package registries; what is there already is kept.
# Usage: images.sh DIRECTORY
set -eu
cd "$(dirname "$0")/../.."
out=$(realpath -m "$1")
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

tests/lab/demo-image.sh "$out/shop.tar"

# Debian with more than the essentials, and what dpkg says of it.
if [ ! -s "$out/debian.dpkg" ]; then
    echo "lab: debian" >&2
    mmdebstrap --quiet --variant=minbase \
        --include=python3-jinja2,python3-requests,ruby-rack,libjackson2-databind-java,golang-golang-x-text-dev \
        --customize-hook='chroot "$1" dpkg-query -W -f "\${Package} \${Version}\n" > "'"$work"'/dpkg"' \
        bookworm "$work/debian.tar"
    cargo xtask image "$out/debian.tar" lab.lazaret.example/debian:12 "$work/debian.tar=ADD rootfs.tar /"
    mv "$work/dpkg" "$out/debian.dpkg"
fi

# Packages of pip, and what pip says of them.
if [ ! -s "$out/python.pip" ]; then
    echo "lab: python" >&2
    site="$work/python/opt/site-packages"
    mkdir -p "$site"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
        --no-compile --target "$site" flask==1.0 celery==5.3.6 Zope.Interface==6.0
    python3 -m pip list --disable-pip-version-check --path "$site" --format=freeze >"$work/pip"
    cargo xtask image "$out/python.tar" lab.lazaret.example/python:1 "$work/python=RUN pip install"
    mv "$work/pip" "$out/python.pip"
fi

# Packages of npm, and what npm says of them.
if [ ! -s "$out/node.npm" ] && command -v npm >/dev/null 2>&1; then
    echo "lab: node" >&2
    mkdir -p "$work/node/srv/app"
    (
        cd "$work/node/srv/app"
        npm init -y >/dev/null
        npm install --silent --no-audit --no-fund express@4.16.0 @babel/code-frame@7.0.0
        npm ls --all --parseable --long >"$work/npm"
    )
    cargo xtask image "$out/node.tar" lab.lazaret.example/node:1 "$work/node=RUN npm install"
    mv "$work/npm" "$out/node.npm"
fi

# Packages of rpm in a database that rpm itself writes, and what rpm says of them.
if [ ! -s "$out/rpm.rpm" ] && command -v rpmbuild >/dev/null 2>&1; then
    echo "lab: rpm" >&2
    for line in "alpha 1.0 1 0" "beta 2.1~rc1 3.el9 4" "gamma 0.9^git1 2.el9_2 0"; do
        set -- $line
        printf 'Name: %s\nVersion: %s\nRelease: %s\nEpoch: %s\nSummary: lab\nLicense: MIT\nVendor: Lazaret Lab\nBuildArch: noarch\n%%description\nlab\n%%install\nmkdir -p %%{buildroot}/opt/%s\necho x > %%{buildroot}/opt/%s/x\n%%files\n/opt/%s\n' \
            "$1" "$2" "$3" "$4" "$1" "$1" "$1" >"$work/$1.spec"
        rpmbuild --quiet --define "_topdir $work/rpmbuild" -bb "$work/$1.spec" >/dev/null 2>&1
    done
    mkdir -p "$work/rpm/etc"
    printf 'ID=rhel\nVERSION_ID=9.2\nPRETTY_NAME="Lab 9"\n' >"$work/rpm/etc/os-release"
    rpm --root "$work/rpm" --dbpath /var/lib/rpm --initdb
    rpm --root "$work/rpm" --dbpath /var/lib/rpm --nodeps --noscripts --ignorearch -i "$work"/rpmbuild/RPMS/noarch/*.rpm
    rpm --root "$work/rpm" --dbpath /var/lib/rpm -qa --qf '%{NAME} %{EPOCHNUM} %{VERSION}-%{RELEASE}\n' >"$work/rpm.list"
    cargo xtask image "$out/rpm.tar" lab.lazaret.example/rpm:9 "$work/rpm=RUN dnf install"
    mv "$work/rpm.list" "$out/rpm.rpm"
fi
