#!/usr/bin/python3
"""Mixed load for a long time, and how fast what the server holds grows: memory, descriptors, threads, files. Slopes are least squares over
the second half, per hour; what they may be is for the reader to judge, as caches and history grow by design.

usage: soak.py SECONDS; OXBOW_SEED repeats a run's choices.
"""
import collections
import os
import random
import sys
import threading
import time

from doors import Cql, DynamoDB, Native, Refused, Unknown
import kill_mixed
from kill_mixed import Batches, Events, Follower, Indexes, Puts, Restores, Transactions
import server
from server import Client, Server

EVERY_S = 1
UNITS = {"rss": "KiB", "anonymous": "KiB", "descriptors": "", "threads": "", "workers": "", "log": "KiB", "store": "KiB", "other files": "KiB"}


class Reads:
    """Of all doors, among them some that fail."""

    def step(self, door, choose):
        if isinstance(door, Cql):
            door.execute("SELECT k, v FROM ks.lives")
            door.execute("SELECT * FROM ks.nothing")
        elif isinstance(door, DynamoDB):
            door.do("Scan", {"TableName": "pairs", "Limit": 10})
            door.do("GetItem", {"TableName": "nothing", "Key": {}})
        else:
            door.do(server.SCAN, {server.TABLE: "effects", server.LIMIT: 100})


class Connections:
    """That come and go."""

    def __init__(self, host):
        self.host = host

    def step(self, door, choose):
        for kind in (Native, DynamoDB, Cql):
            other = kind(self.host)
            if kind is DynamoDB:
                other.get("pairs", {"id": "0/0"}, "v")
            other.close()
        time.sleep(0.02)


class DroppedRestores(Restores):
    """Those that are done are dropped."""

    def step(self, door, choose):
        super().step(door, choose)
        for name in list(self.pending):
            time.sleep(0.2)
            door.do(server.DROP, {server.TABLE: name})
            del self.pending[name]


def file_kind(name):
    return "log" if name.endswith((".raw", ".seg")) else "store" if name.endswith(".mdb") else "other files"


def measure(host):
    """What the server's process and its data take now."""
    pid, found = host.process.pid, collections.Counter()
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        facts = dict(line.rstrip("\n").split(":\t", 1) for line in status)
    found["rss"] = int(facts["VmRSS"].split()[0])
    found["anonymous"] = int(facts["RssAnon"].split()[0])
    found["threads"] = int(facts["Threads"])
    found["descriptors"] = len(os.listdir(f"/proc/{pid}/fd"))
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        for child in children.read().split():
            with open(f"/proc/{child}/task/{child}/children", encoding="ascii") as workers:
                found["workers"] += len(workers.read().split())
    for parent, _, names in os.walk(host.data):
        for name in names:
            try:
                found[file_kind(name)] += os.stat(os.path.join(parent, name)).st_blocks // 2
            except FileNotFoundError:
                pass
    return found


def slope(samples, what):
    """Per hour, of (time, facts)."""
    times = [when for when, _ in samples]
    values = [facts[what] for _, facts in samples]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((when - middle) ** 2 for when in times)
    return 3600 * sum((when - middle) * (value - mean) for when, value in zip(times, values)) / spread if spread else 0


def work(host, kind, load, choose, stop, counts, problems):
    """As a client that goes on whatever it is answered, but not when nobody answers."""
    door = kind(host)
    try:
        while not stop.is_set():
            try:
                load.step(door, choose)
                counts[f"{type(load).__name__} done"] += 1
            except Refused:
                counts[f"{type(load).__name__} refused"] += 1
    except BaseException as problem:
        problems.append(f"{type(load).__name__}: {problem!r}")
    finally:
        door.close()


def report(samples, counts):
    half = samples[len(samples) // 2:]
    print(f"{'':14}{'at first':>12}{'half-way':>12}{'at last':>12}{'per hour':>14}")
    for what, unit in UNITS.items():
        print(f"{what:14}{samples[0][1][what]:12}{half[0][1][what]:12}{samples[-1][1][what]:12}{slope(half, what):14.0f} {unit}")
    print(dict(sorted(counts.items())), flush=True)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {seconds:g} s", flush=True)
    choose, stop, counts, problems, samples = random.Random(seed), threading.Event(), collections.Counter(), [], []
    with Server("--checkpoint-ms", "500") as host:
        kill_mixed.prepare(host)
        puts, follower = Puts("a"), Follower()
        loads = [(Native, puts), (DynamoDB, Transactions()), (Native, Events("e")), (Native, Indexes()), (Native, DroppedRestores(puts)),
                 (Cql, Batches()), (Native, Reads()), (DynamoDB, Reads()), (Cql, Reads()), (Native, Connections(host))]
        threads = [threading.Thread(target=work, args=(host, kind, load, random.Random(choose.randrange(2**32)), stop, counts, problems))
                   for kind, load in loads]
        threads.append(threading.Thread(target=follower.run, args=(host, stop)))
        for thread in threads:
            thread.start()
        started = time.monotonic()
        while time.monotonic() - started < seconds and not problems:
            samples.append((time.monotonic(), measure(host)))
            time.sleep(EVERY_S)
        stop.set()
        for thread in threads:
            thread.join()
        report(samples, counts)
        assert not problems, problems
        done = [counts[f"{type(load).__name__} done"] for _, load in loads]
        assert min(done) > 0, f"a load that did nothing: {dict(counts)}"
        with Client(host.address) as client:
            for load in (puts, loads[1][1]):
                load.check(host, client, True)


if __name__ == "__main__":
    main()
