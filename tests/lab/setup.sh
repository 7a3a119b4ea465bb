#!/bin/sh
# Installs what is missing, and nothing when nothing is.  Usage: setup.sh build|test
#   build  to build the binary and make the demo image
#   test   that, and the real daemons and tools that the tests drive
set -eu

build_packages="clang-19 libelf-dev zlib1g-dev gcc g++ make openssl pkg-config protobuf-compiler libprotobuf-dev mmdebstrap python3 python3-pip"
test_packages="busybox-static docker.io docker-registry skopeo umoci rpm podman containerd iproute2 jq openssl gnupg clamav-daemon"

case "${1:-}" in
    build) packages=$build_packages ;;
    test) packages="$build_packages $test_packages" ;;
    *) echo "usage: $0 build|test" >&2; exit 2 ;;
esac

missing=
for package in $packages; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
# Another pip or make serves as well as Debian's.
command -v pip >/dev/null 2>&1 && missing=$(echo " $missing " | sed 's/ python3-pip / /; s/ python3 / /')
if [ -n "$(echo "$missing" | tr -d ' ')" ]; then
    echo "setup: installing$missing" >&2
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ "$1" = test ] && ! cargo nextest --version >/dev/null 2>&1; then
    echo "setup: installing cargo-nextest (a few minutes, once)" >&2
    cargo install --locked --quiet cargo-nextest
fi
