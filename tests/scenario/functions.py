#!/usr/bin/python3
"""Functions on a table's changes: effects exactly once through kills, read sets, retries, dead letters, hops, limits."""
import msgpack

import server
from data_model import create, get, put, scan
from server import Client, Server, expect_failure, wait_for

COUNT = """
function handler(event)
  for _, record in ipairs(event.records) do
    if record.operation == 'insert' then
      oxbow.update('counts', {kind = record.new.kind}, 'SET n = if_not_exists(n, :zero) + :one',
                   {values = {[':zero'] = 0, [':one'] = 1}})
    end
  end
end
"""


def number(value):
    """A decimal comes as ext type 1: scale, unscaled."""
    if isinstance(value, msgpack.ExtType):
        scale = int.from_bytes(value.data[:4], "big", signed=True)
        return int.from_bytes(value.data[4:], "big", signed=True) * 10 ** -scale
    return value


def deploy(client, name, source, **more):
    fields = {getattr(server, key.upper()): value for key, value in more.items()}
    return client.request(server.DEPLOY, {server.FUNCTION: name, server.SOURCE: {"main": source}, **fields})


def map_table(client, name, function, table, **more):
    fields = {getattr(server, key.upper()): value for key, value in more.items()}
    client.request(server.MAP, {server.MAPPING: name, server.FUNCTION: function, server.TABLE: table, **fields})


def mapping(client, name):
    found = client.request(server.MAPPINGS, {})[server.MAPPING_LIST]
    return next(entry for entry in found if entry["name"] == name)


def deploying(client):
    expect_failure(lambda: deploy(client, "bad", "this is no Lua"), 21, "main.lua:1: syntax error")
    expect_failure(lambda: deploy(client, "bad", "return 1"), 21, "must define handler")
    expect_failure(lambda: deploy(client, "bad name", "x"), 3, "a function's name")
    assert deploy(client, "echo", "function handler(e) print('got', e.a) return {a = e.a} end")[server.VERSION] == 1
    answer = client.request(server.INVOKE, {server.FUNCTION: "echo", server.EVENT: {"a": "x"}})
    assert answer[server.RESULT] == {"a": "x"} and answer[server.LINES] == ["got\tx"], answer
    assert deploy(client, "echo", "function handler(e) error('no ' .. e.a) end")[server.VERSION] == 2
    expect_failure(lambda: client.request(server.INVOKE, {server.FUNCTION: "echo", server.EVENT: {"a": "x"}}), 21,
                   "main.lua:1: no x")
    old = client.request(server.INVOKE, {server.FUNCTION: "echo", server.VERSION: 1, server.EVENT: {"a": "y"}})
    assert old[server.RESULT] == {"a": "y"}
    expect_failure(lambda: client.request(server.INVOKE, {server.FUNCTION: "none"}), 1, "no function none")
    create(client, "dry", [["id", "text"]])
    deploy(client, "writer", "function handler() oxbow.put('dry', {id = 'a', n = 1.5}) end")
    client.request(server.INVOKE, {server.FUNCTION: "writer", server.DRY: True})
    assert scan(client, "dry") == []
    client.request(server.INVOKE, {server.FUNCTION: "writer"})
    assert number(get(client, "dry", {"id": "a"})["n"]) == 1.5
    deploy(client, "endless", "function handler() while true do end end", timeout=200)
    expect_failure(lambda: client.request(server.INVOKE, {server.FUNCTION: "endless"}), 21, "time budget used up at main.lua:1")
    names = {(f["name"], f["version"]) for f in client.request(server.FUNCTIONS, {})[server.FUNCTION_LIST]}
    assert ("echo", 1) in names and ("echo", 2) in names
    client.request(server.REMOVE, {server.FUNCTION: "echo"})
    expect_failure(lambda: client.request(server.INVOKE, {server.FUNCTION: "echo"}), 1, "no function echo")
    assert deploy(client, "echo", "function handler(e) return {b = e.a} end")[server.VERSION] == 1  # another than the first version 1
    assert client.request(server.INVOKE, {server.FUNCTION: "echo", server.EVENT: {"a": "x"}})[server.RESULT] == {"b": "x"}
    client.request(server.REMOVE, {server.FUNCTION: "echo"})


