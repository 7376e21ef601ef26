#!/usr/bin/python3
"""The native protocol as a stranger would speak it: requests, errors, malformed messages, subscriptions with credit."""
import contextlib
import re
import socket
import urllib.request

import msgpack

import server
from server import Client, Server, expect_failure


def requests(client):
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]], server.SORT: [["n", "bigint"]]})
    for n in range(10):
        client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "a", "n": n, "x": "y" * n}})
    answer = client.request(server.GET, {server.TABLE: "t", server.KEY: {"id": "a", "n": 3}})
    assert answer[server.ITEM] == {"id": "a", "n": 3, "x": "yyy"}, answer
    first = client.request(server.SCAN, {server.TABLE: "t", server.KEY: {"id": "a"}, server.LIMIT: 4})
    second = client.request(
        server.SCAN, {server.TABLE: "t", server.KEY: {"id": "a"}, server.LIMIT: 10, server.NEXT: first[server.NEXT]}
    )
    assert [item["n"] for item in first[server.ITEMS] + second[server.ITEMS]] == list(range(10))
    assert second[server.NEXT] == b""
    back = client.request(server.SCAN, {server.TABLE: "t", server.KEY: {"id": "a"}, server.LIMIT: 3, server.REVERSE: True})
    assert [item["n"] for item in back[server.ITEMS]] == [9, 8, 7]
    more = client.request(
        server.SCAN,
        {server.TABLE: "t", server.KEY: {"id": "a"}, server.REVERSE: True, server.NEXT: back[server.NEXT]},
    )
    assert [item["n"] for item in more[server.ITEMS]] == [6, 5, 4, 3, 2, 1, 0]


def conditions_and_noops(client):
    put = {server.TABLE: "t", server.ITEM: {"id": "c", "n": 1}}
    written = client.request(server.PUT, {**put, server.CONDITION: 1})
    expect_failure(lambda: client.request(server.PUT, {**put, server.CONDITION: 1}), 10, "exists already")
    again = client.request(server.PUT, put)
    assert again[server.LSN] == written[server.LSN], "an equal write made a record"
    old = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "c", "n": 1, "v": 2}, server.OLD: True})
    assert old[server.OLD] == {"id": "c", "n": 1}
    client.request(server.DELETE, {server.TABLE: "t", server.KEY: {"id": "c", "n": 1}})
    expect_failure(lambda: client.request(server.GET, {server.TABLE: "t", server.KEY: {"id": "c", "n": 1}}), 1, "no such")
    delete = {server.TABLE: "t", server.KEY: {"id": "c", "n": 1}, server.CONDITION: 2}
    expect_failure(lambda: client.request(server.DELETE, delete), 10, "no such row")


def bad_input(client):
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "nope", server.ITEM: {"id": "a"}}), 1, "no table")
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": 5, "n": 1}}), 3, "id")
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "a"}}), 3, "Missing the key")
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "t", server.ITEM: 5}), 3, "map")
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: 7, server.ITEM: {}}), 3, "field 2")
    big = {"id": "a", "n": 1, "x": "x" * (4 * 1024 * 1024 + 1)}
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "t", server.ITEM: big}), 4, "bytes")
    long_key = {"id": "a" * 70000, "n": 1}
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "t", server.ITEM: long_key}), 4, "partition key")
    expect_failure(lambda: client.request(99, {}), 20, "unknown request type")
    expect_failure(lambda: client.request(server.PUT, {server.TABLE: "system.tables", server.ITEM: {}}), 14, "system")
    for frames in ([b"x"], [b"\x01\x06", b"12345678"], [b"\x01\x06", b"12345678", b"\xc1"], [b"\x07\x06", b"1" * 8, b"\x80"],
                   [b"\x01\x06", b"12345678", b"\x81", b"y", b"z"]):
        client.socket.send_multipart(frames)
        answer = client.receive()
        assert answer is not None and server.STATUS in answer[1], frames
    deep = b"\x91" * 200 + b"\x01"
    client.socket.send_multipart([b"\x01\x06", b"12345678", deep])
    assert server.STATUS in client.receive()[1]


def frame(payload, has_more):
    """Of ZMTP 1.0: length, flags, payload."""
    return bytes([len(payload) + 1, has_more]) + payload


