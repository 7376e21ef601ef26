#!/usr/bin/python3
"""What can be done with data, over the wire: conditions, updates, transactions, tokens, queries, filters, indexes with
backfill, expiry, truncation, reads as of an earlier LSN, restores."""
import functools
import itertools
import os
import random
import struct
import time

import msgpack
import server
from server import Client, Failure, Server, expect_failure, wait_for


SEED = int(os.environ.get("OXBOW_SEED", "1"), 0)


def create(client, name, partition, sort=(), **more):
    client.request(server.CREATE, {server.TABLE: name, server.PARTITION: partition, server.SORT: list(sort), **more})


def put(client, table, item, **more):
    return client.request(server.PUT, {server.TABLE: table, server.ITEM: item, **more})


def scan(client, table, **fields):
    """All pages."""
    items, position = [], b""
    while True:
        body = {server.TABLE: table, **{getattr(server, name.upper()): value for name, value in fields.items()}}
        if position:
            body[server.NEXT] = position
        answer = client.request(server.SCAN, body)
        items += answer[server.ITEMS]
        position = answer[server.NEXT]
        if not position:
            return items


def get(client, table, key, **fields):
    try:
        body = {server.TABLE: table, server.KEY: key, **{getattr(server, n.upper()): v for n, v in fields.items()}}
        return client.request(server.GET, body)[server.ITEM]
    except Failure as failure:
        if failure.status == 1:
            return None
        raise


def conditions_and_updates(client):
    create(client, "c", [["id", "text"]])
    put(client, "c", {"id": "a", "n": 1, "tags": ["x"]})
    guarded = {server.TABLE: "c", server.ITEM: {"id": "a", "n": 2}, server.EXPRESSION: "n = :one"}
    client.request(server.PUT, {**guarded, server.VALUES: {":one": 1}})
    expect_failure(lambda: client.request(server.PUT, {**guarded, server.VALUES: {":one": 1}}), 10, "does not hold")
    update = {server.TABLE: "c", server.KEY: {"id": "b"}, server.CHANGE: "SET n = if_not_exists(n, :z) + 5, m.k = :z"}
    expect_failure(lambda: client.request(server.UPDATE, {**update, server.VALUES: {":z": 0}}), 3, "invalid for update")
    update[server.CHANGE] = "SET n = if_not_exists(n, :z) + 5"
    for _ in range(3):
        answer = client.request(server.UPDATE, {**update, server.VALUES: {":z": 0}, server.WANT_NEW: True})
    assert get(client, "c", {"id": "b"})["id"] == "b"
    assert server.NEW in answer and server.OLD not in answer
    wrong = {server.TABLE: "c", server.KEY: {"id": "b"}, server.CHANGE: "SET id = 'c'"}
    expect_failure(lambda: client.request(server.UPDATE, wrong), 3, "part of the key")
    expect_failure(lambda: client.request(server.UPDATE, {**wrong, server.CHANGE: "SET"}), 3, "Syntax error")


