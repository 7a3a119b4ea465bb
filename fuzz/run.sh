#!/bin/sh
# Runs fuzz targets one after the other: fuzz/run.sh SECONDS [TARGET...]
#
# Each target begins from its seeds in corpus/ and keeps what it finds new under target/corpus/.
# A finding ends the run: its input is in artifacts/<target>/. Exit status: 0 no finding,
# 1 a finding, 2 the job could not be done. FUZZ_SANITIZER=address looks into C libraries too.
# FUZZ_ROOMS=node leaves out the rooms that read images, with their targets: they take long to build.
set -u
cd "$(dirname "$0")" || exit 2
toolchain=${FUZZ_TOOLCHAIN:-nightly}
sanitizer=${FUZZ_SANITIZER:-none}

refuse() {
    echo "fuzz/run.sh: $1" >&2
    exit 2
}

case ${1-} in
    '' | *[!0-9]*) refuse "usage: fuzz/run.sh SECONDS [TARGET...]" ;;
esac
seconds=$1
shift
command -v cargo >/dev/null || refuse "cargo is missing: install Rust with rustup"
cargo "+$toolchain" --version >/dev/null 2>&1 ||
    refuse "the compiler $toolchain is missing: rustup toolchain install $toolchain"
cargo fuzz --version >/dev/null 2>&1 || refuse "cargo-fuzz is missing: cargo install cargo-fuzz"
scratch=$(mktemp -d) || refuse "no temporary folder can be made"
trap 'rm -rf "$scratch"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

known=$(cargo "+$toolchain" fuzz list --fuzz-dir .) || refuse "the targets cannot be listed"
case ${FUZZ_ROOMS:-all} in
    all) build= ;;
    node)
        build='--no-default-features --codegen-units 16'
        known=$(awk -F '"' '/^\[/ { name = "" } /^name/ { name = $2 } /^path/ { node[name] = 1 }
            /^required-features/ { delete node[name] }
            END { for (name in node) print name }' Cargo.toml | sort)
        ;;
    *) refuse "FUZZ_ROOMS is all or node" ;;
esac
[ $# -gt 0 ] || set -- $known
for target in "$@"; do
    echo "$known" | grep -qx "$target" || refuse "no target is called $target; there are: $(echo $known)"
done

# The longest input, in bytes: beyond it nothing new is found, only more slowly.
longest() {
    case $1 in
        layer | archive_stream | jar | rpmdb | malware_archive) echo 16384 ;;
        executable | advisory_database | sbom | vex | feed | signature | keys | script | \
            recording | sensor_event)
            echo 8192 ;;
        cvss | purl | version | image_ref) echo 512 ;;
        *) echo 4096 ;;
    esac
}

for target in "$@"; do
    mkdir -p "target/corpus/$target" "artifacts/$target" "corpus/$target"
    set -- "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        "-max_len=$(longest "$target")"
    [ -f "dict/$target.dict" ] && set -- "$@" "-dict=dict/$target.dict"
    log="target/$target.log"
    echo "$target: $seconds s"
    TMPDIR="$scratch" cargo "+$toolchain" fuzz run --fuzz-dir . --sanitizer "$sanitizer" $build "$target" \
        "target/corpus/$target" "corpus/$target" -- "$@" >"$log" 2>&1
    status=$?
    sed -n 's/^stat::number_of_executed_units: */  executions: /p
        s/^stat::peak_rss_mb: */  peak memory, MiB: /p' "$log"
    [ $status -eq 0 ] && continue
    grep -a -A 4 -e 'panicked at' -e '^memory allocation' -e '==ERROR' -e 'Failing input' "$log" >&2
    grep -q 'could not compile' "$log" && refuse "$target does not compile; see $PWD/$log"
    echo "fuzz/run.sh: $target has a finding; see $PWD/$log" >&2
    exit 1
done
