#!/bin/bash
# Runs the sensor's tests in virtual machines with Debian's kernels.  Usage: kernels.sh CACHE TEST-BINARY...
# KERNELS names other series than all. A series that apt does not offer (5.10 is bullseye's) needs its image in
# the cache, as vmlinuz-SERIES, and is skipped otherwise.
# Says why and ends well where there is no emulator. Emulated in software: nested machines cannot run
# every instruction, and a minute a kernel is soon enough.
set -euo pipefail
cache=$1
shift
tests=$#
patience_s=400

skip() { echo "kernels: skipped: $1"; exit 0; }
command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86 is not installed"
[ -x /bin/busybox ] || skip "busybox-static is not installed"
mkdir -p "$cache"
cache=$(realpath "$cache")

# One kernel of each series that Debian has now, its image kept in the cache.
kernel_of() {
    local series=$1 package image=$cache/vmlinuz-$series
    if [ ! -s "$image" ]; then
        package=$(apt-cache pkgnames "linux-image-$series." | grep -E "^linux-image-$series\.[0-9].*-cloud-amd64$" | sort -V | tail -1)
        [ -n "$package" ] || return 1
        (cd "$cache" && apt-get download -q "$package" >&2 && dpkg-deb --fsys-tarfile "$package"_*.deb |
            tar -xO --wildcards './boot/vmlinuz-*' >"$image" && rm -f "$package"_*.deb)
    fi
    echo "$image"
}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,usr/bin,etc,proc,sys,dev,tmp,lib64}
cp /bin/busybox "$root/bin/"
mkdir "$root/tests"
cp "$@" "$root/tests/"
for program in sh bash cat mkdir touch chmod mv rm rmdir true setsid sleep stty; do
    path=$(type -P "$program")
    cp -L "$path" "$root/usr/bin/"
    ldd "$path" | grep -oE '/[^ ]+' || true
done | sort -u >"$root.libraries"
for test in "$@"; do ldd "$test" | grep -oE '/[^ ]+' >>"$root.libraries"; done
sort -u "$root.libraries" | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
rm -f "$root.libraries"
for program in "$root"/usr/bin/*; do ln -sf "/usr/bin/$(basename "$program")" "$root/bin/$(basename "$program")"; done
echo "root:x:0:0::/:/bin/sh" >"$root/etc/passwd"
echo lab >"$root/etc/hostname"
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs tmp /tmp
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
    timeout "$patience_s" qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 1 -nographic -no-reboot \
        -kernel "$image" -initrd "$cache/initramfs.gz" -append "console=ttyS0 panic=-1 quiet no_timer_check" </dev/null >"$log" 2>&1 || true
    # A test that skipped itself shows nothing: each must say that it was told something.
    if [ "$(grep -c LAZARET-PASSED "$log")" = "$tests" ] && [ "$(grep -ac 'told by' "$log")" -ge "$tests" ]; then
        echo "kernels: $series: passed ($(grep -aoE "$series\.[0-9][^ ]*amd64" "$log" | head -1 | tr -d '\r'); $(grep -ao 'told by [A-Za-z]*' "$log" | sort -u | paste -sd ,))"
    else
        echo "kernels: $series: FAILED, see $log"
        tail -n 30 "$log"
        failed=1
    fi
done
exit $failed
