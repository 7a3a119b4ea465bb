#!/bin/sh
# Unpacks a containerd that has NRI into a directory; installs nothing. (The one of sid comes with
# docker-tools.sh.)
# Usage: containerd-tools.sh DIRECTORY
#   containerd17/root   containerd of trixie, 1.7; runs with the installed runc
# What cannot be had is said and left out; what is there already is kept.
set -u
tools=$(realpath -m "$1")
mkdir -p "$tools"

[ ! -x "$tools/containerd17/root/usr/bin/containerd" ] || exit 0
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
apt=$tools/containerd17/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$apt/sources.list"
set -- -q -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/parts" \
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
echo "lab: unpacking containerd of trixie" >&2
if { apt-get "$@" update && cd "$apt" && apt-get "$@" download containerd; } >"$apt/log" 2>&1; then
    dpkg-deb -x "$apt"/containerd_*.deb "$tools/containerd17/root" && rm -f "$apt"/containerd_*.deb
else
    echo "lab: NO containerd of trixie: NRI is tested with the newer one only (see $apt/log)" >&2
fi
exit 0