def web_page(running, client):
    """What a page may have a browser send without asking the server first is no request: lengths of frames would be found in the head."""
    table = msgpack.packb({server.TABLE: "forged", server.PARTITION: [["id", "text"]]})
    request = frame(bytes([1, server.CREATE]), True) + frame(b"12345678", True) + frame(table, False)
    for address in (running.address, running.topics):
        head = (f"POST /{'x' * 100} HTTP/1.1\r\nHost: {address}\r\nOrigin: https://example.com\r\nContent-Type: text/plain\r\n"
                "Content-Length: 500\r\n\r\n").encode()
        at = 0
        while at < len(head):
            at += 1 + head[at]
        body = (b"x" * (at - len(head)) + frame(b"", False) + request).ljust(500, b"\x01")
        with socket.create_connection(address.split(":"), timeout=60) as page:
            with contextlib.suppress(ConnectionResetError):
                page.sendall(head + body)
                while page.recv(4096):  # until it is disconnected
                    pass
    expect_failure(lambda: client.request(server.DESCRIBE, {server.TABLE: "forged"}), 1, "no table")


def lag(running):
    """Of the one subscription to t, and the last commit, from one look at the metrics."""
    with urllib.request.urlopen(f"http://{running.http}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    behind = [float(line.split()[1]) for line in lines if line.startswith("oxbow_subscription_lag_lsns{") and 'table="t"' in line]
    most, committed = (next(float(line.split()[1]) for line in lines if line.startswith(name + " ")) for name in ("oxbow_subscription_lag_max_lsns", "oxbow_committed_lsn"))
    assert len(behind) == 1 and most >= behind[0], lines
    return behind[0], committed


def subscriptions(running, client):
    reader = Client(running.address)
    number = reader.send(server.SUBSCRIBE, {server.TABLE: "t", server.CREDIT: 3, server.START: "oldest"})
    started = reader.receive()
    assert started[0] == number and server.LSN in started[1], started
    records = []
    while len(records) < 3:
        records += reader.receive()[1][server.RECORDS]
    assert len(records) == 3
    assert reader.receive(300) is None, "records came without credit"
    behind, committed = lag(running)
    assert behind == committed - records[2][server.LSN] == 10, (behind, committed, records)
    reader.send(server.GIVE, {server.CREDIT: 1000}, number)
    total = 10 + 4  # ten inserts; insert, modify, remove of c come after; see conditions_and_noops
    while len(records) < total - 1:
        records += reader.receive()[1][server.RECORDS]
    assert [record[server.OPERATION] for record in records] == ["insert"] * 11 + ["modify", "remove"]
    lsns = [record[server.LSN] for record in records]
    assert lsns == sorted(set(lsns))
    written = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "live", "n": 1}})
    live = reader.receive()[1][server.RECORDS]
    assert live[0][server.LSN] == written[server.LSN] and live[0][server.NEW]["id"] == "live"
    server.wait_for("the subscription to be at the end", lambda: lag(running)[0] == 0)
    expect_failure(lambda: client.request(server.SUBSCRIBE, {server.START: 10**6}), 16, "not in the log")
    expect_failure(lambda: client.request(server.SUBSCRIBE, {server.TABLE: "nope"}), 1, "no table")
    reader.close()


def untaken(running, client):
    """Whoever asks and asks, and takes the answers at last, gets all of them; so does a subscriber with more credit than it takes."""
    client.request(server.CREATE, {server.TABLE: "large", server.PARTITION: [["id", "number"]]})
    client.request(server.PUT, {server.TABLE: "large", server.ITEM: {"id": 0, "v": "x" * 4000}})  # 6,000 of them are less than may wait
    eager, subscriber = Client(running.address), Client(running.address)
    subscriber.send(server.SUBSCRIBE, {server.TABLE: "large", server.CREDIT: 100000, server.START: "latest"})
    assert server.LSN in subscriber.receive()[1]
    asked = {eager.send(server.GET, {server.TABLE: "large", server.KEY: {"id": 0}}) for _ in range(6000)}
    for n in range(4000):  # more than ZeroMQ and the kernel keep for it
        client.request(server.PUT, {server.TABLE: "large", server.ITEM: {"id": n % 2, "n": n, "v": "x" * 8000}})
    while asked:
        number, answer = eager.receive()
        assert server.ITEM in answer, answer
        asked.remove(number)
    seen = 0
    while seen < 4000:
        for record in subscriber.receive()[1][server.RECORDS]:
            assert record[server.NEW]["n"] == seen, (record, seen)
            seen += 1
    eager.close()
    subscriber.close()