def any_order(client):
    """Lists and maps of an event give the same however they are walked, and large ones at the same cost."""
    deploy(client, "orders", """
        function handler(e)
            local n, sums = #e.list, {0, 0, 0, 0, 0}
            for i, item in ipairs(e.list) do sums[1] = sums[1] + i * item.v end
            for i = 1, n do sums[2] = sums[2] + i * e.list[i].v + 0 * e.list[i].w end
            for i = n, 1, -1 do sums[3] = sums[3] + i * e.list[i].v end
            for i = 1, n do local k = (i * 7) % n + 1; sums[4] = sums[4] + k * e.list[k].v end
            for i, item in pairs(e.list) do sums[5] = sums[5] + i * item.v; assert(e.list[n].v == n) end
            assert(e.list[0] == nil and e.list[n + 1] == nil and e.none == nil and e.list.x == nil)
            assert(e.small.a[2] == 'two' and e.small.a[1] == 'one' and e.small.a[2] == 'two' and e.text == e.text)
            return sums
        end""")
    n = 3000
    event = {"list": [{"v": i, "w": 1} for i in range(1, n + 1)], "small": {"a": ["one", "two"]}, "text": "y" * 5000}
    answer = client.request(server.INVOKE, {server.FUNCTION: "orders", server.EVENT: event})
    wanted = sum(i * i for i in range(1, n + 1))
    assert [number(each) for each in answer[server.RESULT]] == [wanted] * 5, answer


def exactly_once(host, client):
    create(client, "events", [["id", "bigint"]])
    create(client, "counts", [["kind", "text"]])
    deploy(client, "count", COUNT)
    for n in range(100):
        put(client, "events", {"id": n, "kind": f"k{n % 3}"})
    map_table(client, "counting", "count", "events", start="oldest", batch=7)
    written = 100
    for _ in range(4):  # kills in the middle of it
        for _ in range(150):
            put(client, "events", {"id": written, "kind": f"k{written % 3}"})
            written += 1
        client.close()
        host.kill()
        host.start()
        client = Client(host.address)
    wait_for("the counts", lambda: sum(number(row["n"]) for row in scan(client, "counts")) >= written)
    counts = {row["kind"]: number(row["n"]) for row in scan(client, "counts")}
    assert counts == {f"k{k}": len(range(k, written, 3)) for k in range(3)}, counts
    record = client.request(server.HISTORY, {server.TABLE: "counts", server.KEY: {"kind": "k0"}})[server.RECORDS][-1]
    assert record[server.CAUSE] == "function" and record[server.HOPS] == 1, record
    expect_failure(lambda: client.request(server.REMOVE, {server.FUNCTION: "count"}), 5, "a mapping uses the function")
    return client


def reading(client):
    """A running balance that is read and written: the read set makes every step count once, although a client writes
    the same row meanwhile."""
    create(client, "steps", [["id", "bigint"]])
    create(client, "balance", [["id", "text"]])
    put(client, "balance", {"id": "b", "n": 0, "touched": 0})
    deploy(client, "add", """
function handler(event)
  local row = oxbow.get('balance', {id = 'b'})
  for i, record in ipairs(event.records) do row.n = row.n + record.new.amount end
  oxbow.put('balance', row)
end""")
    map_table(client, "adding", "add", "steps", batch=3)
    for n in range(200):
        put(client, "steps", {"id": n, "amount": n})
        touch = {server.TABLE: "balance", server.KEY: {"id": "b"}, server.CHANGE: f"SET touched = {n + 1}"}
        client.request(server.UPDATE, touch)
    wait_for("the balance", lambda: number(get(client, "balance", {"id": "b"})["n"]) == sum(range(200)))
    assert number(get(client, "balance", {"id": "b"})["touched"]) == 200
    client.request(server.UNMAP, {server.MAPPING: "adding"})
    for n in range(60):  # invoked by hand, against changes that are under way at the same time
        client.send(server.INVOKE, {server.FUNCTION: "add", server.EVENT: {"records": [{"new": {"amount": 1}}]}})
        for k in range(5):
            client.send(server.UPDATE, {server.TABLE: "balance", server.KEY: {"id": "b"}, server.CHANGE: f"SET touched = {5 * n + k}"})
        answers = [client.receive() for _ in range(6)]
        assert all(answer is not None and server.STATUS not in answer[1] for answer in answers), answers
    assert number(get(client, "balance", {"id": "b"})["n"]) == sum(range(200)) + 60
    assert number(get(client, "balance", {"id": "b"})["touched"]) == 299


