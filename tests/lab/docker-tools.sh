#!/bin/sh
# Unpacks a newer Docker Engine and a static busybox into a directory; installs nothing.
# Usage: docker-tools.sh DIRECTORY
#   docker28/root   docker.io, docker-cli and containerd of sid; runs with the installed runc
#   busybox         busybox-static of this suite
# What cannot be had is said and left out; what is there already is kept.
set -u
tools=$(realpath -m "$1")
mkdir -p "$tools"

mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')

if [ ! -x "$tools/docker28/root/usr/sbin/dockerd" ]; then
    apt=$tools/docker28/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
    set -- -q -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/parts" \
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    echo "lab: unpacking docker.io of sid" >&2
    if { apt-get "$@" update && cd "$apt" && apt-get "$@" download docker.io docker-cli containerd; } >"$apt/log" 2>&1; then
        for package in docker.io docker-cli containerd; do
            dpkg-deb -x "$apt/$package"_*.deb "$tools/docker28/root" && rm -f "$apt/$package"_*.deb
        done
    else
        echo "lab: NO docker.io of sid: only the installed engine is tested (see $apt/log)" >&2
    fi
fi

if [ ! -x "$tools/busybox" ]; then
    unpacked=$(mktemp -d)
    if (cd "$unpacked" && apt-get -q -o APT::Sandbox::User=root download busybox-static >/dev/null 2>&1) &&
        dpkg-deb -x "$unpacked"/busybox-static_*.deb "$unpacked/root"; then
        cp "$unpacked/root/bin/busybox" "$tools/busybox"
    else
        echo "lab: NO busybox-static: no container can be started" >&2
    fi
    rm -rf "$unpacked"
fi
exit 0
