#!/usr/bin/python3
"""Histories that clients of all doors record while the server is killed, paused, and its clock jumps by a day, and checkers of them.

Registers (a table of CQL that all doors read, write and compare-and-set) must be linearizable; transactions that read lists and append to
them strictly serializable; transfers keep their sum live, as of any LSN, and in the stream; the stream folds to what is read, now and as
of earlier.

usage: consistency.py [SECONDS]; OXBOW_SEED repeats a run's choices. $OXBOW_CLOCK is the library of clock.c; without it no clock jumps.
"""
import collections
import json
import os
import random
import signal
import struct
import sys
import tempfile
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenario")]
import server  # noqa: E402
from checkers import NEVER, Fold, Operation, Transaction, constant_sum, linearizable, same_state, strictly_serializable  # noqa: E402
from check import stream  # noqa: E402
from data_model import scan  # noqa: E402
from doors import Cql, DynamoDB, Native, Refused, Unknown  # noqa: E402
from functions import deploy, number  # noqa: E402
from server import Client, Server  # noqa: E402

REGISTERS, REGISTER_OPERATIONS = 4, 300  # at a time; of all of them, before others are taken
LISTS, LIST_TRANSACTIONS = 4, 250
ACCOUNTS, AMOUNT = 8, 100
DAY_US = 86400 * 1000000
SETTINGS = ["--segment-bytes", "262144", "--checkpoint-ms", "50"]
APPEND = "SET l = list_append(if_not_exists(l, :none), :e)"
MIX = """
function handler(event)
  local seen = {}
  for _, s in ipairs(event.reads) do
    local row = oxbow.get('lists', {p = event.p, s = s})
    seen[s] = row and row.l
  end
  for s, element in pairs(event.appends) do
    oxbow.update('lists', {p = event.p, s = s}, 'SET l = list_append(if_not_exists(l, :none), :e)',
                 {values = {[':none'] = oxbow.list{}, [':e'] = oxbow.list{element}}})
  end
  return seen
end
"""


class Record:
    """What the clients did and saw. Thread: any."""

    def __init__(self):
        self.lock = threading.Lock()
        self.registers = collections.defaultdict(list)
        self.lists = []
        self.sums = []
        self.counts = collections.Counter()
        self.last = 0

    def number(self):
        with self.lock:
            self.last += 1
            return self.last

    def count(self, *what):
        with self.lock:
            self.counts[" ".join(what)] += 1


def generation(record, operations):
    """Keys are used for a while only, so that histories stay short."""
    return record.last // operations


def use_register(door, record, choose):
    key = f"{choose.randrange(REGISTERS)}-{generation(record, REGISTER_OPERATIONS)}"
    kind, new, seen = choose.choice(["read", "write", "replace"]), None, None
    if kind != "read":
        new = str(record.number())
    start = time.monotonic_ns()
    try:
        if kind == "read":
            seen = door.get("ks.registers", {"k": key}, "v")
        elif kind == "write":
            door.put("ks.registers", {"k": key}, "v", new)
        else:
            seen = known = choose.choice([None] + [entry.new for entry in record.registers[key][-4:]])
            is_done, seen = door.replace("ks.registers", {"k": key}, "v", known, new)
            kind, new = ("replace", new) if is_done else ("read", None)
        end = time.monotonic_ns()
    except Unknown:
        end = NEVER
        if kind == "read":
            raise
        record.registers[key].append(Operation(kind, start, end, seen, new))
        raise
    record.registers[key].append(Operation(kind, start, end, seen, new))


def elements(item):
    """Of a list as JSON or msgpack gives it."""
    return [int(number(element)) for element in item or []]