def progress(running, client):
    """A subscriber to whom nothing is sent is told how far it is, if it asked for that."""
    client.request(server.CREATE, {server.TABLE: "many", server.PARTITION: [["id", "number"]]})
    for first in range(0, 6000, 1000):  # more than is looked at in one turn
        last = client.request(server.TRANSACT, {server.CHANGES: [{server.KIND: "put", server.TABLE: "many", server.ITEM: {"id": first + i}} for i in range(1000)]})
    reader, silent = Client(running.address), Client(running.address)
    asked = {server.TABLE: "many", server.CREDIT: 1, server.START: "oldest", server.FILTER: "id = -1"}
    number = reader.send(server.SUBSCRIBE, {**asked, server.PROGRESS: True})
    silent.send(server.SUBSCRIBE, asked)
    assert reader.receive() is not None and silent.receive() is not None
    told = reader.receive()
    assert told == (number, {server.LSN: last[server.LSN] + 1, server.TIME: last[server.TIME], server.RECORDS: []}), (told, last)
    written = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "elsewhere", "n": 1}})
    told = reader.receive()
    assert told[1][server.LSN] == written[server.LSN] + 1 and told[1][server.RECORDS] == [], (told, written)
    found = client.request(server.PUT, {server.TABLE: "many", server.ITEM: {"id": -1}})
    assert reader.receive()[1][server.RECORDS][0][server.LSN] == found[server.LSN], "progress costs no credit"
    client.request(server.PUT, {server.TABLE: "many", server.ITEM: {"id": 0, "v": 1}})
    assert reader.receive(1500) is None, "nothing comes without credit"
    assert silent.receive()[1][server.RECORDS][0][server.LSN] == found[server.LSN], "it did not ask"
    expect_failure(lambda: client.request(server.SUBSCRIBE, {server.PROGRESS: 1}), 3, "field 86 of the message must be true or false")
    reader.close()
    silent.close()


def drop_and_create(client):
    client.request(server.DROP, {server.TABLE: "t"})
    expect_failure(lambda: client.request(server.SCAN, {server.TABLE: "t"}), 1, "no table")
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
    assert client.request(server.SCAN, {server.TABLE: "t"})[server.ITEMS] == []


def peak_kib(running):
    """The most memory that the server ever had."""
    with open(f"/proc/{running.process.pid}/status") as facts:
        return int(re.search(r"^VmHWM:\s+(\d+) kB", facts.read(), re.M).group(1))


def large_rows(running, client):
    """What was there counts: of many large rows a transaction removes only some, and a batch takes as many as it can hold."""
    count = 40
    client.request(server.CREATE, {server.TABLE: "largest", server.PARTITION: [["id", "bigint"]]})
    for number in range(count):
        client.request(server.PUT, {server.TABLE: "largest", server.ITEM: {"id": number, "v": bytes(4_000_000)}})
    removals = [{server.TABLE: "largest", server.KIND: "delete", server.KEY: {"id": number}} for number in range(count)]
    too_many = removals[:17] + removals[16:17] * 200  # and what comes after the one too many is not even read
    before = peak_kib(running)
    expect_failure(lambda: client.request(server.TRANSACT, {server.CHANGES: too_many}), 4, "more than 67108864 bytes together")
    assert peak_kib(running) - before < 700_000, (before, peak_kib(running))
    assert len(client.request(server.SCAN, {server.TABLE: "largest", server.LIMIT: count})[server.ITEMS]) > 0
    client.request(server.TRANSACT, {server.CHANGES: removals[:16]})
    sent = [client.send(server.DELETE, {server.TABLE: "largest", server.KEY: {"id": number}}) for number in range(16, count)]
    answers = dict(client.receive() for _ in sent)
    assert [answers[number].get(server.STATUS) for number in sent] == [None] * len(sent), answers
    lsns = [answers[number][server.LSN] for number in sent]
    assert lsns == sorted(lsns), lsns
    assert client.request(server.SCAN, {server.TABLE: "largest"})[server.ITEMS] == []


def main():
    with Server() as running:
        client = Client(running.address)
        requests(client)
        conditions_and_noops(client)
        bad_input(client)
        web_page(running, client)
        subscriptions(running, client)
        untaken(running, client)
        progress(running, client)
        drop_and_create(client)
        large_rows(running, client)
        client.close()


if __name__ == "__main__":
    main()
