#!/usr/bin/python3
"""Hostile bytes at the native door and hostile Lua sources: sound requests with bytes flipped, cut, doubled and mixed, sent to a real server.
It answers or says nothing, goes on, and holds what it held.

usage: hostile.py [MESSAGES]; OXBOW_SEED repeats a run
"""
import os
import random
import sys
import time

import msgpack

from check import read_all
import server
from server import Client, Server

LUA = b"""function handler(event, context)
  local t = {}
  for i = 1, 10 do t[i] = string.rep('x', i) .. tostring(event.a) end
  local ok, why = pcall(function() return oxbow.get('t', {id = 'a'}) end)
  return {n = #t, s = ('%5.2f'):format(1.5), ok = ok, l = [[long]], m = t[1]:gsub('x', 'y'), u = utf8.char(8364) }
end
"""
TOKENS = [b"(", b")", b"{", b"}", b"[[", b"]]", b"--[[", b"end ", b"function ", b"goto x ", b"::x::", b"..", b"\\u{7FFFFFFF}", b"0x1p999",
          b"local a <close> = nil ", b"local b <const> = 1 ", b"while true do ", b"coroutine.wrap(", b"setmetatable({}, {__gc = 1}) ",
          b"string.rep('x', 1 << 40) ", b"('x'):rep(1e9) ", b"table.concat({}, 'x', 1, 1e9) ", b"\0", b"\x1bLua"]


def requests():
    """Sound ones: (type, body)."""
    key, item = {server.KEY: {"id": "a"}}, {server.ITEM: {"id": "scratch", "n": 1, "l": [1, {"x": b"b"}], "s": "text"}}
    table = {server.TABLE: "s"}
    condition = {server.EXPRESSION: "attribute_exists(id) AND n > :v", server.VALUES: {":v": 1}, server.NAMES: {"#n": "n"}}
    return [(server.PUT, {**table, **item}), (server.PUT, {**table, **item, **condition, server.TOKEN: "tok"}), (server.GET, {**table, **key}),
            (server.DELETE, {**table, **key}), (server.SCAN, {**table, server.FILTER: "n > 1", server.LIMIT: 3, server.SEGMENT: 0, server.SEGMENTS: 2}),
            (server.SCAN, {**table, server.KEY_CONDITION: "id = :i", server.VALUES: {":i": "a"}, server.NEXT: b"abc"}),
            (server.UPDATE, {**table, **key, server.CHANGE: "SET n = if_not_exists(n, :v) + :v REMOVE x", server.VALUES: {":v": 1}}),
            (server.TRANSACT, {server.CHANGES: [{**table, **item, server.KIND: "put"}, {**table, **key, server.KIND: "check"}]}),
            (server.HISTORY, {**table, **key, server.LIMIT: 3}), (server.SUBSCRIBE, {**table, server.CREDIT: 5, server.START: "oldest", server.FILTER: "changed(n)"}),
            (server.GIVE, {server.CREDIT: 3}), (server.DESCRIBE, table), (server.MAPPINGS, {}), (server.FUNCTIONS, {}),
            (server.CREATE, {server.TABLE: "made", server.PARTITION: [["id", "text"]], server.SORT: [["n", "bigint"]], server.TTL: "x"}),
            (server.INVOKE, {server.FUNCTION: "none", server.EVENT: {"a": [1, None, True]}})]


def mutate(data, choose, tokens, most=4):
    """A few changes of some bytes."""
    data = bytearray(data)
    for _ in range(1 + choose.randrange(most)):
        at = choose.randrange(len(data) + 1)
        kind = choose.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << choose.randrange(8)
        elif kind == 1:
            del data[at : at + 1 + choose.randrange(8)]
        elif kind == 2:
            data[at:at] = data[at : at + choose.randrange(40)]
        elif kind == 3:
            data[at:at] = choose.choice(tokens)
        else:
            data[at:at] = bytes(choose.randrange(256) for _ in range(1 + choose.randrange(3)))
    return bytes(data)


def hostile_message(choose, corpus):
    kind, body = choose.choice(corpus)
    tokens = [b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xdd\x7f\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xcf" + b"\xff" * 8, b"\x91" * 100, b"\xc7\xff\x01"]
    frames = [bytes([1, kind]), b"12345678", mutate(msgpack.packb(body), choose, tokens)]
    if choose.random() < 0.1:
        frames[choose.randrange(2)] = mutate(frames[choose.randrange(2)], choose, tokens)
    if choose.random() < 0.05:
        frames = choose.choices(frames, k=choose.randrange(1, 8))
    return frames


def is_sound(address, expected):
    with Client(address) as client:
        assert read_all(client) == expected, "it does not hold what it held"


def send_messages(running, count, choose, expected):
    """A new client now and then, as one whose messages are no good may be left without answers."""
    corpus = requests()
    for start in range(0, count, 50):
        with Client(running.address) as client:
            for _ in range(min(50, count - start)):
                client.socket.send_multipart(hostile_message(choose, corpus))
                while client.socket.poll(1):
                    client.socket.recv_multipart()
        assert running.process.poll() is None, f"it ended with {running.process.returncode}"
        is_sound(running.address, expected)


def send_sources(running, count, choose):
    """(refused, failed, done) of the functions that came of it."""
    outcome = [0, 0, 0]
    for n in range(count):
        source = mutate(LUA, choose, TOKENS, 1)
        with Client(running.address) as client:
            body = {server.FUNCTION: "f", server.SOURCE: {"main": source.decode("latin-1")}, server.TIMEOUT: 100}
            client.send(server.DEPLOY, body)
            answer = client.receive(60000)
            assert answer is not None, f"no answer to source {n}: {source!r}"
            if server.STATUS in answer[1]:
                outcome[0] += 1
                continue
            client.send(server.INVOKE, {server.FUNCTION: "f", server.EVENT: {"a": n}})
            answer = client.receive(60000)
            assert answer is not None, f"source {n} never ends: {source!r}"
            outcome[1 if server.STATUS in answer[1] else 2] += 1
    return outcome


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {count} messages", flush=True)
    choose = random.Random(seed)
    started = time.monotonic()
    with Server() as running:
        with Client(running.address) as client:
            for table in ("t", "s"):
                client.request(server.CREATE, {server.TABLE: table, server.PARTITION: [["id", "text"]]})
            for n in range(20):
                client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": str(n), "v": f"v{n}"}})
            expected = read_all(client)
        send_messages(running, count, choose, expected)
        outcome = send_sources(running, count // 10, choose)
        is_sound(running.address, expected)
    print(f"{count} messages; sources refused, failed, run: {outcome}; {time.monotonic() - started:.0f} s")


main()