def transactions(client):
    create(client, "t", [["id", "text"]])

    def change(kind, key, **more):
        body = {server.TABLE: "t", server.KIND: kind}
        body[server.ITEM if kind == "put" else server.KEY] = {"id": key, **more.pop("item", {})}
        return {**body, **{getattr(server, name.upper()): value for name, value in more.items()}}

    done = client.request(
        server.TRANSACT,
        {server.CHANGES: [change("put", "a", item={"v": 1}), change("put", "b", item={"v": 1}),
                          change("check", "z", expression="attribute_not_exists(id)")]},
    )
    history = client.request(server.HISTORY, {server.TABLE: "t", server.KEY: {"id": "b"}})[server.RECORDS]
    assert history[-1][server.LSN] == done[server.LSN]
    # As of an LSN in the middle of a transaction it has not happened yet.
    before = put(client, "t", {"id": "d0", "v": 0})[server.LSN]
    last = client.request(server.TRANSACT, {server.CHANGES: [change("put", f"d{n}", item={"v": 1}) for n in range(4)]})[server.LSN]
    assert last == before + 4
    for lsn in range(before, last + 1):
        found = [get(client, "t", {"id": f"d{n}"}, as_of=lsn) for n in range(4)]
        assert found == ([{"id": f"d{n}", "v": 1} for n in range(4)] if lsn == last else [{"id": "d0", "v": 0}, None, None, None]), (lsn, found)
        assert [item for item in found if item] == sorted((item for item in scan(client, "t", as_of=lsn) if item["id"][0] == "d"), key=lambda i: i["id"])
    # One change refuses all; each says what is wrong with it.
    try:
        client.request(
            server.TRANSACT,
            {server.CHANGES: [change("delete", "a"), change("put", "b", item={"v": 2}, expression="v = 7", old=True)]},
        )
    except Failure as failure:
        assert failure.status == 10, failure
        assert failure.body[server.CHANGES] == [{}, {0: 10, 1: "the condition does not hold", server.OLD: {"id": "b", "v": 1}}]
    else:
        raise AssertionError("a transaction whose condition fails went through")
    assert get(client, "t", {"id": "a"}) == {"id": "a", "v": 1}
    # The same key twice: one record.
    done = client.request(server.TRANSACT, {server.CHANGES: [change("put", "c", item={"v": 1}), change("put", "c", item={"v": 2})]})
    history = client.request(server.HISTORY, {server.TABLE: "t", server.KEY: {"id": "c"}})[server.RECORDS]
    assert [(record[server.OPERATION], record[server.NEW]["v"]) for record in history] == [("insert", 2)]
    # A history comes page by page.
    lsns = [put(client, "t", {"id": "paged", "v": v})[server.LSN] for v in range(12)]
    for limit, most in ((5, 5), (4, 4), (12, 12)):
        body = {server.TABLE: "t", server.KEY: {"id": "paged"}, server.LIMIT: limit, server.START: 0}
        found = []
        while server.START in body:
            page = client.request(server.HISTORY, body)
            assert 0 < len(page[server.RECORDS]) <= most, len(page[server.RECORDS])
            found += [record[server.LSN] for record in page[server.RECORDS]]
            body.pop(server.START)
            body.update({server.START: page[server.START]} if server.START in page else {})
        assert found == lsns, found
    # A token: once, however often it comes.
    body = {server.CHANGES: [change("update", "n", change="SET n = if_not_exists(n, :z) + :o", values={":z": 0, ":o": 1})],
            server.TOKEN: "token-1"}
    first = client.request(server.TRANSACT, body)
    again = client.request(server.TRANSACT, body)
    assert again[server.REPEAT] and again[server.TIME] == first[server.TIME]
    assert get(client, "t", {"id": "n"})["n"] == 1
    other = {**body, server.CHANGES: [change("delete", "n")]}
    expect_failure(lambda: client.request(server.TRANSACT, other), 12, "another request")


def queries(client):
    create(client, "q", [["id", "text"]], [["n", "bigint"]])
    for n in range(20):
        put(client, "q", {"id": "p", "n": n, "even": n % 2 == 0})
    def numbers(condition, **more):
        return [item["n"] for item in scan(client, "q", key_condition=condition, **more)]
    assert numbers("id = 'p' AND n < 3") == [0, 1, 2]
    assert numbers("id = 'p' AND n <= 3") == [0, 1, 2, 3]
    assert numbers("id = 'p' AND n > 16") == [17, 18, 19]
    assert numbers("id = 'p' AND n >= 17") == [17, 18, 19]
    assert numbers("id = 'p' AND n BETWEEN 5 AND 7") == [5, 6, 7]
    assert numbers("n = 4 AND id = 'p'") == [4]
    assert numbers("id = 'p' AND n > 3", reverse=True, limit=4) == list(range(19, 3, -1))
    assert numbers("id = 'p' AND n > 3", filter="even = true", limit=3) == [4, 6, 8, 10, 12, 14, 16, 18]
    assert scan(client, "q", key_condition="id = 'p' AND n = 4", projection="even") == [{"even": True}]
    expect_failure(lambda: numbers("n = 4"), 3, "missed key schema element: id")
    expect_failure(lambda: numbers("id = 'p' AND even = true"), 3, "not supported")
    expect_failure(lambda: numbers("id = 5"), 3, "does not match schema type")
    create(client, "text", [["id", "text"]], [["s", "text", True]])
    for s in ["a", "ab", "abc", "b", "a\0b", ""]:
        if s:
            put(client, "text", {"id": "p", "s": s})
    texts = scan(client, "text", key_condition="id = 'p' AND begins_with(s, 'ab')")
    assert [item["s"] for item in texts] == ["abc", "ab"]
    assert [i["s"] for i in scan(client, "text", key_condition="id = 'p' AND s < 'ab'")] == ["a\0b", "a"]
    # A parallel scan sees every item once.
    create(client, "many", [["id", "bigint"]])
    for first in range(0, 300, 100):
        changes = [{server.TABLE: "many", server.KIND: "put", server.ITEM: {"id": n}} for n in range(first, first + 100)]
        client.request(server.TRANSACT, {server.CHANGES: changes})
    parts = [sorted(item["id"] for item in scan(client, "many", segment=i, segments=7, limit=11)) for i in range(7)]
    assert sorted(sum(parts, [])) == list(range(300)) and all(parts)


