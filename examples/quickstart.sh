#!/usr/bin/env bash
# Shows Oxbow at work: builds it, streams a week of earthquakes through it, kills it and looks again. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: examples/quickstart.sh [--check] [--data DIR] [--native ADDRESS:PORT] [--http ADDRESS:PORT] [--topics ADDRESS:PORT]
       [--dynamodb ADDRESS:PORT] [--cql ADDRESS:PORT]

Installs what is missing (Debian 12, as root or with sudo), builds build/release/oxbow, starts a server and shows what it
does, a line before each step. The server is left running; the last lines say how to stop it.

  --check              verify every count, stop the server, exit 0 when all is right
  --data DIR           where the database goes (default: a new temporary directory)
  --native ADDR:PORT   where the server listens (default: 127.0.0.1:7770; with --check a free port)
  --dynamodb ADDR:PORT where AWS SDKs find DynamoDB (default: 127.0.0.1:8000; with --check a free port)
  --cql ADDR:PORT      where Cassandra drivers connect (default: 127.0.0.1:9042; with --check a free port)
  --topics ADDR:PORT   where changes are published (default: 127.0.0.1:7771; with --check a free port)
  --http ADDR:PORT     where its health and metrics are (default: 127.0.0.1:8080; with --check a free port)
TEXT
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"
check=false
data=
native=
http=
topics=
dynamodb=
cql=
while [ $# -gt 0 ]; do
    case $1 in
    --check) check=true ;;
    --data) data=${2:?--data needs a directory} && shift ;;
    --native) native=${2:?--native needs ADDRESS:PORT} && shift ;;
    --http) http=${2:?--http needs ADDRESS:PORT} && shift ;;
    --dynamodb) dynamodb=${2:?--dynamodb needs ADDRESS:PORT} && shift ;;
    --cql) cql=${2:?--cql needs ADDRESS:PORT} && shift ;;
    --topics) topics=${2:?--topics needs ADDRESS:PORT} && shift ;;
    --help | -h) usage && exit 0 ;;
    *) echo "quickstart.sh: unknown argument $1; see --help" >&2 && exit 2 ;;
    esac
    shift
done
[ -n "$native" ] || { $check && native=127.0.0.1:0 || native=127.0.0.1:7770; }
[ -n "$http" ] || { $check && http=127.0.0.1:0 || http=127.0.0.1:8080; }
[ -n "$dynamodb" ] || { $check && dynamodb=127.0.0.1:0 || dynamodb=127.0.0.1:8000; }
[ -n "$cql" ] || { $check && cql=127.0.0.1:0 || cql=127.0.0.1:9042; }
[ -n "$topics" ] || { $check && topics=127.0.0.1:0 || topics=127.0.0.1:7771; }
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
    "$oxbow" serve --data "$data" --native "$native" --http "$http" --topics "$topics" --dynamodb "$dynamodb" \
        --cql "$cql" >"$data.ready" &
    server=$!
    for _ in $(seq 1200); do
        grep -q '^ready' "$data.ready" && break
        kill -0 "$server" 2>/dev/null || fail "the server did not start (its message is above)"
        sleep 0.05
    done
    OXBOW_SERVER=$(sed -n 's/^ready native=\([^ ]*\).*/\1/p' "$data.ready")
    export OXBOW_SERVER
    metrics=http://$(sed -n 's/^ready .*http=\([^ ]*\).*/\1/p' "$data.ready")
    [ -n "$OXBOW_SERVER" ] || fail "the server was not ready within a minute"
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

sum_of() { /usr/bin/python3 -c 'import json,sys; print(sum(json.loads(l)[sys.argv[1]] for l in sys.stdin))' "$1"; }
functions_are_done() { # MAPPING RECORDS: it has taken in so many
    "$oxbow" functions | grep "\"name\":\"$1\"" | grep -q "\"records\":$2[,}]"
}
wait_for_function() { # TABLE ITEMS: that it has made so many
    for _ in $(seq 1200); do
        [ "$("$oxbow" scan "$1" | wc -l)" = "$2" ] && return 0
        sleep 0.1
    done
    fail "after 20 seconds table $1 does not have $2 items"
}

say "Starting: oxbow serve --data $data --native $native --http $http"
start
echo "  ready at $OXBOW_SERVER"