def long_queries(client):
    """A query gives everything that meets its condition, however many pages of the store that is, or says that it does not."""
    create(client, "long", [["id", "text"]], [["n", "bigint"]])
    for n in range(30):
        put(client, "long", {"id": "a", "n": n, "text": "x" * 100000, "odd": n % 2})
    deploy(client, "sum", """
        function handler(e)
            local rows, sum = oxbow.query('long', 'id = :a' .. (e.more or ''), {values = {[':a'] = 'a'}, filter = e.filter, limit = e.limit, reverse = e.reverse}), 0
            for _, row in ipairs(rows) do sum = sum + row.n end
            if e.put then oxbow.put('long', {id = 'sums', n = sum}) end
            return {count = #rows, sum = sum}
        end""")
    for event, wanted in (({}, (30, 435)), ({"put": True}, (30, 435)), ({"filter": "odd = 1"}, (15, 225)), ({"filter": "n > 20", "limit": 5}, (5, 115)), ({"limit": 20}, (20, 190)),
                          ({"limit": 12, "reverse": True}, (12, 282)), ({"more": " AND n < 0"}, (0, 0))):
        found = client.request(server.INVOKE, {server.FUNCTION: "sum", server.EVENT: event})[server.RESULT]
        assert (number(found["count"]), number(found["sum"])) == wanted, (event, found)
    for n in range(30, 90):
        put(client, "long", {"id": "a", "n": n, "text": "x" * 100000, "odd": n % 2})
    expect_failure(lambda: client.request(server.INVOKE, {server.FUNCTION: "sum", server.EVENT: {}}), 21, "a query gives at most 8388608 bytes")


def failing(client):
    create(client, "poison", [["id", "bigint"]])
    create(client, "passed", [["id", "bigint"]])
    deploy(client, "picky", """
function handler(event)
  for _, record in ipairs(event.records) do
    if record.new.bad then error('bad record ' .. record.new.id) end
    oxbow.put('passed', {id = record.new.id})
  end
end""")
    map_table(client, "picking", "picky", "poison", batch=10, retries=1)
    for n in range(25):
        put(client, "poison", {"id": n, "bad": n in (4, 5, 17)} if n in (4, 5, 17) else {"id": n})
    wait_for("what passes", lambda: len(scan(client, "passed")) == 22)
    wait_for("what is parked", lambda: mapping(client, "picking")["parked"] == 3)
    parked = scan(client, "system.parked", key_condition="mapping = 'picking'")
    events = [msgpack.unpackb(row["event"], strict_map_key=False)["records"] for row in parked]
    assert [records[0]["new"]["id"] for records in events] == [4, 5, 17]
    assert "bad record 17" in parked[2]["error"], parked[2]
    # They go through a version that can handle them, each once; or are given up.
    batch = {server.MAPPING: "picking", server.PARKED: parked[0]["lsn"]}
    expect_failure(lambda: client.request(server.INVOKE, batch), 21, "bad record 4")
    deploy(client, "picky", "function handler(e) for _, r in ipairs(e.records) do oxbow.put('passed', {id = r.new.id}) end end")
    client.request(server.INVOKE, {**batch, server.DRY: True})
    assert len(scan(client, "system.parked", key_condition="mapping = 'picking'")) == 3
    client.request(server.INVOKE, batch)
    assert get(client, "passed", {"id": 4}) is not None
    expect_failure(lambda: client.request(server.INVOKE, batch), 1, "parked nothing at LSN")
    client.request(server.PARKED_DELETE, {**batch, server.PARKED: parked[1]["lsn"]})
    expect_failure(lambda: client.request(server.PARKED_DELETE, {server.MAPPING: "picking"}), 3, "by its mapping and its LSN")
    left = scan(client, "system.parked", key_condition="mapping = 'picking'")
    assert [row["lsn"] for row in left] == [parked[2]["lsn"]] and len(scan(client, "passed")) == 23
    # A loop ends at the limit of hops.
    create(client, "loop", [["id", "bigint"]])
    deploy(client, "looping", "function handler(e) for _, r in ipairs(e.records) do "
                              "oxbow.put('loop', {id = r.new.id, n = (r.new.n or 0) + 1}) end end")
    map_table(client, "loop", "looping", "loop")
    put(client, "loop", {"id": 1})
    wait_for("the end of the loop", lambda: mapping(client, "loop")["parked"] == 1)
    assert number(get(client, "loop", {"id": 1})["n"]) == 16
    # What is put through again has come as far as it had: its changes are those of the hop after.
    last = scan(client, "system.parked", key_condition="mapping = 'loop'")[0]["lsn"]
    client.request(server.INVOKE, {server.MAPPING: "loop", server.PARKED: last})
    wait_for("the end of the loop again", lambda: mapping(client, "loop")["parked"] == 2)
    record = client.request(server.HISTORY, {server.TABLE: "loop", server.KEY: {"id": 1}})[server.RECORDS][-1]
    assert number(get(client, "loop", {"id": 1})["n"]) == 17 == record[server.HOPS], record
    # A filter.
    create(client, "filtered", [["id", "bigint"]])
    create(client, "alerts", [["id", "bigint"]])
    deploy(client, "alert", "function handler(e) for _, r in ipairs(e.records) do oxbow.put('alerts', {id = r.keys.id, cause = r.cause, actor = r.actor}) end end")
    map_table(client, "alerting", "alert", "filtered", filter="entered(level > 5)")
    for n, level in enumerate([1, 6, 7, 3, 9]):
        put(client, "filtered", {"id": 1, "level": level, "n": n})
        put(client, "filtered", {"id": 2, "level": 1, "n": n})
    wait_for("an alert", lambda: [number(row["id"]) for row in scan(client, "alerts")] == [1])
    wait_for("what entered", lambda: mapping(client, "alerting")["records"] == 2)
    create(client, "leaving", [["id", "bigint"]])
    map_table(client, "waiting", "count", "leaving")
    wait_for("the mapping", lambda: mapping(client, "waiting")["state"] == "running")
    map_table(client, "waiting", "count", "leaving")  # again: it goes on
    expect_failure(lambda: map_table(client, "waiting", "count", "leaving", batch=7), 10, "another mapping of that name")
    expect_failure(lambda: map_table(client, "waiting", "count", "leaving", start="oldest"), 10, "another mapping of that name")
    client.request(server.DROP, {server.TABLE: "leaving"})
    assert mapping(client, "waiting")["state"] == "waiting: its table is not there", mapping(client, "waiting")
    create(client, "leaving", [["id", "bigint"]])
    assert mapping(client, "waiting")["state"] == "running"
    client.request(server.UNMAP, {server.MAPPING: "waiting"})
    client.request(server.UNMAP, {server.MAPPING: "alerting"})
    expect_failure(lambda: client.request(server.UNMAP, {server.MAPPING: "alerting"}), 1, "no mapping")


