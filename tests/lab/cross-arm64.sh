#!/bin/bash
# Runs a command, as a rule cargo's, so that it builds for arm64.  Usage: cross-arm64.sh CACHE COMMAND...
#   cross-arm64.sh target/lab/kernels cargo test -p lazaret-sensor --no-run --target aarch64-unknown-linux-gnu
# Says why and ends well where a part is missing. The libraries that libbpf is linked with come from arm64's
# packages, unpacked in the cache.
set -euo pipefail
cache=$1
shift
skip() { echo "cross-arm64: skipped: $1"; exit 0; }
command -v aarch64-linux-gnu-gcc >/dev/null || skip "gcc-aarch64-linux-gnu is not installed"
[ -e /usr/aarch64-linux-gnu/include/asm/types.h ] || skip "libc6-dev-arm64-cross is not installed"
mkdir -p "$cache/arm64"
cache=$(realpath "$cache/arm64")
. "$(dirname "$0")/foreign.sh"
(foreign_apt "$cache" arm64 && unpack "$cache/libraries" libelf-dev zlib1g-dev) ||
    skip "apt gives no libelf-dev and zlib1g-dev of arm64"

libraries=$cache/libraries/usr/lib/aarch64-linux-gnu
headers=$cache/libraries/usr/include
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
export CFLAGS_aarch64_unknown_linux_gnu="-I$headers -I$headers/aarch64-linux-gnu"
export LIBBPF_SYS_LIBRARY_PATH_aarch64_unknown_linux_gnu=$libraries
export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_LIBDIR_aarch64_unknown_linux_gnu=$libraries/pkgconfig
exec "$@"