say "Tables: earthquakes by their id, what a function counts, and the alerts it raises."
"$oxbow" table create quakes --partition id:text --index by-network=network:text/magnitude:number
"$oxbow" table create quakes_hourly --partition network:text --sort hour:number
"$oxbow" table create quakes_alerts --partition id:text
say "A Lua function on every change of the table (examples/quakes/aggregate.lua): counts per network and hour, alerts."
"$oxbow" deploy aggregate examples/quakes/aggregate.lua --on quakes --from oldest

say "A week of real events, each as its network sent it and again when a person had reviewed it."
/usr/bin/python3 examples/quakes/replay.py | "$oxbow" import quakes -
expect "events in the table" 1707 "$("$oxbow" scan quakes | wc -l)"

say "The change stream from the beginning: every insert and every update, in order. The first three:"
"$oxbow" tail quakes --from oldest --count 3
changes=$("$oxbow" tail quakes --from oldest --count 2921)
expect "changes" 2921 "$(wc -l <<<"$changes")"
expect "inserts" 1707 "$(grep -c '"operation":"insert"' <<<"$changes")"
expect "reviewed later" 1214 "$(grep -c '"operation":"modify"' <<<"$changes")"
"$oxbow" tail quakes --from oldest --filter "entered(status = 'reviewed') and magnitude >= 6" --count 1

say "What the function made of it, exactly once: it commits what it writes together with how far it has read."
wait_for_function quakes_alerts 85
events_counted() { "$oxbow" scan quakes_hourly | sum_of events; }
for _ in $(seq 1200); do [ "$(events_counted)" = 1707 ] && break || sleep 0.1; done
expect "events counted" 1707 "$(events_counted)"
expect "hours of networks" 850 "$("$oxbow" scan quakes_hourly | wc -l)"
expect "alerts of magnitude 4.5 and more" 85 "$("$oxbow" scan quakes_alerts | wc -l)"
echo "  the three strongest events that network 'us' sent, by the index:"
"$oxbow" query quakes "network = 'us' and magnitude > 5" --index by-network --reverse --limit 3 --project "magnitude, place"

say "A mistake: the table of alerts is dropped. It comes back as it was the moment before."
message=$("$oxbow" table drop quakes_alerts)
echo "$message"
dropped=${message##*LSN }
"$oxbow" restore quakes_alerts quakes_alerts --as-of "$((dropped - 2))"
expect "alerts after the restore" 85 "$("$oxbow" scan quakes_alerts | wc -l)"

say "One event's history, and what it was before its review (as of the LSN of its first change)."
event=$(grep -m 1 '"operation":"modify"' <<<"$changes" | sed 's/.*"new":{[^}]*"id":"\([^"]*\)".*/\1/')
"$oxbow" history quakes "{\"id\":\"$event\"}"
first=$("$oxbow" history quakes "{\"id\":\"$event\"}" | sed -n '1s/^{"lsn":\([0-9]*\).*/\1/p')
"$oxbow" get quakes "{\"id\":\"$event\"}" --as-of "$first"
expect "its status then" automatic "$("$oxbow" get quakes "{\"id\":\"$event\"}" --as-of "$first" | sed 's/.*"status":"\([a-z]*\)".*/\1/')"

say "Two weather stations send their days as a stream; a function keeps each one's records."
"$oxbow" table create weather --partition location:text --sort date:text
"$oxbow" table create weather_records --partition location:text
"$oxbow" deploy records examples/weather/records.lua --on weather --from oldest
/usr/bin/python3 examples/weather/stream.py | "$oxbow" import weather -
expect "days in Seattle" 1461 "$("$oxbow" query weather '{"location":"Seattle"}' | wc -l)"
for _ in $(seq 1200); do functions_are_done records 2922 && break || sleep 0.1; done
"$oxbow" scan weather_records
expect "New York's hottest day" 2013-07-18 "$("$oxbow" get weather_records '{"location":"New York"}' | sed 's/.*"hottest":{"date":"\([^"]*\)".*/\1/')"

say "Killing the server with SIGKILL and starting it again: nothing that was acknowledged is lost."
kill -9 "$server"
wait "$server" 2>/dev/null || true
start
expect "events in the table" 1707 "$("$oxbow" scan quakes | wc -l)"
expect "changes in the stream" 2921 "$("$oxbow" tail quakes --from oldest --count 2921 | wc -l)"
expect "alerts" 85 "$("$oxbow" scan quakes_alerts | wc -l)"
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
    echo "  curl $metrics/metrics"
    echo "Stop it with: kill $server    Its data is in $data"
fi