class NativeLists(Native):
    def mix(self, part, reads, appends):
        seen = self.invoke("mix", {"p": part, "reads": reads, "appends": appends})
        return {s: elements(seen.get(s)) if seen else [] for s in reads}

    def append(self, part, appends):
        self.transact([{server.TABLE: "lists", server.KIND: "update", server.KEY: {"p": part, "s": s}, server.CHANGE: APPEND,
                        server.VALUES: {":none": [], ":e": [element]}} for s, element in appends.items()])

    def read_all(self, table, part):
        answer = self.do(server.SCAN, {server.TABLE: table, server.KEY_CONDITION: "p = :p", server.VALUES: {":p": part}})
        assert not answer[server.NEXT], "more than a page"
        return {item["s"]: item for item in answer[server.ITEMS]}

    def lists(self, part):
        return {s: elements(item["l"]) for s, item in self.read_all("lists", part).items()}

    def accounts(self):
        return {s: int(number(item["n"])) for s, item in self.read_all("accounts", "a").items()}

    def transfer(self, source, target, amount):
        self.transact([
            {server.TABLE: "accounts", server.KIND: "update", server.KEY: {"p": "a", "s": source}, server.CHANGE: "SET n = n - :a",
             server.EXPRESSION: "n >= :a", server.VALUES: {":a": amount}},
            {server.TABLE: "accounts", server.KIND: "update", server.KEY: {"p": "a", "s": target}, server.CHANGE: "SET n = n + :a",
             server.VALUES: {":a": amount}}])


class DynamoDBLists(DynamoDB):
    def append(self, part, appends):
        self.do("TransactWriteItems", {"TransactItems": [{"Update": {
            "TableName": "lists", "Key": self.item({"p": part, "s": s}), "UpdateExpression": APPEND,
            "ExpressionAttributeValues": {":none": {"L": []}, ":e": {"L": [{"N": str(element)}]}}}} for s, element in appends.items()]})

    def read_all(self, table, part, names):
        keys = [{"Get": {"TableName": table, "Key": self.item({"p": part, "s": s})}} for s in names]
        answer = self.do("TransactGetItems", {"TransactItems": keys})["Responses"]
        return {s: entry["Item"] for s, entry in zip(names, answer) if "Item" in entry}

    def lists(self, part):
        found = self.read_all("lists", part, [str(n) for n in range(LISTS)])
        return {s: [int(element["N"]) for element in item["l"]["L"]] for s, item in found.items()}

    def accounts(self):
        return {s: int(item["n"]["N"]) for s, item in self.read_all("accounts", "a", [str(n) for n in range(ACCOUNTS)]).items()}

    def transfer(self, source, target, amount):
        values = {":a": {"N": str(amount)}}
        self.do("TransactWriteItems", {"TransactItems": [
            {"Update": {"TableName": "accounts", "Key": self.item({"p": "a", "s": source}), "UpdateExpression": "SET n = n - :a",
                        "ConditionExpression": "n >= :a", "ExpressionAttributeValues": values}},
            {"Update": {"TableName": "accounts", "Key": self.item({"p": "a", "s": target}), "UpdateExpression": "SET n = n + :a",
                        "ExpressionAttributeValues": values}}]})


class CqlLists(Cql):
    """Reads what the others write."""

    def read_all(self, table, part):
        rows = self.execute(f"SELECT s, item FROM dynamodb.{table} WHERE p = '{part}'")
        return {row["s"].decode(): json.loads(row["item"]) for row in rows}

    def lists(self, part):
        return {s: elements(item["l"]) for s, item in self.read_all("lists", part).items()}

    def accounts(self):
        return {s: int(item["n"]) for s, item in self.read_all("accounts", "a").items()}


def use_lists(door, record, choose):
    part = str(generation(record, LIST_TRANSACTIONS))
    names = [str(n) for n in range(LISTS)]
    appends = {s: record.number() for s in choose.sample(names, choose.randrange(1, LISTS))}
    reads = choose.sample(names, choose.randrange(1, LISTS))
    kind = choose.choice([kind for kind in ("lists", "append", "mix") if hasattr(door, kind)])
    seen, start = {}, time.monotonic_ns()
    end = NEVER
    try:
        if kind == "lists":
            found = door.lists(part)
            seen = {s: found.get(s, []) for s in names}
        elif kind == "append":
            door.append(part, appends)
        else:
            seen = door.mix(part, reads, appends)
        end = time.monotonic_ns()
    finally:  # what was refused did not happen, and is not in the history
        is_refused = isinstance(sys.exc_info()[1], Refused)
        if not is_refused and (end != NEVER or kind != "lists"):
            name = f"{type(door).__name__} {kind} {record.number()}"
            written = {} if kind == "lists" else {(part, s): element for s, element in appends.items()}
            record.lists.append(Transaction(name, start, end, {(part, s): found for s, found in seen.items()}, written))


