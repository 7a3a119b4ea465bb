#!/bin/bash
# Runs the sensor's tests in virtual machines with Debian's kernels.  Usage: kernels.sh CACHE TEST-BINARY...
# KERNELS names other series than all. A series that apt does not offer (5.10 is bullseye's) needs its image in
# the cache, as vmlinuz-SERIES, and is skipped otherwise.
# ARCH=arm64 runs arm64's kernels and tests (built by cross-arm64.sh); its cache is CACHE/arm64.
# Says why and ends well where there is no emulator. Emulated in software: nested machines cannot run
# every instruction, and a minute a kernel is soon enough.
set -euo pipefail
cache=$1
shift
tests=$#
lab=$(dirname "$0")
arch=${ARCH:-amd64}

skip() { echo "kernels: skipped: $1"; exit 0; }
case $arch in
amd64)
    emulator=qemu-system-x86_64 emulator_package=qemu-system-x86 triple=x86_64-linux-gnu patience_s=400
    machine=(-cpu max) kernel_options="console=ttyS0 no_timer_check"
    ;;
arm64)
    # Pointers signed by the emulator's own quick function: the real one is slow in software.
    emulator=qemu-system-aarch64 emulator_package=qemu-system-arm triple=aarch64-linux-gnu patience_s=1800
    machine=(-M virt -cpu "max,pauth-impdef=on") kernel_options="console=ttyAMA0"
    cache=$cache/$arch
    ;;
*) echo "kernels: ARCH is amd64 or arm64, not $arch"; exit 2 ;;
esac
command -v "$emulator" >/dev/null || skip "$emulator_package is not installed"
command -v readelf >/dev/null || skip "binutils is not installed"
mkdir -p "$cache"
cache=$(realpath "$cache")

# Where the programs of the virtual machine's own user space lie: on this machine, or unpacked from packages.
userland=
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
    . "$lab/foreign.sh"
    userland=$cache/userland
    foreign_apt "$cache" "$arch" || skip "apt gives no lists of $arch"
    unpack "$userland" busybox-static bash dash coreutils util-linux libc6 libgcc-s1 libtinfo6 libselinux1 \
        libpcre2-8-0 libattr1 libacl1 libgmp10 || skip "apt gives no programs of $arch"
fi
[ -x "$userland/bin/busybox" ] || skip "busybox-static is not installed"

# One kernel of each series that Debian has now, its image kept in the cache.
kernel_of() {
    local series=$1 package image=$cache/vmlinuz-$series
    if [ ! -s "$image" ]; then
        package=$(apt-cache pkgnames "linux-image-$series." | grep -E "^linux-image-$series\.[0-9].*-cloud-$arch\$" | sort -V | tail -1)
        [ -n "$package" ] || return 1
        (cd "$cache" && apt-get download -q "$package" >&2 && dpkg-deb --fsys-tarfile "$package"_*.deb |
            tar -xO --wildcards './boot/vmlinuz-*' >"$image" && rm -f "$package"_*.deb)
    fi
    echo "$image"
}

# A file of the user space, wherever its packages put it.
in_userland() {
    local name=$1 folder
    shift
    for folder in "$@"; do
        [ -e "$userland$folder/$name" ] && echo "$userland$folder/$name" && return
    done
    echo "kernels: $name is in none of the packages" >&2
    return 1
}

# Copies the loader and the libraries that programs name, and those that these name.
copy_libraries() {
    local file named to
    for file in "$@"; do
        for named in $(readelf -ld "$file" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p; s/.*interpreter: (.*)\]/\1/p'); do
            case $named in
            /*) to=$root$named named=$userland$named ;;
            *) to=$root/lib/$triple/$named named=$(in_userland "$named" /lib/$triple /usr/lib/$triple /lib64 /lib) ;;
            esac
            [ -e "$to" ] && continue
            mkdir -p "$(dirname "$to")"
            cp -L "$named" "$to"
            copy_libraries "$to"
        done
    done
}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,usr/bin,etc,proc,sys,dev,tmp,tests}
cp "$userland/bin/busybox" "$root/bin/"
cp "$@" "$root/tests/"
for program in sh bash cat mkdir touch chmod mv rm rmdir true setsid sleep stty; do
    cp -L "$(in_userland "$program" /usr/bin /bin)" "$root/usr/bin/$program"
    ln -sf "/usr/bin/$program" "$root/bin/$program"
done
copy_libraries "$root"/usr/bin/* "$root"/tests/*
echo "root:x:0:0::/:/bin/sh" >"$root/etc/passwd"
echo lab >"$root/etc/hostname"
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs tmp /tmp
/bin/busybox mount -t cgroup2 cgroup /sys/fs/cgroup
/bin/busybox mkdir -p /dev/pts
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox ip link set lo up 2>/dev/null
export PATH=/usr/bin:/bin HOME=/ RUST_BACKTRACE=0
/bin/busybox uname -r
cd /
for test in /tests/*; do
    "$test" --nocapture && echo LAZARET-PASSED
done
/bin/busybox poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/initramfs.gz"

failed=0
for series in ${KERNELS:-5.10 6.1 6.12}; do
    image=$(kernel_of "$series") || { echo "kernels: skipped $series: no package"; continue; }
    log=$cache/$series.log
    timeout "$patience_s" "$emulator" "${machine[@]}" -accel tcg -m 1024 -smp 1 -nographic -no-reboot \
        -kernel "$image" -initrd "$cache/initramfs.gz" -append "$kernel_options panic=-1 quiet" </dev/null >"$log" 2>&1 || true
    # A test that skipped itself shows nothing: each must say that it was told something, or cut something.
    if [ "$(grep -c LAZARET-PASSED "$log")" = "$tests" ] && [ "$(grep -acE '(told|cut) by' "$log")" -ge "$tests" ]; then
        echo "kernels: $series: passed ($(grep -aoE "$series\.[0-9][^ ]*$arch" "$log" | head -1 | tr -d '\r'); $(grep -aoE '(told|cut) by [A-Za-z]*' "$log" | sort -u | paste -sd ,))"
    else
        echo "kernels: $series: FAILED, see $log"
        tail -n 30 "$log"
        failed=1
    fi
done
exit $failed
