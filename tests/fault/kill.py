#!/usr/bin/python3
"""kill -9 of the real server under load: every acknowledged write is there, no record is lost, doubled or reordered.

usage: kill.py [CYCLES]; OXBOW_SEED repeats a run. Small segments, so that sealing and switching are hit too.
"""
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from check import Model, check_stream, read_all
import server
from server import Client, Server

KEYS = 40
WRITERS = 3


def write_until_killed(address, model, writer, stop, choose):
    client = Client(address)
    sequence = 0
    while not stop.is_set():
        key = f"{writer}-{choose.randrange(KEYS)}"
        sequence += 1
        removes = choose.random() < 0.2
        value = None if removes else f"{time.monotonic_ns()}-{sequence}-" + "x" * choose.randrange(2000)
        model.tries(key, value)
        if removes:
            client.send(server.DELETE, {server.TABLE: "t", server.KEY: {"id": key}})
        else:
            client.send(server.PUT, {server.TABLE: "t", server.ITEM: {"id": key, "v": value}})
        answer = client.receive(1000)
        if answer is None:
            break
        assert server.STATUS not in answer[1], answer
        model.is_done(key, value)
    client.close()


def main():
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {cycles} cycles", flush=True)
    choose = random.Random(seed)
    running = Server("--segment-bytes", "65536", "--checkpoint-ms", "50", "--memtable-bytes", "16384").start()
    model = Model()
    client = Client(running.address)
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
    client.close()
    for _ in range(cycles):
        stop = threading.Event()
        with ThreadPoolExecutor(WRITERS) as pool:
            seeds = [choose.randrange(2**32) for _ in range(WRITERS)]
            writers = [pool.submit(write_until_killed, running.address, model, n, stop, random.Random(seeds[n])) for n in range(WRITERS)]
            time.sleep(choose.uniform(0.05, 0.6))
            running.kill()
            stop.set()
            for writer in writers:
                writer.result()  # raises what the writer raised
        running.start()
        client = Client(running.address)
        model.check(read_all(client))
        last = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "last", "v": str(time.monotonic_ns())}})
        rows = read_all(client)
        model.is_done("last", rows["last"])
        check_stream(running.address, rows, last[server.LSN])
        assert server.scrub(client) == []
        client.close()
    running.__exit__()


main()
