#!/usr/bin/env bash
# Runs every fuzz target for a while and prints what each covered.
#
# usage: tests/fuzz/fuzz.sh [SECONDS [TARGET…]]
#
# SECONDS: of each target (600). TARGET: folder/name, as codec/json; without one, all. As many run at once as there are processors. Inputs
# that reach something new are kept below build/fuzz/tests/corpus for the next run; one that fails is named and kept in
# build/fuzz/tests/failures, and the exit code is 1.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
    echo "usage: tests/fuzz/fuzz.sh [SECONDS [TARGET…]]" >&2
    exit 2
}
shift $(($# > 0 ? 1 : 0))
cd "$project"
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >/dev/null
tests=$project/build/fuzz/tests
mkdir -p "$tests/failures"

# One target; prints its row.
fuzz() {
    local path=$1 bytes=$2 name=fuzz_${1//\//_} state=sound runs edges all
    local log=$tests/failures/$name.log corpus=$tests/corpus/$path
    local places=("$corpus")
    mkdir -p "$corpus"
    if [ -d "$project/tests/fuzz/$path" ]; then
        places+=("$project/tests/fuzz/$path")
    fi
    "$tests/$name" -max_total_time="$seconds" -max_len="$bytes" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$tests/failures/$name-" "${places[@]}" >"$log" 2>&1 || state="FAILED, see $log"
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    all=$(sed -n 's/.*Loaded 1 modules *(\([0-9]*\) inline.*/\1/p' "$log" | head -1)
    printf '%-22s %10s runs %7s of %6s edges %6s inputs  %s\n' "$path" "${runs:-?}" "${edges:-?}" "${all:-?}" \
        "$(find "$corpus" -type f | wc -l)" "$state"
    [ "$state" = sound ]
}

for target in "$@"; do
    grep -q "^$target " "$tests/fuzz_targets" || {
        echo "tests/fuzz/fuzz.sh: there is no target $target; these there are: $(cut -d ' ' -f 1 "$tests/fuzz_targets" | tr '\n' ' ')" >&2
        exit 2
    }
done

running=0
result=0
while read -r path bytes; do
    if [ $# -gt 0 ] && [[ " $* " != *" $path "* ]]; then
        continue
    fi
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n || result=1
        running=$((running - 1))
    fi
    fuzz "$path" "$bytes" </dev/null &
    running=$((running + 1))
done <"$tests/fuzz_targets"
while [ "$running" -gt 0 ]; do
    wait -n || result=1
    running=$((running - 1))
done
exit "$result"
