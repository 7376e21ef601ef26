#!/usr/bin/env bash
# The Debian package under a live systemd: what an administrator does with it, from its installation to its purge. Runs as root in a
# machine of its own, which run.sh boots: the package is /root/oxbow.deb. The last line is "service: passed" or "service: failed".
set -euo pipefail

readonly settings=/etc/oxbow/oxbow.conf

failed() {
    local line=$1
    trap - ERR
    echo "service.sh: line $line: $(sed -n "${line}p" "$0")"
    systemctl --no-pager status oxbow || true
    journalctl --no-pager -n 40 -u oxbow || true
    echo "service: failed"
    exit 1
}
trap 'failed $LINENO' ERR

step() { echo "  $*"; }
expect() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] && return
    echo "$1: expected $2, found $3"
    return 1
}
main_pid() { systemctl show -p MainPID --value oxbow; }
http() { curl -sS "http://localhost:8080/$1"; }
cql_options() { # the head of its answer
    exec 3<>/dev/tcp/localhost/9042
    printf '\x04\x00\x00\x00\x05\x00\x00\x00\x00' >&3
    timeout 20 head -c 5 <&3 | od -An -tx1 | xargs
    exec 3>&-
}
soon() { # COMMAND...: it succeeds within a minute
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    echo "not within a minute: $*"
    return 1
}
in_journal() { journalctl --no-pager -u oxbow | grep -q -- "$1"; }

serves() { # ITEMS: the function's copies are all there
    expect items "$1" "$(oxbow scan copies | wc -l)"
    expect readiness 200 "$(curl -s -o /dev/null -w '%{http_code}' http://localhost:8080/ready)"
}

step "The package installs, and its service runs and is enabled."
dpkg -i /root/oxbow.deb >/root/dpkg.txt
expect state active "$(systemctl is-active oxbow)"
expect enablement enabled "$(systemctl is-enabled oxbow)"
expect user oxbow "$(ps -o user= -p "$(main_pid)")"
expect "mode of the data" "700 oxbow" "$(stat -c '%a %U' /var/lib/oxbow)"
expect "mode of the key's directory" "700 oxbow" "$(stat -c '%a %U' /var/lib/oxbow-key)"

step "Every door answers, and a function runs in its worker, behind all that the unit forbids."
oxbow table create things --partition id:text
oxbow table create copies --partition id:text
cat >/root/copy.lua <<'LUA'
function handler(batch)
  for _, record in ipairs(batch.records) do
    if record.new then oxbow.put('copies', record.new) end
  end
end
LUA
oxbow deploy copy /root/copy.lua --on things --from oldest
for i in 1 2 3; do oxbow put things "{\"id\":\"$i\"}"; done
timeout 60 oxbow tail copies --from oldest --count 3 >/dev/null
serves 3
curl -sS http://localhost:8000/ | grep -q healthy
expect "CQL's answer to OPTIONS" "84 00 00 00 06" "$(cql_options)"
http metrics | grep -q '^oxbow_'

step "A reload takes what can change; a mistake in the settings refuses a restart, and says where it is."
sed -i '$a slow-ms = 250' "$settings"
systemctl reload oxbow
soon in_journal 'slow-ms'
serves 3
cp "$settings" /root/settings
sed -i '$a slow-mss = 250' "$settings"
if systemctl restart oxbow; then expect "a restart with a mistake in the settings" refused taken; fi
in_journal "oxbow.conf.*slow-mss"
cp /root/settings "$settings"
systemctl restart oxbow
serves 3

step "Killed, it comes back with all that it acknowledged; stopped, it stays away."
killed=$(main_pid)
oxbow put things '{"id":"4"}'
kill -9 "$killed"
soon oxbow get things '{"id":"4"}'
[ "$(main_pid)" != "$killed" ]
soon oxbow get copies '{"id":"4"}'
serves 4
systemctl stop oxbow
expect "exit code of the stop" 0 "$(systemctl show -p ExecMainStatus --value oxbow)"
expect "state after the stop" inactive "$(systemctl is-active oxbow || true)"

step "After a boot it would start again, and is as confined as its unit says."
systemctl start oxbow
serves 4
systemd-analyze security --no-pager --threshold=20 oxbow.service >/root/security.txt
tail -n 1 /root/security.txt
expect "processes that a refused system call ended" 0 "$(journalctl --no-pager | grep -cE 'type=1326|status=31/SYS' || true)"

step "Removed, purged and installed again: the data stays."
dpkg -r oxbow >>/root/dpkg.txt
expect "state when removed" inactive "$(systemctl is-active oxbow || true)"
[ -f "$settings" ]
dpkg -P oxbow >>/root/dpkg.txt
[ ! -e "$settings" ]
[ -d /var/lib/oxbow/log ]
dpkg -i /root/oxbow.deb >>/root/dpkg.txt
serves 4
step "The same package once more, as an upgrade: restarted, nothing lost."
before=$(main_pid)
dpkg -i /root/oxbow.deb >>/root/dpkg.txt
[ "$(main_pid)" != "$before" ]
serves 4
echo "service: passed"
