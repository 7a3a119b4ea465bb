#!/bin/sh
# Unpacks the tools that sign into a directory; installs nothing.  Usage: signature-tools.sh DIRECTORY
# They come from Debian's newer suites, from the same mirror that apt uses here:
#   cosign2/usr/bin/cosign     2.x, trixie: simple signing in a `.sig` tag
#   cosign3/usr/bin/cosign     3.x, sid: sigstore bundles as referrers
#   notation/usr/bin/notation  1.3, sid: JWS and COSE
# What cannot be had is said and left out; what is there already is kept.
set -u
tools=$(realpath -m "$1")
mkdir -p "$tools"

mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')

# fetch SUITE PACKAGE FOLDER
fetch() {
    [ -x "$tools/$3/usr/bin/$2" ] && return
    apt=$tools/apt/$1
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$apt/sources.list"
    set -- "$1" "$2" "$3" -q -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/parts" \
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    suite=$1 package=$2 folder=$3
    shift 3
    echo "lab: unpacking $package of $suite" >&2
    if { [ -s "$apt/updated" ] || { apt-get "$@" update && echo yes >"$apt/updated"; }; } >"$apt/log" 2>&1 &&
        (cd "$apt" && apt-get "$@" download "$package") >>"$apt/log" 2>&1 &&
        dpkg-deb -x "$apt/$package"_*.deb "$tools/$folder" 2>>"$apt/log"; then
        rm -f "$apt/$package"_*.deb
    else
        echo "lab: NO $package of $suite: what it signs is not tested (see $apt/log)" >&2
    fi
}

fetch trixie cosign cosign2
fetch sid cosign cosign3
fetch sid notation notation
exit 0
