#!/usr/bin/python3
"""kill -9 under mixed load through all doors: puts, transactions, functions on a mapping, index builds, restores, CQL batches with counters
and lives, large deletes. After each start every acknowledged write is there, none is there in part, function effects are there exactly
once and in order, backfills and restores go on to their end; a subscriber that resumes by position sees what one sees that
reads it all anew.

usage: kill_mixed.py [CYCLES]; OXBOW_SEED repeats a run's choices.
"""
import collections
import hashlib
import os
import random
import sys
import threading
import time

from check import Model, check_index, read_all, stream
import server
from data_model import scan
from doors import Cql, DynamoDB, Native, Refused, Unknown
from functions import deploy, map_table, mapping, number
from server import Client, Server, wait_for

BASE_ROWS = 3000  # so that filling an index takes several steps
MANY = 11000      # of a partition: more than one transaction changes
SETTINGS = ["--segment-bytes", "262144", "--checkpoint-ms", "50", "--memtable-bytes", "65536"]
FOLLOW = """
function handler(event)
  local seen = {} -- what is read does not show what this invocation has put
  for _, record in ipairs(event.records) do
    local new = record.new
    local row = seen[new.p] or oxbow.get('seen', {p = new.p}) or {p = new.p, last = 0, count = 0, wrong = 0}
    if new.n <= row.last then row.wrong = row.wrong + 1 end
    row.last, row.count = new.n, row.count + 1
    seen[new.p] = row
    oxbow.put('effects', {id = new.id})
  end
  for _, row in pairs(seen) do oxbow.put('seen', row) end
end
"""


def exists(client, table):
    try:
        client.request(server.DESCRIBE, {server.TABLE: table})
    except server.Failure as failure:
        assert failure.status == 1, failure
        return False
    return True


class Puts:
    """Rows that come, change and go; LSNs that they were answered with."""

    def __init__(self, name):
        self.name, self.model, self.lsns = name, Model(), []

    def step(self, door, choose):
        key = f"{self.name}-{choose.randrange(40)}"
        value = None if choose.random() < 0.2 else f"{time.monotonic_ns()}-" + "x" * choose.randrange(2000)
        self.model.tries(key, value)
        try:
            if value is None:
                answer = door.do(server.DELETE, {server.TABLE: "t", server.KEY: {"id": key}})
            else:
                answer = door.do(server.PUT, {server.TABLE: "t", server.ITEM: {"id": key, "v": value, "g": "g"}})
        except Refused:
            self.model.is_refused(key)
            raise
        self.model.is_done(key, value)
        self.lsns = self.lsns[-20:] + [answer[server.LSN]]

    def check(self, host, client, is_last):
        rows = read_all(client)
        self.model.check({key: value for key, value in rows.items() if key.startswith(self.name + "-")})


class Transactions:
    """Rows that always change together."""

    def __init__(self):
        self.model = Model()

    def step(self, door, choose):
        key, value = str(choose.randrange(10)), str(time.monotonic_ns())
        self.model.tries(key, value)
        try:
            door.do("TransactWriteItems", {"TransactItems": [
                {"Put": {"TableName": "pairs", "Item": door.item({"id": f"{key}/{n}", "v": value})}} for n in range(5)]})
        except Refused:
            self.model.is_refused(key)
            raise
        self.model.is_done(key, value)

    def check(self, host, client, is_last):
        found = collections.defaultdict(list)
        for item in scan(client, "pairs"):
            found[item["id"].split("/")[0]].append(item["v"])
        for key, values in found.items():
            assert len(values) == 5 and len(set(values)) == 1, f"a transaction in part: {key} {values}"
        self.model.check({key: values[0] for key, values in found.items()})


