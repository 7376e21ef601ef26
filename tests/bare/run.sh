#!/usr/bin/env bash
# Runs README's commands on a bare Debian 12, to prove that they need nothing that a machine happens to have.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: tests/bare/run.sh [--cache DIR] [COMMAND [ARGUMENT...]]

Makes a bare Debian 12 with debootstrap, copies the project into it (without .git and build/), and runs there:

  tests [STAGE...]   tests/run.sh, with the stages if given
  quickstart         examples/quickstart.sh --check
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

system_remove() {
    local mount
    [ -n "$system" ] || return 0
    for mount in $(mounts_below "$system"); do
        umount "$mount" || umount --lazy "$mount"
    done
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

run_command() {
    local command=$1
    shift
    case $command in
    tests) run_there tests/run.sh "$@" </dev/null ;;
    quickstart)
        [ -f "$project/examples/quickstart.sh" ] || fail "there is no examples/quickstart.sh"
        run_there examples/quickstart.sh --check </dev/null
        ;;
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
