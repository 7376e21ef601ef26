#!/usr/bin/python3
"""kill -9 of the real server under load: every acknowledged write is there, no record is lost, doubled or reordered.

usage: kill.py [CYCLES]; OXBOW_SEED repeats a run. Small segments, so that sealing and switching are hit too.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
import server  # noqa: E402
from server import Client, Server  # noqa: E402

KEYS = 40
WRITERS = 3


class Model:
    """What was acknowledged, and what may have happened besides: the last write of each key that got no answer."""

    def __init__(self):
        self.acknowledged = {}
        self.unknown = {}


def write_until_killed(address, model, writer, stop, choose):
    client = Client(address)
    sequence = 0
    while not stop.is_set():
        key = f"{writer}-{choose.randrange(KEYS)}"
        sequence += 1
        removes = choose.random() < 0.2
        value = None if removes else f"{time.monotonic_ns()}-{sequence}-" + "x" * choose.randrange(2000)
        model.unknown.setdefault(key, []).append(value)
        if removes:
            client.send(server.DELETE, {server.TABLE: "t", server.KEY: {"id": key}})
        else:
            client.send(server.PUT, {server.TABLE: "t", server.ITEM: {"id": key, "v": value}})
        answer = client.receive(1000)
        if answer is None:
            break
        assert server.STATUS not in answer[1], answer
        model.acknowledged[key] = value
        model.unknown[key] = []
    client.close()


def read_all(client):
    rows = {}
    position = b""
    while True:
        answer = client.request(server.SCAN, {server.TABLE: "t", server.NEXT: position})
        rows.update({item["id"]: item["v"] for item in answer[server.ITEMS]})
        position = answer[server.NEXT]
        if not position:
            return rows


def check_rows(client, model):
    rows = read_all(client)
    for key in set(model.acknowledged) | set(model.unknown) | set(rows):
        possible = [model.acknowledged.get(key)] + model.unknown.get(key, [])
        assert rows.get(key) in possible, f"{key}: found {str(rows.get(key))[:40]}, not one of {len(possible)} possible"
        model.acknowledged[key] = rows.get(key)
        model.unknown[key] = []
    return rows


def check_stream(address, rows, last_lsn):
    """The whole stream, folded, is the table; LSNs increase; what was seen before is seen again."""
    client = Client(address)
    client.send(server.SUBSCRIBE, {server.TABLE: "t", server.CREDIT: 100000, server.START: "oldest"})
    client.receive()
    folded = {}
    lsn = 0
    while lsn < last_lsn:
        answer = client.receive()
        assert answer is not None, f"the stream ends at LSN {lsn}, before {last_lsn}"
        for record in answer[1][server.RECORDS]:
            assert record[server.LSN] > lsn, "a record came twice or out of order"
            lsn = record[server.LSN]
            old = record.get(server.OLD)
            new = record.get(server.NEW)
            key = (new or old)["id"]
            assert folded.get(key) == (old["v"] if old else None), f"LSN {lsn}: the old image is not what was there"
            folded[key] = new["v"] if new else None
    client.close()
    assert {key: value for key, value in folded.items() if value is not None} == rows


def main():
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {cycles} cycles", flush=True)
    choose = random.Random(seed)
    running = Server("--segment-bytes", "65536", "--checkpoint-ms", "50").start()
    model = Model()
    client = Client(running.address)
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
    client.close()
    for _ in range(cycles):
        stop = threading.Event()
        writers = [
            threading.Thread(
                target=write_until_killed,
                args=(running.address, model, n, stop, random.Random(choose.randrange(2**32))),
            )
            for n in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        time.sleep(choose.uniform(0.05, 0.6))
        running.kill()
        stop.set()
        for writer in writers:
            writer.join()
        running.start()
        client = Client(running.address)
        rows = check_rows(client, model)
        last = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "last", "v": str(time.monotonic_ns())}})
        rows = read_all(client)
        model.acknowledged["last"] = rows["last"]
        check_stream(running.address, rows, last[server.LSN])
        client.close()
    running.__exit__()


main()
