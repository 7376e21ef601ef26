# What the benchmarks share: scratch files, figures, and private instances of the peers. Sourced, with `seconds` set.
# shellcheck shell=bash
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$project/build/release
[[ $seconds =~ ^[0-9]+$ ]] || {
    echo "$0: $seconds is no number of seconds; the first lines of the script tell what it takes" >&2
    exit 2
}
[ -x "$build/oxbow" ] && [ -x "$build/tests/bench_feed" ] || {
    echo "$0: build it first: cmake --preset release && cmake --build --preset release" >&2
    exit 1
}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/oxbow-bench-XXXXXX")
chmod 755 "$scratch"
processes=()
clean_up() {
    for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
    wait
    rm -rf "$scratch"
}
trap clean_up EXIT

need() { # COMMAND:PACKAGE ...: installs what is not there
    local each missing=()
    for each in "$@"; do
        command -v "${each%%:*}" >/dev/null || missing+=("${each##*:}")
    done
    [ ${#missing[@]} -eq 0 ] || DEBIAN_FRONTEND=noninteractive apt-get install -y "${missing[@]}" >/dev/null
}

row() { printf '%-52s %10s %10s %10s %10s\n' "$@"; }

ticks() { # PID: processor time of a process and its children, in ticks of 10 ms
    local total=0 pid
    for pid in "$1" $(pgrep -P "$1" || true); do
        total=$((total + $(awk '{print $14 + $15 + $16 + $17}' "/proc/$pid/stat" 2>/dev/null || echo 0)))
    done
    echo "$total"
}

start_oxbow() { # FLAGS...: sets oxbow (its pid) and ready (the line that tells its addresses)
    "$build/oxbow" serve --data "$scratch/data" --topics off "$@" >"$scratch/ready" &
    oxbow=$!
    processes+=("$oxbow")
    until grep -q ^ready "$scratch/ready"; do sleep 0.1; done
    ready=$(cat "$scratch/ready")
}

make_table() { # ADDRESS of a DynamoDB door: with 100 items of one key
    local key='-H Content-Type:application/x-amz-json-1.0 -H X-Amz-Date:20260101T000000Z'
    local authorization='Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=any'
    # shellcheck disable=SC2086
    curl -sf $key -H "$authorization" -H 'X-Amz-Target: DynamoDB_20120810.CreateTable' "http://$1" -d '{"TableName":"bench","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"}]}' >/dev/null
    sleep 1
    for i in $(seq 100); do
        # shellcheck disable=SC2086
        curl -sf $key -H "$authorization" -H 'X-Amz-Target: DynamoDB_20120810.PutItem' "http://$1" -d "{\"TableName\":\"bench\",\"Item\":{\"p\":{\"S\":\"read\"},\"s\":{\"N\":\"$i\"},\"a\":{\"N\":\"5\"},\"pad\":{\"S\":\"$(printf 'x%.0s' $(seq 180))\"}}}" >/dev/null
    done
}

start_redis() { # sets redis
    mkdir "$scratch/redis"
    redis-server --port 17379 --bind 127.0.0.1 --dir "$scratch/redis" --appendonly yes --appendfsync always --save '' >/dev/null &
    redis=$!
    processes+=("$redis")
    until redis-cli -p 17379 ping >/dev/null 2>&1; do sleep 0.1; done
}

redis_row() { # CONNECTIONS REQUESTS set|get BYTES [IN-FLIGHT]
    local before after line
    before=$(ticks "$redis")
    line=$(redis-benchmark -p 17379 -c "$1" -n "$2" -t "$3" -d "$4" -P "${5:-1}" -r 100000 --csv | awk -F'"' '/[SG]ET/ {printf "%.0f %.0f %.0f", $4, $10 * 1000, $14 * 1000}')
    after=$(ticks "$redis")
    # shellcheck disable=SC2086
    row "Redis appendfsync always ${3^^}, $1 connections${5:+, $5 in flight}" $line "$(((after - before) * 10000 / $2))"
}

start_postgres() { # SQL TO BEGIN WITH, FLAGS OF THE SERVER...
    local sql=$1
    shift
    pg=$(echo /usr/lib/postgresql/*/bin)
    as_user() { if [ "$(id -u)" -eq 0 ]; then exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else exec "$@"; fi; } # ends its subshell
    mkdir "$scratch/postgres"
    [ "$(id -u)" -ne 0 ] || chown postgres "$scratch/postgres"
    (cd / && as_user "$pg/initdb" -D "$scratch/postgres/data" -A trust -U postgres >/dev/null)
    (cd / && as_user "$pg/postgres" -D "$scratch/postgres/data" -p 15432 -h 127.0.0.1 -k "$scratch/postgres" "$@" >"$scratch/postgres.log" 2>&1) &
    processes+=($!)
    until psql -h 127.0.0.1 -p 15432 -U postgres -c 'select 1' >/dev/null 2>&1; do sleep 0.2; done
    psql -q -h 127.0.0.1 -p 15432 -U postgres -c "$sql" >/dev/null
}

postgres_row() { # TITLE CONNECTIONS SCRIPT
    local out
    out=$(pgbench -n -h 127.0.0.1 -p 15432 -U postgres -c "$2" -j 1 -T "$seconds" -M prepared -f "$3" postgres 2>/dev/null)
    row "$1, $2 connections" "$(awk '/^tps/ {printf "%.0f", $3}' <<<"$out")" "$(awk '/latency average/ {printf "%.0f", $4 * 1000}' <<<"$out")" "" ""
}