def long_keys(client):
    """Keys far beyond what LMDB holds: order, ranges, indexes and the past are as with short ones."""
    create(client, "long", [["id", "text"]], [["s", "text"]])
    client.request(server.ALTER, {server.TABLE: "long", server.INDEXES: [
        {server.INDEX: "turned", server.PARTITION: [["g", "text"]], server.SORT: [["s", "text"]]}]})
    ids = ["p" * 2048, "p" * 2047 + "q"]
    sorts = sorted(["s" * n for n in (1, 390, 400, 401, 1000, 1024)] + ["s" * 1000 + x for x in "abc"] + ["r" * 900])
    for n, s in enumerate(sorts):
        for id_ in ids:
            last = put(client, "long", {"id": id_, "s": s, "g": "g" * 1500, "n": n})[server.LSN]
    values = {":id": ids[0], ":low": "s" * 400, ":high": "s" * 1000 + "b"}
    names = {"#s": "s"}

    def query(condition, **more):
        fields = {key_: value for key_, value in values.items() if key_ in condition}
        return [item["s"] for item in scan(client, "long", key_condition=condition, values=fields, names=names if "#s" in condition else {}, **more)]

    assert query("id = :id") == sorts and query("id = :id", limit=2) == sorts
    assert query("id = :id", reverse=True, limit=3) == sorts[::-1]
    inside = [s for s in sorts if values[":low"] <= s <= values[":high"]]
    assert query("id = :id AND #s BETWEEN :low AND :high") == inside
    values[":g"] = "g" * 1500
    wait_for("the index", lambda: client.request(server.DESCRIBE, {server.TABLE: "long"})[server.INDEXES][0][server.STATE] == "active")
    last = put(client, "long", {"id": ids[0], "s": sorts[0], "g": "g" * 1500, "n": 0})[server.LSN]  # as it is
    found = scan(client, "long", index="turned", key_condition="g = :g", values={":g": values[":g"]}, limit=3)
    assert [item["s"] for item in found] == [s for s in sorts for _ in ids]
    for s in sorts[::2]:
        client.request(server.DELETE, {server.TABLE: "long", server.KEY: {"id": ids[0], "s": s}})
    put(client, "long", {"id": ids[0], "s": sorts[1], "g": "other", "n": 0})
    assert query("id = :id") == sorts[1::2]
    assert query("id = :id", as_of=last, limit=4) == sorts and query("id = :id", as_of=last, reverse=True) == sorts[::-1]
    then = scan(client, "long", index="turned", key_condition="g = :g", values={":g": values[":g"]}, as_of=last)
    assert [item["s"] for item in then] == [s for s in sorts for _ in ids]
    history = client.request(server.HISTORY, {server.TABLE: "long", server.KEY: {"id": ids[0], "s": sorts[0]}})
    assert [record[server.OPERATION] for record in history[server.RECORDS]] == ["insert", "remove"]