def use_accounts(door, record, choose):
    if not hasattr(door, "transfer") or choose.random() < 0.3:
        record.sums.append((f"{type(door).__name__}", door.accounts()))
    else:
        source, target = choose.sample(range(ACCOUNTS), 2)
        door.transfer(str(source), str(target), choose.randrange(1, 30))


def load(host, kind, record, choose, stop):
    door = None
    while not stop.is_set():
        use = choose.choice([use_register, use_lists, use_accounts])
        what = (kind.__name__.removesuffix("Lists"), use.__name__.removeprefix("use_"))
        try:
            door = door or kind(host)
            use(door, record, choose)
            record.count(*what, "done")
        except Refused:
            record.count(*what, "refused")
        except (Unknown, OSError):
            record.count(*what, "unknown")
            if door is not None:
                door.close()
            door = None
            time.sleep(0.02)
    if door is not None:
        door.close()


class Clock:
    """The server's wall clock against ours; without the library it is ours."""

    def __init__(self, host):
        self.library = os.environ.get("OXBOW_CLOCK")
        self.file = tempfile.NamedTemporaryFile()
        self.set(0)
        if self.library:
            host.wrapper = ["env", f"LD_PRELOAD={self.library}", f"CLOCK_OFFSET={self.file.name}"]

    def set(self, offset_us):
        self.offset_us = offset_us
        self.file.seek(0)
        self.file.write(struct.pack("=q", offset_us))
        self.file.flush()


def disturb(host, clock, choose, record):
    action = choose.choice(["kill", "kill", "pause", "jump"] if clock.library else ["kill", "kill", "pause"])
    record.count("disturbed by", action)
    if action == "pause":
        host.process.send_signal(signal.SIGSTOP)
        time.sleep(choose.uniform(0.1, 1))
        host.process.send_signal(signal.SIGCONT)
        return
    if action == "jump":
        clock.set(choose.choice([-DAY_US, DAY_US]))
        time.sleep(choose.uniform(0.1, 0.5))  # writes are refused, or go on with the clock of the commits where the clock is accepted
    host.kill()
    if choose.random() < 0.5:
        clock.set(0)
    host.settings = SETTINGS + (["--accept-clock"] if choose.random() < 0.85 else [])
    host.start()


def prepare(host):
    """The LSN from which on there are all tables, and the accounts add up."""
    cql = Cql(host)
    cql.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    cql.execute("CREATE TABLE ks.registers (k text PRIMARY KEY, v text)")
    cql.close()
    with Client(host.address) as client:
        for table in ("lists", "accounts"):
            client.request(server.CREATE, {server.TABLE: table, server.PARTITION: [["p", "text"]], server.SORT: [["s", "text"]]})
        items = [{"p": "a", "s": str(n), "n": AMOUNT} for n in range(ACCOUNTS)]
        client.request(server.TRANSACT, {server.CHANGES: [{server.TABLE: "accounts", server.KIND: "put", server.ITEM: item} for item in items]})
        deploy(client, "mix", MIX)
        first = client.request(server.HISTORY, {server.TABLE: "accounts", server.KEY: {"p": "a", "s": "0"}})[server.RECORDS][0][server.LSN]
    return first + ACCOUNTS - 1


def run(host, clock, record, choose, seconds):
    stop = threading.Event()
    failures = []

    def guarded(*arguments):
        try:
            load(*arguments)
        except BaseException as problem:  # told by the main thread
            failures.append(problem)
            raise

    seeds = [choose.randrange(2**32) for _ in range(6)]
    threads = [threading.Thread(target=guarded, args=(host, kind, record, random.Random(seed), stop))
               for kind, seed in zip([NativeLists, DynamoDBLists, CqlLists] * 2, seeds)]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not failures:
        time.sleep(choose.uniform(0.2, 1.2))
        disturb(host, clock, choose, record)
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures
    host.kill()
    clock.set(0)
    host.settings = SETTINGS + ["--accept-clock"]
    host.start()