class Events:
    """Rows on which a function reacts; how many there are for certain."""

    def __init__(self, name):
        self.name, self.last, self.acknowledged = name, 0, set()

    def step(self, door, choose):
        self.last += 1
        door.do(server.PUT, {server.TABLE: "events", server.ITEM: {"id": f"{self.name}-{self.last}", "p": self.name, "n": self.last}})
        self.acknowledged.add(f"{self.name}-{self.last}")

    def check(self, host, client, is_last):
        events = {item["id"] for item in scan(client, "events") if item["p"] == self.name}
        lost = self.acknowledged - events
        assert not lost, f"lost events: {sorted(lost)[:5]}"
        if is_last or len(events) % 3 == 0:  # mostly the mapping stays behind through several kills

            def seen():
                found = [item for item in scan(client, "seen") if item["p"] == self.name]
                return found[0] if found else {"count": 0, "wrong": 0}

            wait_for("the mapping", lambda: number(seen()["count"]) >= len(events))
            effects = {item["id"] for item in scan(client, "effects") if item["id"].startswith(self.name + "-")}
            assert number(seen()["count"]) == len(events) and effects == events, (seen(), len(events), len(effects))
            assert number(seen()["wrong"]) == 0, f"out of order or twice: {seen()}"
            assert mapping(client, "following")["parked"] == 0


class Indexes:
    """An index that is made and dropped again and again."""

    def __init__(self):
        self.built = 0

    def step(self, door, choose):
        indexes = door.do(server.DESCRIBE, {server.TABLE: "t"}).get(server.INDEXES, [])
        if not indexes:
            index = {server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}
            door.do(server.ALTER, {server.TABLE: "t", server.INDEXES: [index]})
        elif indexes[0][server.STATE] == "active" and choose.random() < 0.3:
            self.built += 1
            door.do(server.ALTER, {server.TABLE: "t", server.DROP_INDEX: "by_g"})
        time.sleep(choose.uniform(0, 0.05))

    def check(self, host, client, is_last):
        def indexes():
            return client.request(server.DESCRIBE, {server.TABLE: "t"}).get(server.INDEXES, [])

        if is_last or self.built % 2:
            wait_for("the index", lambda: not indexes() or indexes()[0][server.STATE] == "active")
        check_index(client)
        assert server.scrub(client) == []


class Restores:
    """The table as of one of the last writes, as a new one."""

    def __init__(self, puts):
        self.puts, self.last, self.pending, self.done, self.checks = puts, 0, {}, 0, 0

    def step(self, door, choose):
        time.sleep(choose.uniform(0, 0.3))
        if self.puts.lsns and len(self.pending) < 3:
            self.last += 1
            name, lsn = f"restored_{self.last}", choose.choice(self.puts.lsns)
            self.pending[name] = (lsn, False)
            try:
                door.do(server.RESTORE, {server.TABLE: "t", server.AS_OF: lsn, server.TARGET: name})
            except Refused:
                del self.pending[name]
                raise
            self.pending[name] = (lsn, True)

    def check(self, host, client, is_last):
        self.checks += 1
        if not is_last and self.checks % 2:
            return  # through another kill
        wait_for("the restores", lambda: all(job["state"] != "running" for job in scan(client, "system.jobs")))
        for name, (lsn, is_acknowledged) in self.pending.items():
            assert exists(client, name) or not is_acknowledged, f"{name} is lost"
            if exists(client, name):
                restored = {item["id"]: item for item in scan(client, name)}
                expected = {item["id"]: item for item in scan(client, "t", as_of=lsn)}
                assert restored == expected, f"{name} is not t as of {lsn}: {len(restored)} rows, expected {len(expected)}"
                client.request(server.DROP, {server.TABLE: name})
                self.done += 1
        self.pending = {}


