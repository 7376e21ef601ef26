#!/usr/bin/env bash
# Runs clang-tidy on every C file of a configured build that changed since it was last found clean.
#
# usage: tests/tidy.sh BUILD_DIRECTORY SECONDS
#
# "Changed" is the file, any header, a configuration or the compile command; what was found clean is remembered in
# BUILD_DIRECTORY/tidy. When SECONDS are used up no further file is started, and the number left is told: the next run
# goes on from there.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -eq 2 ] || {
    echo "usage: tests/tidy.sh BUILD_DIRECTORY SECONDS" >&2
    exit 2
}
build=$(cd "$1" && pwd)
[ -e "$build/compile_commands.json" ] || {
    echo "tests/tidy.sh: $build is not configured" >&2
    exit 1
}
TIDY_UNTIL=$((EPOCHSECONDS + $2))
export TIDY_UNTIL
export TIDY_BUILD=$build
export TIDY_CLEAN=$build/tidy
cd "$project"
mkdir -p "$TIDY_CLEAN"

sources() {
    find . \( -path ./build -o -path ./.git \) -prune -o "$@" -type f -print | cut -c 3- | LC_ALL=C sort
}

# Header contents and everything else that decides about all files at once.
TIDY_COMMON=$({
    sources -name '*.h' | tr '\n' '\0' | xargs -0 -r cat
    cat .clang-tidy tests/.clang-tidy "$build/compile_commands.json"
} | sha256sum | cut -d ' ' -f 1)
export TIDY_COMMON

check_file() {
    local file=$1 key output
    key=$({
        echo "$TIDY_COMMON $file"
        cat "$file"
    } | sha256sum | cut -d ' ' -f 1)
    if [ -e "$TIDY_CLEAN/$key" ]; then
        echo "known $file"
    elif [ "$EPOCHSECONDS" -ge "$TIDY_UNTIL" ]; then
        echo "left $file"
    elif output=$(clang-tidy-14 --quiet -p "$TIDY_BUILD" "$file" 2>&1); then
        : >"$TIDY_CLEAN/$key"
        echo "clean $file"
    else
        grep -v ' warnings\? generated' <<<"$output" >&2 || true
        echo "failed $file"
    fi
}
export -f check_file

# Only what the build compiles: a file without a compile command cannot be judged.
results=$(sources -name '*.c' | while read -r file; do
    grep -qF "\"$project/$file\"" "$build/compile_commands.json" && echo "$file" || true
done | tr '\n' '\0' | xargs -0 -r -n 1 -P "${OXBOW_JOBS:-2}" bash -c 'check_file "$1"' check_file)

count() {
    grep -c "^$1 " <<<"$results" || true
}
echo "clang-tidy: $(count clean) clean, $(count known) unchanged since clean, $(count failed) with alarms," \
    "$(count left) left when time was up"
[ "$(count failed)" -eq 0 ]