def large_parked(client):
    """A change that is too large to be kept as an item is parked too: the log has it. The others pass."""
    create(client, "large", [["id", "bigint"]])
    deploy(client, "weigher", "function handler(e) for _, r in ipairs(e.records) do assert(#r.new.text < 10, 'too heavy') end end")
    map_table(client, "weighing", "weigher", "large", batch=10, retries=0)
    put(client, "large", {"id": 1, "text": "light"})
    put(client, "large", {"id": 2, "text": "x" * 3000000})
    put(client, "large", {"id": 2, "text": "y" * 3000000})  # with the old item 6 MB
    put(client, "large", {"id": 3, "text": "light"})
    wait_for("all to be passed", lambda: mapping(client, "weighing")["parked"] == 2 and mapping(client, "weighing")["records"] == 2)
    assert mapping(client, "weighing")["state"] == "running", mapping(client, "weighing")
    parked = [row for row in scan(client, "system.parked") if row["mapping"] == "weighing"]
    assert [row["event"] is None for row in parked] == [False, True], [row["lsn"] for row in parked]
    create(client, "weighed", [["id", "bigint"]])
    deploy(client, "weigher", "function handler(e) for _, r in ipairs(e.records) do oxbow.put('weighed', {id = r.lsn, new = #r.new.text, old = r.old and #r.old.text}) end end")
    for row in parked:
        client.request(server.INVOKE, {server.MAPPING: "weighing", server.PARKED: number(row["lsn"])})
    assert sorted((number(row["new"]), number(row.get("old", 0))) for row in scan(client, "weighed")) == [(3000000, 0), (3000000, 3000000)]
    assert [row for row in scan(client, "system.parked") if row["mapping"] == "weighing"] == []
    client.request(server.UNMAP, {server.MAPPING: "weighing"})


def table_returns(host, client):
    """A mapping whose table is not there when the server starts waits for it."""
    map_table(client, "waiting", "count", "leaving")
    client.request(server.DROP, {server.TABLE: "leaving"})
    client.close()
    host.stop()
    host.start()
    client = Client(host.address)
    wait_for("that it waits", lambda: mapping(client, "waiting")["state"] == "waiting: its table is not there")
    create(client, "leaving", [["id", "bigint"]])
    put(client, "leaving", {"id": 1, "kind": "returned"})
    wait_for("what came since", lambda: number((get(client, "counts", {"kind": "returned"}) or {"n": 0})["n"]) == 1)
    assert mapping(client, "waiting")["state"] == "running"
    return client


def main():
    with Server("--segment-bytes", "131072") as host:
        client = Client(host.address)
        deploying(client)
        any_order(client)
        client = exactly_once(host, client)
        reading(client)
        long_queries(client)
        failing(client)
        client = table_returns(host, client)
        client.close()
    with Server() as host, Client(host.address) as client:  # whose segments take items of any size
        large_parked(client)


if __name__ == "__main__":
    main()