class Batches:
    """Batches of CQL: counters that are the same, rows with long lives and short ones."""

    def __init__(self):
        self.acknowledged, self.unknown, self.rows, self.short, self.last = 0, 0, Model(), {}, 0

    def step(self, door, choose):
        if choose.random() < 0.5:
            self.unknown += 1
            door.execute("BEGIN COUNTER BATCH UPDATE ks.counts SET a = a + 1, b = b + 1 WHERE k = 'x'; "
                         "UPDATE ks.counts SET a = a + 1 WHERE k = 'y'; APPLY BATCH")
            self.acknowledged, self.unknown = self.acknowledged + 1, self.unknown - 1
        else:
            self.last += 1
            key, value, short = str(choose.randrange(20)), str(time.monotonic_ns()), f"short-{self.last}"
            self.rows.tries(key, value)
            door.execute(f"BEGIN BATCH INSERT INTO ks.lives (k, v) VALUES ('{key}', '{value}') USING TTL 100000; "
                         f"INSERT INTO ks.others (k, v) VALUES ('{key}', '{value}') USING TTL 100000; "
                         f"INSERT INTO ks.lives (k, v) VALUES ('{short}', '{value}') USING TTL 1; APPLY BATCH")
            self.short[short] = time.monotonic()
            self.rows.is_done(key, value)

    def check(self, host, client, is_last):
        door = Cql(host)
        counts = [int.from_bytes(count, "big") for row in door.execute("SELECT a, b FROM ks.counts") for count in row.values() if count]
        assert len(set(counts)) <= 1 and len(counts) in (0, 3), f"a batch of counters in part: {counts}"
        count = counts[0] if counts else 0
        assert self.acknowledged <= count <= self.acknowledged + self.unknown, (self.acknowledged, count, self.unknown)
        self.acknowledged, self.unknown = count, 0
        tables = [{row["k"].decode(): row["v"].decode() for row in door.execute(f"SELECT k, v FROM ks.{table}")} for table in ("lives", "others")]
        old = [key for key, when in self.short.items() if time.monotonic() - when > 3 and key in tables[0]]
        assert not old, f"these are still there although their second is over: {old[:5]}"
        lives = {key: value for key, value in tables[0].items() if not key.startswith("short")}
        assert lives == tables[1], "a batch in part"
        self.rows.check(lives)
        door.close()


class Deletes:
    """Partitions of many rows that one DELETE takes away."""

    def __init__(self):
        self.partition, self.state, self.done = 0, "none", 0

    def fill(self, host):
        self.partition += 1
        door = Cql(host)
        for first in range(0, MANY, 500):
            rows = "; ".join(f"INSERT INTO ks.many (p, c) VALUES ({self.partition}, {c})" for c in range(first, first + 500))
            door.execute(f"BEGIN UNLOGGED BATCH {rows}; APPLY BATCH")
        door.close()
        self.state = "full"

    def step(self, door, choose):
        time.sleep(choose.uniform(0, 0.3))
        if self.state == "full":
            self.state = "unknown"
            door.execute(f"DELETE FROM ks.many WHERE p = {self.partition}")
            self.state = "deleted"

    def check(self, host, client, is_last):
        door = Cql(host)
        rows = int.from_bytes(door.execute(f"SELECT count(*) FROM ks.many WHERE p = {self.partition}")[0]["count"], "big")
        door.close()
        assert rows in {"none": (0,), "full": (MANY,), "unknown": (0, MANY), "deleted": (0,)}[self.state], (self.state, rows)
        if self.state in ("unknown", "deleted"):
            self.done += 1
            self.state = "full" if rows else "none"
        if self.state == "none" and not is_last and self.partition % 2 == 0:
            self.fill(host)
        elif self.state == "none":
            self.partition += 1


class Follower:
    """A subscriber that remembers the LSN it has seen, and goes on there."""

    def __init__(self):
        self.seen = []

    @staticmethod
    def digest(record):
        facts = [record.get(field) for field in (server.TABLE, server.OPERATION, server.OLD, server.NEW)]
        return record[server.LSN], hashlib.blake2b(repr(facts).encode(), digest_size=8).digest()

    def run(self, host, stop):
        with Client(host.address) as client:
            client.send(server.SUBSCRIBE, {server.TABLE: "", server.CREDIT: 100000, server.START: self.seen[-1][0] + 1 if self.seen else "oldest"})
            while not stop.is_set():
                answer = client.receive(20)
                assert answer is None or server.STATUS not in answer[1], answer
                self.seen += [self.digest(record) for record in (answer[1].get(server.RECORDS, []) if answer else [])]

    def check(self, host, client, is_last):
        """What was seen piece by piece is what is there from the beginning; and that folds to the tables."""
        if not is_last:
            return
        tables = ("t", "pairs", "events", "effects", "seen")
        last = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "last", "v": "", "g": "g"}})[server.LSN]
        folded, whole = collections.defaultdict(dict), []
        with Client(host.address) as reader:
            for record in stream(reader, "", "oldest", last):
                whole.append(self.digest(record))
                item = record.get(server.NEW) or record.get(server.OLD)
                if record[server.TABLE] in tables and item is not None:
                    key = item["p" if record[server.TABLE] == "seen" else "id"]
                    assert folded[record[server.TABLE]].get(key) == record.get(server.OLD), f"LSN {record[server.LSN]}: not the old image"
                    folded[record[server.TABLE]][key] = record.get(server.NEW)
        assert whole[:len(self.seen)] == self.seen, "resumed by position it saw something else than what is there"
        for table in tables[:4]:
            found = {item["id"]: item for item in scan(client, table)}
            assert found == {key: item for key, item in folded[table].items() if item is not None}, f"{table} is not its stream folded"


