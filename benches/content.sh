#!/bin/sh
# Times the search for malicious code and secrets: by scanner and method on an image, and on trees of
# files beside the C yara with the same rules. One thread on trees. Whole processes, rules compiled.
#   content.sh IMAGE.tar TREE…
#   YARA     the C program (Debian: yara); left out when it is not there
#   BEFORE   an older lazaret, whose rows on the image stand beside
#   RUNS     how often each row is run; the run of least processor time counts (3)
set -eu
cd "$(dirname "$0")/.."
image=$1
shift
lazaret=${LAZARET_BIN:-target/release/lazaret}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$lazaret" -q --data-dir "$work/data" --cache-dir "$work/cache" advisories import tests/lab/demo-advisories >/dev/null

# timed NAME COMMAND…: seconds, processor seconds, peak, of the run of least processor time; by the
# clock of the system and the kernel's account. Before each run the layers are forgotten, unless KEEP.
timed() {
    name=$1
    shift
    : >"$work/times"
    for _ in $(seq "${RUNS:-3}"); do
        [ -n "${KEEP-}" ] || rm -rf "$work/cache/layers"
        /usr/bin/time -a -o "$work/times" -f '%e %U %S %M' "$@" >/dev/null 2>&1 || true
    done
    awk -v name="$name" 'NF == 4 { used = $2 + $3; if (!best || used < best) { best = used; wall = $1; peak = $4 } }
        END { printf "| %s | %.2f | %.2f | %d |\n", name, wall, best, peak / 1024 }' "$work/times"
}
scan() {
    name=$1
    shift
    timed "$name" "$lazaret" -q --data-dir "$work/data" --cache-dir "$work/cache" scan --exit-zero -f json "$@"
}

# Compiles the rules and keeps them: the figures are of a second scan.
scan warm-up "$image" >/dev/null
for tree in "$@"; do scan warm-up "rootfs:$tree" >/dev/null; done

echo '| what | s | processor s | peak MiB |'
echo '|---|--:|--:|--:|'
on_image() {
    scan "image: packages alone$1" --scanners vuln "$image"
    scan "image: and malicious code$1" --scanners vuln,malware "$image"
    scan "image: and secrets$1" --scanners vuln,secret "$image"
    scan "image: all$1" "$image"
    for method in yara textcnn linear fuzzy_hash; do
        scan "image: packages and $method$1" --scanners vuln,malware --methods "$method" "$image"
    done
    KEEP=yes scan "image: all, layers known$1" "$image"
}
on_image ''
if [ -n "${BEFORE-}" ]; then
    now=$lazaret
    lazaret=$BEFORE
    scan warm-up "$image" >/dev/null
    on_image ', before'
    lazaret=$now
fi
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