def indexes(client):
    create(client, "i", [["id", "bigint"]])
    for n in range(2500):
        put(client, "i", {"id": n, "kind": f"k{n % 3}", "size": n // 3} if n % 5 else {"id": n})
    index = {server.INDEX: "by-kind", server.PARTITION: [["kind", "text"]], server.SORT: [["size", "bigint"]]}
    client.request(server.ALTER, {server.TABLE: "i", server.INDEXES: [index]})

    def state():
        return client.request(server.DESCRIBE, {server.TABLE: "i"})[server.INDEXES][0]

    for n in range(2500, 2600):  # while it is being filled
        put(client, "i", {"id": n, "kind": f"k{n % 3}", "size": n // 3} if n % 5 else {"id": n})
    wait_for("the index", lambda: state()[server.STATE] == "active")
    expected = [n for n in range(2600) if n % 5 and n % 3 == 1]
    found = scan(client, "i", index="by-kind", key_condition="kind = 'k1'")
    assert [item["id"] for item in found] == expected, len(found)
    assert state()[server.ROWS] == sum(1 for n in range(2600) if n % 5)
    found = scan(client, "i", index="by-kind", key_condition="kind = 'k1' AND size BETWEEN 10 AND 20", reverse=True, limit=2)
    assert [item["size"] for item in found] == sorted((n // 3 for n in expected if 10 <= n // 3 <= 20), reverse=True)
    lsn = put(client, "i", {"id": 1, "kind": "k9", "size": 0, "v": 1})[server.LSN]
    put(client, "i", {"id": 1, "kind": "k8", "size": 0, "v": 2})
    assert scan(client, "i", index="by-kind", key_condition="kind = 'k9'") == []
    assert scan(client, "i", index="by-kind", key_condition="kind = 'k9'", as_of=lsn) == [{"id": 1, "kind": "k9", "size": 0, "v": 1}]
    expect_failure(lambda: put(client, "i", {"id": 1, "kind": 5, "size": 1}), 3, "Type mismatch for Index Key kind")
    client.request(server.ALTER, {server.TABLE: "i", server.DROP_INDEX: "by-kind"})
    expect_failure(lambda: scan(client, "i", index="by-kind"), 1, "specified index")


def expiry(client):
    create(client, "e", [["id", "bigint"]], **{})
    client.request(server.ALTER, {server.TABLE: "e", server.TTL: "until"})
    now = int(time.time())
    for n in range(250):
        put(client, "e", {"id": n, "until": now - 10 + (1000 if n % 2 else 0)})
    put(client, "e", {"id": 999, "until": "never"})
    wait_for("the sweep", lambda: len(scan(client, "e")) == 126)
    record = client.request(server.HISTORY, {server.TABLE: "e", server.KEY: {"id": 0}})[server.RECORDS][-1]
    assert record[server.OPERATION] == "remove" and record[server.CAUSE] == "ttl", record
    # A TTL attribute that comes later counts for what is there.
    create(client, "later", [["id", "bigint"]])
    for n in range(10):
        put(client, "later", {"id": n, "gone": now - 5})
    client.request(server.ALTER, {server.TABLE: "later", server.TTL: "gone"})
    wait_for("the late sweep", lambda: scan(client, "later") == [])


def compare(client, limit=0, **fields):
    """What differs, page by page: {key: (item before, item after)} in the order given, and the answer."""
    body = {server.LIMIT: limit, **{getattr(server, name.upper()): value for name, value in fields.items()}}
    found = {}
    while True:
        answer = client.request(server.COMPARE, body)
        for change in answer[server.CHANGES]:
            old, new = change.get(server.OLD), change.get(server.NEW)
            assert change[server.OPERATION] == ("insert" if old is None else "remove" if new is None else "modify"), change
            item = new or old
            assert item["id"], item["n"] not in found
            found[item["id"], item["n"]] = old, new
        body |= {server.SINCE: answer[server.SINCE], server.AS_OF: answer[server.AS_OF], server.NEXT: answer[server.NEXT]}
        body.pop(server.SINCE_TIME, None)
        body.pop(server.AS_OF_TIME, None)
        if not answer[server.NEXT]:
            return found, answer


def comparisons(client):
    choose = random.Random(SEED)
    for name in "left", "right":
        create(client, name, [["id", "bigint"]], [["n", "bigint"]])
    states, lsns, held = [], [], {}
    for _ in range(4):
        changes = []
        for key in choose.sample([(i, n) for i in range(1, 16) for n in range(15)], 100):
            if key in held and choose.random() < 0.4:
                del held[key]
                changes.append({server.KIND: "delete", server.TABLE: "left", server.KEY: {"id": key[0], "n": key[1]}})
            else:
                held[key] = {"id": key[0], "n": key[1], "v": choose.randrange(3), "filler": "x" * choose.choice((1, 300))}
                changes.append({server.KIND: "put", server.TABLE: "left", server.ITEM: held[key]})
        answer = client.request(server.TRANSACT, {server.CHANGES: changes})
        states.append(dict(held))
        lsns.append(answer[server.LSN])
    for before, after in itertools.permutations(range(len(states)), 2):
        expected = {key: (states[before].get(key), states[after].get(key)) for key in states[before].keys() | states[after].keys()}
        expected = {key: both for key, both in expected.items() if both[0] != both[1]}
        for limit in 0, choose.randrange(1, 60):
            found, answer = compare(client, table="left", since=lsns[before], as_of=lsns[after], limit=limit)
            assert found == expected, (before, after, limit, len(found), len(expected))
            assert (answer[server.SINCE], answer[server.AS_OF]) == (lsns[before], lsns[after])
        filtered, _ = compare(client, table="left", since=lsns[before], as_of=lsns[after], filter="changed(v) AND new.v > 1")
        assert filtered == {key: (old, new) for key, (old, new) in expected.items() if new and new["v"] > 1 and (not old or old["v"] != new["v"])}
    in_order = [(item["id"], item["n"]) for item in scan(client, "left") if (item["id"], item["n"]) in expected]
    assert [key for key, (_, new) in compare(client, table="left", since=lsns[2])[0].items() if new][:3] == [
        (item["id"], item["n"]) for item in scan(client, "left") if states[2].get((item["id"], item["n"])) != item][:3] and in_order
    job = client.request(server.RESTORE, {server.TABLE: "left", server.AS_OF: lsns[1], server.TARGET: "was"})[server.JOB]
    wait_for("the restore", lambda: get(client, "system.jobs", {"id": job})["state"] == "done")
    assert compare(client, table="left", since=lsns[1], target="was")[0] == {}
    assert compare(client, table="left", target="was", limit=7)[0] == compare(client, table="left", since=lsns[3], as_of=lsns[1])[0]
    assert {key: new for key, (_, new) in compare(client, table="right", target="left")[0].items()} == held
    client.request(server.TRUNCATE, {server.TABLE: "left"})
    put(client, "left", {"id": 1, "n": 1})
    assert len(compare(client, table="left", since=lsns[3], limit=9)[0]) == len(held.keys() | {(1, 1)}), "rows of before and after it"
    client.request(server.DROP, {server.TABLE: "left"})
    assert compare(client, table="left", since=lsns[0], as_of=lsns[0])[0] == {}
    create(client, "other", [["id", "text"]])
    for fields, status, text in (({"table": "other", "target": "right"}, 3, "keys have the same types"), ({"table": "left"}, 1, "there was no table left"),
                                 ({"table": "right", "since": 0}, 16, "before the first commit"), ({"table": "right", "since_time": 2**62}, 3, "not come yet"),
                                 ({"table": "right", "next": 1}, 3, "must be bytes")):
        expect_failure(lambda: compare(client, **fields), status, text)


def truncation_and_restore(client):
    create(client, "r", [["id", "bigint"]], [["n", "bigint"]])
    for n in range(1200):
        last = put(client, "r", {"id": n % 7, "n": n, "v": 0})[server.LSN]
    before = scan(client, "r")
    for n in range(0, 1200, 3):
        put(client, "r", {"id": n % 7, "n": n, "v": 1})
    client.request(server.DELETE, {server.TABLE: "r", server.KEY: {"id": 0, "n": 0}})
    assert scan(client, "r", as_of=last, limit=100) == before
    one = scan(client, "r", key_condition="id = 3", as_of=last, reverse=True)
    assert one == [item for item in reversed(before) if item["id"] == 3]
    for moment in 1000000, 0:
        expect_failure(lambda: scan(client, "r", as_of_time=moment), 16, "before the first commit")
    starts = [client.request(server.SUBSCRIBE, {server.TABLE: "r", **start}) for start in ({server.START: "oldest"}, {server.START_TIME: 0})]
    assert starts[0][server.LSN] == starts[1][server.LSN], starts
    changed = scan(client, "r")
    assert scan(client, "r", as_of_time=int(time.time() * 1e6)) == changed
    middle = client.request(server.TRUNCATE, {server.TABLE: "r"})[server.LSN] - 2
    assert scan(client, "r") == []
    assert scan(client, "r", as_of=middle) == changed
    put(client, "r", {"id": 1, "n": 1, "v": 9})
    client.request(server.DROP, {server.TABLE: "r"})
    expect_failure(lambda: scan(client, "r"), 1, "no table")
    assert scan(client, "r", as_of=last) == before, "a dropped table can be read as of earlier"
    job = client.request(server.RESTORE, {server.TABLE: "r", server.AS_OF: last, server.TARGET: "r2"})[server.JOB]
    wait_for("the restore", lambda: get(client, "system.jobs", {"id": job})["state"] == "done")
    assert scan(client, "r2") == before
    record = client.request(server.HISTORY, {server.TABLE: "r2", server.KEY: {"id": 0, "n": 0}})[server.RECORDS][-1]
    assert record[server.CAUSE] == "restore", record
    fail = {server.TABLE: "never", server.AS_OF: last, server.TARGET: "r3"}
    expect_failure(lambda: client.request(server.RESTORE, fail), 1, "there was no table never")


def periodic(client):
    create(client, "p", [["id", "bigint"]], **{})
    body = {server.TABLE: "pi", server.PARTITION: [["id", "bigint"]], server.DURABILITY: "periodic", server.INTERVAL: 50}
    client.request(server.CREATE, body)
    for n in range(50):
        put(client, "pi", {"id": n})


def equal_keys(client):
    """All NaNs are one place in the order of a sort key, and so is a number with zeros before it: one row, whatever its key's bytes are."""
    nans = [struct.unpack(">d", bytes.fromhex(bits))[0] for bits in ("7ff8000000000000", "fff8000000000000")]
    ones = [msgpack.ExtType(1, bytes(size) + b"\1") for size in (4, 5)]
    for kind, (one, other) in (("double", nans), ("varint", ones), ("decimal", ones)):
        create(client, kind, [["id", "int"]], [["at", kind]])
        puts = [{server.TABLE: kind, server.KIND: "put", server.ITEM: {"id": 1, "at": at, "v": v}} for at, v in ((other, 1), (one, 2))]
        client.request(server.TRANSACT, {server.CHANGES: puts})
        lsn = put(client, kind, {"id": 1, "at": other, "v": 3})[server.LSN]
        put(client, kind, {"id": 1, "at": one, "v": 4})
        assert [item["v"] for item in scan(client, kind)] == [4]
        for at in (one, other):
            key = {"id": 1, "at": at}
            records = client.request(server.HISTORY, {server.TABLE: kind, server.KEY: key})[server.RECORDS]
            assert [record[server.NEW]["v"] for record in records] == [2, 3, 4], records
            assert get(client, kind, key)["v"] == 4 and get(client, kind, key, as_of=lsn)["v"] == 3
    assert not server.scrub(client)


def nesting(client, host):
    """The deepest item that can be written can be read in every way; one that is deeper is refused."""
    create(client, "deep", [["id", "text"]])

    def nested(levels):
        return functools.reduce(lambda inner, _: [inner], range(levels), 1)

    put(client, "deep", {"id": "a", "d": nested(32)})
    client.request(server.TRANSACT, {server.CHANGES: [{server.TABLE: "deep", server.KIND: "put", server.ITEM: {"id": "b", "d": nested(32)}}]})
    expect_failure(lambda: put(client, "deep", {"id": "c", "d": nested(33)}), 3, "32 levels")
    for words in (("scan", "deep"), ("history", "deep", '{"id": "a"}'), ("get", "deep", '{"id": "b"}')):
        code, output, error = host.run(*words)
        assert code == 0 and "[" * 32 in output.replace(" ", "").replace("\n", ""), (words, output, error)


def small_segments(client):
    """Transactions that come together make a batch that is larger than a segment; a restore takes as many rows at once as fit one."""
    create(client, "together", [["id", "bigint"]])
    sent = []
    for first in range(0, 1200, 100):
        changes = [{server.TABLE: "together", server.KIND: "put", server.ITEM: {"id": first + n, "v": "x" * 200}} for n in range(100)]
        sent.append(client.send(server.TRANSACT, {server.CHANGES: changes, server.TOKEN: f"t{first}" + "y" * 20}))
    for _ in sent:
        number, answer = client.receive()
        assert number in sent and server.STATUS not in answer, answer
    written = scan(client, "together")
    assert len(written) == 1200
    last = client.request(server.HISTORY, {server.TABLE: "together", server.KEY: {"id": 1199}})[server.RECORDS][-1][server.LSN]
    job = client.request(server.RESTORE, {server.TABLE: "together", server.AS_OF: last, server.TARGET: "apart"})[server.JOB]
    wait_for("the restore", lambda: get(client, "system.jobs", {"id": job})["state"] == "done")
    assert scan(client, "apart") == written
    # A row that fills a transaction alone, so the restore's progress finds no room beside it.
    create(client, "full", [["id", "int"]])
    for size in range(45056, 0, -1):
        try:
            last = put(client, "full", {"id": 1, "d": "x" * size})[server.LSN]
            break
        except Failure as failure:
            assert failure.status == 4, failure
    put(client, "full", {"id": 2})
    last = put(client, "full", {"id": 3})[server.LSN]
    job = client.request(server.RESTORE, {server.TABLE: "full", server.AS_OF: last, server.TARGET: "refilled"})[server.JOB]
    wait_for("the restore", lambda: get(client, "system.jobs", {"id": job})["state"] == "done")
    assert get(client, "system.jobs", {"id": job})["rows"] == 3 and scan(client, "refilled") == scan(client, "full")


def sealed_chains(client, host):
    """A transaction with more before-images than a segment holds: its first pieces are sealed, its end is not, when the server is killed."""
    create(client, "pieces", [["id", "int"]])
    for i in range(50):
        put(client, "pieces", {"id": i, "d": "x" * 40000})
    deletes = [{server.TABLE: "pieces", server.KIND: "delete", server.KEY: {"id": i}} for i in range(50)]
    lsn = client.request(server.TRANSACT, {server.CHANGES: deletes})[server.LSN]
    log = os.path.join(host.data, "log")
    wait_for("the seals", lambda: sum(name.endswith(".raw") for name in os.listdir(log)) <= 2)
    host.kill()
    host.start()
    with Client(host.address) as again:
        assert scan(again, "pieces") == [] and len(scan(again, "pieces", as_of=lsn - 50)) == 50
        assert not server.scrub(again)


def main():
    print(f"seed: OXBOW_SEED={SEED:#x}", flush=True)
    with Server("--segment-bytes", "65536", "--sweep-ms", "200") as host:
        client = Client(host.address)
        for part in (conditions_and_updates, transactions, queries, long_keys, indexes, expiry, comparisons, truncation_and_restore, periodic, equal_keys, small_segments):
            part(client)
        nesting(client, host)
        sealed_chains(client, host)
        client.close()
        client = Client(host.address)
        restored = scan(client, "r2")
        client.close()
        host.kill()
        host.start()
        client = Client(host.address)
        assert scan(client, "r2") == restored
        assert len(scan(client, "pi")) == 50  # a kill loses nothing that the kernel has
        client.close()


if __name__ == "__main__":
    main()