def work(host, kind, load, choose, stop):
    """Steps until the server is gone; how many."""
    door, steps = None, 0
    while not stop.is_set():
        try:
            door = door or kind(host)
            load.step(door, choose)
            steps += 1
        except Refused:
            time.sleep(0.001)
        except (Unknown, OSError):
            break
    if door is not None:
        door.close()
    return steps


def prepare(host):
    with Client(host.address) as client:
        for table, key in (("t", "id"), ("pairs", "id"), ("events", "id"), ("effects", "id"), ("seen", "p")):
            client.request(server.CREATE, {server.TABLE: table, server.PARTITION: [[key, "text"]]})
        for first in range(0, BASE_ROWS, 100):
            changes = [{server.TABLE: "t", server.KIND: "put", server.ITEM: {"id": f"base-{n}", "v": str(n), "g": "g"}} for n in range(first, first + 100)]
            client.request(server.TRANSACT, {server.CHANGES: changes})
        deploy(client, "follow", FOLLOW)
        map_table(client, "following", "follow", "events", start="oldest", batch=20)
    door = Cql(host)
    door.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    for table in ("counts (k text PRIMARY KEY, a counter, b counter)", "lives (k text PRIMARY KEY, v text)",
                  "others (k text PRIMARY KEY, v text)", "many (p int, c int, PRIMARY KEY (p, c))"):
        door.execute(f"CREATE TABLE ks.{table}")
    door.close()


def cycle(host, loads, follower, choose, steps):
    stop, failures = threading.Event(), []

    def guarded(run, name, *arguments):
        try:
            steps[name] += run(*arguments) or 0
        except BaseException as problem:  # told by the main thread
            failures.append(problem)
            raise

    threads = [threading.Thread(target=guarded, args=(work, type(load).__name__, host, kind, load, random.Random(choose.randrange(2**32)), stop))
               for kind, load in loads]
    threads.append(threading.Thread(target=guarded, args=(follower.run, "Follower", host, stop)))
    for thread in threads:
        thread.start()
    time.sleep(choose.uniform(0.1, 1))
    host.kill()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures


def main():
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {cycles} cycles", flush=True)
    choose, steps, started = random.Random(seed), collections.Counter(), time.monotonic()
    puts, indexes, deletes, follower = [Puts("a"), Puts("b")], Indexes(), Deletes(), Follower()
    restores = Restores(puts[0])
    loads = [(Native, puts[0]), (Native, puts[1]), (DynamoDB, Transactions()), (Native, Events("e")), (Native, Events("f")),
             (Native, indexes), (Native, restores), (Cql, Batches()), (Cql, deletes)]
    with Server(*SETTINGS) as host:
        prepare(host)
        deletes.fill(host)
        for n in range(cycles):
            cycle(host, loads, follower, choose, steps)
            host.start()
            with Client(host.address) as client:
                for load in [load for _, load in loads] + [follower]:
                    load.check(host, client, n == cycles - 1)
    print(f"{dict(steps)}, {indexes.built} indexes built, {restores.done} restores, {deletes.done} large deletes, {len(follower.seen)} records followed, "
          f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
