#!/usr/bin/env bash
# Shows Oxbow at work: builds it, streams a week of earthquakes through it, kills it and looks again. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: examples/quickstart.sh [--check] [--data DIR] [--native ADDRESS:PORT]

Installs what is missing (Debian 12, as root or with sudo), builds build/release/oxbow, starts a server and shows what it
does, a line before each step. The server is left running; the last lines say how to stop it.

  --check              verify every count, stop the server, exit 0 when all is right
  --data DIR           where the database goes (default: a new temporary directory)
  --native ADDR:PORT   where the server listens (default: 127.0.0.1:7770; with --check a free port)
TEXT
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"
check=false
data=
native=
while [ $# -gt 0 ]; do
    case $1 in
    --check) check=true ;;
    --data) data=${2:?--data needs a directory} && shift ;;
    --native) native=${2:?--native needs ADDRESS:PORT} && shift ;;
    --help | -h) usage && exit 0 ;;
    *) echo "quickstart.sh: unknown argument $1; see --help" >&2 && exit 2 ;;
    esac
    shift
done
[ -n "$native" ] || { $check && native=127.0.0.1:0 || native=127.0.0.1:7770; }
temporary=false
[ -n "$data" ] || { data=$(mktemp -d "${TMPDIR:-/tmp}/oxbow-quickstart-XXXXXX") && temporary=true; }

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    echo "quickstart.sh: $*" >&2
    exit 1
}
expect() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected $2, found $3"
    echo "  $1: $3"
}

say "Installing what is missing and building."
bash tests/install.sh
cmake --preset release >build-quickstart.log 2>&1 || { cat build-quickstart.log && fail "the configuration failed"; }
cmake --build --preset release --target oxbow >build-quickstart.log 2>&1 || { cat build-quickstart.log && fail "the build failed"; }
rm -f build-quickstart.log
oxbow=$project/build/release/oxbow
server=

start() {
    "$oxbow" serve --data "$data" --native "$native" >"$data.ready" &
    server=$!
    for _ in $(seq 200); do
        grep -q '^ready' "$data.ready" && break
        kill -0 "$server" 2>/dev/null || fail "the server did not start (its message is above)"
        sleep 0.05
    done
    OXBOW_SERVER=$(sed -n 's/^ready native=\([^ ]*\).*/\1/p' "$data.ready")
    export OXBOW_SERVER
    [ -n "$OXBOW_SERVER" ] || fail "the server was not ready within 10 seconds"
}
clean_up() {
    local code=$?
    if [ -n "$server" ] && { $check || [ $code -ne 0 ]; }; then
        kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    fi
    rm -f "$data.ready"
    if $temporary && { $check || [ $code -ne 0 ]; }; then
        rm -rf "$data"
    fi
    exit $code
}
trap clean_up EXIT

say "Starting: oxbow serve --data $data --native $native"
start
echo "  ready at $OXBOW_SERVER"

say "A table for earthquakes, with the event's id as partition key."
"$oxbow" table create quakes --partition id:text
say "A week of real events, each as its network sent it and again when a person had reviewed it."
/usr/bin/python3 examples/quakes/replay.py | "$oxbow" import quakes -
expect "events in the table" 1707 "$("$oxbow" scan quakes | wc -l)"

say "The change stream from the beginning: every insert and every update, in order. The first three:"
"$oxbow" tail quakes --from oldest --count 3
changes=$("$oxbow" tail quakes --from oldest --count 2921)
expect "changes" 2921 "$(wc -l <<<"$changes")"
expect "inserts" 1707 "$(grep -c '"operation":"insert"' <<<"$changes")"
expect "reviewed later" 1214 "$(grep -c '"operation":"modify"' <<<"$changes")"
strong=$(grep '"operation":"insert"' <<<"$changes" |
    /usr/bin/python3 -c 'import json,sys; print(sum(json.loads(l)["new"].get("magnitude",0)>=4.5 for l in sys.stdin))')
expect "inserts of magnitude 4.5 and more" 85 "$strong"

say "One event's history, and what it was before its review (as of the LSN of its first change)."
event=$(grep -m 1 '"operation":"modify"' <<<"$changes" | sed 's/.*"new":{[^}]*"id":"\([^"]*\)".*/\1/')
"$oxbow" history quakes "{\"id\":\"$event\"}"
first=$("$oxbow" history quakes "{\"id\":\"$event\"}" | sed -n '1s/^{"lsn":\([0-9]*\).*/\1/p')
"$oxbow" get quakes "{\"id\":\"$event\"}" --as-of "$first"
expect "its status then" automatic "$("$oxbow" get quakes "{\"id\":\"$event\"}" --as-of "$first" | sed 's/.*"status":"\([a-z]*\)".*/\1/')"

say "A second table, from CSV: the weather of two cities, by city and date."
"$oxbow" table create weather --partition location:text --sort date:text
"$oxbow" import weather examples/weather/weather.csv
expect "days in Seattle" 1461 "$("$oxbow" query weather '{"location":"Seattle"}' | wc -l)"
echo "  the last two days in New York:"
"$oxbow" query weather '{"location":"New York"}' --reverse --limit 2

say "Killing the server with SIGKILL and starting it again: nothing that was acknowledged is lost."
kill -9 "$server"
wait "$server" 2>/dev/null || true
start
expect "events in the table" 1707 "$("$oxbow" scan quakes | wc -l)"
expect "changes in the stream" 2921 "$("$oxbow" tail quakes --from oldest --count 2921 | wc -l)"
expect "days of weather" 2922 "$("$oxbow" scan weather | wc -l)"
"$oxbow" status

if $check; then
    kill "$server"
    wait "$server" || fail "the server did not stop cleanly"
    server=
    say "Everything is as it should be."
else
    say "The server goes on at $OXBOW_SERVER. Try it:"
    echo "  $oxbow tail --server $OXBOW_SERVER"
    echo "  $oxbow put quakes '{\"id\":\"mine\",\"magnitude\":9.9}' --server $OXBOW_SERVER"
    echo "Stop it with: kill $server    Its data is in $data"
fi
