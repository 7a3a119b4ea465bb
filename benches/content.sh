#!/bin/sh
# Times the search for malicious code and secrets: by scanner and method on an image, and on trees of
# files beside the C yara with the same rules. One thread on trees. Whole processes, rules compiled.
#   content.sh IMAGE.tar TREE…
#   YARA     the C program (Debian: yara); left out when it is not there
set -eu
cd "$(dirname "$0")/.."
image=$1
shift
lazaret=${LAZARET_BIN:-target/release/lazaret}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$lazaret" -q --data-dir "$work/data" --cache-dir "$work/cache" advisories import tests/lab/demo-advisories >/dev/null

# timed NAME COMMAND…: seconds, processor seconds, peak; the clock of the system, the kernel's account.
timed() {
    name=$1
    shift
    /usr/bin/time -o "$work/time" -f '%e %U %M' "$@" >/dev/null 2>&1 || true
    read -r seconds processor kib <"$work/time"
    echo "| $name | $seconds | $processor | $((kib / 1024)) |"
}
scan() {
    rm -rf "$work/cache/layers"
    name=$1
    shift
    timed "$name" "$lazaret" -q --data-dir "$work/data" --cache-dir "$work/cache" scan --exit-zero -f json "$@"
}

# Compiles the rules and keeps them: the figures are of a second scan.
scan warm-up "$image" >/dev/null
for tree in "$@"; do scan warm-up "rootfs:$tree" >/dev/null; done

echo '| what | s | processor s | peak MiB |'
echo '|---|--:|--:|--:|'
scan 'image: packages alone' --scanners vuln "$image"
scan 'image: and malicious code' --scanners vuln,malware "$image"
scan 'image: and secrets' --scanners vuln,secret "$image"
scan 'image: all' "$image"
for method in yara textcnn linear fuzzy_hash; do
    scan "image: packages and $method" --scanners vuln,malware --methods "$method" "$image"
done
globals='-d filename="" -d filepath="" -d extension="" -d filetype="" -d owner=""'
for tree in "$@"; do
    place=$(basename "$tree")
    scan "$place: yara" --threads 1 --scanners malware --methods yara "rootfs:$tree"
    scan "$place: net" --threads 1 --scanners malware --methods textcnn "rootfs:$tree"
    scan "$place: secrets" --threads 1 --scanners secret "rootfs:$tree"
    scan "$place: all methods" --threads 1 --scanners malware "rootfs:$tree"
    yara=$(command -v "${YARA:-yara}") || continue
    if [ ! -e "$work/rules" ]; then
        cat rules/yara/*.yar >"$work/rules.yar"
        # shellcheck disable=SC2086
        "${yara}c" $globals "$work/rules.yar" "$work/rules" 2>/dev/null
    fi
    # shellcheck disable=SC2086
    timed "$place: C yara, the same rules" "$yara" -C -p 1 -r -N $globals "$work/rules" "$tree"
done
