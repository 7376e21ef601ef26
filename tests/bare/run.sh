#!/usr/bin/env bash
# Runs README's commands on a bare Debian 12, to prove that they need nothing that a machine happens to have.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: tests/bare/run.sh [--cache DIR] [COMMAND [ARGUMENT...]]

Makes a bare Debian 12 with debootstrap, copies the project into it (without .git and build/), and runs there:

  tests [STAGE...]   tests/run.sh, with the stages if given
  quickstart         examples/quickstart.sh --check
  service [PACKAGE]  the Debian package (default: the newest below build/) under systemd: service.sh in a virtual machine with Debian's
                     own kernel; takes qemu-system-x86_64, and emulates the processor for about ten minutes
  shell              bash, to look around

Without COMMAND: tests, then quickstart, each on a fresh system. Packages come from where this machine's apt gets them:
its /etc/apt and keyrings are mounted read-only. Takes root, debootstrap, and about 5 GB below DIR.

  --cache DIR   keeps the bare system for the next run (default $TMPDIR/oxbow-bare)
TEXT
}

fail() {
    echo "tests/bare/run.sh: $*" >&2
    exit 1
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly release=bookworm
cache=${TMPDIR:-/tmp}/oxbow-bare
system=

# The first Debian mirror of this machine's apt.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' "Codename: $release" 'Created-By: Packages' | head -n 1
}

# debootstrap fetches with wget, which does not read apt's configuration.
proxy_export() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    if [ -n "$proxy" ] && [ "$proxy" != DIRECT ]; then
        export http_proxy=$proxy
    fi
}

# $cache/$release is whole when it is there: it is made under another name.
base_create() {
    local from
    if [ -d "$cache/$release" ]; then
        return
    fi
    from=$(mirror)
    [ -n "$from" ] || fail "apt knows no mirror of Debian $release; run apt-get update"
    rm -rf "$cache/making"
    echo "Making a bare Debian $release from $from in $cache"
    (proxy_export && debootstrap --variant=minbase "$release" "$cache/making" "$from") >"$cache/debootstrap.txt" || {
        tail -n 20 "$cache/debootstrap.txt"
        fail "debootstrap failed"
    }
    mv "$cache/making" "$cache/$release"
}

mounts_below() {
    awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r
}

system_unmount() {
    local mount
    for mount in $(mounts_below "$system"); do
        umount "$mount" || umount --lazy "$mount"
    done
}

system_remove() {
    [ -n "$system" ] || return 0
    system_unmount
    # Never through a mount that would not go.
    [ -z "$(mounts_below "$system")" ] || fail "something is still mounted below $system"
    rm -rf --one-file-system "$system"
    system=
}

mount_read_only() {
    mkdir -p "$system$1"
    mount --bind "$1" "$system$1"
    mount -o remount,bind,ro "$system$1"
}

system_create() {
    system=$(mktemp -d "$cache/system-XXXXXX")
    cp -a "$cache/$release/." "$system"
    mount -t proc proc "$system/proc"
    mount -t tmpfs -o mode=1777,size=1g tmpfs "$system/dev/shm"
    mkdir -p "$system/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=666,gid=5 devpts "$system/dev/pts"
    ln -sf pts/ptmx "$system/dev/ptmx"
    rm -rf "$system/etc/apt/sources.list"
    mount_read_only /etc/apt
    mount_read_only /usr/share/keyrings
    cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
    mkdir "$system/oxbow"
    tar -C "$project" --exclude=./.git --exclude=./build -cf - . | tar -C "$system/oxbow" --no-same-owner -xf -
}

# Runs a command in the project's folder of a fresh system, with nothing of this machine's environment.
run_there() {
    local status=0
    system_create
    echo "On a bare Debian: $*"
    chroot "$system" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" OXBOW_JOBS="${OXBOW_JOBS:-$(nproc)}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        bash -c 'cd /oxbow && exec "$@"' bash "$@" || status=$?
    system_remove
    echo "On a bare Debian: $* ended with status $status"
    return "$status"
}

package_newest() {
    find "$project/build" -name 'oxbow_*.deb' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

# Debian as a machine has it: systemd, a kernel, what the package depends on, and a unit that runs service.sh at boot.
service_prepare() { # PACKAGE
    cp "$1" "$system/root/oxbow.deb"
    cp "$project/tests/bare/service.sh" "$system/root/service.sh"
    # shellcheck disable=SC2016
    chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive bash -euc '
        apt-get update -q
        apt-get install -q -y --no-install-recommends init dbus curl procps initramfs-tools linux-image-cloud-amd64
        apt-get satisfy -q -y --no-install-recommends "$(dpkg-deb -f /root/oxbow.deb Depends)"
        apt-get clean' </dev/null >"$cache/service-install.txt" 2>&1 || fail "the system was not made: see $cache/service-install.txt"
    cat >"$system/etc/systemd/system/service-test.service" <<'UNIT'
[Unit]
Description=Tries the package
After=multi-user.target
SuccessAction=poweroff
FailureAction=poweroff

[Service]
Type=oneshot
ExecStart=/bin/bash /root/service.sh
StandardOutput=file:/dev/ttyS1
StandardError=inherit

[Install]
WantedBy=default.target
UNIT
    chroot "$system" systemctl -q enable service-test.service
}

service_boot() { # DIRECTORY
    timeout 1800 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 2048 -smp 2 -nodefaults -display none -no-reboot \
        -kernel "$1/vmlinuz" -initrd "$1/initrd" -append "root=/dev/vda rw console=ttyS0 panic=-1 random.trust_cpu=on" \
        -drive "file=$1/disk,if=virtio,format=raw,cache=unsafe" -serial "file:$1/console" -serial stdio </dev/null
}

run_service() {
    local package=${1:-$(package_newest)} machine=$cache/machine
    command -v qemu-system-x86_64 >/dev/null || fail "qemu is missing: apt-get install qemu-system-x86"
    [ -f "$package" ] || fail "there is no package: cmake --build --preset release --target package"
    rm -rf "$machine"
    mkdir "$machine"
    system_create
    service_prepare "$package"
    cp "$system"/boot/vmlinuz-* "$machine/vmlinuz"
    cp "$system"/boot/initrd.img-* "$machine/initrd"
    system_unmount
    truncate -s 3G "$machine/disk"
    mkfs.ext4 -q -d "$system" "$machine/disk"
    system_remove
    echo "Under systemd, in a virtual machine: $package"
    service_boot "$machine" | tee "$machine/said"
    grep -q '^service: passed' "$machine/said" || fail "it did not pass; the disk and the console are in $machine"
    rm -rf "$machine"
}

run_command() {
    local command=$1
    shift
    case $command in
    tests) run_there tests/run.sh "$@" </dev/null ;;
    quickstart)
        [ -f "$project/examples/quickstart.sh" ] || fail "there is no examples/quickstart.sh"
        run_there examples/quickstart.sh --check </dev/null
        ;;
    service) run_service "$@" ;;
    shell) run_there bash ;;
    *) fail "unknown command $command; see --help" ;;
    esac
}

while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --cache)
        [ $# -gt 1 ] || fail "--cache takes a directory"
        cache=$2
        shift 2
        ;;
    *) break ;;
    esac
done

[ "$(id -u)" -eq 0 ] || fail "takes root, for chroot and mounts"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
trap system_remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
base_create
if [ $# -gt 0 ]; then
    run_command "$@"
else
    run_command tests
    run_command quickstart
fi
