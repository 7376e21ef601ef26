#!/usr/bin/env bash
# Installs the Debian packages that Oxbow is built and tested with; does nothing when all are there.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: tests/install.sh [SECTION...]

Installs what is missing of the sections of tests/packages.txt: build (the default: all it takes to build and run),
checks (formatter, checker, clients, fuzzing), node (Debian's Node.js, for where there is no other), go (for the tests of gocql and the AWS SDK for Go). Made for Debian 12, as root or with sudo.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
    echo "tests/install.sh: $*" >&2
    exit 1
}

# Names of the packages of section $1.
section_packages() {
    awk -v section="[$1]" '/^\[/ { is_in = $1 == section; next } is_in && NF && $1 !~ /^#/ { print $1 }' \
        "$here/packages.txt"
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

sections=()
for argument in "$@"; do
    case $argument in
    -h | --help)
        usage
        exit 0
        ;;
    -*) fail "unknown option $argument; see --help" ;;
    *) sections+=("$argument") ;;
    esac
done
[ ${#sections[@]} -gt 0 ] || sections=(build)

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this system has no apt-get. Install the equivalents of tests/packages.txt by hand, or use Debian 12."

missing=()
for section in "${sections[@]}"; do
    packages=$(section_packages "$section")
    [ -n "$packages" ] || fail "tests/packages.txt has no section [$section]"
    for package in $packages; do
        is_installed "$package" || missing+=("$package")
    done
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "All packages are installed."
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        fail "these packages are missing, and installing them takes root or sudo: ${missing[*]}"
    as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)
options=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)

echo "Installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update "${options[@]}" </dev/null ||
    fail "apt-get update failed; check the network and /etc/apt/sources.list"
"${as_root[@]}" apt-get install -y --no-install-recommends "${options[@]}" "${missing[@]}" </dev/null >/dev/null ||
    fail "apt-get install failed for: ${missing[*]}"
echo "Installed."