def read_at_last(host, record):
    """The reads that end the histories."""
    door = NativeLists(host)
    parts = {part for transaction in record.lists for part, _ in list(transaction.appends) + list(transaction.reads)}
    start = time.monotonic_ns()
    reads = {(part, str(n)): [] for part in parts for n in range(LISTS)}
    for part in parts:
        reads.update({(part, s): found for s, found in door.lists(part).items()})
    record.lists.append(Transaction("at last", start, time.monotonic_ns(), reads, {}))
    record.sums.append(("at last", door.accounts()))
    for key, history in record.registers.items():
        start = time.monotonic_ns()
        history.append(Operation("read", start, time.monotonic_ns() + 1, door.get("ks.registers", {"k": key}, "v")))
    door.close()


KEYS = {"lists": ("p", "s"), "accounts": ("p", "s"), "ks.registers": ("k",)}


def key_of(table, item):
    return tuple(item[name] for name in KEYS[table])


def check_stream(host, first, choose):
    """The stream from its beginning; whenever a batch ends the accounts add up; at some of these moments it is what a read as of then
    gives, and at the end what the tables hold."""
    fold, places = Fold(key_of), []
    with Client(host.address) as client, Client(host.address) as reader:
        last = client.request(server.PUT, {server.TABLE: "accounts", server.ITEM: {"p": "end", "s": "0", "n": 0}})[server.LSN]
        for record in stream(client, "", "oldest", last):
            if record[server.TABLE] not in KEYS:
                continue
            if record[server.TIME] != fold.time and fold.lsn >= first:
                look(reader, fold, places, choose)
            fold.add(record[server.LSN], record[server.TIME], record[server.TABLE], record.get(server.OLD), record.get(server.NEW))
        for table in KEYS:
            same_state(f"{table} now", fold.tables[table], {key_of(table, item): item for item in scan(reader, table)})
        for _ in range(200):
            lsn = choose.randrange(first, last)
            found = scan(reader, "accounts", as_of=lsn, key_condition="p = 'a'")
            constant_sum([(f"as of {lsn}", {item["s"]: number(item["n"]) for item in found})], ACCOUNTS * AMOUNT)
    return last, len(places)


def look(reader, fold, places, choose):
    accounts = {key: number(item["n"]) for key, item in fold.tables["accounts"].items()}
    constant_sum([(f"the stream at {fold.lsn}", accounts)], ACCOUNTS * AMOUNT)
    if choose.random() < 0.01 and len(places) < 100:
        places.append(fold.lsn)
        for table in KEYS:
            found = {key_of(table, item): item for item in scan(reader, table, as_of=fold.lsn)}
            same_state(f"{table} as of {fold.lsn}", fold.tables[table], found)


def check(host, record, first, choose):
    for key, history in sorted(record.registers.items()):
        linearizable(history)
    strictly_serializable(record.lists)
    constant_sum(record.sums, ACCOUNTS * AMOUNT)
    last, places = check_stream(host, first, choose)
    for kind in ("Native", "DynamoDB", "Cql"):
        for what in ("register", "lists", "accounts"):
            assert record.counts[f"{kind} {what} done"] > 0, f"no {what} through {kind}: {record.counts}"
    operations = sum(map(len, record.registers.values()))
    print(f"{operations} operations on {len(record.registers)} registers, {len(record.lists)} transactions on lists, {len(record.sums)} sums, "
          f"{last} LSNs, {places} reads as of one", flush=True)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {seconds:g} s", flush=True)
    choose = random.Random(seed)
    host = Server(*SETTINGS)
    clock, record = Clock(host), Record()
    with host:
        first = prepare(host)
        run(host, clock, record, choose, seconds)
        print(dict(sorted(record.counts.items())), flush=True)
        read_at_last(host, record)
        check(host, record, first, choose)


main()
